/* Makes a program slower on purpose, to see that a comparison finds it: preload
 * it, and every send(2) and writev(2) first burns EARSHOT_SLOW_NS nanoseconds
 * of processor time. */

#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static int64_t
now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static int64_t slow_ns;

__attribute__((constructor)) static void
read_environment(void)
{
    const char *text = getenv("EARSHOT_SLOW_NS");
    slow_ns = text ? strtoll(text, NULL, 10) : 0;
}

static void
burn(void)
{
    if (slow_ns <= 0)
        return;
    int64_t until_ns = now_ns() + slow_ns;
    while (now_ns() < until_ns)
        continue;
}

ssize_t
send(int fd, const void *data, size_t len, int flags)
{
    burn();
    return syscall(SYS_sendto, fd, data, len, flags, NULL, 0);
}

ssize_t
writev(int fd, const struct iovec *pieces, int count)
{
    burn();
    return syscall(SYS_writev, fd, pieces, count);
}
