"""WebSocket through a real lighttpd, at the address of the other
approaches."""

import os
import signal
import threading
import time

import pytest

from wait import slow, wait_until
from websocket import BINARY, PING, TEXT, fragments, frame, raw_answers


@pytest.fixture
def site(start, start_ws, start_lighttpd):
    """lighttpd before one earshot.fcgi and one earshot-ws."""
    earshot, ws = start(), start_ws()
    web = start_lighttpd(sockets=[earshot.address], ws=ws.address)
    web.earshot, web.endpoint = earshot, ws
    return web


def test_all_approaches_have_one_address_and_one_order(site):
    with site.socket("room") as socket, site.stream("room") as stream:
        ids = []
        for i in range(50):
            ids.append(site.post("/room", f"post {i}").json["id"])
            ids.append(socket.publish(f"ws {i}"))
        assert [m["id"] for m in socket.take(100)] == ids
        assert [event.id for event in stream.take(100)] == ids
    page = site.get(f"/room/poll?after={ids[90]}").json
    assert [m["id"] for m in page["messages"]] == ids[91:]


@pytest.mark.parametrize("split", [None, [1]])
def test_a_page_of_the_site_is_let_in_and_a_foreign_one_is_not(site, split):
    for host in (f"127.0.0.1:{site.port}", f"localhost:{site.port}",
                 "chat.example"):
        with site.socket(headers={"Origin": f"http://{host}"}, host=host,
                         split=split) as socket:
            assert socket.publish("x")
    with site.socket(headers={"Origin": "https://evil.example"},
                     opened=False) as socket:
        assert socket.head.status == 403
        assert socket.head.json["code"] == "origin"


def test_a_client_cannot_say_for_which_host_lighttpd_asked(site):
    """What a page's fetch cannot set, a client of another kind may; lighttpd
    overwrites it."""
    with site.socket(headers={"Origin": "https://evil.example",
                              "X-Forwarded-Host": "evil.example"},
                     opened=False) as socket:
        assert socket.head.status == 403


def test_several_channels_and_escapes_pass(site):
    with site.socket("a%2Cb") as one, site.socket("a,b") as two:
        id = site.post("/b", "x").json["id"]
        assert one.take(1)[0]["id"] == two.take(1)[0]["id"] == id


def test_frames_of_every_kind_and_size_pass_both_ways(site):
    with site.socket("room") as socket, \
            site.socket("raw", "format=raw", raw=True) as raw:
        for size in (0, 1, 125, 126, 60000):
            assert socket.publish("x" * size)
            assert len(socket.take(1)[0]["data"]) == size
        socket.send_split(fragments(TEXT, '{"data":"in parts"}', 3), 2)
        assert socket.answer()["event"] == "earshot.published"
        assert socket.take(1)[0]["data"] == "in parts"
        socket.send(frame(PING, b"through"))
        socket.wait_pong("through")
        raw.send(frame(BINARY, bytes(range(256))))
        _, got = raw_answers(raw, 1)
        assert got[0].payload == bytes(range(256))
        assert socket.close(1000).code == 1000


@pytest.mark.parametrize("how", ["close", "drop", "reset"])
def test_a_going_is_noticed_at_once_through_lighttpd(site, how):
    socket = site.socket()
    wait_until(lambda: site.endpoint.held() == 1)
    getattr(socket, how)()
    wait_until(lambda: site.endpoint.held() == 0, 2)


def test_a_going_is_noticed_while_messages_flow(site):
    """The most usual moment."""
    stopping = threading.Event()

    def publish():
        while not stopping.is_set():
            site.earshot.publish("room", "x" * 500)
    thread = threading.Thread(target=publish)
    thread.start()
    try:
        for how in ("drop", "reset", "close") * 5:
            socket = site.socket()
            socket.take(3)
            getattr(socket, how)()
            wait_until(lambda: site.endpoint.held() == 0, 3)
    finally:
        stopping.set()
        thread.join()


def test_a_slow_reader_behind_lighttpd_is_bounded_and_misses_nothing(site):
    text = "x" * 60000
    with site.socket("room", receive_buffer=4096, timeout=60) as slow_one, \
            site.socket("room", timeout=60) as quick:
        ids = [site.earshot.publish("room", text) for _ in range(400)]
        assert [m["id"] for m in quick.take(400)] == ids
        wait_until(lambda:
                   site.endpoint.status()["subscribers"]["behind"] == 1)
        # All that a flood needs is there now, SQLite's pages among it: what
        # is published more costs nothing more.
        before = site.endpoint.rss()
        ids += [site.earshot.publish("room", text) for _ in range(400)]
        assert [m["id"] for m in quick.take(400)] == ids[400:]
        assert site.endpoint.grew_by(before) < 5 << 20, "of 24 MB"
        assert [m["id"] for m in slow_one.take(800)] == ids


def test_a_killed_endpoint_is_back_and_clients_resume(site, started):
    with site.socket() as socket:
        cursor = socket.publish("before")
        site.endpoint.kill()
        socket.wait_ended(3)
    with site.socket(opened=False) as socket:
        assert socket.head.status in (500, 502, 503)
    missed = site.post("/room", "meanwhile").json["id"]
    site.endpoint.start()

    def resumed():
        try:
            with site.socket(query=f"after={cursor}") as socket:
                return socket.take(1)[0]["id"]
        except AssertionError:
            return None     # lighttpd has not noticed yet
    assert wait_until(resumed, 10, every=0.1) == missed


def test_its_stop_is_told_through_lighttpd(site):
    with site.socket() as one, site.socket() as two:
        site.endpoint.stop()
        for socket in (one, two):
            got = socket.wait_close()
            assert got.code == 1001 and got.reason


def test_a_graceful_reload_of_lighttpd_is_survived_by_the_cursor(site):
    with site.socket() as socket:
        cursor = socket.publish("before")
        os.kill(site.pid, signal.SIGUSR1)
        try:
            assert socket.take(1)[0]["id"] == cursor
            id = socket.publish("after")    # old connections go on, or end
        except (AssertionError, ConnectionError, OSError):
            id = wait_until(lambda: site.post("/room", "after"), 10
                            ).json["id"]

    def resumed():
        try:
            with site.socket(query=f"after={cursor}") as again:
                return again.take(1)[0]["id"]
        except (AssertionError, OSError):
            return None
    assert wait_until(resumed, 15, every=0.1) == id


def test_five_hundred_behind_lighttpd(start, start_ws, start_lighttpd):
    earshot, ws = start(), start_ws()
    web = start_lighttpd(sockets=[earshot.address], ws=ws.address)
    sockets = [web.socket(timeout=30) for _ in range(500)]
    began = time.monotonic()
    id = earshot.publish("room", "x")
    for socket in sockets:
        assert socket.take(1, timeout=30)[0]["id"] == id
    assert time.monotonic() - began < slow(5)
    for socket in sockets:
        socket.drop()
    wait_until(lambda: ws.held() == 0)
