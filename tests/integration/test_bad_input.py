"""Bad input, in tables: what is refused, and how; and the limits' edges."""

import json
import re

import pytest

import fastcgi
from test_wire import NDJSON, error
from wait import wait_until

CURSOR = re.compile(r"^\d+-[A-Za-z0-9]+$")
JSON = {"Content-Type": "application/json"}
BINARY = {"Content-Type": "application/octet-stream"}
LINE = b'{"data":"good"}\n'

# method, target, headers, body, status, code
REFUSED = [
    # channel names
    ("POST", "/-room", {}, b"x", 400, "bad_channel"),
    ("POST", "/.room", {}, b"x", 400, "bad_channel"),
    ("POST", "/r%20m", {}, b"x", 400, "bad_channel"),
    ("POST", "/r%0d%0am", {}, b"x", 400, "bad_channel"),
    ("POST", "/r%00m", {}, b"x", 400, None),
    ("POST", "/r%C3%B6m", {}, b"x", 400, "bad_channel"),
    ("POST", "/r%FFm", {}, b"x", 400, None),
    ("POST", "/" + "x" * 129, {}, b"x", 400, "bad_channel"),
    ("POST", "/a,b", {}, b"x", 400, "bad_channel"),
    ("GET", "/a,b", {}, b"", 400, "bad_channel"),
    ("GET", "/a,,b/poll", {}, b"", 400, "bad_channel"),
    ("GET", "/a,/poll", {}, b"", 400, "bad_channel"),
    ("GET", "/,a/sse", {}, b"", 400, "bad_channel"),
    ("GET", "/a,b%0a/sse", {}, b"", 400, "bad_channel"),
    ("GET", "/" + ",".join(f"c{i}" for i in range(65)) + "/poll", {}, b"",
     400, "bad_channel"),
    # event names
    ("POST", "/room?event=a%0db", {}, b"x", 400, "bad_event"),
    ("POST", "/room?event=a%0ab", {}, b"x", 400, "bad_event"),
    ("POST", "/room?event=a%0d%0adata:%20x", {}, b"x", 400, "bad_event"),
    ("POST", "/room?event=a%00b", {}, b"x", 400, None),
    ("POST", "/room?event=%1b", {}, b"x", 400, "bad_event"),
    ("POST", "/room?event=%7f", {}, b"x", 400, "bad_event"),
    ("POST", "/room?event=%C2%85", {}, b"x", 400, "bad_event"),
    ("POST", "/room?event=", {}, b"x", 400, "bad_event"),
    ("POST", "/room?event=%ff", {}, b"x", 400, None),
    ("POST", "/room?event=earshot.open", {}, b"x", 400, "bad_event"),
    ("POST", "/room?event=earshot.", {}, b"x", 400, "bad_event"),
    ("POST", "/room?event=" + "x" * 129, {}, b"x", 400, "bad_event"),
    # from
    ("POST", "/room?from=a%20b", {}, b"x", 400, "bad_from"),
    ("POST", "/room?from=a%0ab", {}, b"x", 400, "bad_from"),
    ("POST", "/room?from=", {}, b"x", 400, "bad_from"),
    ("POST", "/room?from=" + "x" * 65, {}, b"x", 400, "bad_from"),
    # percent-encoding
    ("POST", "/room?event=%", {}, b"x", 400, "bad_encoding"),
    ("POST", "/room?event=%4", {}, b"x", 400, "bad_encoding"),
    ("POST", "/room?event=%zz", {}, b"x", 400, "bad_encoding"),
    ("GET", "/room/poll?after=%g0", {}, b"", 400, "bad_encoding"),
    # text that is not UTF-8
    ("POST", "/room", {}, b"\xff", 400, "not_utf8"),
    ("POST", "/room", {}, b"\xc3", 400, "not_utf8"),
    ("POST", "/room", {}, b"\xc0\xaf", 400, "not_utf8"),
    ("POST", "/room", {}, b"\xed\xa0\x80", 400, "not_utf8"),
    ("POST", "/room", {}, b"\xf4\x90\x80\x80", 400, "not_utf8"),
    ("POST", "/room", JSON, b'"\xe9"', 400, "not_utf8"),
    # waits and starting points
    ("GET", "/room/poll?wait=-1", {}, b"", 400, "bad_wait"),
    ("GET", "/room/poll?wait=", {}, b"", 400, "bad_wait"),
    ("GET", "/room/poll?wait=x", {}, b"", 400, "bad_wait"),
    ("GET", "/room/poll?wait=1s", {}, b"", 400, "bad_wait"),
    ("GET", "/room/poll?wait=nan", {}, b"", 400, "bad_wait"),
    ("GET", "/room/poll?wait=inf", {}, b"", 400, "bad_wait"),
    ("GET", "/room/poll?wait=1e999", {}, b"", 400, "bad_wait"),
    ("GET", "/room/poll?wait=-0.001", {}, b"", 400, "bad_wait"),
    ("GET", "/room/poll?last=-1", {}, b"", 400, "bad_last"),
    ("GET", "/room/poll?last=", {}, b"", 400, "bad_last"),
    ("GET", "/room/poll?last=many", {}, b"", 400, "bad_last"),
    ("GET", "/room/poll?last=1.5", {}, b"", 400, "bad_last"),
    ("GET", "/room/sse?last=x", {}, b"", 400, "bad_last"),
    ("GET", "/room/sse?format=xml", {}, b"", 400, "bad_format"),
    # keys
    ("POST", "/room", {"Idempotency-Key": "a b"}, b"x", 400, "bad_key"),
    ("POST", "/room", {"Idempotency-Key": "a\x01"}, b"x", 400, "bad_key"),
    ("POST", "/room", {"Idempotency-Key": "x" * 256}, b"x", 400, "bad_key"),
    # sizes
    ("POST", "/room", {}, b"x" * 65537, 413, "too_large"),
    ("POST", "/room", {}, b"x" * 3000000, 413, "too_large"),
    ("POST", "/room", {"Content-Length": "2"}, b"x", 400, "length"),
    ("POST", "/room", {"Content-Length": "1"}, b"xy", 400, "length"),
    ("POST", "/room", {"Content-Length": "-1"}, b"x", 400, "length"),
    ("POST", "/room", {"Content-Length": "0x1"}, b"x", 400, "length"),
    ("POST", "/room", {"Content-Length": "1 1"}, b"x", 400, "length"),
    # methods
    ("PATCH", "/room", {}, b"x", 405, "method"),
    ("", "/room", {}, b"x", None, None),
    ("G\r\nET", "/room", {}, b"", None, None),
    ("POST", "/room/sse", {}, b"x", 405, "method"),
    # origins
    ("POST", "/room", {"Origin": "null"}, b"x", 403, "origin"),
    ("POST", "/room", {"Origin": "https://evil.example"}, b"x", 403,
     "origin"),
    ("GET", "/room/sse", {"Origin": "null"}, b"", 403, "origin"),
    # NDJSON: all or none, and the line's number
    ("POST", "/room", NDJSON, LINE + b"{\n" + LINE, 400, "line 2"),
    ("POST", "/room", NDJSON, LINE * 2 + b"[]\n", 400, "line 3"),
    ("POST", "/room", NDJSON, b'"text"\n' + LINE, 400, "line 1"),
    ("POST", "/room", NDJSON, LINE + b"{}\n", 400, "line 2"),
    ("POST", "/room", NDJSON, LINE + b'{"data":"a"} x\n', 400, "line 2"),
    ("POST", "/room", NDJSON, LINE + b'{"data":"a"}{"data":"b"}\n', 400,
     "line 2"),
    ("POST", "/room", NDJSON, LINE + b'{"data":"a","data":"b"}\n', 400,
     "line 2"),
    ("POST", "/room", NDJSON, LINE + b'{"data":{"a":1,"a":2}}\n', 400,
     "line 2"),
    ("POST", "/room", NDJSON, LINE + b'{"data":"\xff"}\n', 400, None),
    ("POST", "/room", NDJSON, LINE + b'{"data":"a","event":"b\\nc"}\n', 400,
     "line 2"),
    ("POST", "/room", NDJSON,
     LINE + b'{"data":"a","event":"earshot.lost"}\n', 400, "line 2"),
    ("POST", "/room", NDJSON, LINE + b'{"data":"a","event":5}\n', 400,
     "line 2"),
    ("POST", "/room", NDJSON, LINE + b'{"data":"a","from":"b c"}\n', 400,
     "line 2"),
    ("POST", "/room", NDJSON, LINE + b'{"data":"\\ud800"}\n', 400,
     "line 2"),
    ("POST", "/room", NDJSON, LINE + b'{"data":"a\nb"}\n', 400, "line 2"),
    ("POST", "/room", NDJSON,
     LINE + b'{"data":' + b"[" * 100000 + b"]" * 100000 + b"}\n", None,
     None),
    ("POST", "/room", NDJSON,
     LINE + b'{"data":"' + b"x" * 65537 + b'"}\n', None, None),
    ("POST", "/room", NDJSON, b"", 400, None),
]


