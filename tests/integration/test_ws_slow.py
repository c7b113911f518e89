"""Slow readers over WebSocket: the queue is the buffer here as well."""

import json
import re
import time

import pytest

from test_slow import (LINES, MEGABYTES, NDJSON, READERS, SIZE, SLOW, flood,
                       settled)
from wait import slow, wait_until
from websocket import PONG


class Reader:
    """A WebSocket that can stop reading, and checks what it reads without
    keeping it: numbers in order, and whether it was told of a loss."""

    def __init__(self, ws, query="", channel="room", receive_buffer=None):
        self.socket = ws.socket(channel, query, timeout=60,
                                receive_buffer=receive_buffer)
        self.numbers = []
        self.lost_at = []

    def read(self, last, timeout=60):
        while not self.numbers or self.numbers[-1] < last:
            self.one(timeout)

    def one(self, timeout=60):
        got = self.socket.next(timeout).json
        if got["event"] == "earshot.lost":
            self.lost_at.append(len(self.numbers))
        else:
            assert len(got["data"]) == SIZE or got["data"][-1] == ">"
            self.numbers.append(int(re.match(r"<(\d{8})>",
                                             got["data"])[1]))

    def close(self):
        self.socket.drop()


@pytest.fixture
def readers():
    opened = []
    yield opened
    for reader in opened:
        reader.close()


@pytest.fixture
def many_kept(start, start_ws):
    """Both programs, with limits that a flood does not reach."""
    return start(), start_ws(stall_timeout=600)


