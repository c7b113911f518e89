"""Publishing over WebSocket: ids, keys, errors, and the same message for
everybody."""

import json
import time

import pytest

from wait import slow, wait_until
from websocket import BINARY, TEXT, frame, raw_answers

JSON = {"Content-Type": "application/json"}
KEYED = {"Idempotency-Key": "k"}


def published(socket, value):
    socket.send_json(value)
    answer = socket.answer()
    assert answer["event"] == "earshot.published", answer
    return answer


def refused(socket, value, code):
    """It is told what is wrong, and the connection stays."""
    if isinstance(value, (dict, list)):
        socket.send_json(value)
    else:
        socket.send_text(value)
    answer = socket.answer()
    assert answer["event"] == "earshot.error", answer
    assert answer["code"] == code, answer
    assert len(answer["error"]) > 10
    return answer


def test_a_publisher_is_told_the_id_and_gets_his_message_too(earshot, ws):
    with ws.socket(query="from=ann") as socket:
        answer = published(socket, {"data": "hello"})
        assert set(answer) == {"event", "id"}
        message, = socket.take(1)
    assert message == earshot.messages("room")[0]
    assert message["id"] == answer["id"]
    assert (message["event"], message["type"], message["data"],
            message["from"]) == ("message", "text", "hello", "ann")


@pytest.mark.parametrize("sent, told", [
    ({"data": ""}, ("message", "text", "")),
    ({"data": "é€𝄞\x01\n"}, ("message", "text", "é€𝄞\x01\n")),
    ({"data": "x", "event": "tick"}, ("tick", "text", "x")),
    ({"event": "tick", "data": {"a": [1, 2.50, None]}},
     ("tick", "json", '{"a": [1, 2.50, null]}')),
    ({"data": None}, ("message", "json", "null")),
    ({"data": 1.0}, ("message", "json", "1.0")),
    ({"data": []}, ("message", "json", "[]")),
])
def test_data_that_is_no_string_is_json_in_its_own_words(earshot, ws, sent,
                                                         told):
    text = json.dumps(sent).replace("2.5,", "2.50,")
    with ws.socket() as socket:
        socket.send_text(text)
        assert socket.answer()["event"] == "earshot.published"
        message, = socket.take(1)
    assert (message["event"], message["type"], message["data"]) == told
    assert earshot.messages("room") == [message]


def test_white_space_and_order_do_not_matter(ws):
    with ws.socket() as socket:
        socket.send_text(' {\n"key" : "k" ,"data":\t"x", "event":"e"}\r\n ')
        assert socket.answer()["key"] == "k"
        assert socket.take(1)[0]["event"] == "e"


def test_from_is_of_the_connection_unless_the_frame_says_otherwise(ws):
    with ws.socket(query="from=ann") as socket:
        published(socket, {"data": "1"})
        published(socket, {"data": "2", "from": "bob"})
        assert [m["from"] for m in socket.take(2)] == ["ann", "bob"]
    with ws.socket() as socket:
        published(socket, {"data": "3"})
        assert "from" not in socket.take(1)[0]


def test_a_key_comes_back_with_its_answer(ws):
    with ws.socket() as socket:
        keys = [f"key-{i}" for i in range(50)]
        for key in keys:
            socket.send_json({"data": key, "key": key})
        answers = [socket.answer() for _ in keys]
        assert [answer["key"] for answer in answers] == keys
        assert [m["id"] for m in socket.take(50)] == \
            [answer["id"] for answer in answers]


def test_a_repeat_under_a_key_is_stored_once(earshot, ws):
    with ws.socket() as socket, ws.socket() as other:
        first = published(socket, {"data": "x", "key": "k"})
        assert "repeated" not in first
        again = published(socket, {"data": "x", "key": "k"})
        assert again == {**first, "repeated": True}
        assert published(other, {"data": "x", "key": "k"}) == again
        refused(socket, {"data": "y", "key": "k"}, "key_reused")
        refused(socket, {"data": "x", "event": "e", "key": "k"},
                "key_reused")
    assert earshot.data("room") == ["x"]


