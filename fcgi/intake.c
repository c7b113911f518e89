#include "intake.h"

#include "record.h"

#include <string.h>

void
intake_fini(struct intake *intake)
{
    bytes_fini(&intake->buffer);
    bytes_fini(&intake->replies);
}

void
intake_feed(struct intake *intake, const void *data, size_t len)
{
    bytes_append(&intake->buffer, data, len);
}

/* The content of the record at scan joins the last one of the request when that
 * is of the same stream and has room: a peer who sends a byte a record, padded,
 * would else make us keep three hundred for each. */
static bool
join_last(struct intake *intake, const struct record_header *header)
{
    struct record_header last;
    record_parse(intake->buffer.data + intake->last, &last);
    size_t joined = (size_t)last.content_len + header->content_len;
    if (last.type != header->type || !header->content_len ||
        joined > RECORD_CONTENT_MAX)
        return false;
    record_write(intake->buffer.data + intake->last, header->type,
                 header->request_id, joined);
    return true;
}

/* Keeps the record at scan, without its padding, as part of the request. */
static void
keep_record(struct intake *intake, const struct record_header *header)
{
    char *from = intake->buffer.data + intake->scan;
    char *to = intake->buffer.data + intake->taken;
    intake->scan +=
        RECORD_HEADER_SIZE + (size_t)header->content_len + header->padding_len;
    if (intake->taken && join_last(intake, header)) {
        from += RECORD_HEADER_SIZE;
    } else {
        intake->last = intake->taken;
        memmove(to, from, RECORD_HEADER_SIZE);
        record_write(to, header->type, header->request_id, header->content_len);
        from += RECORD_HEADER_SIZE;
        to += RECORD_HEADER_SIZE;
        intake->taken += RECORD_HEADER_SIZE;
    }
    memmove(to, from, header->content_len);
    intake->taken += header->content_len;
}

static enum intake_verdict
refuse_begin(struct intake *intake, const struct record_header *header,
             size_t size, enum protocol_status status)
{
    intake->scan += size;
    record_append_end(&intake->replies, header->request_id, status);
    return INTAKE_MORE;
}

static enum intake_verdict
begin_request(struct intake *intake, const struct record_header *header,
              const unsigned char *content, size_t size)
{
    if (header->content_len != RECORD_HEADER_SIZE)
        return INTAKE_CLOSE;
    bool keep = content[2] & BEGIN_KEEP_CONN;
    if (intake->state != INTAKE_IDLE)
        return refuse_begin(intake, header, size, PROTOCOL_CANT_MPX_CONN);
    if ((content[0] << 8 | content[1]) != ROLE_RESPONDER) {
        refuse_begin(intake, header, size, PROTOCOL_UNKNOWN_ROLE);
        return keep ? INTAKE_MORE : INTAKE_CLOSE;
    }
    intake->state = INTAKE_PARAMS;
    intake->request_id = header->request_id;
    intake->keep = keep;
    keep_record(intake, header);
    return INTAKE_MORE;
}

/* A record of a stream that is within its limit is kept, else left out: the
 * request is answered all the same, when the peer has said all of it, for a
 * web server that finds its write refused may not read the answer. */
static bool
within(size_t *total, size_t max, size_t len, bool *too_large)
{
    *total += len;
    if (*total > max)
        *too_large = true;
    return !*too_large;
}

static enum intake_verdict
stream_record(struct intake *intake, const struct record_header *header,
              size_t size, const struct intake_limits *limits)
{
    bool is_params = header->type == RECORD_PARAMS;
    if (is_params != (intake->state == INTAKE_PARAMS))
        return INTAKE_CLOSE; /* a stream after its end, or before its turn */
    bool keep = is_params
                    ? within(&intake->params_len, limits->params_max,
                             header->content_len, &intake->params_too_large)
                    : within(&intake->body_len, limits->body_max,
                             header->content_len, &intake->body_too_large);
    if (keep || header->content_len == 0)
        keep_record(intake, header);
    else
        intake->scan += size;
    if (header->content_len > 0)
        return INTAKE_MORE;
    intake->state = is_params ? INTAKE_BODY : INTAKE_WHOLE;
    return is_params ? INTAKE_MORE : INTAKE_REQUEST;
}

