"""What a front is put through, one function for each row of the matrix.

A behaviour takes a front that runs, and may start `another` of its kind with
other options. It fails by an AssertionError that says what was found, and may
give a few words for its cell.
"""

import json
import os
import subprocess
import threading
import time

import web
from front import REAL
from wait import holds_for, slow, wait_until
from websocket import new_key

FRIEND = "https://friend.example"      # --origin of every front
ROWS = {}                               # name -> (its words, the function)


def behaviour(words):
    """Puts a function into the table, in the order of the file."""
    def add(function):
        ROWS[function.__name__] = (words, function)
        return function
    return add


def check(condition, found):
    assert condition, found


def subscribers(front, channel="room"):
    answer = front.get(f"/{channel}")
    assert answer.status == 200, answer
    return answer.json["subscribers"]


def publish(front, data, channel="room", headers=None, status=201):
    answer = front.post(f"/{channel}", data, headers)
    assert answer.status == status, \
        f"POST was answered {answer.status}: {answer.body[:300]!r}"
    return answer.json.get("id")


def poll(front, channel="room", query="after=earliest"):
    answer = front.get(f"/{channel}/poll?{query}", timeout=60)
    assert answer.status == 200, \
        f"a poll was answered {answer.status}: {answer.body[:300]!r}"
    return answer.json


@behaviour("publish")
def publishing(front):
    identity = publish(front, "hello", "publish")
    message, = poll(front, "publish")["messages"]
    assert (message["id"], message["data"]) == (identity, "hello")
    answer = front.get("/publish")
    assert answer.json["messages"] == 1
    error = front.call("DELETE", "/publish")
    assert error.status == 405 and error.json["code"] == "method", error


@behaviour("short polls")
def short_poll(front):
    page = poll(front, "short", "")
    assert page["messages"] == []
    publish(front, "one", "short")
    publish(front, "two", "short")
    page = poll(front, "short", "after=" + page["cursor"])
    assert [one["data"] for one in page["messages"]] == ["one", "two"]
    assert poll(front, "short", "after=" + page["cursor"])["messages"] == []


@behaviour("long-polls to their full wait")
def long_poll(front):
    wait = front.time("wait")
    began = time.monotonic()
    page = poll(front, "long", f"wait={wait}")
    took = time.monotonic() - began
    assert page["messages"] == [] and took >= wait * 0.99, \
        f"answered after {took:.1f} s of {wait} s"
    answers = []
    held = threading.Thread(target=lambda: answers.append(
        poll(front, "long", f"wait={wait}&after={page['cursor']}")))
    held.start()
    # Meanwhile or before it came: the cursor makes no difference.
    publish(front, "for it", "long")
    held.join()
    assert [one["data"] for one in answers[0]["messages"]] == ["for it"]


@behaviour("streams (SSE) beyond the idle limit")
def stream(front):
    idle = front.time("idle")
    with front.stream("stream") as held:
        assert held.head.headers["content-type"].startswith(
            "text/event-stream")
        publish(front, "at once", "stream")
        event = held.next(timeout=5)
        assert event and event.data == "at once", event
        ends = time.monotonic() + 1.5 * idle
        while time.monotonic() < ends:
            # Heartbeats only.
            assert held.pump(3 * front.time("heartbeat")), \
                "the stream was cut"
            assert not held.events, held.events
        publish(front, "afterwards", "stream")
        event = held.next()
        assert event and event.data == "afterwards", event


@behaviour("messages of 64 KiB")
def large(front):
    text = "é" * 15000 + "\n" + "0123456789abcdef" * 2200
    text = text[:32768] + "x" * (65536 - len(text[:32768].encode()))
    assert len(text.encode()) == 65536
    publish(front, text, "large", {"Content-Type": "text/plain"})
    binary = bytes(range(256)) * 256
    publish(front, binary, "large",
            {"Content-Type": "application/octet-stream"})
    publish(front, text + "x", "large", status=413)
    with front.stream("large", "after=earliest") as held:
        assert held.next().data == text
        assert held.next()
    types, page = [], {"cursor": "earliest", "more": True}
    while page.get("more"):
        page = poll(front, "large", "after=" + page["cursor"])
        types += [one["type"] for one in page["messages"]]
    assert types == ["text", "binary"]


@behaviour("Last-Event-ID")
def last_event_id(front):
    first = publish(front, "first", "resume")
    for word in ("second", "third"):
        publish(front, word, "resume")
    with front.stream("resume", headers={"Last-Event-ID": first}) as held:
        assert [event.data for event in held.take(2)] == ["second", "third"]
        publish(front, "fourth", "resume")
        assert held.next().data == "fourth"


