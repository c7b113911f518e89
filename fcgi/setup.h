/* How this process is set up, as far as nobody can see it from outside: whom
 * its options let in, where its log goes, how many descriptors it has, which
 * web server calls it. /-/status tells it to `earshot doctor`. */
#ifndef EARSHOT_SETUP_H
#define EARSHOT_SETUP_H

struct bytes;
struct options;

/* Appends it as a JSON object. */
void setup_append(struct bytes *json, const struct options *options);

/* This process answers one request and ends: it is a CGI program. */
void setup_serves_one(void);

/* What the web server says of itself with each request. */
struct setup_server {
    const char *software;        /* SERVER_SOFTWARE, or "" */
    const char *script_filename; /* SCRIPT_FILENAME, or "" */
};

/* Notes it, and warns in the log, once for each, of what is known of such a
 * server and does not go with OPTIONS. Nothing else may depend on what a web
 * server is called. */
void setup_notice(const struct setup_server *server,
                  const struct options *options);

#endif
