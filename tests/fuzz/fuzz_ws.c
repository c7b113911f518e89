/* What a client of earshot-ws sends. Its frames mean the same however they are
 * cut; what is found in them keeps the rules; what is published of it does too.
 * The first byte says whether data alone is spoken, or whether the rest is
 * headers of a handshake instead. */
#include "fuzz.h"

#include "access.h"
#include "base/utf8.h"
#include "options.h"
#include "problem.h"
#include "reference/forwarded.h"
#include "reference/frames.h"
#include "reference/handshake.h"
#include "reference/submission.h"

#include <string.h>

enum { MESSAGE_MAX = 4096, HEADERS = 6 };

static const struct options limits = {
    .origin = "", .event_max = 128, .message_max = MESSAGE_MAX};

static void
check_submission(bool is_raw, bool is_text, const char *data, size_t len)
{
    struct submission submission = {0};
    struct refusal refusal;
    bool good = is_raw ? submission_read_raw(&submission, is_text, data, len,
                                             &limits, &refusal)
                       : submission_read_json(&submission, data, len, &limits,
                                              &refusal);
    if (good) {
        submission_address(&submission, "room", "me");
        const struct queue_message *message = &submission.message;
        require(message->size_bytes <= MESSAGE_MAX);
        require(message->type == QUEUE_BINARY ||
                utf8_valid(message->data, message->size_bytes));
        require(!strpbrk(message->event, "\r\n"));
        require(!strpbrk(message->from, "\r\n"));
    } else {
        require(strlen(refusal.sentence) > 10);
    }
    require(!submission.key || strlen(submission.key) <= QUEUE_KEY_MAX);
    submission_fini(&submission);
}

/* Folds what was found into a number: two ways of reading must agree. */
static uint64_t
fold(uint64_t sum, const void *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        sum = (sum ^ ((const uint8_t *)data)[i]) * UINT64_C(1099511628211);
    return sum;
}

static uint64_t
take_found(const struct frames *frames, enum frames_found found, bool is_raw,
           uint64_t sum)
{
    sum = fold(sum, &found, sizeof found);
    switch (found) {
    case FRAMES_NOTHING:
        return sum;
    case FRAMES_TEXT:
        require(utf8_valid(frames->data, frames->len));
        __attribute__((fallthrough));
    case FRAMES_BINARY:
        require(frames->len <= frames->message_max);
        check_submission(is_raw, found == FRAMES_TEXT, frames->data,
                         frames->len);
        break;
    case FRAMES_PING:
    case FRAMES_PONG:
        require(frames->len <= 125);
        break;
    case FRAMES_CLOSE:
        require(frames->code >= 1000 && frames->code < 5000);
        return fold(sum, &frames->code, sizeof frames->code);
    case FRAMES_WRONG:
        require(strlen(frames->reason) <= 123);
        return fold(sum, &frames->code, sizeof frames->code);
    }
    return fold(sum, frames->data, frames->len);
}

static uint64_t
read_in_steps(const uint8_t *data, size_t size, size_t step, bool is_raw)
{
    struct frames frames = {.message_max = submission_max(MESSAGE_MAX, is_raw)};
    uint64_t sum = 0;
    bool goes_on = true;
    for (size_t at = 0; at < size && goes_on; at += step) {
        size_t len = size - at < step ? size - at : step;
        frames_feed(&frames, (const char *)data + at, len);
        enum frames_found found;
        while (goes_on && (found = frames_next(&frames)) != FRAMES_NOTHING) {
            sum = take_found(&frames, found, is_raw, sum);
            goes_on = found != FRAMES_CLOSE && found != FRAMES_WRONG;
        }
        if (goes_on)
            frames_rest(&frames);
    }
    frames_fini(&frames);
    return sum;
}

static void
check_frames(const uint8_t *data, size_t size, bool is_raw)
{
    uint64_t whole = read_in_steps(data, size, size ? size : 1, is_raw);
    require(read_in_steps(data, size, 1, is_raw) == whole);
    require(read_in_steps(data, size, 37, is_raw) == whole);
}

/* Headers, with line feeds between. */
static void
check_headers(const uint8_t *data, size_t size)
{
    char *text = xmemdup0(data, size);
    const char *headers[HEADERS];
    char *at = text;
    for (int i = 0; i < HEADERS; i++) {
        headers[i] = at ? at : "";
        char *end = at ? strchr(at, '\n') : NULL;
        if (end)
            *end++ = '\0';
        at = end;
    }
    char accept[HANDSHAKE_ACCEPT_SIZE];
    struct refusal refusal;
    const struct handshake handshake = {
        true, true, headers[0], headers[1], headers[2], headers[3], headers[4]};
    if (handshake_judge(&handshake, accept, &refusal))
        require(strlen(accept) == HANDSHAKE_ACCEPT_SIZE - 1);
    struct forwarded_values values;
    struct visitor visitor;
    const struct forwarded forwarded = {true,       headers[0], headers[1],
                                        headers[2], headers[3], headers[4],
                                        headers[5], headers[5], size % 2};
    forwarded_read(&forwarded, &values, &visitor);
    require(strlen(visitor.remote_user) < FORWARDED_VALUE_MAX);
    bool is_foreign;
    if (!access_judge(&visitor, ACCESS_READ, &limits, &is_foreign, &refusal))
        require(strlen(refusal.sentence) > 10);
    free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    if (data[0] == 'h')
        check_headers(data + 1, size - 1);
    else
        check_frames(data + 1, size - 1, data[0] == 'r');
    return 0;
}
