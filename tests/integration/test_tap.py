"""earshot-tap before a real lighttpd with Earshot, as pages use it."""

import http.client
import json
import socket
import subprocess
import time

import pytest

import sse
import web
from processes import of, program
from tap import Tap, is_reset
from target import read_rest
from wait import holds_for, slow, wait_until
from websocket import TEXT, WebSocket, frame

PROXY = """\
$HTTP["url"] =~ "^/tap/" {{
    proxy.server = ("" => (("host" => "{control}")))
}}
else"""


@pytest.fixture
def start_tap(directory, started):
    def start_tap(target, **options):
        tap = Tap(directory)
        started.append(tap)
        return tap.start(target.url, **options)
    return start_tap


@pytest.fixture
def tap(lighttpd, start_tap):
    return start_tap(lighttpd)


@pytest.fixture
def beating(start_lighttpd, start_tap):
    """A server with quick heartbeats, and a tap before it."""
    server = start_lighttpd(heartbeat=0.3)
    return server, start_tap(server)


def stream(tap, tag, *modes, query="", headers=None):
    return sse.over_http(tap.url(tag, *modes) + "/earshot/room/sse"
                         + (f"?{query}" if query else ""), headers)


def subscribers(server):
    return server.get("/room").json["subscribers"]["sse"]


# The same as without it -----------------------------------------------------

def without_date(head):
    return [line for line in head.split(b"\r\n")
            if not line.lower().startswith(b"date:")]


def test_answers_are_the_same_byte_for_byte(lighttpd, tap):
    (lighttpd.pages / "page.html").write_bytes(bytes(range(256)) * 999)
    lighttpd.post("/room", "grüß dich")

    def answers(address, prefix):
        found = []
        for request in (
                b"GET %s/page.html HTTP/1.1\r\nRange: bytes=9-999\r\n",
                b"GET %s/page.html HTTP/1.1\r\n",
                b"GET %s/none HTTP/1.1\r\n",
                b"GET %s/earshot/room/poll?last=9 HTTP/1.1\r\n",
                b"HEAD %s/earshot/room/poll?last=9 HTTP/1.1\r\n",
                b"GET %s/earshot/room/poll?wait=0.2 HTTP/1.1\r\n",
                b"OPTIONS %s/earshot/room HTTP/1.1\r\n",
                b"DELETE %s/earshot/room HTTP/1.1\r\n",
                b"POST %s/earshot/room HTTP/1.1\r\nOrigin: http://evil\r\n"
                b"Content-Length: 0\r\n"):
            with socket.create_connection(address, slow(10)) as sock:
                sock.sendall(request % prefix
                             + b"Host: h\r\nConnection: close\r\n\r\n")
                head, _, body = read_rest(sock).partition(b"\r\n\r\n")
                found.append((without_date(head), body))
        return found
    direct = answers(("127.0.0.1", lighttpd.port), b"")
    assert answers(tap.relay_address, b"/~a") == direct
    assert answers(tap.relay_address, b"") == direct
    assert direct[0][0][0].endswith(b"206 Partial Content")


def test_publishing_and_following_work_through_it(lighttpd, tap):
    with stream(tap, "s") as events:
        for i in range(20):
            answer = web.call("POST", tap.url("p") + "/earshot/room",
                              body=str(i))
            assert answer.status == 201
            event = events.next(timeout=5)
            assert (event.id, event.data) == (answer.json["id"], str(i))
    page = web.call("GET", tap.url("q") + "/earshot/room/poll?last=20").json
    assert [m["data"] for m in page["messages"]] == [
        str(i) for i in range(20)]
    assert tap.bytes_of("p", "up") == b"".join(
        str(i).encode() for i in range(20))


def test_the_log_has_every_byte_of_a_stream(lighttpd, tap):
    with stream(tap, "s") as events:
        for i in range(50):
            lighttpd.post("/room", f"message {i}")
        events.take(50)
        records = tap.log_of("s")
    assert [record.kind for record in records[:3]] == [
        "open", "request", "response"]
    raw = b"".join(record.bytes for record in records if record.kind == "down")
    payload, at = b"", 0
    while at < len(raw):        # chunk by chunk, as it stands on the wire
        end = raw.index(b"\r\n", at)
        size = int(raw[at:end], 16)
        payload += raw[end + 2:end + 2 + size]
        at = end + 2 + size + 2
    assert payload == bytes(events.raw)
    assert payload.count(b"data: message ") == 50