def brief(row):
    return f"{row[0]} {row[1][:40]} {bytes(row[3][:24])!r}"


def check_refused(earshot, method, target, headers, body, status, code):
    length = headers.get("Content-Length")
    override = {"CONTENT_LENGTH": length} if length is not None else {}
    answer = earshot.call(method, target, headers, body, **override)
    if status is None:
        assert 400 <= answer.status < 500, answer
    else:
        assert answer.status == status, answer
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json["error"] and answer.json["code"]
    if code and code.startswith("line "):
        assert answer.json["code"] == "bad_line", answer.json
        assert re.search(rf"\bline {code[5:]}\b", answer.json["error"]), \
            answer.json
    elif code:
        assert answer.json["code"] == code, answer.json


def test_bad_input_is_refused_and_stores_nothing(earshot):
    cursor = earshot.poll("room")["cursor"]
    wrong = []
    before = 0
    for row in REFUSED:
        try:
            check_refused(earshot, *row)
            stored = int(earshot.sql("SELECT count(*) FROM message"))
            was, before = before, stored
            assert stored == was, "something was stored"
        except (AssertionError, fastcgi.Closed, TimeoutError, KeyError,
                json.JSONDecodeError) as problem:
            wrong.append(f"{brief(row)}: {str(problem)[:300]}")
            if not earshot.running():
                break
    assert not wrong, f"{len(wrong)} wrong:\n" + "\n".join(wrong)
    assert before == 0
    assert earshot.poll("room", cursor) == {
        "messages": [], "cursor": cursor, "lost": False}