def stalled(earshot, ws, readers, count):
    """What the endpoint's memory grows by while so many do not read."""
    warm = Reader(ws)
    flood(earshot, 20)
    warm.read(20 * 1000000 // SIZE - 1)
    warm.close()
    readers += [Reader(ws) for _ in range(count)]
    before = ws.rss()
    published = flood(earshot, MEGABYTES)
    wait_until(lambda: ws.status()["subscribers"]["behind"] == count, 20,
               "everyone to be behind")
    return published, ws.grew_by(before)


def test_a_hundred_who_stop_reading_cost_64_kib_each_and_miss_nothing(
        many_kept, readers):
    earshot, ws = many_kept
    published, growth = stalled(earshot, ws, readers, SLOW)
    print(f"{growth / SLOW / 1024:.1f} KiB each")
    assert growth <= SLOW * 65536, f"{growth / SLOW / 1024:.1f} KiB each"
    for reader in readers[READERS:]:
        reader.close()
    for reader in readers[:READERS]:
        reader.read(published - 1)
        assert reader.numbers == list(range(published))
        assert reader.lost_at == []
    earshot.publish("room", "<99999999>")
    for reader in readers[:READERS]:
        reader.read(99999999)
        assert len(reader.numbers) == published + 1


def test_who_is_overtaken_by_pruning_is_told_once_and_goes_on(
        start, start_ws, readers):
    kept = 200
    earshot = start(keep_messages=kept)
    ws = start_ws(stall_timeout=600, keep_messages=kept)
    published, growth = stalled(earshot, ws, readers, 20)
    # Whoever prunes keeps SQLite's pages for it, once: that is 4 MiB.
    assert growth <= 20 * 65536 + (5 << 20), f"{growth >> 10} KiB"
    left = settled(earshot, kept * 1.06)
    for reader in readers:
        reader.read(published - 1)
        assert len(reader.lost_at) == 1, reader.lost_at
        before = reader.numbers[:reader.lost_at[0]]
        after = reader.numbers[reader.lost_at[0]:]
        assert before == list(range(len(before))), "what came before it"
        assert after == list(range(published - left, published)), \
            "everything that was kept, in order, once"


def test_a_slow_one_keeps_nobody_waiting(many_kept, readers):
    earshot, ws = many_kept
    readers += [Reader(ws) for _ in range(20)]
    with ws.socket("room", timeout=30) as quick:
        count = flood(earshot, 30)
        assert len(quick.take(count)) == count
        began = time.monotonic()
        id = earshot.publish("room", "<00000000>")
        assert quick.take(1)[0]["id"] == id
        assert time.monotonic() - began < slow(1)


def test_who_takes_nothing_for_too_long_is_cut_off(start, start_ws,
                                                   readers):
    """His place is in his cursor; his connection is not kept for ever."""
    earshot, ws = start(), start_ws(stall_timeout=1, heartbeat=0.3)
    readers.append(Reader(ws))
    flood(earshot, 20)
    wait_until(lambda: ws.held() == 0, 10, "his being cut off")
    assert "took nothing for too long" in ws.log
    flood(earshot, 1)


def test_who_reads_slowly_but_steadily_is_not_stalled(start, start_ws):
    earshot = start(message_max=1 << 20)
    ws = start_ws(message_max=1 << 20, stall_timeout=1, heartbeat=60)
    earshot.publish("room", "x" * (1 << 20))
    with ws.socket("room", receive_buffer=4096) as socket:
        cursor = socket.cursor
    number = int(cursor.split("-")[0])
    earlier = f"{number - 1}-{cursor.split('-')[1]}"
    with ws.socket("room", f"after={earlier}",
                   receive_buffer=4096) as socket:
        while len(socket.buffer) < 1 << 20:
            data = socket.socket.recv(80000)
            assert data, f"closed after {len(socket.buffer)} bytes"
            socket.buffer += data
            time.sleep(0.25)    # some three seconds in all
        assert len(socket.next().json["data"]) == 1 << 20


def test_pings_to_a_slow_one_do_not_gather(start, start_ws):
    """Nor is a Ping put into the middle of a frame that is half sent."""
    earshot = start()
    ws = start_ws(heartbeat=0.2, stall_timeout=600)
    began = time.monotonic()
    with ws.socket("room", receive_buffer=4096, timeout=30) as socket:
        count = flood(earshot, 12)
        wait_until(lambda: ws.status()["subscribers"]["behind"] == 1)
        flowed = time.monotonic() - began
        # It answers Pings unseen, so as to be no silent one, and reads
        # nothing for the time of many heartbeats.
        for _ in range(40):
            socket.send_frame(PONG)
            time.sleep(0.1)
        began = time.monotonic()
        got = socket.take(count)
        flowed += time.monotonic() - began
        assert [int(m["data"][1:9]) for m in got] == list(range(count))
        # At most one that waited, and those of the time in which it flowed.
        assert len(socket.pings) <= 1 + flowed / 0.16, "they have gathered"


def test_a_slow_publisher_is_answered_in_the_end(start, start_ws):
    """His answers wait while he reads nothing, and none is lost."""
    earshot, ws = start(), start_ws(stall_timeout=600)
    with ws.socket("room", receive_buffer=4096, timeout=60) as socket:
        flood(earshot, 8)
        for i in range(3):
            socket.send_json({"data": f"<{i:08d}>", "key": f"k{i}"})
        keys = [socket.answer()["key"] for _ in range(3)]
        assert keys == ["k0", "k1", "k2"]


def test_followers_of_a_channel_of_one_message_are_told_each_loss(
        start, start_ws):
    earshot, ws = start(keep_messages=1), start_ws(keep_messages=1)
    count = 3000
    sockets = [ws.socket("room", timeout=60, receive_buffer=4096)
               for _ in range(4)]
    with earshot.peer(timeout=30) as peer:
        for at in range(0, count, LINES):
            answer = peer.request("POST", "/room", NDJSON, "".join(
                json.dumps({"data": f"{i}" + " " * 2000}) + "\n"
                for i in range(at, min(at + LINES, count))), keep=True)
            assert answer.status == 201
    told = 0
    for socket in sockets:
        before, lost = -1, False
        while before < count - 1:
            got = socket.next().json
            if got["event"] == "earshot.lost":
                assert not lost, "told twice of one loss"
                lost = True
                told += 1
                continue
            number = int(got["data"])
            assert number > before, "out of order or twice"
            assert (number > before + 1) == lost, (before, number, lost)
            before, lost = number, False
        socket.drop()
    assert told > 0, "nobody was overtaken: the test has shown nothing"
