/* Publishing by requests that curl makes (TLS, HTTP/2), each publisher on a
 * connection of its own that is kept. */
#include "base/bytes.h"
#include "drive/faults.h"
#include "drive/press.h"
#include "drive/request.h"
#include "drive/run.h"
#include "plan.h"
#include "target/target.h"

#include <stdlib.h>
#include <string.h>

enum { BUFFER_BYTES = 4096 };

/* curl would ask whether it may send what is long. */
static char no_expect[] = "Expect:";

static const char *
method_of(const struct press *press)
{
    return press->entrance->method ? press->entrance->method : "POST";
}

static size_t
ignore(char *data, size_t size, size_t count, void *context)
{
    (void)data;
    (void)context;
    return size * count;
}

/* When a kept connection ends without an answer, curl would send the message
 * again on a new one: whether it was taken is not known, and it would be we who
 * repeat it. A body that is given in this way cannot be given twice. */
static size_t
give_body(char *out, size_t size, size_t count, void *context)
{
    struct publisher *publisher = context;
    size_t len = strlen(publisher->body);
    size_t given = size * count;
    if (given > publisher->body_left)
        given = publisher->body_left;
    memcpy(out, publisher->body + len - publisher->body_left, given);
    publisher->body_left -= given;
    return given;
}

static void
judge(struct publisher *publisher, CURLcode code)
{
    struct press *press = publisher->press;
    struct run *run = press->worker.run;
    long status = 0;
    curl_easy_getinfo(publisher->transfer.easy, CURLINFO_RESPONSE_CODE,
                      &status);
    bool is_good = !code && request_accepts(press->entrance, status);
    if (code == CURLE_SEND_FAIL_REWIND)
        faults_add(run->faults, false,
                   "%s %s was not answered: the server closed the connection",
                   method_of(press), run->publish_url);
    else if (code)
        faults_add_code(run->faults, method_of(press), run->publish_url,
                        publisher->transfer.easy, code);
    else if (!is_good)
        faults_add_status(run->faults, method_of(press), run->publish_url,
                          status);
    publisher_answered(publisher, is_good);
}

static void
on_done(struct transfer *transfer, CURLcode code)
{
    struct publisher *publisher =
        (struct publisher *)(void *)((char *)transfer -
                                     offsetof(struct publisher, transfer));
    judge(publisher, code);
    if (publisher->failures)
        publisher_rest(publisher);
    else
        publisher_idle(publisher);
}

static void
make_handle(struct publisher *publisher)
{
    struct press *press = publisher->press;
    transfer_init(&publisher->transfer, &press->pool, on_done);
    CURL *easy = publisher->transfer.easy;
    opener_apply(&press->worker.opener, easy);
    request_apply(easy, press->entrance, press->plan, BUFFER_BYTES);
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, &publisher->connect_to);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_body);
    curl_easy_setopt(easy, CURLOPT_READDATA, publisher);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore);
}

static void
open_post(struct publisher *publisher)
{
    if (!publisher->transfer.easy)
        make_handle(publisher);
    publisher_idle(publisher);
}

static void
set_url(struct publisher *publisher, uint32_t channel)
{
    struct press *press = publisher->press;
    const char *name = press->worker.run->channels[channel];
    CURL *easy = publisher->transfer.easy;
    if (!strstr(press->entrance->url, "{token}")) {
        curl_easy_setopt(easy, CURLOPT_URL, press->urls[channel]);
        return;
    }
    char *url = target_fill(press->entrance->url, name, publisher->message);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    free(url);
}

static void
send_post(struct publisher *publisher, uint32_t channel)
{
    struct press *press = publisher->press;
    CURL *easy = publisher->transfer.easy;
    const char *template = press->entrance->body;
    const char *name = press->worker.run->channels[channel];
    free(publisher->body);
    publisher->body =
        target_fill(template ? template : "", name, publisher->message);
    set_url(publisher, channel);
    publisher->no_expect =
        (struct curl_slist){no_expect, press->headers[channel]};
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, &publisher->no_expect);
    publisher->body_left = strlen(publisher->body);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)publisher->body_left);
    transfer_start(&publisher->transfer);
}

static void
close_post(struct publisher *publisher)
{
    transfer_fini(&publisher->transfer);
}

const struct publishing publishing_post = {
    .open = open_post,
    .send = send_post,
    .close = close_post,
};
