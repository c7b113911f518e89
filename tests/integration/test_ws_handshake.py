"""The opening handshake of RFC 6455, by section, and who is let in."""

import time

import pytest

import websocket
from test_wire import error
from test_wire_access import OWN, headers
from websocket import TEXT, Connection, Ended, frame, request_bytes
from wait import slow, wait_until

KEY = "dGhlIHNhbXBsZSBub25jZQ=="


def test_1_3_the_example_of_the_standard_is_answered_as_it_says(one_ws):
    with one_ws.socket(headers={"Sec-WebSocket-Key": KEY}) as socket:
        assert socket.head.headers["sec-websocket-accept"] == \
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        assert socket.head.lines[0] == b"HTTP/1.1 101 Switching Protocols"


def test_4_2_2_the_answer_has_each_header_once(one_ws):
    with one_ws.socket() as socket:
        names = [line.partition(b":")[0].lower()
                 for line in socket.head.lines[1:]]
    assert sorted(names) == sorted(set(names))
    assert {b"upgrade", b"connection", b"sec-websocket-accept"} <= set(names)
    assert b"content-length" not in names
    assert b"transfer-encoding" not in names


@pytest.mark.parametrize("sent", [
    {"Upgrade": "WebSocket"},
    {"Upgrade": "WEBSOCKET"},
    {"Connection": "upgrade"},
    {"Connection": "keep-alive, Upgrade"},
    {"Connection": "Upgrade,keep-alive"},
    {"Connection": ["keep-alive", "Upgrade"]},
    {"Connection": " keep-alive ,\tUPGRADE "},
    {"sec-websocket-key": KEY, "sec-websocket-version": "13"},
    {"Sec-WebSocket-Key": f"  {KEY}  "},
    {"Content-Length": "0"},
    {"User-Agent": "x" * 3000},
])
def test_4_2_1_values_are_tokens_in_lists_of_any_case(one_ws, sent):
    with one_ws.socket(headers=sent) as socket:
        assert socket.opening["event"] == "earshot.open"


@pytest.mark.parametrize("sent", [
    {"Upgrade": None},
    {"Upgrade": ""},
    {"Upgrade": "h2c"},
    {"Upgrade": "websocketx"},
    {"Upgrade": "web socket"},
    {"Connection": None},
    {"Connection": ""},
    {"Connection": "keep-alive"},
    {"Connection": "close"},
    {"Connection": "Upgraded"},
    {"Connection": "no-Upgrade"},
    {"Connection": "Up grade"},
    {"Upgrade": None, "Connection": None, "Sec-WebSocket-Key": None,
     "Sec-WebSocket-Version": None},
])
def test_4_2_1_without_upgrade_the_answer_names_it(one_ws, sent):
    """3 and 4: RFC 9110 15.5.22 wants Upgrade in a 426."""
    answer = one_ws.refused(headers=sent)
    assert answer.status == 426, answer
    assert answer.headers["upgrade"].lower() == "websocket"
    assert answer.headers["sec-websocket-version"] == "13"
    assert "upgrade" in answer.headers["connection"].lower()
    assert answer.json["error"] and answer.json["code"] == "upgrade"


@pytest.mark.parametrize("version", ["8", "7", "0", "14", "130", "1", "013x",
                                     "-13", "8, 7", "thirteen"])
def test_4_4_another_version_is_answered_with_ours(one_ws, version):
    answer = one_ws.refused(headers={"Sec-WebSocket-Version": version})
    assert answer.status == 426, answer
    assert answer.headers["sec-websocket-version"] == "13"


@pytest.mark.parametrize("version", [None, ""])
def test_4_2_1_6_without_a_version_it_is_refused(one_ws, version):
    answer = one_ws.refused(headers={"Sec-WebSocket-Version": version})
    assert answer.status in (400, 426)
    assert answer.headers["sec-websocket-version"] == "13"


@pytest.mark.parametrize("key", [
    None, "", "dGhlIHNhbXBsZQ==", "dGhlIHNhbXBsZSBub25jZSBub25jZQ==",
    "not base64 at all!!!!!!!", "dGhlIHNhbXBsZSBub25jZQ=",
    "dGhlIHNhbXBsZSBub25jZQ", "====================A===",
    "dGhlIHNhbXBsZSBub25jZ===", [KEY, KEY], "x" * 2000])
