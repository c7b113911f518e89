/* Plain CGI (RFC 3875): one request from the environment and standard input,
 * answered on standard output; then the program exits. */
#ifndef EARSHOT_CGI_H
#define EARSHOT_CGI_H

struct options;

/* Serves the request; returns what main() returns. */
int cgi_serve(const struct options *options);

#endif
