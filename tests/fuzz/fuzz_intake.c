/* A connection's bytes, in two ways of arriving: what intake makes of them does
 * not depend on how they are cut (the first byte says where), and libfcgi makes
 * of it what was said. */
#include "fuzz.h"

#include "intake.h"
#include "record.h"
#include "request.h"

#include <string.h>

static const struct intake_limits limits = {.params_max = 300, .body_max = 500};

/* What was made of the bytes: each request's records, one behind the other, and
 * the replies. */
struct outcome {
    struct bytes requests;
    struct bytes replies;
    bool closed;
    int aborted;
};

/* The request is records of one id, BEGIN first, the empty STDIN last. */
static void
check_request(const struct intake *intake)
{
    size_t len, body = 0;
    unsigned type = 0;
    const char *records = intake_request(intake, &len);
    for (size_t at = 0; at < len;) {
        struct record_header header;
        require(len - at >= RECORD_HEADER_SIZE);
        record_parse(records + at, &header);
        at += RECORD_HEADER_SIZE + header.content_len;
        require(at <= len);
        require(header.version == 1 && header.padding_len == 0);
        require(header.request_id == intake->request_id);
        require(header.type >= type && header.type != RECORD_ABORT_REQUEST);
        type = header.type;
        if (type == RECORD_STDIN)
            body += header.content_len;
        require((at == len) ==
                (type == RECORD_STDIN && header.content_len == 0));
    }
    require(body <= limits.body_max);
    if (!intake->body_too_large)
        require(body == intake->body_len);
}

/* As connection.c does. */
static void
check_parsing(const struct intake *intake)
{
    static bool is_ready;
    if (!is_ready)
        require(request_setup());
    is_ready = true;
    size_t len;
    const char *records = intake_request(intake, &len);
    if (intake->params_too_large)
        return;
    size_t body_len = intake->body_too_large ? 0 : intake->body_len;
    struct request request;
    switch (request_parse(&request, records, len, body_len)) {
    case REQUEST_PARSED:
        require(request.body_len == body_len && !request.body[body_len]);
        require(request.path_info && request.query && request.remote_user);
        request_done(&request);
        return;
    case REQUEST_TORN:
    case REQUEST_SENSELESS:
        return;
    }
}

static void
look(struct intake *intake, struct outcome *outcome)
{
    while (!outcome->closed) {
        size_t len;
        const char *records;
        switch (intake_next(intake, &limits)) {
        case INTAKE_MORE:
            return;
        case INTAKE_REQUEST:
            check_request(intake);
            check_parsing(intake);
            records = intake_request(intake, &len);
            bytes_append(&outcome->requests, records, len);
            intake_drop_request(intake);
            intake_finish(intake); /* answered at once */
            break;
        case INTAKE_ABORTED:
            outcome->aborted++;
            break;
        case INTAKE_CLOSE:
            outcome->closed = true;
        }
    }
}

static void
hear(const uint8_t *data, size_t size, size_t step, struct outcome *outcome)
{
    struct intake intake = {0};
    *outcome = (struct outcome){0};
    for (size_t at = 0; at < size && !outcome->closed; at += step) {
        size_t len = size - at < step ? size - at : step;
        intake_feed(&intake, data + at, len);
        look(&intake, outcome);
    }
    bytes_append(&outcome->replies, intake.replies.data, intake.replies.len);
    intake_fini(&intake);
}

static void
require_same(const struct bytes *a, const struct bytes *b)
{
    require(a->len == b->len);
    require(!a->len || memcmp(a->data, b->data, a->len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    struct outcome whole, cut;
    hear(data + 1, size - 1, size, &whole);
    hear(data + 1, size - 1, 1 + data[0], &cut);
    require(whole.closed == cut.closed);
    require(whole.aborted == cut.aborted);
    require_same(&whole.requests, &cut.requests);
    require_same(&whole.replies, &cut.replies);
    bytes_fini(&whole.requests);
    bytes_fini(&whole.replies);
    bytes_fini(&cut.requests);
    bytes_fini(&cut.replies);
    return 0;
}
