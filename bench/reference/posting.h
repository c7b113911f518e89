/* Publishing over a WebSocket: a frame becomes a message in the queue, and its
 * sender is told what became of it. */
#ifndef EARSHOT_POSTING_H
#define EARSHOT_POSTING_H

#include <stdbool.h>
#include <stddef.h>

struct client;

/* So many publishes of one client may be under way: then nothing more is read
 * from it until one of them is answered. */
enum { POSTINGS_MAX = 8 };

/* Takes one message of the client's: {"event"?,"data","key"?,"from"?}, or with
 * ?format=raw the data alone. It is answered, now or when it is stored, by a
 * text frame: earshot.published or earshot.error; with ?format=raw a refusal
 * closes the connection instead. */
void posting_take(struct client *client, bool is_text, const char *data,
                  size_t len);

/* The client is going: what it has published is stored, and not answered. */
void posting_orphan(struct client *client);

#endif
