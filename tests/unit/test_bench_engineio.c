/* Packets of Engine.IO 4 and socket.io. */

#include "transport/engineio.h"

#include "check.h"

/* The packet in words: "event /admin #12 +1 news [\"news\",1]". */
static const char *
told(const char *frame)
{
    static const char *const names[] = {"open", "close",     "ping", "pong",
                                        "idle", "connected", "gone", "event",
                                        "ack",  "refused",   "wrong"};
    static char text[512];
    size_t len = strlen(frame);
    char *copy = malloc(len ? len : 1);
    memcpy(copy, frame, len);
    struct engineio_packet packet;
    engineio_read(copy, len, &packet);
    int at = snprintf(text, sizeof text, "%s", names[packet.kind]);
    char *out = text;
    if (packet.kind != ENGINEIO_WRONG) {
        if (packet.name_space.len)
            at += sprintf(out + at, " %.*s", (int)packet.name_space.len,
                          packet.name_space.data);
        if (packet.has_ack)
            at += sprintf(out + at, " #%llu", (unsigned long long)packet.ack);
        if (packet.attachments)
            at += sprintf(out + at, " +%u", packet.attachments);
        if (packet.event.is_string)
            at += sprintf(out + at, " <%.*s>", (int)packet.event.len,
                          packet.event.data);
        if (packet.body.len)
            sprintf(out + at, " %.*s", (int)packet.body.len, packet.body.data);
    }
    free(copy);
    return text;
}

#define assert_told(frame, expected) assert_string_equal(told(frame), expected)

TEST(packets_of_engine_io_are_known)
{
    assert_told("0{\"sid\":\"x\",\"upgrades\":[]}",
                "open {\"sid\":\"x\",\"upgrades\":[]}");
    assert_told("1", "close");
    assert_told("2", "ping");
    assert_told("2probe", "ping probe");
    assert_told("3probe", "pong probe");
    assert_told("5", "idle");
    assert_told("6", "idle");
}

TEST(packets_of_socket_io_are_known)
{
    assert_told("40", "connected");
    assert_told("40{\"sid\":\"x\"}", "connected {\"sid\":\"x\"}");
    assert_told("41", "gone");
    assert_told("42[\"news\",\"text\"]", "event <news> [\"news\",\"text\"]");
    assert_told("42[\"news\"]", "event <news> [\"news\"]");
    assert_told("42[\"a,b]\\\"\",1]", "event <a,b]\\\"> [\"a,b]\\\"\",1]");
    assert_told("43[]", "ack []");
    assert_told("44{\"message\":\"no\"}", "refused {\"message\":\"no\"}");
}

TEST(namespaces_acks_and_attachments_are_read)
{
    assert_told("40/admin,{\"sid\":\"x\"}", "connected /admin {\"sid\":\"x\"}");
    assert_told("41/admin,", "gone /admin");
    assert_told("41/admin", "gone /admin");
    assert_told("42/admin,[\"news\",{}]", "event /admin <news> [\"news\",{}]");
    assert_told("4212[\"ask\"]", "event #12 <ask> [\"ask\"]");
    assert_told("42/a,7[\"ask\"]", "event /a #7 <ask> [\"ask\"]");
    assert_told("43/a,7[1]", "ack /a #7 [1]");
    assert_told("451-[\"b\",{\"_placeholder\":true,\"num\":0}]",
                "event +1 <b> [\"b\",{\"_placeholder\":true,\"num\":0}]");
    assert_told("462-/a,13[{}]", "ack /a #13 +2 [{}]");
}

TEST(what_is_no_packet_is_wrong)
{
    static const char *const wrong[] = {"",
                                        "x",
                                        "7",
                                        "4",
                                        "47",
                                        "4x",
                                        "42",
                                        "42{}",
                                        "42[]",
                                        "42[1]",
                                        "42[\"news",
                                        "42[\"news\"",
                                        "42[null]",
                                        "45[\"b\"]",
                                        "451[\"b\"]",
                                        "45-[\"b\"]",
                                        "4299999999999999999999[\"x\"]",
                                        "4599999999-[\"x\"]",
                                        "42/a"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_told(wrong[i], "wrong");
}

TEST(a_ping_is_answered_with_what_it_carries)
{
    struct engineio_packet packet;
    struct bytes bytes = BYTES_EMPTY;
    engineio_read("2", 1, &packet);
    engineio_append_pong(&bytes, &packet);
    engineio_read("2probe", 6, &packet);
    engineio_append_pong(&bytes, &packet);
    assert_bytes(bytes.data, bytes.len, "33probe");
    bytes_fini(&bytes);
}

RUN(LISTED(packets_of_engine_io_are_known),
    LISTED(packets_of_socket_io_are_known),
    LISTED(namespaces_acks_and_attachments_are_read),
    LISTED(what_is_no_packet_is_wrong),
    LISTED(a_ping_is_answered_with_what_it_carries))
