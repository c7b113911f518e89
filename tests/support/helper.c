#include "helper.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATH_SIZE = 100 };

struct message {
    char order;
    char path[PATH_SIZE];
};

static int kept_child, to_kept_child, listener = -1;

static int64_t
thread_time_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static void *
burn(void *nothing)
{
    int64_t until_ms = thread_time_ms() + HELPER_BURN_MS;
    while (thread_time_ms() < until_ms)
        continue;
    return nothing;
}

static void
burn_thread(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, burn, NULL) == 0)
        pthread_join(thread, NULL);
}

static void
burn_child(void)
{
    int pid = fork();
    if (pid == 0) {
        burn(NULL);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
}

static void
keep_child(void)
{
    int to[2], from[2];
    char byte = 0;
    if (pipe(to) != 0 || pipe(from) != 0)
        _exit(1);
    kept_child = fork();
    if (kept_child == 0) {
        prctl(PR_SET_NAME, "app");
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        burn(NULL);
        if (write(from[1], &byte, 1) == 1 && read(to[0], &byte, 1) == 1)
            burn(NULL);
        _exit(0);
    }
    to_kept_child = to[1];
    if (read(from[0], &byte, 1) != 1)
        _exit(1);
}

static void
end_child(void)
{
    char byte = 0;
    if (write(to_kept_child, &byte, 1) == 1)
        waitpid(kept_child, NULL, 0);
}

static void
take(void)
{
    char *memory = malloc(HELPER_TAKE_BYTES);
    if (memory)
        for (size_t at = 0; at < HELPER_TAKE_BYTES; at += 512)
            ((volatile char *)memory)[at] = 1;
}

static void
switch_often(void)
{
    struct timespec moment = {0, 1000};
    for (int i = 0; i < 300; i++)
        nanosleep(&moment, NULL);
}

static void
use_socket(char order, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (order == HELPER_CONNECT) {
        if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
            _exit(1);
        return;
    }
    listener = fd;
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fd, 16) != 0)
        _exit(1);
}

static void
obey(const struct message *message)
{
    switch ((enum helper_order)message->order) {
    case HELPER_BURN:
        burn(NULL);
        break;
    case HELPER_BURN_THREAD:
        burn_thread();
        break;
    case HELPER_BURN_CHILD:
        burn_child();
        break;
    case HELPER_KEEP_CHILD:
        keep_child();
        break;
    case HELPER_END_CHILD:
        end_child();
        break;
    case HELPER_TAKE:
        take();
        break;
    case HELPER_SWITCH:
        switch_often();
        break;
    case HELPER_CONNECT:
    case HELPER_LISTEN:
        use_socket(message->order, message->path);
        break;
    case HELPER_ACCEPT:
        accept(listener, NULL, NULL);
        break;
    }
}

static void
run(const char *name, int fd, int in, int out)
{
    struct message message;
    prctl(PR_SET_NAME, name);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int other = 3; other < 64; other++)
        if (other != fd && other != in && other != out)
            close(other);
    while (read(in, &message, sizeof message) == (ssize_t)sizeof message) {
        obey(&message);
        if (write(out, &message.order, 1) != 1)
            break;
    }
    _exit(0);
}

struct helper
helper_start(const char *name, int fd)
{
    int to[2], from[2];
    struct helper helper = {0};
    if (pipe(to) != 0 || pipe(from) != 0)
        abort();
    helper.pid = fork();
    if (helper.pid == 0)
        run(name, fd, to[0], from[1]);
    close(to[0]);
    close(from[1]);
    helper.to = to[1];
    helper.from = from[0];
    return helper;
}

void
helper_do(struct helper *helper, enum helper_order order, const char *path)
{
    struct message message = {.order = (char)order};
    char answer;
    snprintf(message.path, sizeof message.path, "%s", path ? path : "");
    if (write(helper->to, &message, sizeof message) !=
            (ssize_t)sizeof message ||
        read(helper->from, &answer, 1) != 1)
        abort();
}

void
helper_end(struct helper *helper)
{
    kill(helper->pid, SIGKILL);
    waitpid(helper->pid, NULL, 0);
    close(helper->to);
    close(helper->from);
}
