"""What goes over the wire: publishing, what is known, paths and methods;
by the raw peer."""

import base64
import json
import re
import time

import pytest

from wait import slow, wait_until

CURSOR = re.compile(r"^\d+-[A-Za-z0-9]+$")
NDJSON = {"Content-Type": "application/x-ndjson"}


def number(cursor):
    assert CURSOR.match(cursor), cursor
    return int(cursor.split("-")[0])


def error(answer, status, code):
    """The answer is an error that says so in JSON."""
    assert answer.status == status, (answer.status, answer.body)
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json["code"] == code, answer.json
    assert answer.json["error"]
    return answer


def ndjson(*lines):
    return "".join(json.dumps(line) + "\n" for line in lines)


# Publishing

def test_publishing_answers_201_with_the_id_and_the_channel(earshot):
    answer = earshot.post("/room", b"hello")
    assert answer.status == 201
    assert answer.headers["content-type"].startswith("application/json")
    assert set(answer.json) == {"id", "channel"}
    assert answer.json["channel"] == "room"
    assert CURSOR.match(answer.json["id"])


def test_a_message_has_the_fields_of_the_design_and_no_others(earshot):
    before = time.time() * 1000
    first = earshot.publish("room", "grüß dich")
    second = earshot.publish("room", "again", query="event=tick&from=ann-1")
    one, two = earshot.messages("room")
    assert one == {"id": first, "channel": "room", "event": "message",
                   "data": "grüß dich", "type": "text", "time": one["time"]}
    assert isinstance(one["time"], int)
    assert before - 2000 <= one["time"] <= time.time() * 1000 + 2000
    assert two == {"id": second, "channel": "room", "event": "tick",
                   "data": "again", "type": "text", "time": two["time"],
                   "from": "ann-1"}


def test_ids_grow_over_all_channels_and_share_one_epoch(earshot):
    ids = [earshot.publish(f"room{i % 3}", str(i)) for i in range(12)]
    numbers = [number(id) for id in ids]
    assert numbers == sorted(set(numbers))
    assert len({id.split("-")[1] for id in ids}) == 1


def test_the_event_of_a_message_may_be_any_text_of_one_line(earshot):
    earshot.publish("room", "x", query="event=%E2%98%83%20snow%3A%20man")
    assert earshot.messages("room")[0]["event"] == "☃ snow: man"


@pytest.mark.parametrize("content_type, type", [
    (None, "text"),
    ("text/plain", "text"),
    ("TEXT/HTML; charset=utf-8", "text"),
    ("application/x-www-form-urlencoded", "text"),
    ("application/json", "json"),
    ("Application/JSON; charset=utf-8", "json"),
    ("application/octet-stream", "binary"),
    ("image/png", "binary"),
    ("application/merge-patch+json", "binary"),
])
def test_the_content_type_decides_the_type(earshot, content_type, type):
    headers = {"Content-Type": content_type} if content_type else None
    body = b'{"a": 1,  "b":[ ]}'
    earshot.publish("room", body, headers)
    message = earshot.messages("room")[0]
    assert message["type"] == type
    if type == "binary":
        assert message["data"] == "eyJhIjogMSwgICJiIjpbIF19"
    else:
        assert message["data"] == body.decode()


def test_json_is_kept_byte_for_byte_and_unchecked(earshot):
    for body in ('{"a": 1.0e5, "a":2}\r\n', "not json at all", ""):
        earshot.publish("room", body, {"Content-Type": "application/json"})
        assert earshot.messages("room")[-1]["data"] == body


def test_binary_keeps_every_byte(earshot):
    body = bytes(range(256)) * 3
    earshot.publish("room", body,
                    {"Content-Type": "application/octet-stream"})
    message = earshot.messages("room")[0]
    assert base64.b64decode(message["data"], validate=True) == body


def test_an_empty_message_is_a_message(earshot):
    earshot.publish("room", b"")
    assert earshot.data("room") == [""]


# Idempotency

def test_a_repeat_with_the_same_key_answers_the_first_id(earshot):
    key = {"Idempotency-Key": "key-1!~"}
    first = earshot.post("/room", b"once", key)
    assert first.status == 201 and "repeated" not in first.json
    again = earshot.post("/room", b"once", key)
    assert again.status == 200
    assert again.json == {"id": first.json["id"], "channel": "room",
                          "repeated": True}
    assert earshot.data("room") == ["once"]


def test_a_repeat_is_known_across_a_restart(earshot):
    key = {"Idempotency-Key": "k"}
    first = earshot.post("/room", b"once", key)
    earshot.restart()
    again = earshot.post("/room", b"once", key)
    assert (again.status, again.json["repeated"]) == (200, True)
    assert again.json["id"] == first.json["id"]
    assert earshot.data("room") == ["once"]


def test_another_body_under_a_used_key_is_refused(earshot):
    key = {"Idempotency-Key": "k"}
    earshot.post("/room", b"once", key)
    error(earshot.post("/room", b"other", key), 422, "key_reused")
    assert earshot.data("room") == ["once"]


