"""Behind a real lighttpd: what a client over HTTP meets."""

import http.client
import json
import socket

import web
from wait import slow, wait_until


def raw(server, request, timeout=10):
    """Sends bytes as they are and gives the answer's (status, body)."""
    with socket.create_connection(("127.0.0.1", server.port),
                                  slow(timeout)) as sock:
        sock.sendall(request)
        response = http.client.HTTPResponse(sock)
        response.begin()
        return response.status, response.read()


def test_a_message_goes_from_one_client_to_the_others(lighttpd):
    with lighttpd.stream("room") as stream:
        headers = stream.head.headers
        assert headers["content-type"].startswith("text/event-stream")
        assert headers["cache-control"] == "no-cache, no-transform"
        answer = lighttpd.post("/room?from=ann", "grüß dich")
        assert (answer.status, answer.json["channel"]) == (201, "room")
        event = stream.next()
        assert (event.id, event.data) == (answer.json["id"], "grüß dich")
    message, = lighttpd.get("/room/poll?last=5").json["messages"]
    assert (message["from"], message["data"]) == ("ann", "grüß dich")


def test_every_event_is_sent_on_at_once(lighttpd):
    """No buffer on the way holds one back until the next."""
    with lighttpd.stream("room") as stream:
        for i in range(20):
            id = lighttpd.post("/room", str(i)).json["id"]
            assert stream.next(timeout=5).id == id


def test_a_chunked_body_arrives_whole(lighttpd):
    status, _ = raw(lighttpd, b"POST /earshot/room HTTP/1.1\r\n"
                    b"Host: localhost\r\nTransfer-Encoding: chunked\r\n"
                    b"Connection: close\r\n\r\n"
                    b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n")
    assert status == 201
    assert lighttpd.get("/room/poll?last=1").json["messages"][0]["data"] \
        == "abcdefg"


def test_a_client_may_ask_before_it_sends(lighttpd):
    with socket.create_connection(("127.0.0.1", lighttpd.port),
                                  slow(10)) as sock:
        sock.sendall(b"POST /earshot/room HTTP/1.1\r\nHost: localhost\r\n"
                     b"Content-Length: 3\r\nExpect: 100-continue\r\n"
                     b"Connection: close\r\n\r\n")
        assert sock.recv(100).startswith(b"HTTP/1.1 100")
        sock.sendall(b"abc")
        response = http.client.HTTPResponse(sock)
        response.begin()
        assert response.status == 201


def test_a_kept_connection_of_a_browser_serves_many_requests(lighttpd):
    connection = http.client.HTTPConnection("127.0.0.1", lighttpd.port,
                                            timeout=slow(10))
    for i in range(30):
        connection.request("POST", "/earshot/room", str(i))
        response = connection.getresponse()
        assert response.status == 201 and json.load(response)["id"]
        connection.request("GET", "/earshot/room/poll?last=1")
        page = json.load(connection.getresponse())
        assert page["messages"][0]["data"] == str(i)
    connection.close()


def test_errors_come_through_as_they_are(lighttpd):
    for method, target, body, status, code in (
            ("GET", "/room/nothing", None, 404, "not_found"),
            ("DELETE", "/room", None, 405, "method"),
            ("POST", "/room", b"\xff", 400, "not_utf8"),
            ("POST", "/room", b"x" * 65537, 413, "too_large"),
            ("POST", "/room", b"x" * 3000000, 413, "too_large"),
            ("POST", "/r%20m", b"x", 400, "bad_channel"),
            ("GET", "/room/poll?wait=-1", None, 400, "bad_wait")):
        answer = lighttpd.call(method, target, body=body)
        assert (answer.status, answer.json["code"]) == (status, code)
    assert "GET" in lighttpd.call("DELETE", "/room").headers["allow"]


def test_a_page_of_the_same_site_may_and_a_foreign_one_may_not(lighttpd):
    own = {"Origin": lighttpd.url}
    assert lighttpd.post("/room", "x", own).status == 201
    foreign = {"Origin": "https://evil.example"}
    answer = lighttpd.post("/room", "x", foreign)
    assert (answer.status, answer.json["code"]) == (403, "origin")
    assert f"127.0.0.1:{lighttpd.port}" in answer.json["error"]


def test_head_ends_at_once(lighttpd):
    for target in ("/room", "/room/poll?wait=20", "/room/sse"):
        answer = lighttpd.call("HEAD", target, timeout=5)
        assert (answer.status, answer.body) == (200, b"")


def test_the_pages_are_served_beside_it(lighttpd):
    (lighttpd.pages / "index.html").write_text("<title>hello</title>")
    answer = web.call("GET", lighttpd.url + "/")
    assert (answer.status, answer.body) == (200, b"<title>hello</title>")


def test_it_is_back_soon_after_a_kill(lighttpd):
    cursor = lighttpd.post("/room", "before").json["id"]
    lighttpd.kill_programs()
    wait_until(lambda: lighttpd.get("/-/health").status == 200, 10)
    assert lighttpd.get(f"/room/poll?after={cursor}").json == {
        "messages": [], "cursor": cursor, "lost": False}
    assert lighttpd.post("/room", "after").status == 201
