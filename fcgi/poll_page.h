/* What a poll is answered: messages as JSON, a cursor, and whether something
 * was lost. Most polls are answered like many others, with one answer. */
#ifndef EARSHOT_POLL_PAGE_H
#define EARSHOT_POLL_PAGE_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>

struct connection;
struct shared;

/* Begins as zeros. */
struct poll_page {
    struct shared *first;  /* the first message's JSON object */
    struct bytes messages; /* all of them, with commas between, if several */
    size_t message_count;
    bool lost;
    bool more; /* there was no room for all of them */
};

/* Adds a message's JSON object, of which a reference is kept. False: there is
 * no room for it, which the page notes. */
bool poll_page_add(struct poll_page *page, struct shared *json);

/* Answers the connection's request, and lets go of the messages. */
void poll_page_answer(struct poll_page *page, struct connection *connection,
                      const char *cursor);

void poll_page_fini(struct poll_page *page);

#endif
