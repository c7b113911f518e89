/* What a run found. drive/ fills it, results/ tells it: a table, JSON, .hgrm, a
 * page. Plain data: it knows neither curl nor a loop. */
#ifndef EARSHOT_BENCH_RESULT_H
#define EARSHOT_BENCH_RESULT_H

#include <stdbool.h>
#include <stdint.h>

struct histogram;

enum { RESULT_SIDES_MAX = 6, RESULT_SLOTS_MAX = 240, RESULT_NOTES_MAX = 16 };

/* A side of the server: "web server", "program", "reference", "server". */
struct result_side {
    char name[24];
    int processes;
    double cpu_s;            /* in the main phase */
    double context_switches; /* likewise, of both kinds */
    double resident_before;  /* bytes, before the subscribers came */
    double resident_held;    /* bytes, with all of them held */
};

/* What a note is about, where several runs may have one of its kind with
 * another figure: "busy" (the client's busiest thread, per cent), "limit"
 * (deliveries a second, near the client's most), "schedule" (messages left
 * late, ms), "reads" (the client read late, ms), "others" and "full" (of the
 * machine, per cent). An empty kind: the sentence stands for itself. */
struct result_kind {
    char word[16];
    double figure;
};

/* A slice of the main phase. */
struct result_slot {
    double at_s; /* its middle, from the phase's beginning */
    uint64_t deliveries;
    double p50_us;
    double p99_us;
    double max_us;
};

struct result {
    /* What was run. Strings are the result's own. */
    char *scenario;
    char *transport;
    char *way; /* of the subscribers: "lighttpd", "direct", … */
    char *target;
    char *publish_url; /* where publishing went, and by what */
    char *publish_by;  /* "post" or "ws" */
    char *durability;  /* in the target's words, or NULL */
    int repeat;        /* 0 for the first of several */
    int subscribers;
    int publishers;
    int channels;
    double rate_per_s; /* 0: closed loop */
    bool is_poisson;
    uint64_t seed;
    int message_bytes;
    double poll_interval_s; /* 0: not asked for */
    double duration_s;      /* of the main phase, as it was */
    double began_s;         /* since 1970; 0: unknown */

    /* How it ended. */
    bool is_complete; /* false: interrupted, or it broke */
    char *problem;    /* a sentence, or NULL: why it says nothing */
    char *
        notes[RESULT_NOTES_MAX]; /* sentences: the client was the bottleneck… */
    struct result_kind note_kinds[RESULT_NOTES_MAX];
    int note_count;

    /* Correctness. */
    uint64_t published; /* accepted, all phases */
    uint64_t refused;   /* answered otherwise, or not at all */
    uint64_t expected;  /* accepted messages times who was subscribed */
    uint64_t delivered; /* in all phases, without repeats */
    uint64_t lost;
    uint64_t repeated;
    uint64_t reordered;
    uint64_t told_lost; /* times the server said so itself */

    /* Of the main phase; nanoseconds. Never NULL. */
    struct histogram *latency;      /* from due to each subscriber */
    struct histogram *latency_sent; /* the same from sent: uncorrected */
    struct histogram *last;    /* from due to the message's last subscriber */
    struct histogram *publish; /* from due to its answer */
    struct histogram *publish_sent;
    struct histogram *connect; /* to be subscribed, from the start of it */
    struct histogram *first;   /* to the first message, likewise */
    struct histogram *recover; /* after a cut: until it had all it missed */
    uint64_t messages_counted; /* published in the main phase */
    uint64_t deliveries_counted;
    double publishes_per_s;
    double deliveries_per_s;

    /* Cost, in the main phase unless said otherwise. */
    double bytes_down; /* on the subscribers' sockets, TCP's payload */
    double bytes_up;
    double segments_down;
    double segments_up;
    double requests;           /* of subscribers */
    double poll_round_trip_us; /* mean time of a poll's request that was not
                                  held; 0: there was none */
    struct result_side sides[RESULT_SIDES_MAX];
    int side_count;
    double client_cpu_s;      /* of earshot-bench itself */
    double client_busy;       /* share of its busiest thread, 0 to 1 */
    double client_bytes_held; /* its memory per held subscriber */
    double slip_p99_us;       /* from due to sent, where the schedule was ours
                                 to keep */
    double read_late_p99_us;  /* how long bytes may have lain there before we
                                 read them: a turn of a worker's loop */
    double others_cpu;        /* share of the machine that others used */
    double commits;           /* of the queue, where it tells; 0: unknown */

    struct result_slot slots[RESULT_SLOTS_MAX];
    int slot_count;
};

/* An empty one, with its histograms. */
struct result *result_new(void);
void result_free(struct result *result);
__attribute__((format(printf, 2, 3))) void result_note(struct result *result,
                                                       const char *format, ...);
/* The same with its kind, and the figure that it says. */
__attribute__((format(printf, 4, 5))) void
result_note_kind(struct result *result, const char *kind, double figure,
                 const char *format, ...);
/* The first problem stays. */
__attribute__((format(printf, 2, 3))) void
result_problem(struct result *result, const char *format, ...);

/* How many of the N samples must lie beyond a quantile for it to be printed. */
enum { RESULT_BEYOND = 10 };
/* True when SHARE may be printed: at least RESULT_BEYOND of the main phase's
 * messages (not their deliveries) lie beyond it. */
bool result_may_say(const struct result *result, double share);

#endif