def test_a_kept_connection_serves_many_requests_of_many_tags(lighttpd, tap):
    connection = http.client.HTTPConnection(*tap.relay_address,
                                            timeout=slow(10))
    for i in range(30):
        connection.request("POST", f"/~t{i}/earshot/room", str(i))
        response = connection.getresponse()
        assert response.status == 201 and json.load(response)["id"]
    connection.close()
    assert tap.kinds("t7") == ["request", "up", "response", "down"]
    assert len({record.connection for record in tap.log_of("t*")}) == 1


def test_a_hundred_connections_at_once(lighttpd, tap):
    streams = [stream(tap, f"s{i}") for i in range(100)]
    lighttpd.post("/room", "to all")
    for events in streams:
        assert events.next(timeout=20).data == "to all"
    assert tap.info()["connections"] == 100
    for i in range(100):
        assert b"data: to all\n" in tap.bytes_of(f"s{i}", "down")
    assert tap.cut("s1*") == 11
    for events in streams:
        events.close()
    wait_until(lambda: tap.info()["connections"] == 0)


def test_websockets_pass_through_it(start, start_ws, start_lighttpd,
                                    start_tap):
    ws = start_ws()
    server = start_lighttpd(sockets=[start().address], ws=ws.address)
    tap = start_tap(server)
    host = f"127.0.0.1:{server.port}"
    with WebSocket(tap.relay_address, "/~w/earshot/room/ws",
                   host=host) as one:
        one.send_json({"event": "hello", "data": "x" * 300, "key": "k"})
        got = [one.next().json for _ in range(2)]
        assert {"hello", "earshot.published"} == {m["event"] for m in got}
        server.post("/room", "by post")
        assert one.next().json["data"] == "by post"
        sent = tap.log_of("w", kind="up")
        assert frame(TEXT, json.dumps({"event": "hello", "data": "x" * 300,
                                       "key": "k"})) == sent[0].bytes
        response = tap.log_of("w", kind="response")[0]
        assert response.bytes.startswith(b"HTTP/1.1 101 ")
        down = tap.bytes_of("w", "down")
        assert down[0] == 0x81 and b"earshot.open" in down
        assert tap.cut("w") == 1
        assert one.read_frame() is None


# Modes, with what they are for ----------------------------------------------

def test_a_buffering_proxy_silences_a_stream_and_no_poll(lighttpd, tap):
    polled = web.call("GET", tap.url("p", "buffer")
                      + "/earshot/room/poll?wait=0.2", timeout=5)
    assert polled.status == 200
    sock = tap.send(b"GET /~s;buffer/earshot/room/sse HTTP/1.1\r\n"
                    b"Host: h\r\n\r\n")
    wait_until(lambda: tap.log_of("s", kind="down"))
    lighttpd.post("/room", "unheard")
    wait_until(lambda: b"unheard" in tap.bytes_of("s", "down"))
    sock.settimeout(0.3)
    with pytest.raises(TimeoutError):
        sock.recv(1)
    assert all(record.held for record in tap.log_of("s", kind="down"))
    sock.close()


def test_heartbeats_keep_a_connection_that_is_idle(beating):
    _, tap = beating
    with stream(tap, "kept", "idle=1.2") as kept, \
            stream(tap, "cut", "idle=1.2", "nobeat") as cut:
        is_reset(cut.source.socket)
        assert tap.log_of("cut")[-1].by == "idle"
        time.sleep(0.6)     # and more than its limit since it began
        assert tap.kinds("kept")[-1] == "down"
        kept.pump()
        assert kept.parser.comments and not cut.parser.comments


def test_without_an_origin_a_foreign_page_is_let_in(lighttpd, tap):
    foreign = {"Origin": "https://evil.example",
               "Sec-Fetch-Site": "cross-site"}
    path = "/earshot/room"
    assert web.call("POST", tap.url("a") + path, foreign, "x").status == 403
    assert web.call("POST", tap.url("a", "origin=none") + path, foreign,
                    "x").status == 201


def test_without_a_cursor_messages_vanish(lighttpd, tap):
    cursor = lighttpd.post("/room", "one").json["id"]
    lighttpd.post("/room", "two")
    path = f"/earshot/room/poll?after={cursor}"
    page = web.call("GET", tap.url("a") + path).json
    assert [message["data"] for message in page["messages"]] == ["two"]
    page = web.call("GET", tap.url("a", "nocursor") + path).json
    assert page["messages"] == []
    with stream(tap, "s", "nocursor", headers={"Last-Event-ID": cursor}) \
            as events:
        lighttpd.post("/room", "three")
        assert events.next().data == "three"


