/* Subscribers whose transport is made of HTTP requests (LINK_HTTP).
 *
 * A plain stream's socket is taken over once its head has come: curl 7.88 asks
 * the kernel after each read whether there is more, and a delivery would cost
 * half as much again as it costs a bare reader. Chunks are undone here for that
 * reason. TLS and HTTP/2 stay with curl. */
#include "drive/subscriber.h"

#include "drive/crowd.h"
#include "drive/faults.h"
#include "drive/request.h"
#include "drive/run.h"
#include "plan.h"
#include "target/target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

static const char *
method_of(const struct subscriber *subscriber)
{
    const char *method = subscriber->crowd->entrance->method;
    return method ? method : "GET";
}

static void
read_directly(struct subscriber *subscriber)
{
    long version = 0;
    CURL *easy = subscriber->transfer.easy;
    curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
    subscriber->transfer.wants_direct =
        strncmp(subscriber->crowd->entrance->url, "http:", 5) == 0 &&
        (version == CURL_HTTP_VERSION_1_0 || version == CURL_HTTP_VERSION_1_1);
}

void
subscriber_judge(struct subscriber *subscriber, long status)
{
    struct run *run = subscriber->crowd->worker.run;
    const struct transport *transport = subscriber_transport(subscriber);
    if (!request_accepts(subscriber->crowd->entrance, status)) {
        faults_add_status(run->faults, method_of(subscriber),
                          run->subscribe_url, status);
        return;
    }
    subscriber->is_good = true;
    if (transport->is_stream && !subscriber->has_length)
        read_directly(subscriber);
    if (transport->on_head)
        transport->on_head(subscriber, subscriber->transport_state);
}

static void
judge_head(struct subscriber *subscriber)
{
    long status = 0;
    curl_easy_getinfo(subscriber->transfer.easy, CURLINFO_RESPONSE_CODE,
                      &status);
    if (status >= 200)
        subscriber_judge(subscriber, status);
}

/* The value of the header NAME in LINE, without blanks around it. */
static bool
find_header(const char *line, size_t len, const char *name, const char **value,
            size_t *value_len)
{
    size_t name_len = strlen(name);
    if (len <= name_len || line[name_len] != ':' ||
        strncasecmp(line, name, name_len) != 0)
        return false;
    const char *begin = line + name_len + 1;
    const char *end = line + len;
    while (begin < end && (*begin == ' ' || *begin == '\t'))
        begin++;
    while (end > begin && strchr(" \t\r\n", end[-1]))
        end--;
    *value = begin;
    *value_len = (size_t)(end - begin);
    return true;
}

static size_t
on_header(char *line, size_t size, size_t count, void *context)
{
    struct subscriber *subscriber = context;
    const struct entrance *entrance = subscriber->crowd->entrance;
    size_t len = size * count;
    const char *value;
    size_t value_len;
    if (len <= 2 && (line[0] == '\r' || line[0] == '\n'))
        judge_head(subscriber);
    else if (entrance->take == CURSOR_HEADER &&
             find_header(line, len, entrance->take_name, &value, &value_len))
        subscriber_cursor(subscriber, value, value_len);
    else if (find_header(line, len, "Content-Length", &value, &value_len))
        subscriber->has_length = true;
    else if (subscriber_transport(subscriber)->is_stream &&
             find_header(line, len, "Transfer-Encoding", &value, &value_len))
        subscriber->is_chunked =
            value_len >= 7 &&
            strncasecmp(value + value_len - 7, "chunked", 7) == 0;
    return subscriber->has_failed ? 0 : len;
}

static void
take_body(struct subscriber *subscriber, const char *data, size_t len)
{
    const char *slice;
    size_t slice_len;
    if (!subscriber->is_chunked) {
        subscriber_arrived(subscriber, data, len);
        return;
    }
    while (!subscriber->has_failed &&
           chunks_next(&subscriber->chunks, &data, &len, &slice, &slice_len))
        subscriber_arrived(subscriber, slice, slice_len);
    if (subscriber->chunks.state == CHUNKS_WRONG)
        subscriber_fail(subscriber, "what comes is not chunked as it should "
                                    "be (RFC 9112, section 7.1)");
}

static void
end_stream(struct subscriber *subscriber, bool is_good)
{
    transfer_stop(&subscriber->transfer);
    subscriber_ended(subscriber, is_good);
}

/* A stream that is not chunked ends with its connection. */
static void
end_of_connection(struct subscriber *subscriber, const char *why)
{
    struct run *run = subscriber->crowd->worker.run;
    bool is_good = !why && !subscriber->is_chunked;
    if (!is_good && !subscriber->is_cut)
        faults_add(run->faults, false,
                   "%s %s broke off in the middle of the answer: %s",
                   method_of(subscriber), run->subscribe_url,
                   why ? why : "the server closed the connection");
    end_stream(subscriber, is_good);
}

/* One read takes all that there is, or fills the buffer; then there will be
 * another event. */
static void
on_readable(struct transfer *transfer, int fd)
{
    struct subscriber *subscriber =
        (struct subscriber *)(void *)((char *)transfer -
                                      offsetof(struct subscriber, transfer));
    char *scratch = subscriber->crowd->worker.scratch;
    if (subscriber->is_stopped) {
        transfer_pause(transfer, true);
        return;
    }
    ssize_t got = recv(fd, scratch, WIRE_READ_SIZE, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        end_of_connection(subscriber, got < 0 ? strerror(errno) : NULL);
        return;
    }
    take_body(subscriber, scratch, (size_t)got);
    if (subscriber->has_failed || subscriber->chunks.state == CHUNKS_OVER)
        end_stream(subscriber, !subscriber->has_failed);
}

