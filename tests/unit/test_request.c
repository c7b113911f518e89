#include "request.h"

#include "../support/records_out.h"
#include "check.h"

static struct bytes said;

static int
set_up(void **state)
{
    (void)state;
    return request_setup() ? 0 : -1;
}

/* Adds a pair as a web server would (FastCGI Specification, section 3.4). */
static void
add_pair(struct bytes *pairs, const char *name, const char *value)
{
    const char *const texts[] = {name, value};
    for (int i = 0; i < 2; i++) {
        size_t len = strlen(texts[i]);
        if (len >= 128) {
            bytes_append_char(pairs, (char)(0x80 | len >> 24));
            bytes_append_char(pairs, (char)(len >> 16));
            bytes_append_char(pairs, (char)(len >> 8));
        }
        bytes_append_char(pairs, (char)len);
    }
    bytes_append_string(pairs, name);
    bytes_append_string(pairs, value);
}

/* What intake would hand on: the pairs in one record, the body in several. */
static enum request_parsed
parse(struct request *request, const struct bytes *pairs, const char *body,
      size_t body_len)
{
    bytes_consume(&said, said.len);
    add_begin(&said, 1, 1, 1);
    if (pairs->len)
        add_record(&said, 4, 1, pairs->data, pairs->len);
    add_record(&said, 4, 1, NULL, 0);
    for (size_t at = 0; at < body_len; at += 50000)
        add_record(&said, 5, 1, body + at,
                   body_len - at < 50000 ? body_len - at : 50000);
    add_record(&said, 5, 1, NULL, 0);
    char *copy = malloc(said.len); /* of exactly its size */
    memcpy(copy, said.data, said.len);
    enum request_parsed parsed =
        request_parse(request, copy, said.len, body_len);
    free(copy);
    return parsed;
}

TEST(parameters_and_body_are_found)
{
    struct request request;
    struct bytes pairs = BYTES_EMPTY;
    char longest[400];
    memset(longest, 'q', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    add_pair(&pairs, "SERVER_SOFTWARE", "a server");
    add_pair(&pairs, "REQUEST_METHOD", "POST");
    add_pair(&pairs, "PATH_INFO", "/room");
    add_pair(&pairs, "QUERY_STRING", longest);
    add_pair(&pairs, "HTTP_IDEMPOTENCY_KEY", "a=b");
    add_pair(&pairs, "HTTP_COOKIE", "never asked for");
    assert_int_equal(parse(&request, &pairs, "a\0b", 3), REQUEST_PARSED);
    assert_int_equal(request.method, METHOD_POST);
    assert_string_equal(request.path_info, "/room");
    assert_string_equal(request.query, longest);
    assert_string_equal(request.idempotency_key, "a=b");
    assert_string_equal(request.host, "");
    assert_string_equal(request.last_event_id, "");
    assert_int_equal(request.body_len, 3);
    assert_memory_equal(request.body, "a\0b\0", 4);
    request_done(&request);
    bytes_fini(&pairs);
}

TEST(methods_are_known_by_their_whole_name)
{
    static const struct {
        const char *name;
        enum method method;
    } cases[] = {{"GET", METHOD_GET},    {"HEAD", METHOD_HEAD},
                 {"POST", METHOD_POST},  {"OPTIONS", METHOD_OPTIONS},
                 {"PUT", METHOD_OTHER},  {"get", METHOD_OTHER},
                 {"GETX", METHOD_OTHER}, {"", METHOD_OTHER}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct request request;
        struct bytes pairs = BYTES_EMPTY;
        add_pair(&pairs, "REQUEST_METHOD", cases[i].name);
        assert_int_equal(parse(&request, &pairs, "", 0), REQUEST_PARSED);
        assert_int_equal(request.method, cases[i].method);
        request_done(&request);
        bytes_fini(&pairs);
    }
}

TEST(a_request_without_parameters_we_know_is_one)
{
    struct request request;
    struct bytes pairs = BYTES_EMPTY;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(parse(&request, &pairs, "x", 1), REQUEST_PARSED);
        assert_int_equal(request.method, METHOD_OTHER);
        assert_string_equal(request.path_info, "");
        assert_memory_equal(request.body, "x\0", 2);
        request_done(&request);
        add_pair(&pairs, "HTTP_COOKIE", "nobody asks");
    }
    bytes_fini(&pairs);
}

TEST(parameters_with_a_nul_or_cut_short_are_torn)
{
    struct request request;
    struct bytes pairs = BYTES_EMPTY;
    add_pair(&pairs, "PATH_INFO", "/room");
    pairs.data[pairs.len - 2] = '\0';
    assert_int_equal(parse(&request, &pairs, "", 0), REQUEST_TORN);
    pairs.data[pairs.len - 2] = 'o';
    for (size_t len = pairs.len - 1; len > 0; len--) {
        pairs.len = len;
        assert_int_equal(parse(&request, &pairs, "", 0), REQUEST_TORN);
    }
    bytes_fini(&pairs);
}

