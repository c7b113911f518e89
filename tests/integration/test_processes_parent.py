"""The parent of several processes: it replaces who dies, passes on what it
is told, and nothing is left when it ends."""

import itertools
import os
import re
import signal
import socket
import subprocess
import time

import pytest

import family
from earshot import arguments, program, sqlite3_shell
from processes import alive, of, surroundings
from test_crash import Publisher, SseFollower, kill_under_load, read_all
from wait import holds_for, slow, wait_until

COUNT = 3


@pytest.fixture
def parent(start):
    parent = start(processes=COUNT, keep_messages=1000000)
    family.all_serve(parent, COUNT)
    return parent


def test_it_serves_nobody_itself_and_its_children_share_the_queue(parent):
    pids = set()
    wait_until(lambda: pids.add(parent.status()["pid"])
               or pids == set(family.children(parent.pid)), 30,
               "an answer of each child")
    assert parent.pid not in pids
    ids = [parent.publish("room", str(i)) for i in range(20)]
    assert [message["id"] for message in parent.messages("room")] == ids


def test_the_figures_name_every_child_also_one_that_has_come_for_another(
        parent):
    def named():
        text = parent.get("/-/metrics").body.decode()
        return sorted(map(int, re.findall(
            r'^earshot_process_info\{process="(\d+)"', text, re.M)))
    wait_until(lambda: named() == family.children(parent.pid))
    family.kill(family.children(parent.pid)[0])
    family.all_serve(parent, COUNT)
    wait_until(lambda: named() == family.children(parent.pid))


def test_auto_is_one_for_each_core_that_it_may_use(start, directory):
    auto = start(processes="auto")
    cores = len(os.sched_getaffinity(0))
    expected = cores if cores > 1 else 0
    wait_until(lambda: len(family.children(auto.pid)) == expected)

    queue, address = directory / "queue" / "one.db", directory / "one"
    core = min(os.sched_getaffinity(0))
    with subprocess.Popen(
            ["taskset", "-c", str(core), program(), "--processes", "auto",
             "--queue", str(queue), "--socket", str(address)],
            env=surroundings(directory), stderr=subprocess.PIPE,
            text=True) as alone:
        assert " ready " in alone.stderr.readline() + alone.stderr.readline()
        assert family.children(alone.pid) == []
        alone.terminate()


@pytest.mark.crash
def test_nothing_is_lost_or_doubled_when_each_process_is_killed_under_load(
        parent, start_lighttpd):
    lighttpd = start_lighttpd(sockets=[parent.address])
    followers = [SseFollower(lighttpd, "the-end") for _ in range(2 * COUNT)]
    for follower in followers:
        follower.start()
    family.settled(parent.queue, len(followers),
                   family.children(parent.pid))
    first = family.children(parent.pid)
    turn = iter(first)
    lighttpd.programs = lambda: [next(turn)]
    publishers = kill_under_load(lighttpd, COUNT)
    Publisher.publish(publishers[0], "the-end")
    for follower in followers:
        follower.end(60)
    stored = read_all(lighttpd)
    acknowledged = dict(itertools.chain.from_iterable(
        publisher.acknowledged for publisher in publishers))
    assert dict(stored) == acknowledged
    assert len({data for _, data in stored}) == len(stored)
    for follower in followers:
        assert follower.seen == stored
        assert follower.resumed >= 1, "it was cut off, and has come back"
    assert not set(first) & set(family.all_serve(parent, COUNT))
    assert parent.log.count("signal=9") == COUNT


def test_one_that_is_told_to_stop_is_replaced_too(parent):
    told = family.children(parent.pid)[0]
    with parent.stream("room"):
        os.kill(told, signal.SIGTERM)
        wait_until(lambda: not alive(told))
    family.all_serve(parent, COUNT)
    parent.publish("room", "still here")


def test_who_dies_at_the_start_is_not_started_again_at_once(start):
    parent = start(processes=2)

    def pauses_longer():
        for pid in family.children(parent.pid):
            family.kill(pid)
        return "next_start_s=0.2" in parent.log
    wait_until(pauses_longer, 20, "a longer pause")
    assert "died as it started" in parent.log
    family.all_serve(parent, 2)


def test_a_hangup_reopens_the_log_of_all(start, directory):
    log = directory / "log"
    parent = start(processes=COUNT, log=log)
    wait_until(lambda: log.read_text().count(" ready ") == COUNT)
    log.rename(directory / "log.1")
    parent.signal(signal.SIGHUP)
    wait_until(log.exists)

    def all_write():
        for pid in family.children(parent.pid):
            with open(f"/proc/{pid}/maps"):
                pass
            names = {os.readlink(f"/proc/{pid}/fd/{fd}")
                     for fd in os.listdir(f"/proc/{pid}/fd")}
            assert str(log) in names and str(directory / "log.1") not in names
        return True
    wait_until(all_write)
    parent.publish("room", "x")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT,
                                    signal.SIGUSR1])