static size_t
on_body(char *data, size_t size, size_t count, void *context)
{
    struct subscriber *subscriber = context;
    size_t len = size * count;
    if (!subscriber->is_good)
        return len;
    /* What curl kept for later would be lost when the socket is taken. */
    if (subscriber->is_stopped && !subscriber->transfer.wants_direct)
        return CURL_WRITEFUNC_PAUSE;
    take_body(subscriber, data, len);
    return subscriber->has_failed ? 0 : len;
}

void
subscriber_note_round_trip(struct subscriber *subscriber)
{
    struct crowd *crowd = subscriber->crowd;
    struct tally *tally = &crowd->worker.tally;
    int64_t now_ns = run_now(crowd->worker.run);
    if (!run_is_main(crowd->worker.run, subscriber->asked_ns))
        return;
    tally->round_trip_ns += (double)(now_ns - subscriber->asked_ns);
    tally->round_trips++;
}

static void
on_done(struct transfer *transfer, CURLcode code)
{
    struct subscriber *subscriber =
        (struct subscriber *)(void *)((char *)transfer -
                                      offsetof(struct subscriber, transfer));
    struct run *run = subscriber->crowd->worker.run;
    bool is_good = subscriber->is_good && code == CURLE_OK;
    if (is_good)
        subscriber_note_round_trip(subscriber);
    else if (code && !subscriber->has_failed && !subscriber->is_cut)
        faults_add_code(run->faults, method_of(subscriber), run->subscribe_url,
                        transfer->easy, code);
    subscriber_ended(subscriber, is_good);
}

static void
make_handle(struct subscriber *subscriber)
{
    struct crowd *crowd = subscriber->crowd;
    transfer_init(&subscriber->transfer, subscriber->pool, on_done);
    subscriber->transfer.on_readable = on_readable;
    subscriber->transfer.sockets = crowd->worker.opener.sockets;
    CURL *easy = subscriber->transfer.easy;
    opener_apply(&crowd->worker.opener, easy);
    request_apply(easy, crowd->entrance, crowd->plan, crowd->buffer_bytes);
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, &subscriber->connect_to);
    if (crowd->transport->is_stream)
        curl_easy_setopt(easy, CURLOPT_HTTP_TRANSFER_DECODING, 0L);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, subscriber);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, subscriber);
}

/* The header that gives the cursor stands before those that all share. */
static void
set_headers(struct subscriber *subscriber)
{
    const struct crowd *crowd = subscriber->crowd;
    struct curl_slist *headers = crowd->headers[subscriber->channel];
    if (crowd->entrance->give == CURSOR_HEADER && subscriber->cursor.len) {
        struct bytes *header = &subscriber->header;
        header->len = 0;
        bytes_append_string(header, crowd->entrance->give_name);
        bytes_append(header, ": ", 2);
        bytes_append(header, subscriber->cursor.data, subscriber->cursor.len);
        bytes_append_char(header, '\0');
        subscriber->cursor_header = (struct curl_slist){header->data, headers};
        headers = &subscriber->cursor_header;
    }
    curl_easy_setopt(subscriber->transfer.easy, CURLOPT_HTTPHEADER, headers);
}

static void
request_by_curl(struct subscriber *subscriber, const char *url)
{
    if (!subscriber->transfer.easy)
        make_handle(subscriber);
    curl_easy_setopt(subscriber->transfer.easy, CURLOPT_URL, url);
    set_headers(subscriber);
    transfer_start(&subscriber->transfer);
}

void
subscriber_request(struct subscriber *subscriber, const char *url)
{
    struct run *run = subscriber->crowd->worker.run;
    subscriber->is_good = false;
    subscriber->has_length = false;
    subscriber->has_failed = false;
    subscriber->is_chunked = false;
    subscriber->chunks = (struct chunks){0};
    char *filled = url ? target_fill(url, subscriber_channel(subscriber), NULL)
                       : subscriber_url(subscriber);
    if (run_is_main(run, subscriber->asked_ns))
        subscriber->crowd->worker.tally.requests_main++;
    if (subscriber->crowd->is_plain)
        subscriber_request_plain(subscriber, filled);
    else
        request_by_curl(subscriber, filled);
    free(filled);
}

void
subscriber_close_http(struct subscriber *subscriber)
{
    transfer_fini(&subscriber->transfer);
}

void
subscriber_stop_http(struct subscriber *subscriber, bool is_stopped)
{
    transfer_pause(&subscriber->transfer, is_stopped);
}

const char *
subscriber_content_type(const struct subscriber *subscriber)
{
    char *type = NULL;
    if (subscriber->crowd->is_plain)
        return subscriber->content_type[0] ? subscriber->content_type : NULL;
    curl_easy_getinfo(subscriber->transfer.easy, CURLINFO_CONTENT_TYPE, &type);
    return type;
}

void
subscriber_wrong_page(struct subscriber *subscriber)
{
    struct run *run = subscriber->crowd->worker.run;
    subscriber->has_failed = true;
    faults_add_page(run->faults, method_of(subscriber), run->subscribe_url,
                    subscriber_content_type(subscriber));
}