/* The reader is used again: what a long request left there is not read. */
TEST(requests_of_all_sizes_follow_one_another)
{
    static char body[1 << 20];
    static const size_t sizes[] = {0,     1 << 20, 0,     1, 65536,
                                   65535, 49999,   50000, 3, 1 << 19};
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (char)(i * 7 >> 4);
    for (size_t i = 0; i < 5 * COUNT_OF(sizes); i++) {
        size_t size = sizes[i % COUNT_OF(sizes)];
        struct request request;
        struct bytes pairs = BYTES_EMPTY;
        add_pair(&pairs, "PATH_INFO", i % 2 ? "/a" : "/long/path/of/it");
        assert_int_equal(parse(&request, &pairs, body, size), REQUEST_PARSED);
        assert_string_equal(request.path_info,
                            i % 2 ? "/a" : "/long/path/of/it");
        assert_int_equal(request.body_len, size);
        assert_memory_equal(request.body, body, size);
        request_done(&request);
        bytes_fini(&pairs);
    }
}

static void
parse_setup(const char *root, bool is_torn, const char *told)
{
    struct request request;
    struct bytes pairs = BYTES_EMPTY;
    add_pair(&pairs, "DOCUMENT_ROOT", root);
    add_pair(&pairs, "PATH_INFO", "/room");
    if (is_torn) {
        bytes_append(&pairs, "\x08\x02HTTP_TE", 9); /* cut short */
        assert_int_equal(parse(&request, &pairs, "", 0), REQUEST_TORN);
    } else {
        assert_int_equal(parse(&request, &pairs, "", 0), REQUEST_PARSED);
        assert_string_equal(request.path_info, "/room");
        assert_string_equal(request.document_root, told);
        request_done(&request);
    }
    bytes_fini(&pairs);
}

/* What a web server says of itself with each request is told when it is news.
 */
TEST(how_the_server_is_set_up_is_told_when_it_changes)
{
    parse_setup("/var/www", false, "/var/www");
    parse_setup("/var/www", false, "");
    parse_setup("/srv/www", false, "/srv/www");
    parse_setup("/srv/www", false, "");
    parse_setup("/srv/ww", false, "/srv/ww");
    parse_setup("/var/www", false, "/var/www");
}

/* Apache's SERVER_SOFTWARE is judged by what SCRIPT_FILENAME says. */
TEST(how_the_server_is_set_up_is_told_whole)
{
    for (int version = 1; version <= 2; version++) {
        struct request request;
        struct bytes pairs = BYTES_EMPTY;
        add_pair(&pairs, "SERVER_SOFTWARE", version == 1 ? "A/1" : "A/2");
        add_pair(&pairs, "SCRIPT_FILENAME", "proxy:fcgi://host/room");
        assert_int_equal(parse(&request, &pairs, "", 0), REQUEST_PARSED);
        assert_string_equal(request.server_software,
                            version == 1 ? "A/1" : "A/2");
        assert_string_equal(request.script_filename, "proxy:fcgi://host/room");
        request_done(&request);
        bytes_fini(&pairs);
    }
}

TEST(a_torn_request_takes_no_news_with_it)
{
    parse_setup("/srv/a", false, "/srv/a");
    parse_setup("/srv/b", true, NULL);
    parse_setup("/srv/b", false, "/srv/b");
}

TEST(the_body_may_be_taken)
{
    struct request request;
    struct bytes pairs = BYTES_EMPTY;
    assert_int_equal(parse(&request, &pairs, "mine", 4), REQUEST_PARSED);
    char *body = request_take_body(&request);
    request_done(&request);
    assert_string_equal(body, "mine");
    free(body);
}

TEST(an_environment_describes_a_request)
{
    char *environment[] = {(char[]){"PATH=/bin"},
                           (char[]){"REQUEST_METHOD=GET"},
                           (char[]){"PATH_INFO=/room/poll"},
                           (char[]){"QUERY_STRING=a=b"},
                           (char[]){"NONSENSE"},
                           (char[]){"REMOTE_ADDR="},
                           NULL};
    struct request request;
    request_from_environment(&request, environment);
    assert_int_equal(request.method, METHOD_GET);
    assert_string_equal(request.path_info, "/room/poll");
    assert_string_equal(request.query, "a=b");
    assert_string_equal(request.remote_addr, "");
    assert_string_equal(request.content_length, "");
    assert_null(request.body);
}

static int
tear_down(void **state)
{
    (void)state;
    bytes_fini(&said);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        LISTED(parameters_and_body_are_found),
        LISTED(methods_are_known_by_their_whole_name),
        LISTED(a_request_without_parameters_we_know_is_one),
        LISTED(parameters_with_a_nul_or_cut_short_are_torn),
        LISTED(requests_of_all_sizes_follow_one_another),
        LISTED(how_the_server_is_set_up_is_told_when_it_changes),
        LISTED(how_the_server_is_set_up_is_told_whole),
        LISTED(a_torn_request_takes_no_news_with_it),
        LISTED(the_body_may_be_taken),
        LISTED(an_environment_describes_a_request),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