def test_a_slow_client_gets_everything_late(lighttpd, tap):
    (lighttpd.pages / "page.css").write_bytes(b"x" * 10_000)
    began = time.monotonic()
    answer = web.call("GET", tap.url("a", "slow=5000") + "/page.css")
    assert answer.body == b"x" * 10_000
    assert 1.5 < time.monotonic() - began < slow(6)


def test_a_cut_is_seen_by_the_program_and_mended_by_the_cursor(lighttpd,
                                                               tap):
    with stream(tap, "s") as events:
        wait_until(lambda: subscribers(lighttpd) == 1)
        cursor = events.cursor
        assert tap.cut("s", for_ms=300) == 1
        with pytest.raises(OSError):
            while True:
                assert events.pump(), "the end came politely"
    wait_until(lambda: subscribers(lighttpd) == 0)
    lighttpd.post("/room", "meanwhile")

    def comes_back():
        try:
            return stream(tap, "s", query=f"after={cursor}")
        except OSError:
            return None
    with wait_until(comes_back) as events:
        assert events.next().data == "meanwhile"


def test_what_a_mute_has_held_arrives_when_it_is_cleared(beating):
    server, tap = beating
    with stream(tap, "s") as events:
        assert tap.mute("s") == 1
        server.post("/room", "held")
        seen = len(tap.log_of("s"))
        holds_for(lambda: len(tap.log_of("s")) == seen, 1,
                  "the silence, heartbeats too")
        assert tap.clear("s") == 1
        assert events.next().data == "held"


# The control port -----------------------------------------------------------

def test_pages_ask_on_their_own_origin(directory, start_lighttpd, start_tap):
    control = directory / "tap.socket"
    server = start_lighttpd(more=PROXY.format(control=control))
    tap = start_tap(server, control=str(control))
    assert tap.info()["relay"] == tap.relay_url
    own = {"Origin": server.url}

    def ask(method, path, headers):
        return web.call(method, f"{server.url}/tap/{path}", headers,
                        b"" if method == "POST" else None)
    assert ask("GET", "info", own).json["relay"] == tap.relay_url
    with stream(tap, "s"):
        assert ask("GET", "log?tag=s", own).json["records"]
        answer = ask("POST", "cut?tag=s", own)
        assert (answer.status, answer.json) == (200, {"connections": 1})
    named = {"Host": "room.example", "Origin": "https://room.example:443"}
    assert ask("GET", "info", named).status == 200
    assert ask("GET", "info", {"Sec-Fetch-Site": "same-origin"}).status == 200
    for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"},
                    {"Origin": f"http://127.0.0.1:{server.port}1"},
                    {"Sec-Fetch-Site": "cross-site"},
                    {"Sec-Fetch-Site": "same-site"}):
        for method, path in (("GET", "info"), ("GET", "log"),
                             ("POST", "cut?tag=*"), ("OPTIONS", "log")):
            answer = ask(method, path, headers)
            assert (answer.status, answer.json["code"]) == (403, "origin")
            assert "access-control-allow-origin" not in answer.headers


def test_a_server_that_changes_host_says_which_it_was(tap):
    own = {"Host": "127.0.0.1:1", "Origin": "http://room.example"}
    assert tap.ask("GET", "info", own).status == 403
    own["X-Forwarded-Host"] = "room.example, proxy.example"
    assert tap.ask("GET", "info", own).status == 200


def test_what_is_asked_wrong_is_answered_with_a_sentence(tap):
    for method, path, status, code in (
            ("POST", "log", 405, "method"),
            ("DELETE", "log", 405, "method"),
            ("HEAD", "info", 405, None),
            ("GET", "cut?tag=a", 405, "method"),
            ("PUT", "slow?tag=a&rate=1", 405, "method"),
            ("GET", "nothing", 404, "not_found"),
            ("GET", "", 404, "not_found"),
            ("POST", "cut", 400, "bad_tag"),
            ("POST", "cut?tag=", 400, "bad_tag"),
            ("POST", "cut?tag=a*b", 400, "bad_tag"),
            ("POST", "cut?tag=" + "x" * 49, 400, "bad_tag"),
            ("POST", "cut?tag=a&for=-1", 400, "bad_number"),
            ("POST", "cut?tag=a&for=9999999", 400, "bad_number"),
            ("POST", "slow?tag=a", 400, "bad_number"),
            ("POST", "slow?tag=a&rate=x", 400, "bad_number"),
            ("GET", "log?after=x", 400, "bad_number"),
            ("GET", "log?wait=1e9", 400, "bad_number"),
            ("GET", "log?tag=%2e", 400, "bad_tag")):
        answer = tap.ask(method, path)
        assert answer.status == status, (method, path)
        if code:
            assert answer.json["code"] == code and answer.json["error"]
        if status == 405:
            assert answer.headers["allow"] in ("GET", "POST")


