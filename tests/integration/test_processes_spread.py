"""Subscribers of several processes of one parent: evenly spread, whoever
accepts first, and nobody waits for a process that does not come."""

import os
import signal
import statistics
import time

import pytest

import family
from crowd import Crowd
from wait import slow

COUNT, PROCESSES = 400, 4


def assert_even(counts, bound=1.5):
    assert len(counts) == PROCESSES, counts
    mean = statistics.mean(counts.values())
    assert max(counts.values()) <= bound * mean, counts


@pytest.fixture
def parent(start):
    parent = start(processes=PROCESSES)
    family.all_serve(parent, PROCESSES)
    return parent


@pytest.fixture
def crowd(parent):
    with Crowd(parent.address, parent.directory) as crowd:
        yield crowd


def spread_of(parent, total):
    return family.settled(parent.queue, total, family.children(parent.pid))


def test_four_hundred_who_come_at_once_are_spread_evenly(parent, crowd):
    crowd.open("readers", COUNT)
    assert_even(spread_of(parent, COUNT))


def test_who_comes_one_after_the_other_is_spread_evenly(parent):
    streams = [parent.stream("room") for _ in range(40)]
    counts = spread_of(parent, 40)
    assert max(counts.values()) <= 10 + 5, counts
    for stream in streams:
        stream.close()


def test_those_of_a_killed_process_are_spread_evenly_when_they_return(
        parent, crowd):
    crowd.open("readers", COUNT)
    before = spread_of(parent, COUNT)
    killed = max(before, key=before.get)
    family.kill(killed)
    family.all_serve(parent, PROCESSES)
    crowd.open("returned", before[killed])
    after = spread_of(parent, COUNT)
    assert killed not in after
    assert_even(after)


def test_nobody_is_refused_while_another_process_has_room(start):
    room = 40
    parent = start(processes=PROCESSES, subscribers_max=room)
    family.all_serve(parent, PROCESSES)
    streams = [parent.stream("room") for _ in range(PROCESSES * room)]
    counts = spread_of(parent, len(streams))
    assert set(counts.values()) == {room}
    refused = parent.get("/room/sse")
    assert refused.status == 200 and b"--subscribers-max" in refused.body
    parent.publish("room", "x")
    for stream in streams:
        stream.close()


def test_long_polls_are_spread_too(parent):
    polls = [parent.peer() for _ in range(100)]
    for poll in polls:
        poll.send_request("GET", "/room/poll?wait=20")
    assert_even(spread_of(parent, 100))
    for poll in polls:
        poll.close()


def test_a_stopped_process_keeps_nobody_waiting(parent, crowd):
    """Also while it is the least loaded: its place is empty."""
    crowd.open("readers", COUNT)
    spread_of(parent, COUNT)
    family.kill(family.children(parent.pid)[0])
    pids = family.all_serve(parent, PROCESSES)
    newest = pids[-1]
    os.kill(newest, signal.SIGSTOP)
    try:
        took = []
        for i in range(20):
            began = time.monotonic()
            crowd.open(f"one-{i}", 1)
            took.append(time.monotonic() - began)
        assert max(took) < slow(2), took
        # Waited for each time it would cost each 50 ms; what is slow besides
        # may be the machine.
        assert sorted(took)[len(took) // 4] < 0.05, took
    finally:
        os.kill(newest, signal.SIGCONT)


def test_a_process_that_goes_on_again_gets_its_part(parent, crowd):
    pids = family.children(parent.pid)
    os.kill(pids[0], signal.SIGSTOP)
    crowd.open("without", 60)
    os.kill(pids[0], signal.SIGCONT)
    crowd.open("with", COUNT - 60)
    counts = spread_of(parent, COUNT)
    assert_even(counts)
    assert counts[pids[0]] > 50, counts


def test_publishing_goes_on_with_one_stopped(parent, crowd):
    os.kill(family.children(parent.pid)[1], signal.SIGSTOP)
    answer = crowd.publish(200, clients=8)
    assert answer["ok"], answer
    os.kill(family.children(parent.pid)[1], signal.SIGCONT)


def test_websockets_are_spread_evenly(start_ws):
    ws = start_ws(processes=PROCESSES)
    family.all_serve(ws, PROCESSES)
    sockets = [ws.socket() for _ in range(100)]
    counts = family.settled(ws.queue, 100, family.children(ws.pid))
    assert_even(counts)
    for socket in sockets:
        socket.drop()
