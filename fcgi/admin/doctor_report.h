/* What a visit has found, in the table's order, and how it is told: to people,
 * or as JSON. */
#ifndef EARSHOT_ADMIN_DOCTOR_REPORT_H
#define EARSHOT_ADMIN_DOCTOR_REPORT_H

#include "doctor_findings.h"

#include <stdbool.h>
#include <stdio.h>

enum verdict {
    VERDICT_NONE, /* it was not come to */
    VERDICT_GOOD,
    VERDICT_NOTE,
    VERDICT_WRONG,
    VERDICT_UNKNOWN, /* it could not be looked at */
};

struct report {
    enum web_server server;
    const char *ignore; /* codes that are meant to be so, with commas between */
    struct {
        enum verdict verdict;
        char *seen; /* a sentence, or NULL */
        bool is_ignored;
    } entries[FINDINGS];
};

void report_fini(struct report *report);

/* Each says what was seen, as printf. What is wrong stays wrong. */
__attribute__((format(printf, 3, 4))) void report_found(struct report *report,
                                                        enum finding finding,
                                                        const char *format,
                                                        ...);
__attribute__((format(printf, 3, 4))) void report_good(struct report *report,
                                                       enum finding finding,
                                                       const char *format, ...);
__attribute__((format(printf, 3, 4))) void report_unknown(struct report *report,
                                                          enum finding finding,
                                                          const char *format,
                                                          ...);
/* It was found wrong, or worth a note. */
bool report_has(const struct report *report, enum finding finding);

/* How many have that verdict, without what is to be ignored. */
int report_count(const struct report *report, enum verdict verdict);

/* URL and ABOUT ("Earshot 0.1.0 behind lighttpd/1.4.69") head it. */
void report_print(const struct report *report, FILE *file, const char *url,
                  const char *about);
void report_print_json(const struct report *report, FILE *file, const char *url,
                       const char *software, const char *version);

#endif
