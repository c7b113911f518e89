"""The scripted server, by which earshot-bench is judged, is judged itself: by
clients that have been held against real servers."""

import http.client
import json
import socket
import time

import pytest
import sse
import web
from scripted import Scripted
from websocket import WebSocket

GONE = (ConnectionError, http.client.HTTPException)


@pytest.fixture
def scripted():
    servers = []

    def start(**script):
        servers.append(Scripted(script).start())
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def url(server, path):
    return f"http://127.0.0.1:{server.port}/{path}"


def publish(server, *texts):
    for text in texts:
        answer = web.call("POST", url(server, "room"), body=text)
        assert answer.status == 201, answer


def poll(server, after="0", wait=0):
    target = f"room/poll?after={after}" + (f"&wait={wait}" if wait else "")
    answer = web.call("GET", url(server, target))
    body = json.loads(answer.body)
    return [message["data"] for message in body["messages"]], body["cursor"]


def socket_to(server, query=""):
    return WebSocket(("127.0.0.1", server.port), "/room/ws" + query)


def test_every_transport_gives_what_was_published(scripted):
    server = scripted()
    with sse.over_http(url(server, "room/sse")) as stream, \
            socket_to(server) as ws:
        publish(server, "one", "two")
        assert [event.data for event in stream.take(2)] == ["one", "two"]
        assert [ws.next().json["data"] for _ in range(2)] == ["one", "two"]
        assert poll(server) == (["one", "two"], "2")
        assert poll(server, "2") == ([], "2")
        assert server.happened["deliveries"] == 6
        assert stream.cursor == "2"


def test_rules_lose_repeat_and_swap_what_they_say(scripted):
    server = scripted(rules=[{"from": 1, "every": 3, "lose": True},
                             {"from": 2, "to": 3, "repeat": 2},
                             {"from": 5, "swap": True, "to": 6}])
    publish(server, *"0123456")
    assert poll(server)[0] == ["0", "2", "2", "2", "3", "6", "5"]
    happened = server.happened
    assert (happened["lost"], happened["repeated"], happened["swapped"]) == \
        (2, 2, 1)


def test_a_few_subscribers_can_be_meant(scripted):
    server = scripted(rules=[{"lose": True, "only": [1]}])
    with sse.over_http(url(server, "room/sse")) as first:
        with sse.over_http(url(server, "room/sse")) as second:
            with sse.over_http(url(server, "room/sse")) as third:
                server.script["rules"].append({"from": 1, "only": [1],
                                               "lose": False})
                publish(server, "lost", "end")
                for stream in first, third:
                    assert [event.data for event in stream.take(2)] == \
                        ["lost", "end"]
                assert second.next().data == "end"
                assert server.happened["lost"] == 1


def test_a_delay_is_no_shorter_than_it_says(scripted):
    server = scripted(rules=[{"delay_ms": 120, "answer_ms": 80}])
    with sse.over_http(url(server, "room/sse")) as stream:
        began = time.monotonic()
        publish(server, "late")
        assert time.monotonic() - began >= 0.08
        assert stream.next().data == "late"
        assert time.monotonic() - began >= 0.12


def test_a_long_poll_waits_until_a_message_comes(scripted):
    server = scripted(rules=[{"delay_ms": 100}])
    publish(server, "x")
    began = time.monotonic()
    assert poll(server, "0", 20) == (["x"], "1")
    assert time.monotonic() - began < 15
    assert poll(server, "1", 0.1) == ([], "1")


def test_a_cut_ends_every_stream_and_cursors_go_on(scripted):
    server = scripted(rules=[{"from": 1, "to": 2, "cut": "all"},
                             {"from": 2, "to": 3, "cut": "middle"}])
    with sse.over_http(url(server, "room/sse")) as stream:
        publish(server, "0")
        assert stream.next().data == "0"
        publish(server, "1")
        with pytest.raises(GONE):
            stream.next()
        again = {"Last-Event-ID": stream.cursor}
    with sse.over_http(url(server, "room/sse"), again) as stream:
        assert stream.next().data == "1"
        publish(server, "2")
        rest = b""
        try:
            while data := stream.source.read(10):
                rest += data
        except GONE:
            pass
        assert b"\n\n" not in rest
    assert server.happened["cuts"] == 2


def test_a_stream_ends_when_it_is_to(scripted):
    server = scripted(ends_ms=100)
    began = time.monotonic()
    with socket_to(server) as ws:
        ws.wait_ended()
    assert time.monotonic() - began >= 0.1


def test_answers_may_come_byte_by_byte_and_in_fragments(scripted):
    server = scripted(pieces=1, fragments=4)
    with sse.over_http(url(server, "room/sse")) as stream, \
            socket_to(server) as ws:
        publish(server, "x" * 200)
        assert stream.next().data == "x" * 200
        assert ws.next().json["data"] == "x" * 200
        assert ws.frames >= 8


def test_publishing_by_a_frame_is_answered(scripted):
    server = scripted(rules=[{"from": 1, "status": 500}])
    with socket_to(server) as ws:
        ws.send_json({"data": "x"})
        assert ws.answer()["event"] == "earshot.published"
        ws.send_json({"data": "y"})
        assert ws.answer()["event"] == "earshot.error"
    assert server.messages == ["x"]


def test_refusals_and_silence_are_what_they_say(scripted):
    server = scripted(rules=[{"to": 1, "status": 503}, {"from": 1,
                                                        "silent": True}],
                      answers={"sse": {"status": 404, "type": "text/html",
                                       "body": "<html>"}})
    assert web.call("POST", url(server, "room"), body="x").status == 503
    with pytest.raises(GONE):
        web.call("POST", url(server, "room"), body="x")
    answer = web.call("GET", url(server, "room/sse"))
    assert (answer.status, answer.body) == (404, b"<html>")
    assert server.happened["refused"] == 2


def test_a_stall_holds_everyone_up(scripted):
    server = scripted(rules=[{"stall_ms": 300}])
    with socket.create_connection(("127.0.0.1", server.port)) as other:
        began = time.monotonic()
        publish(server, "x")
        other.sendall(b"GET /room/poll HTTP/1.1\r\n\r\n")
        assert other.recv(20)
        assert time.monotonic() - began >= 0.3


def test_socket_io_is_spoken(scripted):
    server = scripted()
    with WebSocket(("127.0.0.1", server.port),
                   "/socket.io/?EIO=4&transport=websocket", raw=True) as ws:
        assert ws.next().text.startswith("0{")
        ws.send_text("40")
        assert ws.next().text.startswith("40{")
        ws.send_text('42["join","room"]')
        assert ws.next().text == '42["joined"]'
        publish(server, "hello")
        while (got := ws.next().text) == "2":
            ws.send_text("3")
        assert got == '42["message", "hello"]'
