"""Publishes that are many, or under way when the end comes, in both formats."""

import signal
import sqlite3

import pytest

from wait import holds_for, wait_until
from websocket import CLOSE, TEXT, frame, parted, raw_answers

COUNT = 300


@pytest.fixture
def hold(earshot):
    """Holds the queue's file as a foreign writer does; call it to let go."""
    writer = sqlite3.connect(earshot.queue, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")

    def let_go():
        if writer.in_transaction:
            writer.execute("ROLLBACK")
    yield let_go
    let_go()
    writer.close()


class Taken:
    """How many publishes the program has read; to ask is a request too."""

    def __init__(self, ws):
        self.ws = ws
        self.asked = ws.status()["requests"]

    def __call__(self):
        self.asked += 1
        return self.ws.status()["requests"] - self.asked


def test_a_flood_of_raw_publishes_is_taken_to_its_end(earshot, ws):
    with ws.socket(query="format=raw", raw=True) as socket:
        socket.send(b"".join(frame(TEXT, str(i)) for i in range(COUNT)))
        ids, got = raw_answers(socket, COUNT)
    assert [one.text for one in got] == [str(i) for i in range(COUNT)]
    assert earshot.data("room") == [str(i) for i in range(COUNT)]
    assert ids == [one["id"] for one in earshot.messages("room")]


def test_a_flood_of_publishes_is_answered_to_its_end(earshot, ws):
    with ws.socket() as socket:
        socket.send(b"".join(frame(TEXT, f'{{"data":"{i}","key":"k{i}"}}')
                             for i in range(COUNT)))
        keys = [socket.answer()["key"] for _ in range(COUNT)]
    assert keys == [f"k{i}" for i in range(COUNT)]
    assert earshot.data("room") == [str(i) for i in range(COUNT)]


def test_more_than_a_few_publishes_are_not_read_while_none_is_stored(
        earshot, ws, hold):
    """What a client has sent ahead waits in its socket, not in our memory."""
    with ws.socket() as socket:
        taken = Taken(ws)
        socket.send(b"".join(frame(TEXT, f'{{"data":"{i}"}}')
                             for i in range(COUNT)))
        wait_until(lambda: taken() == 8)
        holds_for(lambda: taken() == 8, 0.2)
        hold()
        ids = [socket.answer()["id"] for _ in range(COUNT)]
    assert len(set(ids)) == COUNT


@pytest.mark.parametrize("query", ["", "format=raw"])
def test_a_publish_under_way_at_the_stop_is_answered_before_the_close(
        earshot, ws, hold, query):
    with ws.socket(query=query, raw=bool(query)) as socket:
        sent = "last words" if query else '{"data":"last words","key":"k"}'
        taken = Taken(ws)
        socket.send(frame(TEXT, sent))
        wait_until(lambda: taken() == 1)
        ws.signal(signal.SIGTERM)
        wait_until(lambda: "stopping" in ws.log)
        hold()
        got = []
        while not got or got[-1].opcode != CLOSE:
            got.append(socket.next())
    assert got[-1].code == 1001
    (answer,), (message,) = parted(got[:-1])
    assert answer.json["id"] == earshot.messages("room")[0]["id"]
    assert "last words" in message.text
    assert earshot.data("room") == ["last words"]
