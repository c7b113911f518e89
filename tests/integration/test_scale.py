"""Thousands of subscribers in one process, held by the record-level peer."""

import os
import pathlib
import time

import pytest

import processes
from crowd import Crowd
from processes import program
from wait import slow, wait_until

MANY = 10_000
KIB = 1024


@pytest.fixture
def start_crowd(directory):
    """start_crowd(earshot) starts a peer that holds many connections."""
    crowds = []

    def start_crowd(earshot):
        crowds.append(Crowd(earshot.address, directory))
        return crowds[-1]
    yield start_crowd
    for crowd in crowds:
        crowd.stop()


def memory(size):
    """A bound for resident memory: a sanitizer's shadow and quarantine have
    no bound worth testing, so there a leak is its own to find."""
    sanitized = b"__asan_init" in pathlib.Path(program()).read_bytes()
    return size * 1000 if sanitized else size


def cpu_seconds(pid):
    """The scheduler's time of all threads."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat") as file:
            total += int(file.read().split()[0])
    return total / 1e9


def switches(pid):
    """How often its threads were put on a core."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat") as file:
            total += int(file.read().split()[2])
    return total


def nobody_is_left(earshot):
    """Only the asking connection itself."""
    status = earshot.status()
    subscribers = status["subscribers"]
    return (subscribers["sse"] == 0 and subscribers["poll"] == 0
            and subscribers["behind"] == 0 and status["connections"] <= 1)


def test_ten_thousand_subscribers_cost_two_kib_each_and_hear_one_message(
        start, start_crowd):
    earshot = start(heartbeat=3600)
    empty = earshot.rss()
    crowd = start_crowd(earshot)
    crowd.open("all", MANY, timeout=60)
    each = (earshot.rss() - empty) / MANY
    assert each <= memory(2 * KIB), f"{each:.0f} bytes each"
    assert earshot.status()["subscribers"]["sse"] == MANY
    crowd.publish(1)
    report = crowd.wait("all", 1, timeout=60)
    assert report["messages"] == report["connections"] == MANY
    assert not report["repeats"] and not report["lost"]
    each = (earshot.rss() - empty) / MANY
    assert each <= memory(2 * KIB), f"{each:.0f} bytes each, once delivered"


def test_ten_thousand_long_polls_cost_two_kib_each_and_hear_one_message(
        start, start_crowd):
    earshot = start(heartbeat=3600, wait_max=600)
    empty = earshot.rss()
    crowd = start_crowd(earshot)
    crowd.open("all", MANY, path="/room/poll", kind="poll", timeout=60)
    wait_until(lambda: earshot.status()["subscribers"]["poll"] == MANY, 30,
               "all polls held")
    each = (earshot.rss() - empty) / MANY
    assert each <= memory(2 * KIB), f"{each:.0f} bytes each"
    crowd.publish(1)
    report = crowd.wait("all", 1, timeout=60)
    assert report["messages"] == report["connections"] == MANY
    assert not report["repeats"] and not report["lost"]


def test_an_idle_subscriber_is_no_work_between_heartbeats(
        start, start_crowd):
    earshot = start(heartbeat=3600)
    crowd = start_crowd(earshot)
    crowd.open("all", MANY, timeout=60)
    # What came with the subscribing, presence included, is over.
    time.sleep(1.5)
    seconds = 4
    used, woken = cpu_seconds(earshot.pid), switches(earshot.pid)
    time.sleep(seconds)
    used = cpu_seconds(earshot.pid) - used
    woken = switches(earshot.pid) - woken
    assert used < slow(0.002 * seconds), \
        f"{used:.4f} s of CPU in {seconds} s for {MANY} idle subscribers"
    # Four looks at the file a second, and a few wakings for housekeeping.
    assert woken < 20 * seconds, f"woken {woken} times in {seconds} s"


@pytest.mark.parametrize("path, kind", [("/room/sse", "sse"),
                                        ("/room/poll", "poll")])
def test_subscribers_who_come_and_go_leave_no_memory_behind(
        start, start_crowd, path, kind):
    earshot = start()
    crowd = start_crowd(earshot)
    words = {"path": path, "kind": kind, "at_once": 200, "timeout": 120}
    # The first ones grow what is kept for reuse.
    crowd.do("churn", "passing", count=10_000, **words)
    wait_until(lambda: nobody_is_left(earshot), 10, "nobody being left")
    before = earshot.rss()
    files = processes.descriptors(earshot.pid)
    report = crowd.do("churn", "passing", count=90_000, **words)
    assert report["opened"] == 100_000
    wait_until(lambda: nobody_is_left(earshot), 10, "nobody being left")
    grown = earshot.rss() - before
    assert grown <= memory(512 * KIB), f"{grown} bytes after 90,000"
    # One more may be the file in which presence is told, once a second.
    wait_until(lambda: processes.descriptors(earshot.pid) <= files + 1, 5,
               "the descriptors' being given back")


def test_held_long_polls_that_are_cut_leave_no_memory_behind(
        start, start_crowd):
    earshot = start()
    crowd = start_crowd(earshot)

    def come_and_go():
        crowd.open("held", 1000, path="/room/poll", kind="poll")
        wait_until(lambda: earshot.status()["subscribers"]["poll"] == 1000,
                   10, "the polls' being held")
        crowd.close("held")
        wait_until(lambda: nobody_is_left(earshot), 10, "nobody being left")

    come_and_go()
    before = earshot.rss()
    for _ in range(10):
        come_and_go()
    grown = earshot.rss() - before
    assert grown <= memory(512 * KIB), f"{grown} bytes after 10,000"


def test_thousands_of_connections_publish_at_once(start, start_crowd):
    earshot = start()
    crowd = start_crowd(earshot)
    crowd.open("readers", 10)
    report = crowd.publish(8000, clients=4000, timeout=60)
    assert report["answered"] == 8000 and report["failed"] == 0
    seen = crowd.wait("readers", 8000)
    assert seen["messages"] == 80_000
    assert not (seen["repeats"] or seen["disorder"] or seen["gaps"]
                or seen["lost"]), seen
    crowd.close("publishers")
    crowd.close("readers")
    wait_until(lambda: nobody_is_left(earshot), 10, "nobody being left")


def test_thousands_of_stuck_connections_keep_nobody_waiting(
        start, start_crowd):
    earshot = start(request_timeout=600)
    crowd = start_crowd(earshot)
    crowd.do("stuck", "stuck", count=5000, path="/room")
    crowd.open("readers", 100)
    crowd.publish(100)
    seen = crowd.wait("readers", 100)
    assert seen["messages"] == 10_000
    assert not (seen["repeats"] or seen["disorder"] or seen["gaps"]
                or seen["lost"]), seen
    assert crowd.report("stuck")["connections"] == 5000


def test_stuck_connections_are_closed_when_their_time_is_up(
        start, start_crowd):
    earshot = start(request_timeout=0.5, keep_idle=0.5)
    crowd = start_crowd(earshot)
    crowd.do("stuck", "stuck", count=2000, path="/room")
    wait_until(lambda: crowd.report("stuck")["connections"] == 0, 10,
               "the stuck connections' end")
    wait_until(lambda: nobody_is_left(earshot), 10, "nobody being left")