@pytest.mark.parametrize("headers, body, query, sent", [
    ({}, "x", "", {"data": "x"}),
    ({}, "é", "event=e&from=ann", {"data": "é", "event": "e",
                                   "from": "ann"}),
    (JSON, '{"a":[1]}', "", '{"key":"k","data":{"a":[1]}}'),
    ({}, "", "", {"data": ""}),
])
def test_a_post_may_be_repeated_over_websocket_and_the_reverse(
        earshot, ws, headers, body, query, sent):
    text = sent if isinstance(sent, str) else json.dumps({**sent,
                                                          "key": "k"})
    id = earshot.publish("room", body, {**headers, **KEYED}, query)
    with ws.socket() as socket, ws.socket("other") as other:
        socket.send_text(text)
        assert socket.answer() == {"event": "earshot.published", "id": id,
                                   "key": "k", "repeated": True}
        # The other way round, on another channel.
        other.send_text(text.replace('"k"', '"k2"'))
        id = other.answer()["id"]
    answer = earshot.post("/other" + (f"?{query}" if query else ""), body,
                          {**headers, "Idempotency-Key": "k2"})
    assert (answer.status, answer.json["id"]) == (200, id)
    assert len(earshot.messages("room")) == 1
    assert len(earshot.messages("other")) == 1


@pytest.mark.parametrize("sent, code", [
    ("", "bad_request"), ("{", "bad_request"), ("x", "bad_request"),
    ("[]", "bad_request"), ("\"data\"", "bad_request"), ("null", "bad_request"),
    ('{"data":"x"} x', "bad_request"), ('{"data":"x"}{}', "bad_request"),
    ('{"data":"x","data":"y"}', "bad_request"),
    ('{"data":"x",}', "bad_request"), ("{'data':'x'}", "bad_request"),
    ('{"data":"\\ud800"}', "bad_request"), ('{"data":"a\nb"}', "bad_request"),
    ("{}", "bad_request"), ({"event": "e"}, "bad_request"),
    ({"data": "a\0b"}, "bad_request"),
    ({"data": "x", "more": 1}, "bad_request"),
    ({"data": "x", "id": "1"}, "bad_request"),
    ({"data": "x", "event": ""}, "bad_event"),
    ({"data": "x", "event": "a\nb"}, "bad_event"),
    ({"data": "x", "event": "e" * 129}, "bad_event"),
    ({"data": "x", "event": "earshot.open"}, "bad_event"),
    ({"data": "x", "event": 1}, "bad_request"),
    ({"data": "x", "from": "a b"}, "bad_from"),
    ({"data": "x", "from": "x" * 65}, "bad_from"),
    ({"data": "x", "from": ""}, "bad_from"),
    ({"data": "x", "key": ""}, "bad_key"),
    ({"data": "x", "key": "k" * 256}, "bad_key"),
    ({"data": "x", "key": "a\nb"}, "bad_key"),
    ({"data": "x", "key": "é"}, "bad_key"),
    ({"data": "x", "key": 1}, "bad_request"),
    ({"data": "x" * 65537}, "too_large"),
    ({"data": ["x" * 65537]}, "too_large"),
])
def test_what_is_wrong_is_told_and_the_connection_stays(one_ws, sent, code):
    with one_ws.socket("wrong") as socket:
        refused(socket, sent, code)
        id = published(socket, {"data": "right"})["id"]
        assert socket.take(1)[0]["id"] == id


def test_an_error_names_the_key_of_what_it_refuses(one_ws):
    with one_ws.socket("keyed") as socket:
        answer = refused(socket, {"data": "x" * 65537, "key": "mine"},
                         "too_large")
        assert answer["key"] == "mine"


def test_publishing_needs_exactly_one_channel(earshot, ws):
    with ws.socket("a,b") as socket:
        answer = refused(socket, {"data": "x"}, "bad_channel")
        assert "one" in answer["error"]
        id = earshot.publish("b", "y")
        assert socket.take(1)[0]["id"] == id
    assert earshot.messages("a") == []


# Raw

def test_raw_frames_are_published_as_they_are(earshot, ws):
    with ws.socket(query="format=raw&from=ann", raw=True) as socket:
        socket.send(frame(TEXT, '{"data":"not looked into"}'))
        socket.send(frame(BINARY, b"\0\xff"))
        socket.send(frame(TEXT, ""))
        ids, got = raw_answers(socket, 3)
    assert [(one.opcode, one.payload) for one in got] == [
        (TEXT, b'{"data":"not looked into"}'), (BINARY, b"\0\xff"),
        (TEXT, b"")]
    first, second, third = earshot.messages("room")
    assert ids == [first["id"], second["id"], third["id"]]
    assert (first["type"], first["data"], first["from"]) == \
        ("text", '{"data":"not looked into"}', "ann")
    assert (second["type"], second["data"]) == ("binary", "AP8=")
    assert (third["type"], third["data"]) == ("text", "")


# Who may