def test_4_2_1_5_a_key_is_sixteen_bytes_in_base64_once(one_ws, key):
    answer = one_ws.refused(headers={"Sec-WebSocket-Key": key})
    assert answer.status == 400, answer
    assert answer.json["code"] == "handshake"


def test_4_2_1_2_a_host_is_needed(one_ws):
    answer = one_ws.refused(host=None)
    assert answer.status == 400, answer


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_4_2_1_1_another_method_is_refused_and_told_which(one_ws, method):
    answer = one_ws.refused(method=method, headers={"Content-Length": "0"})
    assert answer.status == 405, answer
    assert "GET" in answer.headers["allow"]


def test_4_2_1_1_http_1_0_is_refused(one_ws):
    with Connection(one_ws.address) as connection:
        connection.send(request_bytes("/earshot/room/ws",
                                      version="HTTP/1.0"))
        deadline = connection.deadline()
        while connection.fill(deadline):
            pass
        assert connection.buffer.split(b" ")[1] in (b"400", b"426", b"505")


def test_9_1_extensions_and_protocols_offered_are_declined(one_ws):
    with one_ws.socket(headers={
            "Sec-WebSocket-Extensions":
                "permessage-deflate; client_max_window_bits, x-other",
            "Sec-WebSocket-Protocol": "chat, superchat"}) as socket:
        assert socket.opening    # check_head: neither is in the answer


def test_a_head_request_is_answered_at_once_without_a_body(one_ws):
    head = request_bytes("/earshot/room/ws", {"Upgrade": None,
                                              "Connection": None},
                         method="HEAD")
    with Connection(one_ws.address) as connection:
        connection.send(head)
        answer = connection.read_answer(with_body=False)
        assert answer.status == 426
        # Whatever came behind it would be taken for the next answer.
        connection.send(head.replace(b"HEAD", b"GET"))
        assert connection.read_answer().json["code"] == "upgrade"


def test_options_tell_the_methods(one_ws):
    answer = one_ws.call("OPTIONS", "/room/ws")
    assert answer.status in (200, 204)
    assert "GET" in answer.headers["allow"]


# As it may arrive

def test_a_handshake_may_come_byte_by_byte(one_ws):
    with one_ws.socket(split=[1]) as socket:
        assert socket.opening


@pytest.mark.parametrize("split", [None, [1], [3, 160, 1]])
def test_a_frame_right_behind_the_handshake_is_not_lost(one_ws, split):
    """A client may not send before it has the answer, but behind a proxy
    the two arrive together."""
    early = frame(TEXT, '{"data":"early"}') + frame(TEXT, '{"data":"two"}')
    with one_ws.socket("early", early=early, split=split) as socket:
        ids = [socket.answer()["id"], socket.answer()["id"]]
        assert [message["id"] for message in socket.take(2)] == ids


def test_half_a_frame_right_behind_the_handshake_is_not_lost(one_ws):
    whole = frame(TEXT, '{"data":"in two halves"}')
    for at in (1, 2, 5, 6, 7, len(whole) - 1):
        with one_ws.socket("halves", early=whole[:at]) as socket:
            socket.send(whole[at:])
            assert socket.answer()["event"] == "earshot.published"


def test_a_handshake_that_does_not_come_to_its_end_is_closed(start_ws):
    ws = start_ws(request_timeout=0.5)
    began = time.monotonic()
    with Connection(ws.address) as mute, Connection(ws.address) as half:
        half.send(request_bytes("/earshot/room/ws")[:-2])
        mute.wait_ended(5)
        half.wait_ended(5)
    assert time.monotonic() - began >= 0.4
    wait_until(lambda: ws.status()["connections"] <= 1)


def test_a_handshake_that_trickles_is_closed_too(start_ws):
    """A time limit for the whole of it, not for each byte."""
    ws = start_ws(request_timeout=1)
    began = time.monotonic()
    with Connection(ws.address) as trickling:
        data = request_bytes("/earshot/room/ws") + b"x" * 1000
        try:
            while time.monotonic() - began < slow(4):
                trickling.send(data[:1])
                data = data[1:]
                if not trickling.quiet(0.1):
                    break
        except OSError:
            pass
        else:
            trickling.wait_ended(1)
    assert time.monotonic() - began < slow(4)


