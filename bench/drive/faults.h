/* What goes wrong in a run, as sentences, each counted: a server's errors are
 * told with their number, never one by one and never not at all. From any
 * thread. */
#ifndef EARSHOT_BENCH_FAULTS_H
#define EARSHOT_BENCH_FAULTS_H

#include <curl/curl.h>
#include <stdbool.h>

struct result;
struct faults;

struct faults *faults_new(void);
void faults_free(struct faults *faults);

/* A sentence without its final stop. IS_FINAL: it will not mend by itself (404,
 * a page in place of messages). */
__attribute__((format(printf, 3, 4))) void
faults_add(struct faults *faults, bool is_final, const char *format, ...);
/* An answer with STATUS to METHOD URL, or with CONTENT_TYPE (may be NULL) where
 * none such may be. */
void faults_add_status(struct faults *faults, const char *method,
                       const char *url, long status);
void faults_add_page(struct faults *faults, const char *method, const char *url,
                     const char *content_type);
/* A transfer of EASY that broke. */
void faults_add_code(struct faults *faults, const char *method, const char *url,
                     CURL *easy, CURLcode code);

/* From now on the server may be away for a while, as it was asked to: what
 * fails by that is one note. */
void faults_set_away(struct faults *faults);

unsigned faults_count(struct faults *faults);
bool faults_have_final(struct faults *faults);
/* The sentence that matters most (final ones first, then the most frequent), to
 * be freed; NULL when there is none. */
char *faults_worst(struct faults *faults);
/* As notes, each with its number. */
void faults_tell(struct faults *faults, struct result *result);

#endif
