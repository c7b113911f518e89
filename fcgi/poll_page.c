#include "poll_page.h"

#include "answer.h"
#include "base/shared.h"
#include "hub/cursor.h"
#include "outbox.h"

#include <string.h>

enum { PAGE_MESSAGES = 64, PAGE_BYTES = OUTBOX_BYTES_MAX };

/* The newest answer with a single message: to everyone who waited for it, it is
 * the same. The loop's thread alone is here. */
static struct {
    struct shared *message;
    char cursor[CURSOR_SIZE];
    struct shared *answer;
} newest;

static size_t
messages_len(const struct poll_page *page)
{
    return page->message_count == 1 ? page->first->len : page->messages.len;
}

bool
poll_page_add(struct poll_page *page, struct shared *json)
{
    struct bytes *messages = &page->messages;
    if (page->message_count && (page->message_count == PAGE_MESSAGES ||
                                messages_len(page) + json->len > PAGE_BYTES)) {
        page->more = true;
        return false;
    }
    if (!page->message_count++) {
        page->first = shared_hold(json);
        return true;
    }
    if (page->message_count == 2)
        bytes_append(messages, page->first->data, page->first->len);
    bytes_append_char(messages, ',');
    bytes_append(messages, json->data, json->len);
    return true;
}

static void
append_page(struct bytes *body, const struct poll_page *page,
            const char *cursor)
{
    bytes_append_string(body, "{\"messages\":[");
    bytes_append(body,
                 page->message_count == 1 ? page->first->data
                                          : page->messages.data,
                 messages_len(page));
    bytes_append_string(body, "],\"cursor\":\"");
    bytes_append_string(body, cursor);
    bytes_append_string(body,
                        page->lost ? "\",\"lost\":true" : "\",\"lost\":false");
    bytes_append_string(body, page->more ? ",\"more\":true}\n" : "}\n");
}

/* Will others be answered just so? */
static bool
is_common(const struct poll_page *page, const struct connection *connection)
{
    return page->message_count == 1 && !page->lost && !page->more &&
           answer_is_common(connection);
}

static void
answer_newly(const struct poll_page *page, struct connection *connection,
             const char *cursor, struct bytes *body)
{
    shared_release(newest.message);
    shared_release(newest.answer);
    newest.message = shared_hold(page->first);
    strcpy(newest.cursor, cursor);
    newest.answer = answer_first(connection, body);
}

void
poll_page_answer(struct poll_page *page, struct connection *connection,
                 const char *cursor)
{
    struct bytes body = BYTES_EMPTY;
    bool common = is_common(page, connection);
    if (common && newest.message == page->first &&
        strcmp(newest.cursor, cursor) == 0) {
        answer_again(connection, newest.answer);
        return;
    }
    append_page(&body, page, cursor);
    bytes_fini(&page->messages);
    if (common)
        answer_newly(page, connection, cursor, &body);
    else
        answer_json(connection, 200, &body);
}

void
poll_page_fini(struct poll_page *page)
{
    shared_release(page->first);
    bytes_fini(&page->messages);
}
