#include "interrupt.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static volatile sig_atomic_t caught;

static void
on_signal(int number)
{
    static const char said[] =
        "\nearshot-bench: ending with what was measured so far; once more "
        "ends at once\n";
    if (caught)
        _exit(128 + number);
    caught = number;
    (void)!write(STDERR_FILENO, said, sizeof said - 1);
}

void
interrupt_catch(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    /* Without SA_RESTART: whoever waits in poll() is to look. */
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaction(numbers[i], &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int
interrupt_signal(void)
{
    return caught;
}

bool
interrupt_must_end(void *context)
{
    (void)context;
    return caught != 0;
}