def test_a_handshake_without_end_is_cut_off(one_ws):
    with Connection(one_ws.address) as connection:
        connection.send(request_bytes("/earshot/room/ws")[:-2])
        sent = 0
        try:
            while sent < 4 << 20:
                connection.send(b"X-More: " + b"x" * 8000 + b"\r\n")
                sent += 8010
        except OSError:
            pass
        assert sent < 4 << 20, "it has taken 4 MiB of headers"


@pytest.mark.parametrize("data", [
    b"\0" * 100, b"\x81\x80abcd", b"GET\r\n\r\n", b"\r\n\r\n\r\n",
    b"GET /room/ws HTTP/9.9\r\n\r\n", b"x" * 100000,
    b"GET " + b"/x" * 40000 + b" HTTP/1.1\r\n\r\n",
    b"GET /earshot/room/ws HTTP/1.1\r\nno colon here\r\n\r\n",
])
def test_what_is_no_http_is_refused_and_harms_nobody(one_ws, data):
    with Connection(one_ws.address) as connection:
        try:
            connection.send(data)
            connection.socket.shutdown(1)
            connection.wait_ended()
        except OSError:
            pass
    assert one_ws.get("/-/health").status == 200


def test_many_plain_requests_on_one_connection_and_then_a_handshake(one_ws):
    with Connection(one_ws.address) as connection:
        for _ in range(20):
            connection.send(b"GET /earshot/-/health HTTP/1.1\r\n"
                            b"Host: localhost\r\n\r\n")
            assert connection.read_answer().json["ready"] is True
        connection.send(request_bytes("/earshot/room/ws",
                                      {"Sec-WebSocket-Key": KEY}))
        answer = connection.read_answer()
        assert answer.status == 101
        assert answer.headers["sec-websocket-accept"] == \
            websocket.accept_of(KEY)


# What is asked for

@pytest.mark.parametrize("mount", ["", "/earshot", "/a/b/c", "/room/ws"])
def test_any_mount_point_will_do(one_ws, mount):
    with one_ws.socket("mounted", mount=mount) as socket:
        assert socket.publish("x")
    assert one_ws.get("/-/health", mount=mount).json["ready"] is True


@pytest.mark.parametrize("target", ["/earshot/room/nothing", "/ws", "/",
                                    "/earshot/room/ws/more", "/earshot"])
def test_an_unknown_path_is_not_found(one_ws, target):
    with Connection(one_ws.address) as connection:
        connection.send(request_bytes(target))
        error(connection.read_answer(), 404, "not_found")


@pytest.mark.parametrize("channel, query, code", [
    ("-room", "", "bad_channel"),
    ("r%20m", "", "bad_channel"),
    ("r%00m", "", "bad_encoding"),
    ("%ff", "", "bad_channel"),
    ("room,", "", "bad_channel"),
    ("a" * 129, "", "bad_channel"),
    (",".join(f"c{i}" for i in range(65)), "", "bad_channel"),
    ("room", "last=-1", "bad_last"),
    ("room", "last=x", "bad_last"),
    ("room", "last=1000000000", "bad_last"),
    ("room", "last=1&after=earliest", "bad_after"),
    ("room", "format=xml", "bad_format"),
    ("room", "format=", "bad_format"),
    ("room", "from=a%20b", "bad_from"),
    ("room", "from=" + "x" * 65, "bad_from"),
])
def test_a_bad_request_is_told_before_the_handshake(one_ws, channel, query,
                                                    code):
    error(one_ws.refused(channel, query), 400, code)


def test_channels_may_be_escaped(one_ws):
    with one_ws.socket("r%6F%6fm%2Cother") as socket:
        with one_ws.socket("room") as publisher:
            id = publisher.publish("x")
        message, = socket.take(1)
        assert (message["id"], message["channel"]) == (id, "room")


# From which pages

OURS = [
    (OWN, {}),
    (OWN, headers(f"http://{OWN}")),
    (OWN, headers(f"https://{OWN}")),
    (OWN, headers(f"http://{OWN.upper()}")),
    ("LocalHost:8080", headers(f"http://{OWN}")),
    ("example.org", headers("http://example.org:80")),
    ("example.org:443", headers("https://example.org")),
    ("[::1]:8080", headers("http://[::1]:8080")),
    ("behind.proxy", headers(f"http://{OWN}",
                             Sec_Fetch_Site="same-origin")),
    # What a web server in front may have done with Host.
    ("127.0.0.1:9001", headers("https://chat.example",
                               X_Forwarded_Host="chat.example")),
    ("127.0.0.1:9001", headers("https://chat.example",
                               X_Forwarded_Host="chat.example, inner")),
]