def test_a_key_outlives_its_pruned_message(start):
    earshot = start(keep_messages=5)
    key = {"Idempotency-Key": "k"}
    first = earshot.post("/room", b"once", key).json["id"]
    for _ in range(10):
        earshot.post("/room", ndjson(*[{"data": "x"}] * 20), NDJSON)
    wait_until(lambda: "once" not in earshot.data("room"), what="pruning")
    again = earshot.post("/room", b"once", key)
    assert (again.status, again.json["id"]) == (200, first)


@pytest.mark.parametrize("key", ["a b", "é", "x" * 256])
def test_a_bad_key_is_refused(earshot, key):
    error(earshot.post("/room", b"x", {"Idempotency-Key": key}),
          400, "bad_key")
    assert earshot.data("room") == []


# NDJSON

def test_ndjson_publishes_every_line_in_order(earshot):
    answer = earshot.post("/room", ndjson(
        {"data": "one"}, {"event": "tick", "data": "two", "from": "bob"},
        {"data": {"a": [1, None]}}, {"data": 5}, {"data": None}), NDJSON)
    assert answer.status == 201
    ids = answer.json["ids"]
    messages = earshot.messages("room")
    assert [message["id"] for message in messages] == ids
    assert [(m["event"], m["type"]) for m in messages] == [
        ("message", "text"), ("tick", "text"), ("message", "json"),
        ("message", "json"), ("message", "json")]
    assert messages[1]["from"] == "bob"
    assert json.loads(messages[2]["data"]) == {"a": [1, None]}
    assert [m["data"] for m in messages[3:]] == ["5", "null"]


def test_the_last_line_of_ndjson_needs_no_newline(earshot):
    answer = earshot.post("/room", '{"data":"a"}\r\n{"data":"b"}', NDJSON)
    assert len(answer.json["ids"]) == 2
    assert earshot.data("room") == ["a", "b"]


@pytest.mark.parametrize("line, data, type", [
    (rb'{"data":"\ud83d\ude00 \u00e9\\\"\/\b\f\n\r\t"}',
     '😀 é\\"/\b\f\n\r\t', "text"),
    (b'{"data": {"a" : 1.50, "b":[ ]} }', '{"a" : 1.50, "b":[ ]}', "json"),
    (b'{"data":12345678901234567890.10}', "12345678901234567890.10", "json"),
    (b'{"data":true,"event":"e"}', "true", "json"),
    ('{"data":"\u2028é"}'.encode(), "\u2028é", "text"),
    (b' \t{ "data" : "" } ', "", "text"),
])
def test_a_line_of_ndjson_is_read_exactly(earshot, line, data, type):
    answer = earshot.post("/room", line, NDJSON)
    assert answer.status == 201, answer
    message, = earshot.messages("room")
    assert (message["data"], message["type"]) == (data, type)


def test_a_nul_in_ndjson_is_kept_or_refused_never_cut(earshot):
    answer = earshot.post("/room", rb'{"data":"a\u0000b"}', NDJSON)
    if answer.status == 201:
        assert earshot.data("room") == ["a\0b"]
    else:
        error(answer, 400, "bad_line")
        assert earshot.data("room") == []


def test_one_key_covers_a_whole_batch(earshot):
    headers = dict(NDJSON, **{"Idempotency-Key": "batch"})
    body = ndjson({"data": "a"}, {"data": "b"})
    first = earshot.post("/room", body, headers)
    again = earshot.post("/room", body, headers)
    assert first.status == 201 and again.status == 200
    assert again.json["ids"] == first.json["ids"]
    assert again.json["repeated"] is True
    error(earshot.post("/room", ndjson({"data": "c"}), headers), 422,
          "key_reused")
    assert earshot.data("room") == ["a", "b"]


# What is known

def test_info_tells_what_is_kept_and_who_follows(earshot):
    none = {"poll": 0, "sse": 0, "ws": 0}
    assert earshot.info("room") == {"channel": "room", "messages": 0,
                                    "first": None, "last": None,
                                    "subscribers": none}
    ids = [earshot.publish("room", str(i)) for i in range(3)]
    with earshot.stream("room"), earshot.stream("room,other"), \
            earshot.peer() as peer:
        peer.send_request("GET", "/room/poll?wait=20")
        wait_until(lambda: earshot.info("room") == {
            "channel": "room", "messages": 3, "first": ids[0],
            "last": ids[2], "subscribers": {"poll": 1, "sse": 2, "ws": 0}})
        wait_until(lambda: earshot.info("other")["subscribers"]["sse"] == 1)
    wait_until(lambda: earshot.info("room")["subscribers"] == none)


def test_health_is_ready(earshot):
    answer = earshot.get("/-/health")
    assert (answer.status, answer.json["ready"]) == (200, True)


