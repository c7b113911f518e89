"""Following a channel over WebSocket, beside the transports of the FastCGI
program on the same queue."""

import base64
import json
import socket as sockets

import pytest

from earshot_ws import EarshotWs
from wait import holds_for, wait_until
from websocket import BINARY, TEXT

NDJSON = {"Content-Type": "application/x-ndjson"}
JSON = {"Content-Type": "application/json"}
IMAGE = {"Content-Type": "image/png"}


def ndjson(*lines):
    return "".join(json.dumps(line) + "\n" for line in lines)


def test_the_first_frame_is_a_cursor(earshot, ws):
    with ws.socket() as socket:
        assert set(socket.opening) == {"event", "cursor"}
        assert socket.opening["event"] == "earshot.open"
    cursor = earshot.publish("room", "before")
    with ws.socket() as socket:
        assert socket.opening == {"event": "earshot.open", "cursor": cursor}
        assert socket.quiet(0.2), "from now on means from now on"


def test_a_message_is_the_object_that_a_poll_gives(earshot, ws):
    with ws.socket() as socket:
        earshot.publish("room", 'say "hi"\r\n\0\u2028\\€𝄞', query="from=ann")
        earshot.publish("room", "[1,\n2]", JSON, "event=tick")
        earshot.publish("room", b"\0\xff", IMAGE)
        earshot.publish("room", "")
        got = socket.take(4)
    assert got == earshot.messages("room")
    assert got[0]["from"] == "ann" and "from" not in got[1]
    assert got[1] | {"id": 0, "time": 0} == {
        "id": 0, "time": 0, "channel": "room", "event": "tick",
        "type": "json", "data": "[1,\n2]"}
    assert base64.b64decode(got[2]["data"]) == b"\0\xff"


def test_the_format_may_be_named(earshot, ws):
    with ws.socket(query="format=json") as socket:
        earshot.publish("room", "x")
        assert socket.take(1) == earshot.messages("room")


def test_each_message_is_one_whole_frame(earshot, ws):
    with ws.socket() as socket:
        for size in (0, 100, 1000, 60000):
            earshot.publish("room", "x" * size)
        for _ in range(4):
            frame = socket.read_frame()
            assert frame.fin and frame.opcode == TEXT


def test_several_channels_come_over_one_connection(earshot, ws):
    names = [f"c{i}" for i in range(64)]
    with ws.socket(",".join(names)) as socket:
        for name in names:
            earshot.publish(name, name)
        earshot.publish("another", "x")
        assert [m["channel"] for m in socket.take(64)] == names
        assert socket.quiet(0.1)


def test_a_channel_followed_twice_in_one_path_is_told_once(earshot, ws):
    with ws.socket("room,room") as socket:
        ids = [earshot.publish("room", data) for data in "ab"]
        assert [m["id"] for m in socket.take(2)] == ids


def test_starting_points(earshot, ws):
    ids = [earshot.publish("ab"[i % 2], str(i)) for i in range(6)]

    def data(channels, query="", headers=None):
        with ws.socket(channels, query, headers) as socket:
            assert socket.opening["event"] == "earshot.open"
            last = earshot.publish(channels.split(",")[0], "end")
            found = []
            while not found or found[-1]["id"] != last:
                found += socket.take(1)
        return "".join(m["data"] for m in found[:-1]).replace("end", "")

    assert data("a,b") == ""
    assert data("a,b", "last=0") == ""
    assert data("b", "last=2") == "35"
    assert data("a", f"after={ids[2]}") == "4"
    assert data("a,b", f"after={ids[2]}") == "345"
    assert data("a,b", "after=earliest") == "012345"
    assert data("a", "after=earliest", {"Last-Event-ID": ids[2]}) == "4"
    assert data("a", f"after={ids[2]}", {"Last-Event-ID": ""}) == "4"


def test_the_newest_few_are_counted_over_the_channels_together(earshot, ws):
    for i in range(6):
        earshot.publish("ab"[i % 2], str(i))
    with ws.socket("a,b", "last=3") as socket:
        assert [m["data"] for m in socket.take(3)] == list("345")
    with ws.socket("a", "last=2") as socket:
        assert [m["data"] for m in socket.take(2)] == list("24")


@pytest.mark.parametrize("query", ["", "after=earliest", "last=2",
                                   "last=0"])
def test_the_opening_cursor_leaves_no_hole(earshot, ws, query):
    for i in range(4):
        earshot.publish("room", str(i))
    with ws.socket(query=query) as socket:
        cursor = socket.cursor
        earshot.publish("room", "new")
        told = []
        while not told or told[-1] != "new":
            told.append(socket.take(1)[0]["data"])
    page = earshot.poll("room", cursor)
    assert page["lost"] is False
    assert [message["data"] for message in page["messages"]] == told


