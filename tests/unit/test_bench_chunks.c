#include "transport/chunks.h"

#include "base/bytes.h"
#include "check.h"

/* Feeds TEXT in pieces of at most STEP bytes and gathers the body. */
static enum chunks_state
undo(const char *text, size_t step, struct bytes *body)
{
    struct chunks chunks = {0};
    size_t left = strlen(text);
    body->len = 0;
    while (left && chunks.state != CHUNKS_OVER) {
        size_t len = left < step ? left : step;
        const char *data = text;
        const char *slice;
        size_t slice_len;
        text += len;
        left -= len;
        while (chunks_next(&chunks, &data, &len, &slice, &slice_len))
            bytes_append(body, slice, slice_len);
    }
    return chunks.state;
}

struct example {
    const char *text;
    const char *body;
    enum chunks_state state;
};

static const struct example examples[] = {
    {"5\r\nhello\r\n0\r\n\r\n", "hello", CHUNKS_OVER},
    {"5\r\nhello\r\n1;a=b\r\n!\r\n0\r\n\r\n", "hello!", CHUNKS_OVER},
    {"0005\r\nhello\r\n", "hello", CHUNKS_SIZE},
    {"1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nA: b\r\n\r\n",
     "abcdefghijklmnopqrstuvwxyz", CHUNKS_OVER},
    {"2\r\n\r\n\r\n2\r\nx\n\r\n0\r\n\r\n", "\r\nx\n", CHUNKS_OVER},
    {"5\r\nhel", "hel", CHUNKS_DATA},
    {"0\r\n\r", "", CHUNKS_TRAILER},
    {"\r\n", "", CHUNKS_WRONG},
    {"x\r\n", "", CHUNKS_WRONG},
    {"2\r\nabc", "ab", CHUNKS_WRONG},
    {"1234567890abcdef\r\n", "", CHUNKS_WRONG},
};

TEST(chunks_become_the_body_however_they_are_cut)
{
    struct bytes body = BYTES_EMPTY;
    for (size_t i = 0; i < COUNT_OF(examples); i++)
        for (size_t step = 1; step < 40; step++) {
            const struct example *example = &examples[i];
            assert_int_equal(undo(example->text, step, &body), example->state);
            assert_int_equal(body.len, strlen(example->body));
            if (body.len)
                assert_memory_equal(body.data, example->body, body.len);
        }
    bytes_fini(&body);
}

TEST(nothing_is_taken_behind_the_end)
{
    struct chunks chunks = {0};
    const char *data = "0\r\n\r\nHTTP/1.1 200 OK";
    size_t len = strlen(data);
    const char *slice;
    size_t slice_len;
    assert_false(chunks_next(&chunks, &data, &len, &slice, &slice_len));
    assert_int_equal(chunks.state, CHUNKS_OVER);
    assert_string_equal(data, "HTTP/1.1 200 OK");
    assert_int_equal(len, strlen("HTTP/1.1 200 OK"));
}

RUN(LISTED(chunks_become_the_body_however_they_are_cut),
    LISTED(nothing_is_taken_behind_the_end))
