"""What goes over the wire: Server-Sent Events, by the raw peer."""

import json
import re
import time

import pytest

from wait import slow, wait_until

NDJSON = {"Content-Type": "application/x-ndjson"}


def ndjson(*lines):
    return "".join(json.dumps(line) + "\n" for line in lines)


def test_the_opening_goes_out_whole_with_the_headers(earshot):
    cursor = earshot.publish("room", "before")
    with earshot.stream("room") as stream:
        headers = stream.head.headers
        assert headers["content-type"].split(";")[0] == "text/event-stream"
        assert headers["cache-control"] == "no-cache, no-transform"
        assert headers["x-accel-buffering"] == "no"
        assert stream.head.lines[0].startswith(b"Status: 200")
        assert re.fullmatch(
            rb"retry: \d+\n\n?id: %s\nevent: earshot\.open\n"
            rb'data: \{"cursor":"%s"\}\n\n' % ((cursor.encode(),) * 2),
            stream.head.body), stream.head.body
        assert stream.opening.json == {"cursor": cursor}
        assert not stream.parser.unknown


def test_the_retry_of_every_opening_is_jittered(start):
    earshot = start(retry=4000)
    seen = set()
    for _ in range(12):
        with earshot.stream("room") as stream:
            seen.add(stream.parser.retry)
    assert len(seen) > 1
    assert all(2000 <= retry <= 8000 for retry in seen), seen


def test_a_message_is_an_id_and_bare_data_on_one_channel(earshot):
    with earshot.stream("room") as stream:
        del stream.raw[:]
        id = earshot.publish("room", "hello")
        event = stream.next()
        assert (event.id, event.event, event.data) == (id, "message",
                                                       "hello")
        assert bytes(stream.raw) == f"id: {id}\ndata: hello\n\n".encode()
        id = earshot.publish("room", "tock", query="event=tick")
        event = stream.next()
        assert (event.id, event.event, event.data) == (id, "tick", "tock")


@pytest.mark.parametrize("channels, query", [
    ("room,other", ""), ("room", "format=json"),
    ("room,other", "format=json")])
def test_data_is_the_json_object_with_several_channels_or_when_asked(
        earshot, channels, query):
    with earshot.stream(channels, query) as stream:
        earshot.publish("room", 'say "hi"\r\n\u2028\\', query="from=ann")
        earshot.publish("room", "[1,\n2]",
                        {"Content-Type": "application/json"}, "event=tick")
        earshot.publish("room", b"\0\xff", {"Content-Type": "image/png"})
        events = stream.take(3)
    assert [event.json for event in events] == earshot.messages("room")
    assert [event.event for event in events] == ["message", "tick",
                                                 "message"]
    assert [event.id for event in events] == \
        [event.json["id"] for event in events]


@pytest.mark.parametrize("data, lines", [
    ("", [""]),
    ("a\nb", ["a", "b"]),
    ("a\rb", ["a", "b"]),
    ("a\r\nb", ["a", "b"]),
    ("a\n", ["a", ""]),
    ("\r\n\r\n", ["", "", ""]),
    ("\n\r", ["", "", ""]),
    (" leading", [" leading"]),
    ("a\u2028b\u2029c\u0085d\x0be", ["a\u2028b\u2029c\u0085d\x0be"]),
    ("id: 5\nevent: no\n\nretry: 1", ["id: 5", "event: no", "",
                                      "retry: 1"]),
])
def test_data_is_split_on_every_kind_of_line_end(earshot, data, lines):
    with earshot.stream("room") as stream:
        del stream.raw[:]
        id = earshot.publish("room", data)
        event = stream.next()
        assert event.data == "\n".join(lines)
        expected = f"id: {id}\n" + "".join(
            f"data: {line}\n" for line in lines) + "\n"
        assert bytes(stream.raw).replace(b"data:\n", b"data: \n") == \
            expected.encode()


def test_binary_on_one_channel_is_base64(earshot):
    with earshot.stream("room") as stream:
        earshot.publish("room", b"\0\r\n\xff", {"Content-Type": "image/png"})
        assert stream.next().data == "AA0K/w=="


def test_starting_points_of_a_stream(earshot):
    ids = [earshot.publish("ab"[i % 2], str(i)) for i in range(6)]

    def data(channels, query="", headers=None):
        with earshot.stream(channels, query, headers) as stream:
            assert stream.opening.event == "earshot.open"
            last = earshot.publish(channels.split(",")[0], "end")
            found = []
            while not found or found[-1].id != last:
                found.append(stream.next())
        return "".join(event.json["data"] if "," in channels else event.data
                       for event in found[:-1]).replace("end", "")

    assert data("a,b") == ""
    assert data("a,b", "last=0") == ""
    assert data("b", "last=2") == "35"
    assert data("a", f"after={ids[2]}") == "4"
    assert data("a,b", "after=earliest") == "012345"
    assert data("a", "after=earliest", {"Last-Event-ID": ids[2]}) == "4"
    assert data("a", f"after={ids[2]}", {"Last-Event-ID": ""}) == "4"


