#include "transports.h"

#include <string.h>

static const struct transport *const transports[] = {
    &transport_poll, &transport_long_poll, &transport_sse,
    &transport_ws,   &transport_socketio,
};

const struct transport *
transport_find(const char *name)
{
    for (size_t i = 0; i < sizeof transports / sizeof *transports; i++)
        if (strcmp(transports[i]->name, name) == 0)
            return transports[i];
    return NULL;
}