@pytest.mark.parametrize("path", ["/ro%zzm/poll", "/room/poll%", "/%4",
                                  "/ro%00om/poll"])
def test_a_path_that_cannot_be_decoded_is_refused(earshot, path):
    answer = earshot.call("GET", "", PATH_INFO="", SCRIPT_NAME="",
                          REQUEST_URI="/earshot" + path)
    error(answer, 400, "bad_encoding")


# What is accepted, though it looks odd: target, headers, body, fields
ACCEPTED = [
    ("/r", {}, b"x", {"channel": "r"}),
    ("/" + "x" * 128, {}, b"x", {"channel": "x" * 128}),
    ("/0._~-", {}, b"x", {"channel": "0._~-"}),
    ("/%72oom", {}, b"x", {"channel": "room"}),
    ("/room?event=" + "x" * 128, {}, b"x", {"event": "x" * 128}),
    ("/room?event=" + "%C3%A9" * 64, {}, b"x", {"event": "é" * 64}),
    ("/room?event=earshot", {}, b"x", {"event": "earshot"}),
    ("/room?event=%E2%80%A8", {}, b"x", {"event": "\u2028"}),
    ("/room?from=" + "x" * 64, {}, b"x", {"from": "x" * 64}),
    ("/room?unknown=1", {}, b"x", {}),
    ("/room", {}, b"a\0b", {"data": "a\0b"}),
    ("/room", {}, b"\0", {"data": "\0"}),
    ("/room", JSON, b'"a\\u0000b"', {"data": '"a\\u0000b"'}),
    ("/room", {}, "\u2028\u2029\u0085\ufeff".encode(),
     {"data": "\u2028\u2029\u0085\ufeff"}),
    ("/room", {}, b"a\rb\nc\r\nd\n\r", {"data": "a\rb\nc\r\nd\n\r"}),
    ("/room", {}, b"\xf4\x8f\xbf\xbf", {"data": "\U0010ffff"}),
    ("/room", {}, b"x" * 65536, {"data": "x" * 65536}),
    ("/room", BINARY, b"\xff\0", {"data": "/wA="}),
    ("/room", {"Idempotency-Key": "x" * 255}, b"x", {}),
    ("/room", {"Content-Type": "nonsense"}, b"\xff", {"type": "binary"}),
    ("/room", {"Content-Type": ""}, b"x", {"type": "text"}),
]


