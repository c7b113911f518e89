/* Processes of the tests' own that do what they are told: burn processor time,
 * take memory, switch, listen, connect, have children. */
#ifndef EARSHOT_TESTS_HELPER_H
#define EARSHOT_TESTS_HELPER_H

#include <stdint.h>

enum { HELPER_BURN_MS = 60, HELPER_TAKE_BYTES = 20 << 20 };

struct helper {
    int pid;
    int to, from;
};

enum helper_order {
    HELPER_BURN = 'b',        /* HELPER_BURN_MS of processor time */
    HELPER_BURN_THREAD = 't', /* the same in a thread that ends */
    HELPER_BURN_CHILD = 'e',  /* in a child that ends and is waited for */
    HELPER_KEEP_CHILD = 'k',  /* in a child, called "app", that stays */
    HELPER_END_CHILD = 'w',   /* that one burns as much again, and ends */
    HELPER_TAKE = 'm',        /* HELPER_TAKE_BYTES of memory */
    HELPER_SWITCH = 's',      /* sleeps 300 times, for a moment */
    HELPER_CONNECT = 'c',     /* to PATH, a Unix socket */
    HELPER_LISTEN = 'l',      /* on PATH, a Unix socket; accepts nothing */
    HELPER_ACCEPT = 'a',      /* accepts one */
};

/* Starts one, called NAME as a program is. FD, if not -1, stays open in it. */
struct helper helper_start(const char *name, int fd);
/* Gives an order and waits until it is carried out. */
void helper_do(struct helper *helper, enum helper_order order,
               const char *path);
/* Kills it and waits for it. */
void helper_end(struct helper *helper);

#endif
