#include "base/bytes.h"

#include "base/shared.h"
#include "check.h"

TEST(a_run_grows_by_what_is_appended)
{
    struct bytes bytes = BYTES_EMPTY;
    char expected[3000];
    for (int i = 0; i < 3000; i++) {
        expected[i] = (char)i;
        bytes_append_char(&bytes, (char)i);
    }
    assert_int_equal(bytes.len, sizeof expected);
    assert_memory_equal(bytes.data, expected, sizeof expected);
    bytes_fini(&bytes);
    assert_null(bytes.data);
    assert_int_equal(bytes.len, 0);
}

TEST(a_run_may_be_used_again_after_its_end)
{
    struct bytes bytes = BYTES_EMPTY;
    bytes_append_string(&bytes, "first");
    bytes_fini(&bytes);
    bytes_append_string(&bytes, "second");
    assert_bytes(bytes.data, bytes.len, "second");
    bytes_fini(&bytes);
}

TEST(reserving_keeps_what_is_there_and_gives_the_end)
{
    struct bytes bytes = BYTES_EMPTY;
    bytes_append_string(&bytes, "kept");
    char *room = bytes_reserve(&bytes, 100000);
    assert_ptr_equal(room, bytes.data + 4);
    assert_true(bytes.cap - bytes.len >= 100000);
    assert_bytes(bytes.data, bytes.len, "kept");
    memset(room, 'x', 100000); /* a sanitizer would see it too small */
    bytes_fini(&bytes);
}

TEST(consuming_drops_the_first_bytes)
{
    struct bytes bytes = BYTES_EMPTY;
    bytes_append_string(&bytes, "abcdef");
    bytes_consume(&bytes, 0);
    assert_bytes(bytes.data, bytes.len, "abcdef");
    bytes_consume(&bytes, 2);
    assert_bytes(bytes.data, bytes.len, "cdef");
    bytes_consume(&bytes, 4);
    assert_int_equal(bytes.len, 0);
    bytes_append_string(&bytes, "g");
    assert_bytes(bytes.data, bytes.len, "g");
    bytes_fini(&bytes);
}

TEST(printing_appends_without_its_nul)
{
    struct bytes bytes = BYTES_EMPTY;
    bytes_append_string(&bytes, "<");
    bytes_printf(&bytes, "%0300d", 7);
    bytes_printf(&bytes, "%s", "");
    bytes_append_string(&bytes, ">");
    assert_int_equal(bytes.len, 302);
    assert_int_equal(bytes.data[300], '7');
    assert_int_equal(bytes.data[301], '>');
    bytes_fini(&bytes);
}

TEST(base64_is_that_of_rfc_4648)
{
    /* Section 10 */
    static const char *const pairs[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xff\xfe\xfd", "//79"},
    };
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        struct bytes bytes = BYTES_EMPTY;
        bytes_append_string(&bytes, "=");
        bytes_append_base64(&bytes, pairs[i][0], strlen(pairs[i][0]));
        assert_bytes(bytes.data + 1, bytes.len - 1, pairs[i][1]);
        bytes_fini(&bytes);
    }
}

TEST(base64_grows_the_run_for_a_large_message)
{
    static char zeros[300000];
    struct bytes bytes = BYTES_EMPTY;
    bytes_append_base64(&bytes, zeros, sizeof zeros);
    assert_int_equal(bytes.len, 400000);
    for (size_t i = 0; i < bytes.len; i++)
        assert_int_equal(bytes.data[i], 'A');
    bytes_fini(&bytes);
}

TEST(a_copy_of_bytes_has_a_nul_behind)
{
    char *copy = xmemdup0("ab\0cd", 5);
    assert_memory_equal(copy, "ab\0cd\0", 6);
    free(copy);
    copy = xmemdup0(NULL, 0);
    assert_string_equal(copy, "");
    free(copy);
}

TEST(shared_bytes_live_as_long_as_one_holds_them)
{
    struct shared *shared = shared_new("text", 4);
    assert_int_equal(shared->references, 1);
    assert_ptr_equal(shared_hold(shared), shared);
    shared_release(shared);
    assert_int_equal(shared->references, 1);
    assert_bytes(shared->data, shared->len, "text");
    shared_release(shared);
    shared_release(NULL);
}

TEST(taking_shared_bytes_leaves_the_run_empty)
{
    struct bytes bytes = BYTES_EMPTY;
    bytes_append_string(&bytes, "moved");
    struct shared *shared = shared_take(&bytes);
    assert_null(bytes.data);
    assert_int_equal(bytes.len, 0);
    assert_bytes(shared->data, shared->len, "moved");
    shared_release(shared);

    shared = shared_take(&bytes);
    assert_int_equal(shared->len, 0);
    shared_release(shared);
}

TEST(hexadecimal_digits_are_these_and_no_others)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    for (int c = 0; c < 256; c++) {
        const char *at = c ? strchr(digits, c) : NULL;
        int place = at ? (int)(at - digits) : -1;
        assert_int_equal(hex_digit((char)c), place > 15 ? place - 6 : place);
    }
}

RUN(LISTED(a_run_grows_by_what_is_appended),
    LISTED(a_run_may_be_used_again_after_its_end),
    LISTED(reserving_keeps_what_is_there_and_gives_the_end),
    LISTED(consuming_drops_the_first_bytes),
    LISTED(printing_appends_without_its_nul),
    LISTED(base64_is_that_of_rfc_4648),
    LISTED(base64_grows_the_run_for_a_large_message),
    LISTED(hexadecimal_digits_are_these_and_no_others),
    LISTED(a_copy_of_bytes_has_a_nul_behind),
    LISTED(shared_bytes_live_as_long_as_one_holds_them),
    LISTED(taking_shared_bytes_leaves_the_run_empty))