def test_odd_but_good_input_is_kept_as_it_is(earshot):
    wrong = []
    for target, headers, body, fields in ACCEPTED:
        answer = earshot.post(target, body, headers)
        if answer.status != 201:
            wrong.append(f"{target[:40]} {body[:20]!r}: {answer}"[:300])
            continue
        channel = answer.json["channel"]
        message = earshot.messages(channel)[-1]
        for name, value in fields.items():
            if message.get(name) != value:
                wrong.append(f"{target[:40]} {body[:20]!r}: {name} is "
                             f"{message.get(name)!r}"[:300])
    assert not wrong, "\n".join(wrong)


# Whatever is sent, a subscriber receives these fields and no others.

HOSTILE = [
    "\r\ndata: more", "\n\nevent: earshot.lost\ndata: {}\n\n",
    "id: 1-x\n", "\rid: 1-x", "retry: 1\n\n", ": comment\n\n",
    "\nretry: 1", "\u2028data: x", "\x0bdata: x", "\x0cid: 5",
    "\x85event: no", "\0", "a\0id: 1", '"},{"id":"1-x', '"}\n\n',
    "\\", '\\"', "\r\n\r\nStatus: 500\r\n\r\n", "</script>", "\ufeff",
    "data", "data:", "event", ":", "\n", "\r", "\n\n\n", "\r\n" * 50,
    "\x1b[2J", "\x01\x06\0\x01\0\x08\0\0", "%0d%0a", "\u0000" * 20,
]


def test_nothing_a_publisher_sends_adds_a_field_an_event_or_a_header(
        earshot):
    bare = earshot.stream("room")
    objects = earshot.stream("room", "format=json")
    expected = []

    def sent(answer, data):
        if answer.status == 201:
            expected.append((answer.json["id"], data))
        else:
            assert answer.status == 400, answer
        for line in answer.lines:
            name = line.partition(b":")[0].lower()
            assert name in (b"status", b"content-type", b"cache-control",
                            b"content-length", b"vary", b"x-accel-buffering",
                            b"retry-after", b"allow",
                            b"x-content-type-options",
                            b"access-control-allow-origin"), line

    for text in HOSTILE:
        sent(earshot.post("/room", text), text)
        sent(earshot.post("/room", text, JSON), text)
        for name in ("event", "from", "unknown"):
            escaped = "".join(f"%{byte:02x}" for byte in text.encode())
            sent(earshot.post(f"/room?{name}={escaped}", "x"), "x")
        for header in ("Content-Type", "Idempotency-Key", "X-Odd",
                       "Last-Event-ID"):
            answer = earshot.post("/room", "x", {header: text})
            kind = {"data": "x"}
            if answer.status == 201:
                kind = earshot.messages(
                    "room", "earliest" if not expected
                    else expected[-1][0])[-1]
            if answer.status == 200:
                continue
            sent(answer, kind["data"])
        line = json.dumps({"data": text}) + "\n"
        answer = earshot.post("/room", line, NDJSON)
        if answer.status == 201:
            expected.append((answer.json["ids"][0], text))
    expected.append((earshot.publish("room", "the end"), "the end"))

    got = bare.take(len(expected))
    assert [(event.id, event.data) for event in got] == [
        (id, re.sub("\r\n|\r", "\n", data)) for id, data in expected]
    assert not bare.parser.unknown
    got = objects.take(len(expected))
    assert [(event.id, event.json["data"]) for event in got] == expected
    for event in got:
        assert "\n" not in event.data
        assert set(event.json) <= {"id", "channel", "event", "data",
                                   "type", "time", "from"}
        assert event.json["id"] == event.id
        assert event.json["channel"] == "room"
    assert not objects.parser.unknown
    for stream in (bare, objects):
        assert b"\r" not in stream.raw
        for line in bytes(stream.raw).decode().split("\n"):
            assert re.match(r"(id: \d+-\w+$|event: .|data: ?|: ?|"
                            r"retry: \d+$|$)", line), repr(line)
        stream.close()


