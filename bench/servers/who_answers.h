/* Who answers at an address: one GET, before anything is measured. */
#ifndef EARSHOT_BENCH_SERVERS_WHO_ANSWERS_H
#define EARSHOT_BENCH_SERVERS_WHO_ANSWERS_H

#include <stdbool.h>

struct who_answers {
    long status;     /* 0: nobody answers */
    char server[32]; /* the product that its Server header names, in small
                        letters ("lighttpd"); "server" when it names none */
};

/* Waits at most two seconds. IS_INSECURE: any certificate will do. */
struct who_answers who_answers(const char *url, bool is_insecure);

#endif
