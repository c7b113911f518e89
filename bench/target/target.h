/* A target: whom to measure. A JSON file (targets/) names what can be asked of
 * a server; anyone's will do:
 *
 * {
 *   "name": "Earshot",
 *   "about": "one sentence",
 *   "durable": "on disk before it is answered (FULL)",      or left out
 *   "set": {"base": "http://127.0.0.1:8080/earshot"},       words for {base}
 *   "publish": [
 *     {"by": "post", "way": "lighttpd", "method": "POST",
 *      "url": "{base}/{channel}", "headers": ["Content-Type: text/plain"],
 *      "body": "{token}", "accept": [200, 201]},
 *     {"by": "ws", "way": "lighttpd", "url": "ws://…/{channel}/ws",
 *      "body": "{{\"data\":\"{token}\"}}", "answer": "earshot.published"}],
 *   "subscribe": [
 *     {"transport": "sse", "way": "lighttpd", "url": "{base}/{channel}/sse",
 *      "headers": [], "hello": [], "ready": "earshot.open",
 *      "cursor": {"take": "sse-id", "give": "header:Last-Event-ID"},
 *      "lost": "earshot.lost"}],
 *   "status": "{base}/-/status",                            or left out
 *   "processes": {"web server": [123], "program": [124]}    or left out
 * }
 *
 * "hello": what is sent once connected (ws). "ready": bytes that must have come
 * before it counts as subscribed, of SSE in an event and not in a comment; left
 * out: a good head (HTTP 200, 101) is enough. "answer", "lost": bytes by which
 * a frame, an event or an answer says that a message was accepted, or that some
 * are gone; "more": by which a poll's answer says that there is more, to be
 * asked for at once. "accept": good statuses; left out: 200, 201, 202 and 204
 * of publishing, 200 or 101 of subscribing. "cursor": take "sse-id",
 * "json:NAME" (a member of the body or frame) or "header:NAME"; give
 * "header:NAME" or "query:NAME"; left out: it starts anew.
 *
 * In ways, URLs, headers, bodies and hellos {channel} stands for the channel,
 * {token} for the message, padding included (of publishing only), and {WORD}
 * for a word of "set", which `--set WORD=VALUE` changes; the value may name
 * words that stand before it. {{ and }} stand for braces; a lone one is
 * refused, and so is a member that is not known. */
#ifndef EARSHOT_BENCH_TARGET_H
#define EARSHOT_BENCH_TARGET_H

#include <stdbool.h>
#include <stddef.h>

struct member_name;
struct transport;

enum cursor_place {
    CURSOR_NONE,
    CURSOR_SSE_ID,
    CURSOR_JSON,
    CURSOR_HEADER,
    CURSOR_QUERY
};

/* One request that can be made of it. */
struct entrance {
    char *transport; /* "sse", …; of publishing "post" or "ws" */
    char *way;
    char *method;
    char *url;      /* {channel} is still in it; the words of "set" are not */
    char **headers; /* likewise; ends with NULL */
    char *body;     /* of publishing: with {token}; or NULL */
    char **hello;   /* ends with NULL */
    char *ready;    /* or NULL */
    char *answer;   /* by which a frame says that it was accepted, or NULL */
    char *lost;     /* or NULL */
    char *more;     /* or NULL */
    enum cursor_place take;
    char *take_name; /* or NULL */
    enum cursor_place give;
    char *give_name;
    int accept[8]; /* statuses; ends with 0 */
};

struct target {
    char *name;
    char *about;
    char *durable;
    struct entrance *publish;
    int publish_count;
    struct entrance *subscribe;
    int subscribe_count;
    char *status; /* URL, or NULL */
    struct target_process {
        char *side;
        int pid;
    } * processes;
    int process_count;
};

/* Reads JSON text of NAME (for messages). WORDS are WORD=VALUE, NULL at the
 * end. NULL with a sentence in *PROBLEM (to be freed) when it is not good:
 * which member, what was found, what must stand there. */
struct target *target_read(const char *name, const char *json, size_t len,
                           char *const *words, char **problem);
struct target *target_read_file(const char *path, char *const *words,
                                char **problem);
/* The same of JSON that was made of what the user has said in other words:
 * sentences say NAMES (target/members.h) in place of its members. */
struct target *target_read_named(const struct member_name *names,
                                 const char *json, size_t len, char **problem);
void target_free(struct target *target);

/* Puts those processes in place of TARGET's that the JSON text names, which is
 * as the file's "processes". False when it is not good: then they stay. */
bool target_read_processes(struct target *target, const char *json, size_t len);

/* The path of the target that a user calls NAME, to be freed: a file's own
 * path, or of one that is ready (targets/NAME.json). NULL with a sentence in
 * *PROBLEM (to be freed), which lists those, when there is neither. */
char *target_path(const char *name, char **problem);

/* TEMPLATE with {channel} and {token} filled in, to be freed. TOKEN may be
 * NULL. */
char *target_fill(const char *template, const char *channel, const char *token);

/* The first entrance of that transport and way (NULL: any), or NULL. */
const struct entrance *target_subscribe(const struct target *target,
                                        const char *transport, const char *way);
const struct entrance *target_publish(const struct target *target,
                                      const char *by, const char *way);

#endif