def test_a_long_history_comes_whole_and_then_what_is_new(earshot, ws):
    """It is behind, reads page by page, and goes over to live."""
    count = 3000
    for at in range(0, count, 1000):
        earshot.post("/room", ndjson(*[{"data": str(i)} for i in
                                       range(at, at + 1000)]), NDJSON)
    with ws.socket(query="after=earliest") as socket:
        for i in range(count, count + 20):
            earshot.publish("room", str(i))
        data = [m["data"] for m in socket.take(count + 20)]
    assert data == [str(i) for i in range(count + 20)]


def test_a_client_may_change_its_transport_in_mid_stream(earshot, ws):
    with earshot.stream("room") as stream:
        for i in range(8):
            earshot.publish("room", str(i))
        cursor = stream.take(3)[-1].id
    with ws.socket(query=f"after={cursor}") as socket:
        got = socket.take(2)
    page = earshot.poll("room", got[-1]["id"])
    assert [m["data"] for m in got + page["messages"]] == list("34567")
    earshot.publish("room", "8")
    with earshot.stream("room", f"after={page['cursor']}") as stream:
        assert stream.next().data == "8"


@pytest.mark.parametrize("cursor", [
    "pruned", "1-abcdefgh", "99999999", "nonsense"])
@pytest.mark.parametrize("format", ["", "format=json&"])
def test_one_is_told_once_that_something_is_lost(start, start_ws, cursor,
                                                 format):
    earshot = start(keep_messages=10)
    ws = start_ws(keep_messages=10)
    first = earshot.publish("room", "0")
    earshot.post("/room", ndjson(*[{"data": "x"}] * 100), NDJSON)
    wait_until(lambda: len(earshot.data("room")) <= 11, what="pruning")
    if cursor == "pruned":
        cursor = "0-" + first.split("-")[1]
    elif cursor.isdigit():
        cursor += "-" + first.split("-")[1]
    kept = earshot.messages("room")
    with ws.socket(query=f"{format}after={cursor}") as socket:
        told = [socket.opening]
        while "channel" not in (got := socket.next().json):
            told.append(got)
        lost = [one for one in told if one["event"] == "earshot.lost"]
        assert len(lost) == 1
        assert set(lost[0]) == {"event", "cursor"}
        assert earshot.poll("room", lost[0]["cursor"])["messages"] == kept
        last = earshot.publish("room", "live")
        rest = socket.take(len(kept))
    assert [got["id"]] + [m["id"] for m in rest] == \
        [m["id"] for m in kept] + [last]


def test_who_comes_with_a_good_cursor_is_told_of_no_loss(earshot, ws):
    earshot.publish("room", "goes")
    earshot.sql("DELETE FROM message")
    with ws.socket(query="last=5") as socket:
        cursor = socket.cursor
    last = earshot.publish("room", "comes")
    with ws.socket(query=f"after={cursor}") as socket:
        assert socket.opening["event"] == "earshot.open"
        assert socket.take(1)[0]["id"] == last


def test_a_new_epoch_is_told_as_a_loss(start, start_ws):
    earshot = start()
    earshot.publish("room", "before")
    ws = start_ws()
    with ws.socket() as socket:
        cursor = socket.cursor
    ws.stop()
    earshot.stop()
    earshot.options["new_epoch"] = True
    earshot.start()
    ws.start()
    with ws.socket(query=f"after={cursor}") as socket:
        told = [socket.opening, socket.next().json]
        assert [one["event"] for one in told].count("earshot.lost") == 1
        cursor = told[0]["cursor"]
    with ws.socket(query=f"after={cursor}") as socket:
        assert socket.opening["event"] == "earshot.open"


def test_a_row_inserted_by_the_shell_arrives_with_no_bell(earshot, ws):
    with ws.socket() as socket:
        earshot.sql("INSERT INTO message(channel, event, data) "
                    "VALUES('room', 'tick', 'by the shell')")
        got = socket.take(1)[0]
        assert (got["event"], got["data"]) == ("tick", "by the shell")


def test_a_row_that_is_not_utf_8_is_binary(earshot, ws):
    with ws.socket() as socket, \
            ws.socket(query="format=raw", raw=True) as raw:
        earshot.sql("INSERT INTO message(channel, event, data) "
                    "VALUES('room', 'message', CAST(x'61ff' AS TEXT))")
        got = socket.take(1)[0]
        assert (got["type"], base64.b64decode(got["data"])) == \
            ("binary", b"a\xff")
        frame = raw.next()
        assert (frame.opcode, frame.payload) == (BINARY, b"a\xff")


