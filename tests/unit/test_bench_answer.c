#include "drive/answer.h"

#include "check.h"

struct example {
    const char *text;
    enum answer_found found;
    int status;
    bool closes;
};

static const struct example examples[] = {
    {"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}", ANSWER_WHOLE, 201,
     false},
    {"HTTP/1.1 201 Created\r\ncontent-length:  10 \r\n\r\n{}", ANSWER_MORE, 201,
     false},
    {"HTTP/1.1 204 No Content\r\n\r\n", ANSWER_WHOLE, 204, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
     ANSWER_WHOLE, 200, true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
     "2\r\n{}\r\n0\r\n\r\n",
     ANSWER_WHOLE, 200, false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n"
     "\r\n2\r\n{}\r\n",
     ANSWER_MORE, 200, false},
    {"HTTP/1.1 100 Continue\r\n\r\n"
     "HTTP/1.1 413 Too Long\r\nContent-Length: 1\r\n\r\n!",
     ANSWER_WHOLE, 413, false},
    {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n!", ANSWER_WHOLE, 200, true},
    {"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\n!",
     ANSWER_WHOLE, 200, false},
    {"HTTP/1.1 200 OK\r\n\r\nuntil the end", ANSWER_MORE, 200, true},
    {"HTTP/1.1 200 OK\r\nContent-Le", ANSWER_MORE, 0, false},
    {"SSH-2.0-OpenSSH_9.2\r\n\r\n", ANSWER_WRONG, 0, false},
    {"HTTP/1.1 2x1 Odd\r\n\r\n", ANSWER_WRONG, 0, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", ANSWER_WRONG, 200,
     false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx", ANSWER_WRONG,
     200, false},
};

/* Feeds TEXT in pieces of at most STEP bytes. */
static enum answer_found
feed(struct answer *answer, const char *text, size_t step)
{
    enum answer_found found = ANSWER_MORE;
    size_t left = strlen(text);
    for (; left && found == ANSWER_MORE;) {
        size_t len = left < step ? left : step;
        found = answer_take(answer, text, len);
        text += len;
        left -= len;
    }
    return found;
}

TEST(an_answer_is_the_same_however_it_is_cut)
{
    for (size_t i = 0; i < COUNT_OF(examples); i++)
        for (size_t step = 1; step < 120; step++) {
            const struct example *example = &examples[i];
            struct answer answer = {0};
            assert_int_equal(feed(&answer, example->text, step),
                             example->found);
            assert_int_equal(answer.status, example->status);
            if (example->found != ANSWER_WRONG)
                assert_int_equal(answer.closes, example->closes);
            answer_fini(&answer);
        }
}

TEST(one_answer_follows_another)
{
    struct answer answer = {0};
    assert_int_equal(feed(&answer, examples[0].text, 7), ANSWER_WHOLE);
    answer_reset(&answer);
    assert_int_equal(feed(&answer, examples[6].text, 3), ANSWER_WHOLE);
    assert_int_equal(answer.status, 413);
    answer_fini(&answer);
}

TEST(only_a_body_without_a_length_ends_with_its_connection)
{
    struct answer answer = {0};
    assert_false(answer_ends_here(&answer));
    feed(&answer, "HTTP/1.1 200 OK\r\n\r\nuntil", 100);
    assert_true(answer_ends_here(&answer));
    answer_reset(&answer);
    feed(&answer, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", 100);
    assert_false(answer_ends_here(&answer));
    answer_fini(&answer);
}

TEST(a_head_without_end_is_refused)
{
    static char long_head[ANSWER_HEAD_MAX];
    memset(long_head, 'a', sizeof long_head);
    struct answer answer = {0};
    assert_int_equal(answer_take(&answer, long_head, sizeof long_head),
                     ANSWER_MORE);
    assert_int_equal(answer_take(&answer, "a", 1), ANSWER_WRONG);
    answer_fini(&answer);
}

RUN(LISTED(an_answer_is_the_same_however_it_is_cut),
    LISTED(one_answer_follows_another),
    LISTED(only_a_body_without_a_length_ends_with_its_connection),
    LISTED(a_head_without_end_is_refused))