@pytest.mark.parametrize("option, sent, allowed", [
    ("anyone", {"X-Forwarded-For": "203.0.113.5"}, True),
    ("local", {}, True),
    ("local", {"X-Forwarded-For": "127.0.0.1"}, True),
    ("local", {"X-Forwarded-For": "203.0.113.5"}, False),
    ("local", {"X-Forwarded-For": "127.0.0.1, 203.0.113.5"}, False),
    ("none", {}, False),
    ("user", {}, False),
    (None, {}, False),
])
def test_who_may_publish(start, start_ws, option, sent, allowed):
    earshot, ws = start(), start_ws(publish=option)
    with ws.socket(headers=sent) as socket:
        if allowed:
            published(socket, {"data": "x"})
        else:
            answer = refused(socket, {"data": "x", "key": "k"}, "forbidden")
            assert answer["key"] == "k"
        # Reading is for everyone.
        earshot.publish("room", "y")
        expected = ["x", "y"] if allowed else ["y"]
        assert [m["data"] for m in socket.take(len(expected))] == expected


def test_who_may_not_publish_raw_frames_is_told_why(start, start_ws):
    earshot, ws = start(), start_ws(publish="none")
    with ws.socket(query="format=raw", raw=True) as socket:
        socket.send(frame(TEXT, "x"))
        got = socket.wait_close()
        assert got.code == 1008
        assert "publish" in got.reason
    assert earshot.data("room") == []


# Load and trouble

def test_the_publisher_sees_the_order_that_everybody_sees(earshot, ws):
    count = 100
    with ws.socket() as one, ws.socket() as two, \
            earshot.stream("room") as stream:
        for i in range(count):
            for socket in (one, two):
                socket.send_json({"data": str(i)})
        ids = [[socket.answer()["id"] for _ in range(count)]
               for socket in (one, two)]
        orders = [[m["id"] for m in socket.take(2 * count)]
                  for socket in (one, two)]
        orders.append([event.id for event in stream.take(2 * count)])
    assert orders[0] == orders[1] == orders[2]
    assert sorted(orders[0]) == sorted(ids[0] + ids[1])
    for mine in ids:
        numbers = [int(id.split("-")[0]) for id in mine]
        assert numbers == sorted(numbers), "as it was sent"


def test_a_flood_of_publishes_is_pushed_back_and_all_stored(earshot, ws):
    """Few are under way at once: what the program keeps has a bound."""
    count, size = 400, 60000
    with ws.socket("flood") as reader, \
            ws.socket("flood", timeout=60) as socket:
        reader.drop()
        before = ws.rss()
        data = "x" * size
        socket.socket.setblocking(False)
        wanted = b"".join(frame(TEXT, json.dumps({"data": data}))
                          for _ in range(count))
        at, peak, answers, got = 0, 0, 0, bytearray()
        deadline = time.monotonic() + slow(60)
        while answers < count:
            assert time.monotonic() < deadline
            try:
                at += socket.socket.send(wanted[at:at + (1 << 20)])
            except BlockingIOError:
                pass
            try:
                got += socket.socket.recv(1 << 20)
            except BlockingIOError:
                time.sleep(0.001)
            answers += got.count(b"earshot.published")
            del got[:-40]
            if b"earshot.published" in got:     # counted: not again
                del got[:got.rindex(b"earshot.published") + 8]
            peak = max(peak, ws.grew_by(before))
        assert peak < 16 << 20, f"{peak >> 10} KiB"
    assert len(earshot.messages("flood")) == count


def test_a_publisher_who_goes_before_his_answer_harms_nobody(earshot, ws):
    for i in range(50):
        socket = ws.socket()
        socket.send(frame(TEXT, json.dumps({"data": str(i)})))
        if i % 2:
            socket.reset()
        else:
            socket.drop()
    wait_until(lambda: ws.held() == 0)
    assert ws.get("/-/health").json["ready"] is True
    with ws.socket() as socket:
        published(socket, {"data": "end"})


def test_a_publish_that_cannot_be_stored_is_told_and_may_be_repeated(
        directory, start_ws):
    """Somebody else holds the queue's lock for longer than it may wait."""
    import fcntl
    ws = start_ws(commit_timeout=0.3)
    with ws.socket() as socket:
        published(socket, {"data": "before"})
        with open(str(ws.queue) + "-lock", "rb+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            answer = refused(socket, {"data": "x", "key": "k"}, "busy")
            assert answer["key"] == "k"
        id = published(socket, {"data": "x", "key": "k"})["id"]
        assert [m["id"] for m in socket.take(2)][1] == id
