/* The heartbeat of a client, and what is looked at with it: is it alive, does
 * it take what it is sent, does what it has begun come to an end, is its time
 * over. */
#ifndef EARSHOT_PULSE_H
#define EARSHOT_PULSE_H

struct client;

/* Asks for the next heartbeat, or the end of the client's life. */
void pulse_begin(struct client *client);

/* The time that was asked for has come. */
void pulse_beat(struct client *client);

#endif