# Limits, at their edges: option, value, what is just good, what is not

def body(size):
    return lambda earshot: earshot.post("/room", b"x" * size)


def event(size):
    return lambda earshot: earshot.post(f"/room?event={'e' * size}", b"x")


def channels(count):
    names = ",".join(f"c{i}" for i in range(count))
    return lambda earshot: earshot.get(f"/{names}/poll")


def lines(count, size=None):
    def post(earshot):
        text = b'{"data":"%s"}\n' % (b"x" * 3)
        text *= count
        if size is not None:
            text = text[:-1] + b" " * (size - len(text)) + b"\n"
            assert len(text) == size
        return earshot.post("/room", text, NDJSON)
    return post


LIMITS = [
    ({}, body(65536), 201, None),
    ({}, body(65537), 413, "too_large"),
    ({"message_max": 1}, body(1), 201, None),
    ({"message_max": 1}, body(2), 413, "too_large"),
    ({"message_max": 1048576}, body(1048576), 201, None),
    ({"message_max": 1048576}, body(1048577), 413, "too_large"),
    ({}, event(128), 201, None),
    ({}, event(129), 400, "bad_event"),
    ({"event_max": 10}, event(10), 201, None),
    ({"event_max": 10}, event(11), 400, "bad_event"),
    ({}, channels(64), 200, None),
    ({}, channels(65), 400, "bad_channel"),
    ({"channels_max": 2}, channels(2), 200, None),
    ({"channels_max": 2}, channels(3), 400, "bad_channel"),
    ({}, lines(1000), 201, None),
    ({}, lines(1001), 413, "too_large"),
    ({"batch_lines": 3}, lines(3), 201, None),
    ({"batch_lines": 3}, lines(4), 413, "too_large"),
    ({}, lines(10, 1048576), 201, None),
    ({}, lines(10, 1048577), 413, "too_large"),
    ({"batch_bytes": 1000}, lines(10, 1000), 201, None),
    ({"batch_bytes": 1000}, lines(10, 1001), 413, "too_large"),
]


def test_every_size_is_accepted_at_its_limit_and_refused_above(start):
    wrong = []
    by_options = {}
    for options, ask, status, code in LIMITS:
        key = tuple(options.items())
        if key not in by_options:
            by_options[key] = start(**options)
        earshot = by_options[key]
        answer = ask(earshot)
        if answer.status != status:
            wrong.append(f"{options}: {answer.status} for {status}: "
                         f"{answer.body[:200]}")
        elif code and answer.json["code"] != code:
            wrong.append(f"{options}: {answer.json}")
    assert not wrong, "\n".join(wrong)


