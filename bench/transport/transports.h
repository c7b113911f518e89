/* The transports that there are: see transport.h. */
#ifndef EARSHOT_BENCH_TRANSPORTS_H
#define EARSHOT_BENCH_TRANSPORTS_H

#include "transport.h"

extern const struct transport transport_long_poll;
extern const struct transport transport_poll;
extern const struct transport transport_socketio;
extern const struct transport transport_sse;
extern const struct transport transport_ws;

#endif
