/* The control port: what a page asks of the tap, over HTTP by libevent.
 *
 *     GET  /tap/info                       where the relay is
 *     GET  /tap/log?tag=P&after=N&wait=S   what has passed
 *     POST /tap/cut|mute|slow|clear?tag=P  orders, see relay.h
 *
 * Answers are JSON. Pages of other sites are refused. */
#ifndef EARSHOT_TAP_CONTROL_H
#define EARSHOT_TAP_CONTROL_H

struct control;
struct event_base;
struct records;
struct relay;

/* Takes LISTENER over. RELAY_URL is copied; the others must outlive it. NULL
 * when there is no memory. */
struct control *control_new(struct event_base *base, int listener,
                            struct relay *relay, struct records *records,
                            const char *relay_url);
void control_free(struct control *control);

#endif
