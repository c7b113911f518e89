/* Subscribers whose transport is made of HTTP requests (LINK_HTTP), where curl
 * carries them out: TLS and HTTP/2. Those over plain HTTP/1 are in
 * subscriber_plain.c. */
#include "drive/subscriber.h"

#include "drive/crowd.h"
#include "drive/faults.h"
#include "drive/request.h"
#include "drive/run.h"
#include "plan.h"
#include "target/target.h"

#include <stdlib.h>

const char *
subscriber_method(const struct subscriber *subscriber)
{
    const char *method = subscriber->crowd->entrance->method;
    return method ? method : "GET";
}

void
subscriber_judge(struct subscriber *subscriber, long status)
{
    struct run *run = subscriber->crowd->worker.run;
    const struct transport *transport = subscriber_transport(subscriber);
    if (!request_accepts(subscriber->crowd->entrance, status)) {
        faults_add_status(run->faults, subscriber_method(subscriber),
                          run->subscribe_url, status);
        return;
    }
    subscriber->is_good = true;
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
             answer_header(line, len, entrance->take_name, &value, &value_len))
        subscriber_cursor(subscriber, value, value_len);
    return subscriber->has_failed ? 0 : len;
}

static size_t
on_body(char *data, size_t size, size_t count, void *context)
{
    struct subscriber *subscriber = context;
    size_t len = size * count;
    if (!subscriber->is_good)
        return len;
    if (subscriber->is_stopped)
        return CURL_WRITEFUNC_PAUSE;
    subscriber_arrived(subscriber, data, len);
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
        faults_add_code(run->faults, subscriber_method(subscriber),
                        run->subscribe_url, transfer->easy, code);
    subscriber_ended(subscriber, is_good);
}

static void
make_handle(struct subscriber *subscriber)
{
    struct crowd *crowd = subscriber->crowd;
    transfer_init(&subscriber->transfer, subscriber->pool, on_done);
    CURL *easy = subscriber->transfer.easy;
    opener_apply(&crowd->worker.opener, easy);
    request_apply(easy, crowd->entrance, crowd->plan, crowd->buffer_bytes);
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, &subscriber->connect_to);
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
    subscriber->has_failed = false;
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
    faults_add_page(run->faults, subscriber_method(subscriber),
                    run->subscribe_url, subscriber_content_type(subscriber));
}
