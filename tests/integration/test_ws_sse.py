"""Server-Sent Events from earshot-ws, by plain HTTP: the stream that
earshot.fcgi gives, without a web server between."""

import signal

import pytest
import sse
import web
from earshot import free_port
from wait import wait_until


@pytest.fixture
def open_one(start_ws):
    """open_one(option=value…) gives an earshot-ws on a port, and its URL."""
    def open_one(**options):
        port = free_port()
        ws = start_ws(listen=f"127.0.0.1:{port}", **options)
        return ws, f"http://127.0.0.1:{port}/earshot"
    return open_one


def test_a_stream_is_the_one_that_earshot_fcgi_gives(earshot, open_one):
    ws, url = open_one()
    with sse.over_http(url + "/room/sse") as ours, \
            earshot.stream("room") as theirs, \
            ws.socket("room") as socket:
        assert ours.head.headers["content-type"] == "text/event-stream"
        assert "no-cache" in ours.head.headers["cache-control"]
        assert ours.opening.event == "earshot.open"
        earshot.publish("room", "one\ntwo\r\nthree")
        earshot.publish("room", '{"a":1}', {"Content-Type":
                                            "application/json"})
        socket.send_json({"event": "tick", "data": "x"})
        got, expected = ours.take(3), theirs.take(3)
        assert [(one.id, one.event, one.data) for one in got] == \
            [(one.id, one.event, one.data) for one in expected]
        wait_until(lambda: earshot.info("room")["subscribers"] ==
                   {"poll": 0, "sse": 2, "ws": 1})
    wait_until(lambda: ws.status()["subscribers"]["sse"] == 0)


def test_a_stream_resumes_by_last_event_id(earshot, open_one):
    _, url = open_one()
    ids = [earshot.publish("room", str(i)) for i in range(5)]
    with sse.over_http(url + "/room/sse?format=json",
                       {"Last-Event-ID": ids[1]}) as stream:
        assert [one.json["data"] for one in stream.take(3)] == \
            ["2", "3", "4"]
    with sse.over_http(url + "/room/sse", {"Last-Event-ID": "x"}) as stream:
        assert stream.next().event == "earshot.lost"
        assert stream.take(5)[0].data == "0"


def test_a_stream_has_heartbeats_and_ends_with_retry(open_one):
    _, url = open_one(heartbeat=0.2, stream_life=1)
    with sse.over_http(url + "/room/sse") as stream:
        stream.parser.retry = None
        assert stream.rest() == [] and stream.parser.retry is not None
        assert stream.raw.count(b"\n:\n\n") >= 2


def test_a_stop_ends_a_stream_with_retry(open_one):
    ws, url = open_one()
    with sse.over_http(url + "/room/sse") as stream:
        stream.parser.retry = None
        ws.signal(signal.SIGTERM)
        assert stream.rest() == [] and stream.parser.retry is not None
    assert ws.wait() == 0


def test_what_is_refused_for_the_moment_is_a_stream_that_ends(open_one):
    _, url = open_one(subscribers_max=1)
    with sse.over_http(url + "/room/sse"):
        with sse.over_http(url + "/room/sse", opened=False) as stream:
            assert stream.head.status == 200
            assert stream.rest() == []
            assert b"--subscribers-max" in stream.raw
            assert stream.parser.retry is not None


def test_who_may_not_follow_is_told_at_once(open_one):
    _, url = open_one()
    for target, headers, status in (
            ("/-room/sse", None, 400), ("/room/sse?last=x", None, 400),
            ("/room/sse", {"Origin": "https://evil.example"}, 403)):
        answer = web.Response("GET", url + target, headers).head()
        assert answer.status == status, target


def test_a_foreign_origin_that_is_listed_is_echoed(open_one):
    _, url = open_one(origin="https://other.example")
    with sse.over_http(url + "/room/sse",
                       {"Origin": "https://other.example"}) as stream:
        assert stream.head.headers["access-control-allow-origin"] == \
            "https://other.example"
        assert "origin" in stream.head.headers["vary"].lower()