def test_status_tells_about_the_process(earshot):
    earshot.publish("room", "x")
    with earshot.stream("room", "after=earliest") as stream:
        assert stream.next().data == "x"
        status = earshot.status()
    assert status["pid"] == earshot.pid
    assert status["queue"]["path"] == str(earshot.queue)
    assert status["queue"]["synchronous"] == "full"
    head = status["queue"]["head"]
    assert str(head).split("-")[0] == stream.cursor.split("-")[0]
    assert status["queue"]["epoch"] == stream.cursor.split("-")[1]
    assert status["subscribers"]["sse"] == 1
    assert status["subscribers"]["poll"] == 0
    assert status["published"] == 1 and status["delivered"] >= 1
    assert status["lost"] == 0 and status["connections"] >= 1
    assert status["uptime_s"] >= 0 and status["version"]


def test_status_tells_messages_and_commits(earshot):
    before = earshot.status()["queue"]
    for i in range(3):
        earshot.publish("room", str(i))
    lines = "".join(f'{{"data":"{i}"}}\n' for i in range(50))
    answer = earshot.post("/room", lines,
                          headers={"Content-Type": "application/x-ndjson"})
    assert len(answer.json["ids"]) == 50
    after = earshot.status()["queue"]
    assert after["messages"] - before["messages"] == 53
    # One for each that was waited for, and one for fifty together.
    assert after["commits"] - before["commits"] == 4
    assert after["commit_us_total"] > before["commit_us_total"]
    assert 0 < after["commit_us_max"] <= after["commit_us_total"]


# Paths and methods

@pytest.mark.parametrize("target", [
    "/", "", "/room/nothing", "/room/sse/more", "/room/poll/",
    "/-/nothing", "/room/POLL", "//room"])
def test_an_unknown_path_is_404(earshot, target):
    if target in ("", "//room"):
        answer = earshot.get(target)
        assert answer.status in (400, 404), answer
    else:
        error(earshot.get(target), 404, "not_found")


@pytest.mark.parametrize("method, target, allowed", [
    ("DELETE", "/room", {"GET", "HEAD", "POST", "OPTIONS"}),
    ("PUT", "/room", {"GET", "HEAD", "POST", "OPTIONS"}),
    ("POST", "/room/poll", {"GET", "HEAD", "OPTIONS"}),
    ("POST", "/room/sse", {"GET", "HEAD", "OPTIONS"}),
    ("POST", "/-/health", {"GET", "HEAD", "OPTIONS"}),
    ("BREW", "/-/status", {"GET", "HEAD", "OPTIONS"}),
    ("get", "/room", {"GET", "HEAD", "POST", "OPTIONS"}),
])
def test_another_method_is_405_with_allow(earshot, method, target, allowed):
    answer = error(earshot.call(method, target), 405, "method")
    given = {name.strip() for name in answer.headers["allow"].split(",")}
    assert given == allowed


@pytest.mark.parametrize("target", ["/room", "/room/poll?wait=20",
                                    "/room/sse", "/-/health", "/-/status"])
def test_head_is_get_without_a_body_and_never_held(earshot, target):
    began = time.monotonic()
    answer = earshot.call("HEAD", target)
    assert time.monotonic() - began < slow(5)
    assert answer.status == 200 and answer.body == b""
    if target.endswith("sse"):
        assert answer.headers["content-type"].startswith(
            "text/event-stream")
    assert earshot.held("sse") == 0


def test_head_of_an_error_has_its_status_and_no_body(earshot):
    answer = earshot.call("HEAD", "/room/nothing")
    assert answer.status == 404 and answer.body == b""


@pytest.mark.parametrize("variables", [
    {"PATH_INFO": "/room/poll", "SCRIPT_NAME": "/cgi-bin/earshot.fcgi",
     "REQUEST_URI": "/cgi-bin/earshot.fcgi/room/poll?after=earliest"},
    {"PATH_INFO": "/earshot/room/poll", "SCRIPT_NAME": ""},
    {"PATH_INFO": "", "SCRIPT_NAME": "/earshot/room/poll"},
    {"PATH_INFO": None, "SCRIPT_NAME": "/earshot/room/poll"},
    {"PATH_INFO": "", "SCRIPT_NAME": ""},
    {"PATH_INFO": None, "SCRIPT_NAME": None},
    {"PATH_INFO": None, "SCRIPT_NAME": None,
     "REQUEST_URI": "/earshot/ro%6Fm/poll?after=earliest"},
])
def test_the_path_is_found_in_each_of_its_places(earshot, variables):
    earshot.publish("room", "here")
    with earshot.peer() as peer:
        page = peer.request("GET", "/room/poll?after=earliest",
                            **variables).json
    assert [message["data"] for message in page["messages"]] == ["here"]


def test_the_base_is_taken_off_whatever_it_is(start):
    earshot = start(base="/push/hub")
    earshot.publish("room", "here")
    for variables in ({"SCRIPT_NAME": "/push/hub/room/poll"},
                      {"SCRIPT_NAME": None,
                       "REQUEST_URI": "/push/hub/room/poll"}):
        with earshot.peer() as peer:
            page = peer.request("GET", "/room/poll?after=earliest",
                                PATH_INFO="", **variables).json
        assert len(page["messages"]) == 1
    with earshot.peer() as peer:
        answer = peer.request("GET", "/room/poll", PATH_INFO="",
                              SCRIPT_NAME="/push/hubroom/poll")
        assert answer.status == 404
