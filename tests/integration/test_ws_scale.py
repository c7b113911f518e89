"""Thousands of WebSockets in one process."""

import select
import time

import pytest

import processes
from test_scale import KIB, cpu_seconds, memory, switches
from wait import slow, wait_until
from websocket import PING, PONG, WebSocket, frame

MANY = 5_000


@pytest.fixture
def crowd():
    """Many sockets, dropped at the end."""
    opened = []
    yield opened
    for socket in opened:
        socket.drop()


def fill(crowd, ws, count, **more):
    for _ in range(count):
        crowd.append(ws.socket(timeout=60, **more))


def nobody_is_left(ws):
    return ws.held() == 0 and ws.status()["connections"] <= 1


def each(ws, empty, count):
    return (ws.rss() - empty) / count


def test_five_thousand_at_once_hear_one_message(start, start_ws, crowd):
    earshot = start()
    ws = start_ws(heartbeat=3600)
    empty = ws.rss()
    files = processes.descriptors(ws.pid)
    fill(crowd, ws, MANY)
    idle = each(ws, empty, MANY)
    print(f"{idle:.0f} bytes each, idle")
    assert ws.held() == MANY
    assert processes.descriptors(ws.pid) - files <= MANY + 10
    assert idle <= memory(4 * KIB), f"{idle:.0f} bytes each"
    wait_until(lambda: earshot.info("room")["subscribers"]["ws"] == MANY)
    began = time.monotonic()
    id = earshot.publish("room", "x")
    for socket in crowd:
        assert socket.take(1, timeout=60)[0]["id"] == id
    print(f"{time.monotonic() - began:.2f} s until all had read it")
    heard = each(ws, empty, MANY)
    print(f"{heard:.0f} bytes each, once delivered")
    assert heard <= memory(4 * KIB), f"{heard:.0f} bytes each"
    for socket in crowd:
        socket.drop()
    wait_until(lambda: nobody_is_left(ws), 10, "nobody being left")
    wait_until(lambda: processes.descriptors(ws.pid) <= files + 2, 5,
               "the descriptors' being given back")


def test_each_of_a_thousand_may_publish(start_ws, crowd):
    ws = start_ws(heartbeat=3600)
    fill(crowd, ws, 1000)
    reader = ws.socket(timeout=60)
    for at, socket in enumerate(crowd):
        socket.send_json({"data": str(at), "key": f"k{at}"})
    ids = {}
    for at, socket in enumerate(crowd):
        answer = socket.answer(60)
        assert answer["key"] == f"k{at}"
        ids[answer["id"]] = str(at)
    got = reader.take(1000, timeout=60)
    assert {m["id"]: m["data"] for m in got} == ids
    reader.drop()


def test_idle_ones_are_no_work_between_heartbeats(start_ws, crowd):
    ws = start_ws(heartbeat=3600)
    fill(crowd, ws, 2000)
    # What came with their coming, presence included, is over.
    time.sleep(1.5)
    seconds = 4
    used, woken = cpu_seconds(ws.pid), switches(ws.pid)
    time.sleep(seconds)
    used = cpu_seconds(ws.pid) - used
    woken = switches(ws.pid) - woken
    assert used < slow(0.002 * seconds), f"{used:.4f} s of CPU"
    assert woken < 20 * seconds, f"woken {woken} times"


def test_heartbeats_of_two_thousand_are_cheap(start_ws, crowd):
    # Long enough for nobody to be silent while the others come.
    ws = start_ws(heartbeat=slow(3))
    fill(crowd, ws, 2000)
    poll = select.poll()
    by_number = {socket.socket.fileno(): socket for socket in crowd}
    for number in by_number:
        poll.register(number, select.POLLIN)
    used, began, pings = cpu_seconds(ws.pid), time.monotonic(), 0
    answer = frame(PONG)
    while time.monotonic() - began < slow(6):
        for number, _ in poll.poll(100):
            socket = by_number[number]
            got = socket.read_frame()
            assert got is not None and got.opcode == PING
            socket.send(answer)
            pings += 1
    used = cpu_seconds(ws.pid) - used
    assert ws.held() == 2000
    assert pings > 2000
    print(f"{1e6 * used / pings:.1f} µs of CPU for a Ping and its Pong")
    assert used / pings < slow(100e-6)


@pytest.mark.parametrize("how", ["close", "drop", "reset", "unread"])
def test_who_comes_and_goes_leaves_no_memory_behind(start, start_ws, how):
    earshot, ws = start(), start_ws(subscribers_max=100000)

    def churn(count):
        for _ in range(count // 50):
            sockets = [WebSocket(ws.address, "/earshot/room/ws",
                                 opened=False) for _ in range(50)]
            if how == "unread":
                earshot.publish("room", "x" * 1000)
            for socket in sockets:
                if how == "close":
                    socket.send_close()
                    socket.wait_ended()
                elif how == "reset":
                    socket.reset()
                else:
                    socket.drop()
        wait_until(lambda: nobody_is_left(ws), 10, "nobody being left")

    churn(2000)     # grows what is kept for reuse
    before = ws.rss()
    files = processes.descriptors(ws.pid)
    churn(10000)
    grown = ws.rss() - before
    assert grown <= memory(512 * KIB), f"{grown} bytes after 10,000"
    wait_until(lambda: processes.descriptors(ws.pid) <= files + 1, 5)


def test_refused_handshakes_leave_no_memory_behind(start_ws):
    ws = start_ws()

    def churn(count):
        for i in range(count):
            ws.refused("room", "" if i % 2 else "last=x",
                       {"Sec-WebSocket-Key": "x"} if i % 2 else None)
    churn(500)
    before = ws.rss()
    churn(4000)
    wait_until(lambda: nobody_is_left(ws))
    grown = ws.rss() - before
    assert grown <= memory(512 * KIB), f"{grown} bytes after 4,000"
