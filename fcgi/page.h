/* The page at /-/ for people, with its sheet and its script: files of
 * fcgi/page/ that the build has made a part of the program. */
#ifndef EARSHOT_PAGE_H
#define EARSHOT_PAGE_H

struct bytes;
struct server;

/* Appends the file NAME, which is "" for the page itself (with the figures as
 * they are now, for who has no script), "page.css" or "page.js". Returns its
 * type. */
const char *page_append(struct bytes *body, const char *name,
                        struct server *server);

#endif
