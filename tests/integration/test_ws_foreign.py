"""Clients that others have written: Python's websockets, and Node's ws.
(Chromium's is in tests/browser.) Directly, and through lighttpd."""

import asyncio
import base64
import json
import os
import pathlib
import subprocess

import pytest
import websockets

import npm
from processes import surroundings
from wait import slow, wait_until
from websocket import ids_and_messages

SCRIPT = pathlib.Path(__file__).parents[1] / "support/ws-client.mjs"
NODE = os.environ.get("NODE", "node")


@pytest.fixture(params=["directly", "through lighttpd"])
def site(request, start, start_ws, start_lighttpd):
    """An earshot.fcgi, and where a client reaches earshot-ws."""
    from earshot import free_port
    earshot = start()
    if request.param == "directly":
        earshot.port = free_port()
        ws = start_ws(listen=f"127.0.0.1:{earshot.port}", heartbeat=0.5)
    else:
        ws = start_ws(heartbeat=0.5)
        web = start_lighttpd(sockets=[earshot.address], ws=ws.address)
        earshot.port = web.port
    earshot.ws = ws
    earshot.url = f"ws://127.0.0.1:{earshot.port}/earshot"
    earshot.origin = f"http://127.0.0.1:{earshot.port}"
    return earshot


# Python

def with_python(work):
    asyncio.run(asyncio.wait_for(work, slow(60)))


async def received(socket):
    return json.loads(await asyncio.wait_for(socket.recv(), slow(10)))


def test_python_follows_and_publishes(site):
    async def work():
        async with websockets.connect(
                site.url + "/room/ws?from=py", origin=site.origin) as socket:
            opening = await received(socket)
            assert opening["event"] == "earshot.open"
            texts = ["", "grüß dich €𝄞", "x" * 60000] + list("0123456789")
            for at, text in enumerate(texts):
                await socket.send(json.dumps({"data": text,
                                              "key": f"key-{at}"}))
            ids, messages = ids_and_messages(
                [await received(socket) for _ in range(2 * len(texts))])
            assert [m["data"] for m in messages] == texts
            assert [m["id"] for m in messages] == ids
            assert messages == site.messages("room")
            await asyncio.wait_for(await socket.ping("are you there"),
                                   slow(5))
            await socket.close(1000, "thank you")
            assert socket.close_code == 1000
    with_python(work())
    wait_until(lambda: site.ws.held() == 0)


def test_python_sends_fragments_and_is_kept_by_its_pongs(site):
    async def work():
        async with websockets.connect(site.url + "/room/ws") as socket:
            await received(socket)

            async def parts():
                for part in ('{"da', 'ta":"in ', "", 'three é"}'):
                    yield part
                    await asyncio.sleep(0.02)
            await socket.send(parts())
            kinds = {(await received(socket))["event"] for _ in range(2)}
            assert kinds == {"earshot.published", "message"}
            await asyncio.sleep(2.5)    # five heartbeats
            await socket.send('{"data":"still here"}')
            assert (await received(socket))["event"]
    with_python(work())
    assert site.data("room") == ["in three é", "still here"]


def without_answers(received):
    """The bare messages: an answer is a text of Earshot's own."""
    return [one for one in received if not (
        isinstance(one, str) and one.startswith('{"event":"earshot.'))]


def test_python_speaks_raw(site):
    async def work():
        async with websockets.connect(
                site.url + "/room/ws?format=raw") as socket:
            await socket.send("text é")
            await socket.send(b"\0\xff")
            got = [await asyncio.wait_for(socket.recv(), slow(10))
                   for _ in range(4)]
            assert without_answers(got) == ["text é", b"\0\xff"]
    with_python(work())


def test_python_is_told_why_it_is_refused(site):
    async def work():
        for more, status in (({"origin": "https://evil.example"}, 403),
                             ({}, 400)):
            query = "" if more else "?last=x"
            with pytest.raises(websockets.InvalidStatusCode) as refused:
                await websockets.connect(site.url + "/room/ws" + query,
                                         **more)
            assert refused.value.status_code == status
    with_python(work())