def test_all_end_when_the_parent_is_told_to(start, number):
    parent = start(processes=COUNT)
    pids = family.all_serve(parent, COUNT)
    held = parent.peer()
    held.send_request("GET", "/room/poll?wait=20")
    family.settled(parent.queue, 1, pids)
    began = time.monotonic()
    parent.signal(number)
    answer = held.read_answer()
    assert answer.status == 200 and answer.json["messages"] == []
    held.close()
    assert parent.wait() == 0
    assert time.monotonic() - began < slow(5)
    assert not any(alive(pid) for pid in pids)
    assert not os.path.exists(parent.address)


def test_a_stopped_process_does_not_keep_the_parent_from_ending(parent):
    os.kill(family.children(parent.pid)[1], signal.SIGSTOP)
    began = time.monotonic()
    assert parent.stop() == 0
    assert time.monotonic() - began < slow(5)


def test_a_service_manager_that_tells_everybody_does_not_hurry_them(parent):
    """systemd sends SIGTERM to each process of a service."""
    pids = family.children(parent.pid)
    polls = [parent.peer() for _ in range(2 * COUNT)]
    for poll in polls:
        poll.send_request("GET", "/room/poll?wait=20")
    family.settled(parent.queue, len(polls), pids)
    for pid in [parent.pid] + pids:
        os.kill(pid, signal.SIGTERM)
    for poll in polls:
        assert poll.read_answer().status == 200
        poll.close()
    assert parent.wait() == 0
    assert "stopping before everything" not in parent.log


def test_the_children_end_when_the_parent_is_killed(parent):
    pids = family.children(parent.pid)
    stream = parent.stream("room")
    parent.kill()
    wait_until(lambda: not any(alive(pid) for pid in pids), 5,
               "the end of the children")
    stream.close()


def test_an_inherited_socket_outlives_the_parent(directory, start, started):
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(64)
    one = start()
    started.remove(one)
    one.stop()
    one.options["processes"] = COUNT
    one.start_inherited(listening)
    started.append(one)
    old = family.all_serve(one, COUNT)
    with one.stream("room") as stream:
        one.kill()
        one.start_inherited(listening)
        family.all_serve(one, COUNT)
        id = one.publish("room", "after")
        wait_until(lambda: stream.next() is None, 5, "the stream's end")
    assert one.messages("room")[-1]["id"] == id
    wait_until(lambda: not any(alive(pid) for pid in old), 5,
               "the end of the first one's children")


def test_a_new_epoch_is_given_once(start):
    old = start()
    old.publish("room", "x")
    cursor = old.poll("room")["cursor"]
    old.stop()
    parent = start(processes=COUNT, new_epoch=True)
    pids = family.all_serve(parent, COUNT)
    new = parent.poll("room")["cursor"]
    assert new.split("-")[1] != cursor.split("-")[1]
    family.kill(pids[0])
    family.all_serve(parent, COUNT)
    holds_for(lambda: parent.poll("room")["cursor"].split("-")[1]
              == new.split("-")[1], 0.3)
    assert sqlite3_shell(parent.queue, "SELECT count(*) FROM message") == "1"


def test_lighttpd_may_start_a_parent(start_lighttpd, directory):
    lighttpd = start_lighttpd(processes=COUNT)
    assert len(wait_until(lambda: len(lighttpd.programs()) == COUNT + 1
                          and lighttpd.programs())) == COUNT + 1
    streams = [lighttpd.stream("room") for _ in range(9)]
    ids = [lighttpd.post("/room", str(i)).json["id"] for i in range(9)]
    for stream in streams:
        assert [event.id for event in stream.take(9)] == ids
        stream.close()
    lighttpd.stop()
    assert not of(directory, "earshot.fcgi")


def test_the_web_server_s_own_spawning_of_several_goes_on_working(
        start_lighttpd):
    """max-procs, with a parent in each place: two times two."""
    lighttpd = start_lighttpd(max_procs=2, processes=2)
    wait_until(lambda: len(lighttpd.programs()) == 6)
    assert lighttpd.post("/room", "x").status == 201
    assert lighttpd.get("/room/poll?last=1").json["messages"][0]["data"] == "x"


def test_the_option_says_nothing_to_a_plain_cgi_program(directory):
    queue = directory / "queue"
    queue.mkdir()
    answer = subprocess.run(
        [program()], capture_output=True, text=True, timeout=slow(20),
        env=surroundings(directory, EARSHOT_QUEUE=queue / "earshot.db",
                         EARSHOT_PROCESSES=4, REQUEST_METHOD="GET",
                         PATH_INFO="/-/health", GATEWAY_INTERFACE="CGI/1.1"),
        check=True, stdin=subprocess.DEVNULL)
    assert '"ready":true' in answer.stdout, answer.stdout


@pytest.mark.parametrize("value", ["0", "65", "none", "1.5", ""])
def test_what_is_no_number_of_processes_is_refused(value, directory):
    answer = subprocess.run(
        [program()] + arguments({"queue": directory / "q"})
        + [f"--processes={value}"], capture_output=True, text=True,
        timeout=slow(20), env=surroundings(directory), check=False)
    assert answer.returncode == 2
    assert "auto or a whole number from 1 to 64" in answer.stderr