def test_one_subscriber_too_many_is_busy_and_told_when_to_come_back(start):
    earshot = start(subscribers_max=3)
    held = [earshot.stream("room") for _ in range(2)]
    with earshot.peer() as poll:
        poll.send_request("GET", "/room/poll?wait=20")
        wait_until(lambda: earshot.held("poll") == 1)
        answer = error(earshot.get("/room/poll?wait=20"), 503, "busy")
        assert int(answer.headers["retry-after"]) > 0
        with earshot.stream("room", opened=False) as stream:
            assert stream.head.status == 200, "or EventSource gives up"
            assert stream.rest() == [] and stream.parser.retry
        assert earshot.get("/room/poll").status == 200, "it is not held"
        earshot.publish("room", "x")
        assert poll.read_answer().json["messages"]
    assert [stream.next().data for stream in held] == ["x", "x"]
    with earshot.stream("room"):
        pass
    for stream in held:
        stream.close()


def test_a_request_must_arrive_in_its_time(start):
    earshot = start(request_timeout=0.5)
    whole = fastcgi.request_bytes("POST", "/room", body=b"late")
    for cut in (0, 5, 8, 16, 40, len(whole) - 8, len(whole) - 1):
        with earshot.peer() as peer:
            peer.send(whole[:cut])
            records = peer.wait_closed(timeout=10)
            for record in records:
                assert record.type in (fastcgi.STDOUT, fastcgi.END_REQUEST)
    assert earshot.data("room") == []


def test_a_kept_connection_without_a_request_is_closed_in_time(start):
    earshot = start(keep_idle=0.5)
    with earshot.peer() as peer:
        assert peer.request("GET", "/room", keep=True).status == 200
        assert peer.wait_closed(timeout=10) == []


def test_a_subscriber_that_takes_nothing_is_closed_in_time(start):
    earshot = start(stall_timeout=1, heartbeat=0.5)
    with earshot.stream("room", receive_buffer=4096) as stream:
        for _ in range(40):
            earshot.publish("room", "x" * 60000)
        wait_until(lambda: earshot.held("sse") == 0,
                   20, "the end of the stalled one")
        assert earshot.data("room") == ["x" * 60000] * 40
        stream.close()


@pytest.mark.parametrize("options, kept", [
    ({"keep_messages": 20}, 21), ({"keep_age": 1}, 0)])
def test_a_channel_keeps_no_more_than_its_limits(start, options, kept):
    earshot = start(**options)
    earshot.post("/room", LINE * 100, NDJSON)

    def pruned():
        earshot.publish("other", "x")
        return earshot.info("room")["messages"] <= kept
    wait_until(pruned, 20, "pruning", 0.2)


def test_the_oldest_channels_go_when_there_are_too_many(start):
    earshot = start(keep_channels=20)
    for i in range(60):
        earshot.publish(f"c{i}", "x")
    wait_until(lambda: int(earshot.sql(
        "SELECT count(DISTINCT channel) FROM message")) <= 21, 20,
        "pruning of channels")
    assert earshot.data("c59") == ["x"]


def test_the_queue_stays_within_its_bytes(start):
    earshot = start(keep_bytes=4 << 20)
    for _ in range(12):
        earshot.post("/room", b'{"data":"%s"}\n' % (b"x" * 60000) * 16,
                     NDJSON)
    last = earshot.publish("room", "the newest")

    def size():
        pages, free, page = (int(earshot.sql(f"PRAGMA {name}")) for name in (
            "page_count", "freelist_count", "page_size"))
        return (pages - free) * page
    wait_until(lambda: size() <= (4 << 20) * 1.06, 20, "pruning by bytes")
    assert earshot.messages("room")[-1]["id"] == last


def test_a_key_is_forgotten_after_its_time(start):
    earshot = start(keep_keys=1)
    key = {"Idempotency-Key": "k"}
    first = earshot.post("/room", b"x", key).json["id"]

    def forgotten():
        earshot.publish("other", "x")
        return earshot.post("/room", b"x", key).status == 201
    wait_until(forgotten, 20, "the key to be forgotten", 0.2)
    assert earshot.data("room") == ["x", "x"]
    assert earshot.messages("room")[0]["id"] == first