def test_python_is_told_that_the_server_stops(site):
    async def work():
        async with websockets.connect(site.url + "/room/ws") as socket:
            await received(socket)
            site.ws.stop()
            with pytest.raises(websockets.ConnectionClosed) as closed:
                while True:
                    await received(socket)
            assert closed.value.rcvd.code == 1001
            assert closed.value.rcvd.reason
    with_python(work())


def test_a_hundred_of_python_hear_the_same(site):
    async def work():
        sockets = [await websockets.connect(site.url + "/room/ws")
                   for _ in range(100)]
        for socket in sockets:
            await received(socket)
        for i in range(10):
            await sockets[i].send(json.dumps({"data": str(i)}))
        orders = []
        for socket in sockets:
            order = []
            while len(order) < 10:
                got = await received(socket)
                if "channel" in got:
                    order.append(got["id"])
            orders.append(order)
        assert all(order == orders[0] for order in orders)
        for socket in sockets:
            await socket.close()
    with_python(work())


# Node

class Node:
    """A Node.js process with one WebSocket of the package `ws`."""

    def __init__(self, directory):
        self.process = subprocess.Popen(
            [NODE, SCRIPT, npm.node_modules()], text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env=surroundings(directory))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(slow(5))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def do(self, **command):
        self.process.stdin.write(json.dumps(command) + "\n")
        return json.loads(self.process.stdout.readline())

    def next(self):
        """What came, Pings aside: `ws` has answered them."""
        while "ping" in (got := self.do(next=True)):
            pass
        return got

    def json(self):
        return json.loads(self.next()["text"])


@pytest.fixture
def node(directory):
    with Node(directory) as node:
        yield node


def test_node_follows_and_publishes(site, node):
    head = node.do(open=site.url + "/room/ws?from=node",
                   options={"origin": site.origin})["open"]
    assert "sec-websocket-extensions" not in head
    assert node.json()["event"] == "earshot.open"
    texts = ["", "grüß dich €𝄞", "x" * 60000] + list("0123456789")
    for text in texts:
        node.do(send=json.dumps({"data": text}))
    ids, messages = ids_and_messages(
        [node.json() for _ in range(2 * len(texts))])
    assert [m["data"] for m in messages] == texts
    assert [m["id"] for m in messages] == ids
    assert messages == site.messages("room")
    node.do(ping="are you there")
    assert node.next() == {"pong": "are you there"}
    node.do(close=1000)
    assert node.next()["close"] == 1000
    wait_until(lambda: site.ws.held() == 0)


def test_node_offers_to_compress_and_is_content_without(site, node):
    node.do(open=site.url + "/room/ws", options={"perMessageDeflate": True})
    assert node.json()["event"] == "earshot.open"
    node.do(send=json.dumps({"data": "x" * 5000}))
    assert {node.json()["event"] for _ in range(2)} == \
        {"earshot.published", "message"}


def test_node_speaks_raw(site, node):
    node.do(open=site.url + "/room/ws?format=raw")
    node.do(send="text é")
    node.do(binary=base64.b64encode(b"\0\xff").decode())
    got = [node.next() for _ in range(4)]
    assert [one for one in got if "published" not in one.get("text", "")] \
        == [{"text": "text é"}, {"binary": "AP8="}]


def test_node_is_told_why_it_is_refused(site, node):
    assert node.do(open=site.url + "/room/ws", options={
        "origin": "https://evil.example"}) == {"refused": 403}


def test_node_is_told_that_the_server_stops(site, node):
    node.do(open=site.url + "/room/ws")
    assert node.json()["event"] == "earshot.open"
    site.ws.stop()
    got = node.next()
    assert got["close"] == 1001 and got["reason"]
