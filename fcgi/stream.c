#include "stream.h"

#include "answer.h"
#include "base/clock.h"
#include "connection.h"
#include "server.h"

#include <inttypes.h>

void
stream_append_head(struct bytes *bytes, const struct connection *connection)
{
    answer_head(bytes, connection, 200, "text/event-stream");
    bytes_append_string(bytes, "Cache-Control: no-cache, no-transform\r\n"
                               "X-Accel-Buffering: no\r\n\r\n");
}

void
stream_append_retry(struct bytes *bytes, const struct connection *connection)
{
    bytes_printf(bytes, "retry: %" PRId64 "\n\n",
                 server_retry_ms(connection->server));
}

void
stream_add(struct connection *connection, struct bytes *bytes)
{
    struct shared *piece = shared_take(bytes);
    connection_add(connection, piece);
    shared_release(piece);
}

void
stream_refuse(struct connection *connection, const char *why)
{
    struct bytes bytes = BYTES_EMPTY;
    stream_append_head(&bytes, connection);
    if (!connection->is_head) {
        bytes_printf(&bytes, ": %s\n", why);
        stream_append_retry(&bytes, connection);
    }
    stream_add(connection, &bytes);
    connection_finish(connection);
}

bool
stream_may_begin(struct connection *connection, bool is_head)
{
    if (is_head)
        stream_refuse(connection, "");
    else if (connection->server->stopping)
        stream_refuse(connection, "the program is stopping");
    else if (server_is_full(connection->server))
        stream_refuse(connection,
                      "this process holds as many subscribers as it may "
                      "(--subscribers-max)");
    else
        return true;
    return false;
}

void
stream_end(struct connection *connection)
{
    if (!connection->outbox.is_on_its_way) {
        struct bytes retry = BYTES_EMPTY;
        stream_append_retry(&retry, connection);
        stream_add(connection, &retry);
    }
    connection_finish(connection);
}

bool
stream_is_stalled(const struct connection *connection, int64_t now_us)
{
    return connection->stalled_since_us &&
           now_us - connection->stalled_since_us >
               connection->server->options->stall_timeout_us;
}

int64_t
stream_ends_us(const struct connection *connection)
{
    return clock_monotonic_us() +
           server_jitter(connection->server->options->stream_life_us);
}