def test_more_readers_than_it_holds_are_all_answered(tap):
    held = [socket.create_connection(
        ("127.0.0.1", int(tap.control.rpartition(":")[2])), slow(10))
        for _ in range(70)]
    for sock in held:
        sock.sendall(b"GET /tap/log?tag=a&wait=20 HTTP/1.1\r\nHost: h\r\n"
                     b"Connection: close\r\n\r\n")
    wait_until(lambda: tap.info()["waiting"] == 64)
    web.call("GET", tap.url("a") + "/")
    answers = [read_rest(sock) for sock in held]
    assert sum(b'"records":[]' in answer for answer in answers) == 6
    assert sum(b'"kind":"request"' in answer for answer in answers) == 64


def test_a_reader_that_goes_is_forgotten(tap):
    for _ in range(100):
        with socket.create_connection(
                ("127.0.0.1", int(tap.control.rpartition(":")[2]))) as sock:
            sock.sendall(b"GET /tap/log?tag=a&wait=20 HTTP/1.1\r\n\r\n")
    wait_until(lambda: tap.info()["waiting"] == 0)
    web.call("GET", tap.url("a") + "/")
    assert tap.page("a", 0)["records"]


# The program ----------------------------------------------------------------

def run(*arguments):
    return subprocess.run([program("earshot-tap"), *arguments],
                          capture_output=True, text=True, timeout=slow(10),
                          check=False)


def test_it_listens_on_loopback_only():
    for relay, control in (("0.0.0.0:0", "127.0.0.1:0"),
                           ("127.0.0.1:0", "0.0.0.0:0"),
                           ("[::]:0", "127.0.0.1:0")):
        result = run("--relay", relay, "--control", control,
                     "--target", "127.0.0.1:80")
        assert result.returncode == 1
        assert "loopback only" in result.stderr


def test_its_options_are_explained_and_checked():
    for name in ("relay", "control", "target", "log", "help", "version"):
        assert f"  --{name}" in run("--help").stdout
    assert run("--version").stdout.startswith("earshot-tap ")
    for arguments in ([], ["--relay"], ["--relay", "127.0.0.1:0"],
                      ["--what"], ["--helpful"], ["what"]):
        result = run(*arguments)
        assert result.returncode == 2 and "--help" in result.stderr
    for relay in ("here", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000"):
        result = run("--relay", relay, "--control", "127.0.0.1:0",
                     "--target", "127.0.0.1:80")
        assert result.returncode == 1 and "HOST:PORT" in result.stderr


def test_it_ends_at_once_and_leaves_nothing(directory, lighttpd, start_tap):
    control = directory / "tap.socket"
    tap = start_tap(lighttpd, control=str(control))
    events = stream(tap, "s")
    began = time.monotonic()
    tap.stop()
    assert time.monotonic() - began < slow(2)
    is_reset(events.source.socket)
    assert not control.exists()
    assert not of(directory, "earshot-tap")


def test_a_socket_that_a_dead_one_left_is_taken(directory, lighttpd,
                                                start_tap):
    control = directory / "tap.socket"
    tap = start_tap(lighttpd, control=str(control))
    tap.kill()
    assert control.exists()
    tap.start(lighttpd.url, control=str(control))
    result = run("--relay", "127.0.0.1:0", "--control", str(control),
                 "--target", "127.0.0.1:80")
    assert result.returncode == 1, "one that lives is left alone"
    assert control.exists()


def test_it_listens_on_ipv6_too(lighttpd, start_tap):
    tap = start_tap(lighttpd, relay="[::1]:0")
    assert tap.info()["relay"].startswith("http://[::1]:")
    assert web.call("GET", tap.url("a") + "/earshot/room").status == 200