@behaviour("CORS preflight")
def preflight(front):
    asked = {"Origin": FRIEND, "Access-Control-Request-Method": "POST",
             "Access-Control-Request-Headers": "content-type"}
    answer = front.call("OPTIONS", "/room", asked)
    assert answer.status in (200, 204), answer
    assert answer.headers["access-control-allow-origin"] == FRIEND
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert "content-type" in \
        answer.headers["access-control-allow-headers"].lower()
    answer = front.call("OPTIONS", "/room",
                        {**asked, "Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers, answer


@behaviour("a page's own Origin, and no foreign one")
def origins(front):
    publish(front, "own", "origin", {"Origin": front.site})
    publish(front, "friend", "origin", {"Origin": FRIEND})
    for foreign in ("https://evil.example", "null",
                    front.site.replace("127.0.0.1", "127.0.0.1.evil")):
        publish(front, "evil", "origin", {"Origin": foreign}, status=403)
    if not front.websocket:
        return
    with front.socket("origin", headers={"Origin": front.site}) as socket:
        assert socket.publish("by websocket")
    with front.socket("origin", headers={"Origin": "https://evil.example"},
                      opened=False) as socket:
        assert socket.head.status == 403, socket.head


@behaviour("channel names in percent-encoding")
def percent(front):
    answer = front.post("/r%6Fom%2D1%7E", b"encoded")
    assert (answer.status, answer.json["channel"]) == (201, "room-1~"), \
        answer
    publish(front, "plain", "room-2")
    page = poll(front, "%72oom-1~%2Croom%2D2")
    assert [one["data"] for one in page["messages"]] == ["encoded", "plain"]
    for name in ("caf%C3%A9", "a%00b", "a%20b", "%2e%2e"):
        answer = front.get(f"/{name}/poll")
        assert answer.status in (400, 403, 404), (name, answer)


@behaviour("at /")
def mount_root(front):
    mounted(front, "")


@behaviour("at a prefix")
def mount_prefix(front):
    mounted(front, "/some/where")


@behaviour("at a CGI program's path")
def mount_cgi(front):
    mounted(front, "/cgi-bin/earshot.fcgi")


def mounted(front, mount):
    with front.another(mount=mount) as other:
        publish(other, "here", "mount")
        assert poll(other, "mount")["messages"][0]["data"] == "here"
        with other.stream("mount", "after=earliest") as held:
            assert held.next().data == "here"
        answer = other.get("/-/nothing")
        assert (answer.status, answer.json["code"]) == (404, "not_found")
        if other.websocket:
            with other.socket("mount", "after=earliest") as socket:
                assert socket.take(1)[0]["data"] == "here"


def handshake(front):
    """The status that answers one."""
    headers = {"Upgrade": "websocket", "Connection": "Upgrade",
               "Sec-WebSocket-Key": new_key(), "Sec-WebSocket-Version": "13"}
    answer = web.Response("GET", front.url + "/ws/ws", headers)
    answer.close()
    return answer.head().status


@behaviour("WebSocket at the same path")
def websocket(front):
    status = handshake(front)
    assert status == 101, f"WebSocket was answered {status}"
    with front.socket("ws", headers={"Origin": front.site}) as socket, \
            front.stream("ws") as held:
        assert socket.publish("by websocket")
        assert held.next().data == "by websocket"
        publish(front, "y" * 65536, "ws")
        messages = socket.take(2)
        assert messages[1]["data"] == "y" * 65536
        ends = time.monotonic() + 1.5 * min(front.time("idle"), 60)
        while time.monotonic() < ends:
            # Only pings come, and are answered.
            pings = len(socket.pings)
            frame = socket.read_frame(3 * front.time("heartbeat"))
            assert frame is not None, "the WebSocket was cut"
            socket.send_frame(10, frame.payload)
            assert frame.opcode == 9, (frame, pings)
        publish(front, "afterwards", "ws")
        assert socket.take(1)[0]["data"] == "afterwards"
        assert socket.close().code == 1000


def curl_h2(front, *more):
    return ["curl", "-sSN", "--no-progress-meter", "--http2", "--cacert",
            str(front.certificate.certificate), "--max-time",
            str(slow(30)), *more]


@behaviour("HTTP/2 by TLS")
def http2(front):
    check(front.h2, "HTTP/2 is not offered")
    publish(front, "by h2", "h2")
    got = subprocess.run(
        curl_h2(front, "-w", "%{num_connects} %{http_version} %{http_code}",
                f"{front.secure_url}/h2/poll?after=earliest"),
        capture_output=True, text=True, check=True).stdout
    page, _, line = got.partition("\n")
    assert line == "1 2 200", got
    assert json.loads(page)["messages"][0]["data"] == "by h2"


@behaviour("eight streams on one HTTP/2 connection")
def http2_streams(front):
    check(front.h2, "HTTP/2 is not offered")
    # curl at times opens a second connection before it knows the first.
    assert any(eight_streams(front, f"h2s-{attempt}") == 1
               for attempt in range(5)), "never on one connection"


def eight_streams(front, channel):
    """On how many connections curl had them: two streams more than HTTP/1.1
    lets a browser have."""
    process = subprocess.Popen(
        curl_h2(front, "-Z", *[f"{front.secure_url}/{channel}/sse"] * 8),
        stdout=subprocess.PIPE)
    try:
        wait_until(lambda: subscribers(front, channel)["sse"] == 8, 8,
                   "the last of 8 streams")
        connections = len(established(process.pid))
        publish(front, "for all", channel)
        seen = b""
        while seen.count(b"data: for all") < 8:
            data = process.stdout.read1()
            assert data, f"the streams ended after {seen[-300:]!r}"
            seen += data
        return connections
    finally:
        process.terminate()
        process.communicate()


def established(pid):
    """The process's TCP connections."""
    sockets = set()
    for entry in os.listdir(f"/proc/{pid}/fd"):
        link = os.readlink(f"/proc/{pid}/fd/{entry}")
        if link.startswith("socket:["):
            sockets.add(link[8:-1])
    with open("/proc/net/tcp") as file:
        rows = [line.split() for line in file][1:]
    return [row for row in rows if row[9] in sockets and row[3] == "01"]


@behaviour("a reader's leaving")
def leaving(front):
    """At once means: with no heartbeat to come for an hour, nor a limit."""
    late = 3600 if front.notices == "at once" else 8
    with front.another(times=REAL, heartbeat=late) as other:
        held = [other.stream("room") for _ in range(3)]
        wait_until(lambda: subscribers(other)["sse"] == 3, what="readers")
        held.pop().close()                      # FIN
        held.pop().source.response.reset()      # RST
        if front.notices == "at once":
            wait_until(lambda: subscribers(other)["sse"] == 1,
                       what="the going of two readers, at once,")
        else:
            holds_for(lambda: subscribers(other)["sse"] == 3, 1.5,
                      "that readers' going is not noticed")
        held.pop().close()
    if front.notices == "at once":
        return front.notices
    with front.stream("leaving"):
        wait_until(lambda: subscribers(front, "leaving")["sse"] == 1,
                   what="a reader")
    # A write to who has gone succeeds once.
    wait_until(lambda: subscribers(front, "leaving")["sse"] == 0,
               5 * front.time("heartbeat") + 5, "the going of a reader")
    return front.notices


@behaviour("a login guards publishing and administration")
def login(front):
    with front.another(publish="user", login=True) as other:
        assert other.get("/room/poll").status == 200, "readers need none"
        assert other.post("/room", b"x").status == 401
        status = other.get("/-/status").status
        assert status == 401, f"/-/status was answered {status}"
        assert other.get("/-/health").status == 200
        for who, code in (("ann:wrong", "401"), ("ann:secret", "201")):
            got = subprocess.run(
                ["curl", "-s", "--anyauth", "-u", who, "-d", "by ann", "-o",
                 "/dev/null", "-w", "%{http_code}", other.url + "/room"],
                capture_output=True, text=True, check=True).stdout
            assert got == code, (who, got)
        got = subprocess.run(
            ["curl", "-s", "--anyauth", "-u", "ann:secret",
             other.url + "/-/status"],
            capture_output=True, text=True, check=True).stdout
        assert "subscribers" in json.loads(got)
        message, = poll(other)["messages"]
        assert message["data"] == "by ann"
        if other.websocket:
            with other.socket("room", opened=False) as socket:
                assert socket.head.status == 401, socket.head


@behaviour("nobody names himself")
def unnamed(front):
    """What only the web server may say is thrown away where a client says
    it; without a login nobody is a user."""
    claims = {"Forwarded": 'for=1.1.1.1;remote_user="ann"',
              "Remote-User": "ann", "X-Remote-User": "ann",
              "Authorization": "Basic YW5uOnNlY3JldA=="}
    with front.another(publish="user") as other:
        publish(other, "x", headers=claims, status=403)
        if other.websocket:
            with other.socket("room", headers=claims) as socket:
                socket.send_json({"data": "x"})
                answer = socket.answer()
                assert answer.get("code") == "forbidden", answer
