#include "rules.h"

#include "hub/names.h"
#include "options.h"
#include "problem.h"

#include <openssl/evp.h>
#include <string.h>

bool
rules_names(const struct queue_message *message, const char *key,
            const struct options *options, struct refusal *refusal)
{
    size_t event_max = (size_t)options->event_max;
    const char *channel = message->channel, *event = message->event;
    if (channel && !name_is_channel(channel, strlen(channel)))
        return problem_refuse(
            refusal, PROBLEM_BAD_CHANNEL,
            "\"%.160s\" is no name of one channel: 1 to 128 letters, digits "
            "and . _ ~ -, the first one a letter or a digit; a message goes "
            "to exactly one",
            channel);
    if (event && !name_is_event(event, strlen(event), event_max))
        return problem_refuse(
            refusal, PROBLEM_BAD_EVENT,
            "the name of an event is 1 to %zu bytes of UTF-8 without control "
            "characters, not beginning with earshot.",
            event_max);
    if (message->from && !name_is_from(message->from, strlen(message->from)))
        return problem_refuse(refusal, PROBLEM_BAD_FROM,
                              "\"from\" is 1 to 64 letters, digits, _ and -");
    if (key && !name_is_key(key, strlen(key)))
        return problem_refuse(refusal, PROBLEM_BAD_KEY,
                              "a key (Idempotency-Key) is 1 to 255 visible "
                              "ASCII characters");
    return true;
}

bool
rules_size(size_t size_bytes, const struct options *options,
           struct refusal *refusal)
{
    return size_bytes <= (size_t)options->message_max ||
           problem_refuse(refusal, PROBLEM_TOO_LARGE,
                          "a message has at most %zu bytes here "
                          "(--message-max)",
                          (size_t)options->message_max);
}

static void
digest_string(EVP_MD_CTX *digest, const char *string)
{
    EVP_DigestUpdate(digest, string ? string : "",
                     string ? strlen(string) + 1 : 1);
}

bool
rules_fingerprint(struct queue_append *append, const char *event,
                  const char *from, enum rules_kind kind, const void *body,
                  size_t len, struct refusal *refusal)
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    unsigned char byte = (unsigned char)kind;
    bool ok = digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL);
    if (ok) {
        digest_string(digest, event);
        digest_string(digest, from);
        EVP_DigestUpdate(digest, &byte, 1);
        EVP_DigestUpdate(digest, body, len);
        ok = EVP_DigestFinal_ex(digest, append->fingerprint, NULL);
    }
    EVP_MD_CTX_free(digest);
    return ok || problem_refuse(refusal, PROBLEM_INTERNAL,
                                "the fingerprint of the message cannot be "
                                "computed");
}

void
rules_outcome(const struct queue_outcome *outcome, const char *trouble,
              struct refusal *refusal)
{
    switch (outcome->status) {
    case QUEUE_OK:
        return;
    case QUEUE_AGAIN:
    case QUEUE_TIMEOUT:
        problem_refuse(refusal, PROBLEM_BUSY,
                       "not stored: the queue was locked for too long; try "
                       "again");
        return;
    case QUEUE_KEY_REUSED:
        problem_refuse(refusal, PROBLEM_KEY_REUSED,
                       "this key (Idempotency-Key) came with another message "
                       "before; a new message wants a new key");
        return;
    case QUEUE_REFUSED:
        problem_refuse(refusal, PROBLEM_INTERNAL,
                       "not stored: the queue's own rules refuse it; the log "
                       "says more");
        return;
    case QUEUE_FULL:
        problem_refuse(refusal, PROBLEM_FULL,
                       "not stored: there is no space left for the queue");
        return;
    case QUEUE_UNUSABLE:
        problem_refuse(refusal, PROBLEM_QUEUE, "not stored: %s",
                       trouble ? trouble : "the queue cannot be written now");
        return;
    }
}
