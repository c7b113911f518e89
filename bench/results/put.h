/* Writing JSON: what results and pages share. */
#ifndef EARSHOT_BENCH_PUT_H
#define EARSHOT_BENCH_PUT_H

struct bytes;

/* A string, or null. A server's bytes may be in it; what is not UTF-8 is shown
 * as `?'. */
void put_string(struct bytes *out, const char *text);
/* A number, or null when it is none. */
void put_number(struct bytes *out, double number);
/* ,"NAME":NUMBER */
void put_named(struct bytes *out, const char *name, double number);
/* ,"NAME":"TEXT" */
void put_named_string(struct bytes *out, const char *name, const char *text);

#endif