# Bare frames

def test_raw_frames_are_the_data_alone(earshot, ws):
    with ws.socket(query="format=raw", raw=True) as socket:
        assert socket.quiet(0.2), "no opening: it would look like a message"
        earshot.publish("room", "grüß dich\n")
        earshot.publish("room", '{"a": 1}', JSON)
        earshot.publish("room", b"\0\xff", IMAGE)
        earshot.publish("room", "")
        got = [socket.next() for _ in range(4)]
    assert [(one.opcode, one.payload) for one in got] == [
        (TEXT, "grüß dich\n".encode()), (TEXT, b'{"a": 1}'),
        (BINARY, b"\0\xff"), (TEXT, b"")]


def test_raw_frames_start_where_they_are_asked_to(earshot, ws):
    ids = [earshot.publish("room", str(i)) for i in range(5)]
    for query, expected in ((f"after={ids[1]}", "234"), ("last=2", "34"),
                            ("after=earliest", "01234")):
        with ws.socket(query=f"format=raw&{query}", raw=True) as socket:
            got = [socket.next().text for _ in expected]
        assert "".join(got) == expected


def test_raw_frames_tell_of_a_loss_all_the_same(earshot, ws):
    """The one thing said unasked: silence would be a lie."""
    ids = [earshot.publish("room", str(i)) for i in range(3)]
    with ws.socket(query="format=raw&after=nonsense", raw=True) as socket:
        assert socket.next().json["event"] == "earshot.lost"
        assert [socket.next().text for _ in range(3)] == list("012")
    assert len(ids) == 3


# Who follows

def test_presence_counts_the_followers_of_all_programs(start, start_ws):
    earshot, one, two = start(), start_ws(), start_ws()
    sockets = [one.socket() for _ in range(3)] + [two.socket("room,other")]
    stream = earshot.stream("room")
    for program in (earshot, one, two):
        wait_until(lambda: earshot.info("room")["subscribers"] ==
                   {"poll": 0, "sse": 1, "ws": 4})
        assert program.status()["subscribers"]["ws"] == \
            {earshot: 0, one: 3, two: 1}[program]
    assert earshot.info("other")["subscribers"]["ws"] == 1
    sockets[0].close()
    sockets[1].drop()
    sockets[2].reset()
    wait_until(lambda: earshot.info("room")["subscribers"] ==
               {"poll": 0, "sse": 1, "ws": 1}, 3)
    sockets[3].close()
    stream.close()
    wait_until(lambda: earshot.info("room")["subscribers"] ==
               {"poll": 0, "sse": 0, "ws": 0}, 3)


def test_a_killed_endpoint_is_no_longer_counted(start, start_ws, started):
    earshot, ws = start(), start_ws()
    with ws.socket(), ws.socket():
        wait_until(lambda: earshot.info("room")["subscribers"]["ws"] == 2)
        started.remove(ws)
        ws.kill()
        wait_until(lambda: earshot.info("room")["subscribers"]["ws"] == 0)


# Where it listens

def test_it_listens_on_a_port_as_well(directory, start, start_ws):
    earshot = start()
    with sockets.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    ws = start_ws(listen=f"127.0.0.1:{port}")
    with ws.socket() as socket:
        id = earshot.publish("room", "x")
        assert socket.take(1)[0]["id"] == id
    with ws.socket() as socket:
        socket.reset()
    wait_until(lambda: ws.held() == 0)


def test_a_taken_port_is_said_in_words(directory):
    with sockets.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        port = sock.getsockname()[1]
        second = EarshotWs(directory, listen=f"127.0.0.1:{port}")
        second.start(wait=False)
        assert second.wait() != 0
    assert str(port) in second.log


def test_without_a_place_to_listen_or_a_queue_it_says_so(directory):
    for options in ({"socket": None}, {"queue": None}):
        server = EarshotWs(directory, **options)
        server.start(wait=False)
        assert server.wait() != 0
        name = "--" + next(iter(options))
        assert name in server.log


def test_a_message_is_told_while_the_connection_holds(ws):
    """Not at the next heartbeat, nor when something else comes."""
    with ws.socket() as socket, ws.socket() as other:
        for i in range(50):
            id = other.publish(str(i))
            assert socket.take(1, timeout=2)[0]["id"] == id
        holds_for(lambda: socket.quiet(0), 0.1)