def test_the_newest_few_are_counted_over_the_channels_together(earshot):
    for i in range(6):
        earshot.publish("ab"[i % 2], str(i))
    with earshot.stream("a,b", "last=3") as stream:
        assert [event.json["data"] for event in stream.take(3)] == \
            list("345")
    with earshot.stream("a", "last=2") as stream:
        assert [event.data for event in stream.take(2)] == list("24")


@pytest.mark.parametrize("query", ["", "after=earliest", "last=2",
                                   "last=0"])
def test_the_opening_cursor_leaves_no_hole(earshot, query):
    for i in range(4):
        earshot.publish("room", str(i))
    with earshot.stream("room", query) as stream:
        cursor = stream.opening.id
        earshot.publish("room", "new")
        told = []
        while not told or told[-1] != "new":
            told.append(stream.next().data)
    page = earshot.poll("room", cursor)
    assert page["lost"] is False
    assert [message["data"] for message in page["messages"]] == told


def test_a_client_may_change_its_transport_in_mid_stream(earshot):
    with earshot.stream("room") as stream:
        for i in range(5):
            earshot.publish("room", str(i))
        taken = stream.take(3)
    page = earshot.poll("room", taken[-1].id)
    assert [message["data"] for message in page["messages"]] == list("34")
    earshot.publish("room", "5")
    with earshot.stream("room", f"after={page['cursor']}") as stream:
        assert stream.next().data == "5"


@pytest.mark.parametrize("cursor", [
    "pruned", "1-abcdefgh", "99999999", "nonsense"])
def test_a_stream_is_told_once_that_something_is_lost(start, cursor):
    earshot = start(keep_messages=10)
    first = earshot.publish("room", "0")
    earshot.post("/room", ndjson(*[{"data": "x"}] * 100), NDJSON)
    wait_until(lambda: "0" not in earshot.data("room"), what="pruning")
    if cursor == "pruned":
        cursor = "0-" + first.split("-")[1]
    elif cursor.isdigit():
        cursor += "-" + first.split("-")[1]
    kept = earshot.messages("room")
    with earshot.stream("room", headers={"Last-Event-ID": cursor}) as stream:
        opening = [stream.opening, stream.next()]
        lost = [event for event in opening if event.event == "earshot.lost"]
        assert len(lost) == 1
        assert lost[0].json == {"cursor": lost[0].id}
        assert earshot.poll("room", lost[0].id)["messages"] == kept
        last = earshot.publish("room", "live")
        events = stream.take(len(kept) + 1)
    assert [event.id for event in events] == \
        [message["id"] for message in kept] + [last]


def test_comments_keep_an_idle_stream_alive(start):
    earshot = start(heartbeat=0.2)
    with earshot.stream("room") as stream:
        stream.parser.comments = 0
        wait_until(lambda: stream.pump() and stream.parser.comments >= 3)
        assert not stream.events and not stream.parser.unknown


def test_a_stream_ends_by_itself_with_a_retry(start):
    earshot = start(stream_life=0.5)
    with earshot.stream("room") as stream:
        began = time.monotonic()
        stream.parser.retry = None
        assert stream.rest() == []
        assert stream.parser.retry is not None
        assert 0.1 < time.monotonic() - began < slow(5)
    wait_until(lambda: earshot.info("room")["subscribers"]["sse"] == 0)


def test_a_message_of_a_mebibyte_goes_through_everything(start,
                                                         start_lighttpd):
    earshot = start(message_max=1 << 20)
    server = start_lighttpd(sockets=[earshot.address])
    text = "".join(chr(0x400 + i % 500) for i in range(1 << 19))
    with earshot.stream("room") as one, server.stream("room") as two, \
            server.stream("room", "format=json") as three:
        assert server.post("/room", text, timeout=20).status == 201
        assert one.next().data == text
        assert two.next().data == text
        assert three.next().json["data"] == text
    page = server.get("/room/poll?after=earliest").json
    assert page["messages"][0]["data"] == text


def test_one_stream_follows_64_channels(earshot):
    names = [f"c{i}" for i in range(64)]
    with earshot.stream(",".join(names)) as stream:
        for name in names:
            earshot.publish(name, name)
        events = stream.take(64)
    assert [event.json["channel"] for event in events] == names


def test_every_follower_sees_the_same_order(earshot):
    with earshot.stream("room") as one, earshot.stream("room") as two, \
            earshot.stream("room,other") as three:
        for i in range(100):
            earshot.publish("room", str(i))
        ids = [event.id for event in one.take(100)]
        assert [event.id for event in two.take(100)] == ids
        assert [event.id for event in three.take(100)] == ids
    assert [message["id"] for message in earshot.messages("room")] == ids


def test_a_channel_followed_twice_in_one_path_is_told_once(earshot):
    with earshot.stream("room,room") as stream:
        earshot.publish("room", "a")
        earshot.publish("room", "b")
        events = stream.take(2)
    assert len({event.id for event in events}) == 2


def test_who_asks_for_more_than_is_kept_is_told_no_false_loss(earshot):
    earshot.publish("room", "goes")
    earshot.sql("DELETE FROM message")
    with earshot.stream("room", "last=5") as stream:
        cursor = stream.opening.id
    last = earshot.publish("room", "comes")
    with earshot.stream("room", headers={"Last-Event-ID": cursor}) as stream:
        event = stream.next()
        assert (event.event, event.id) == ("message", last)