@pytest.mark.parametrize("host, sent", OURS)
def test_10_2_our_own_site_is_let_in(one_ws, host, sent):
    with one_ws.socket("own", headers=sent, host=host) as socket:
        assert socket.publish("x")


@pytest.mark.parametrize("host, sent", [
    (OWN, headers("https://evil.example")),
    (OWN, headers("null")),
    (OWN, headers("http://localhost:8081")),
    (OWN, headers("http://localhost:8080.evil.example")),
    (OWN, headers("http://localhost:8080@evil.example")),
    (OWN, headers("nonsense")),
    (OWN, headers("http://")),
    (OWN, headers("https://evil.example", Sec_Fetch_Site="cross-site")),
    (OWN, headers("https://evil.example", Sec_Fetch_Site="same-site")),
    ("127.0.0.1:9001", headers("https://chat.example")),
    ("127.0.0.1:9001", headers("https://evil.example",
                               X_Forwarded_Host="chat.example")),
    ("127.0.0.1:9001", headers("https://inner.example",
                               X_Forwarded_Host="chat.example, "
                                                "inner.example")),
    # 4.1, 8: a page cannot leave it out, and not say it twice.
    (OWN, {"Origin": [f"http://{OWN}", "https://evil.example"]}),
])
def test_10_2_a_foreign_page_is_refused_before_the_handshake(one_ws, host,
                                                             sent):
    answer = one_ws.refused("foreign", headers=sent, host=host)
    if isinstance(sent["Origin"], list):
        assert answer.status in (400, 403)
        return
    text = error(answer, 403, "origin").json["error"]
    assert "--origin" in text
    assert sent["Origin"] in text
    assert one_ws.held() == 0


@pytest.mark.parametrize("option, origin, allowed", [
    ("https://a.example,https://b.example:8443", "https://a.example", True),
    ("https://a.example,https://b.example:8443", "https://b.example:8443",
     True),
    ("https://a.example", "https://a.example.evil.example", False),
    ("https://a.example", "null", False),
    ("*", "https://anything.example", True),
])
def test_an_allowed_foreign_origin_is_let_in(start_ws, option, origin,
                                             allowed):
    ws = start_ws(origin=option)
    if allowed:
        with ws.socket(headers=headers(origin)) as socket:
            assert socket.publish("x")
    else:
        error(ws.refused(headers=headers(origin)), 403, "origin")


# Who may ask how it is

def test_health_and_status_are_told(one_ws):
    assert one_ws.get("/-/health").json["ready"] is True
    with one_ws.socket("told"):
        wait_until(lambda: one_ws.held() == 1)
    wait_until(lambda: one_ws.held() == 0)


def test_the_status_is_for_loopback_only(start_ws):
    """A Unix socket's peer is the web server: whom it serves it says."""
    ws = start_ws()
    forwarded = {"X-Forwarded-For": "203.0.113.5"}
    error(ws.get("/-/status", forwarded), 403, "forbidden")
    forwarded = {"X-Forwarded-For": "127.0.0.1, 203.0.113.5"}
    error(ws.get("/-/status", forwarded), 403, "forbidden")
    forwarded = {"X-Forwarded-For": "203.0.113.5, 127.0.0.1"}
    assert ws.get("/-/status", forwarded).status == 200


def test_a_connection_cut_in_the_handshake_is_forgotten(one_ws):
    data = request_bytes("/earshot/room/ws")
    for at in range(0, len(data) + 1, 7):
        with Connection(one_ws.address) as connection:
            connection.send(data[:at])
    wait_until(lambda: one_ws.held() == 0)
    wait_until(lambda: one_ws.status()["connections"] <= 1)


def test_an_answer_in_the_handshake_ends_the_connection_or_serves_on(one_ws):
    """A refused handshake leaves a connection that is usable HTTP."""
    with Connection(one_ws.address) as connection:
        connection.send(request_bytes("/earshot/-room/ws"))
        first = connection.read_answer()
        assert first.status == 400
        try:
            connection.send(request_bytes("/earshot/-room/ws"))
            assert connection.read_answer().status == 400
        except Ended:
            assert first.headers.get("connection", "").lower() == "close"