/* The peer gives up a request whose records are still coming. */
static enum intake_verdict
abort_request(struct intake *intake)
{
    if (intake->state == INTAKE_WHOLE)
        return INTAKE_ABORTED;
    record_append_end(&intake->replies, intake->request_id,
                      PROTOCOL_REQUEST_COMPLETE);
    bool keep = intake->keep;
    intake_finish(intake);
    return keep ? INTAKE_MORE : INTAKE_CLOSE;
}

static enum intake_verdict
request_record(struct intake *intake, const struct record_header *header,
               const char *content, size_t size,
               const struct intake_limits *limits)
{
    if (header->type == RECORD_BEGIN_REQUEST)
        return begin_request(intake, header, (const unsigned char *)content,
                             size);
    bool is_ours = intake->state != INTAKE_IDLE &&
                   header->request_id == intake->request_id;
    bool is_stream =
        header->type == RECORD_PARAMS || header->type == RECORD_STDIN;
    if (is_ours && is_stream && intake->state != INTAKE_WHOLE)
        return stream_record(intake, header, size, limits);
    intake->scan += size; /* of a refused request, or of a type unknown */
    if (is_ours && header->type == RECORD_ABORT_REQUEST)
        return abort_request(intake);
    return INTAKE_MORE;
}

static void
management_record(struct intake *intake, const struct record_header *header,
                  const char *content, size_t size)
{
    if (header->type == RECORD_GET_VALUES)
        record_append_values(&intake->replies, content, header->content_len);
    else
        record_append_unknown_type(&intake->replies, header->type);
    intake->scan += size;
}

/* Takes what was looked at and not kept out of the buffer, so that junk does
 * not gather in it. */
static void
drop_looked_at(struct intake *intake)
{
    struct bytes *buffer = &intake->buffer;
    if (intake->scan == intake->taken)
        return;
    size_t left = buffer->len - intake->scan;
    memmove(buffer->data + intake->taken, buffer->data + intake->scan, left);
    buffer->len = intake->taken + left;
    intake->scan = intake->taken;
}

enum intake_verdict
intake_next(struct intake *intake, const struct intake_limits *limits)
{
    enum intake_verdict verdict = INTAKE_MORE;
    while (verdict == INTAKE_MORE) {
        size_t left = intake->buffer.len - intake->scan;
        if (!left) /* and perhaps no buffer */
            break;
        const char *data = intake->buffer.data + intake->scan;
        if (data[0] != RECORD_VERSION)
            return INTAKE_CLOSE;
        if (left < RECORD_HEADER_SIZE)
            break;
        struct record_header header;
        record_parse(data, &header);
        size_t size = (size_t)RECORD_HEADER_SIZE + header.content_len +
                      header.padding_len;
        if (left < size)
            break;
        const char *content = data + RECORD_HEADER_SIZE;
        if (header.request_id == 0)
            management_record(intake, &header, content, size);
        else
            verdict = request_record(intake, &header, content, size, limits);
    }
    drop_looked_at(intake);
    return verdict;
}

const char *
intake_request(const struct intake *intake, size_t *len)
{
    *len = intake->taken;
    return intake->buffer.data;
}

void
intake_drop_request(struct intake *intake)
{
    bytes_consume(&intake->buffer, intake->taken);
    intake->taken = intake->scan = 0;
    if (!intake->buffer.len)
        bytes_fini(&intake->buffer);
}

void
intake_finish(struct intake *intake)
{
    bytes_consume(&intake->buffer, intake->scan);
    intake->taken = intake->scan = 0;
    intake->params_len = intake->body_len = 0;
    intake->params_too_large = intake->body_too_large = false;
    intake->keep = false;
    intake->state = INTAKE_IDLE;
}

bool
intake_is_idle(const struct intake *intake)
{
    return intake->state == INTAKE_IDLE && !intake->buffer.len;
}
