"""Figures of several processes on one queue: who answers tells of all, and no
sum ever falls, whatever way one of them ends."""

import signal
import stat
import threading

import pytest

from prometheus import scrape
from test_cgi import Cgi
from test_metrics import check_histogram
from wait import wait_until

PUBLISHED = "earshot_messages_published_total"


@pytest.fixture
def three(start, start_ws):
    return [start(), start(), start_ws()]


def told(server, name, value, **labels):
    """The others tell what they have once a second."""
    wait_until(lambda: scrape(server).get(name, **labels) == value, 10,
               f"{name} {labels} to be {value}")


def presence(server):
    return server.queue.parent / "earshot.db-presence"


def test_each_tells_of_all(three):
    one, two, ws = three
    one.publish("room", b"x")
    two.publish("room", b"y")
    stream = two.stream("room")
    socket = ws.socket("room")
    one.publish("room", b"z")
    stream.take(1)
    socket.take(1)
    for server in three:
        told(server, PUBLISHED, 3)
        told(server, "earshot_messages_delivered_total", 1, transport="sse")
        told(server, "earshot_messages_delivered_total", 1, transport="ws")
        told(server, "earshot_subscribers", 1, transport="ws")
        told(server, "earshot_requests_total", 1, status="1xx")
        metrics = scrape(server)
        processes = metrics.processes()
        assert set(processes) == {str(each.pid) for each in three}
        assert processes[str(ws.pid)]["program"] == "earshot-ws"
        assert metrics.get("earshot_processes") == 3
        assert metrics.get("earshot_process_messages_published_total",
                           process=str(one.pid), program="earshot.fcgi") == 2
        assert metrics.get("earshot_process_subscribers",
                           process=str(ws.pid), program="earshot-ws") == 1
        assert len(metrics.all("process_open_fds")) == 3
        assert check_histogram(metrics, "earshot_delivery_seconds",
                               transport="ws") == 1
    stream.close()
    socket.close()


def test_what_a_process_has_told_stays_when_it_is_killed(three):
    one, two, _ = three
    for _ in range(5):
        two.publish("room", b"x")
    one.publish("room", b"y")
    told(one, PUBLISHED, 6)
    told(one, "earshot_processes", 3)
    pid = str(two.pid)
    two.kill()
    for _ in range(3):
        metrics = scrape(one)
        assert metrics.get(PUBLISHED) == 6
        assert metrics.get("earshot_processes") == 2
        assert pid not in metrics.processes()


def test_what_a_killed_process_has_shown_itself_stays_too(three):
    one, two, _ = three
    two.publish("room", b"x")
    assert scrape(two).get(PUBLISHED) == 1
    two.kill()
    assert scrape(one).get(PUBLISHED) == 1, "what was told once is told"


def test_an_end_in_order_loses_nothing_nor_does_a_restart(three):
    one, two, ws = three
    for _ in range(4):
        one.publish("room", b"x")
    requests = scrape(one).sum("earshot_requests_total")
    for server in three:
        server.stop()
    assert list(presence(one).glob("figures-[0-9]*")) == []
    one.start()
    metrics = scrape(one)
    assert metrics.get(PUBLISHED) == 4
    assert metrics.sum("earshot_requests_total") >= requests
    assert metrics.get("earshot_processes") == 1


def watch(server, seen, wrong, over):
    """Scrapes again and again; no counter of the sums may fall."""
    while not over.is_set():
        now = scrape(server).counters()
        for name, value in now.items():
            if value < seen.get(name, 0):
                wrong.append((name, seen[name], value))
        seen.update(now)


def test_no_sum_falls_while_processes_are_killed_and_started(three, start):
    one, two, ws = three
    seen, wrong, over = {}, [], threading.Event()
    watching = threading.Thread(target=watch, args=(one, seen, wrong, over))
    watching.start()
    count = 0
    try:
        for turn in range(6):
            victim = start()
            for _ in range(20):
                victim.publish("room", b"x")
                count += 1
            # Told by itself, and so to be known for ever.
            assert scrape(victim).get(PUBLISHED) == count
            if turn % 2:
                victim.kill()
            else:
                victim.stop()
    finally:
        over.set()
        watching.join()
    assert wrong == []
    for server in one, two, ws:
        assert scrape(server).get(PUBLISHED) == count


def test_files_of_the_killed_do_not_pile_up_where_nobody_looks(start):
    for _ in range(3):
        victim = start()
        victim.publish("room", b"x")
        file = presence(victim) / f"figures-{victim.pid}"
        wait_until(file.exists, 5, "its file")
        victim.kill()
    last = start()
    wait_until(lambda: [path.name for path in
                        presence(last).glob("figures-[0-9]*")]
               == [f"figures-{last.pid}"], 5, "the others' files to go")
    assert scrape(last).get(PUBLISHED) == 3


def test_a_stopped_process_holds_up_nobody(three):
    one, two, _ = three
    two.publish("room", b"x")
    told(one, PUBLISHED, 1)
    told(one, "earshot_processes", 3)
    two.signal(signal.SIGSTOP)
    try:
        metrics = scrape(one)
        assert metrics.get(PUBLISHED) == 1
        assert metrics.get("earshot_processes") == 3
    finally:
        two.signal(signal.SIGCONT)


@pytest.mark.parametrize("text", [
    b"", b"begin 1\n", b"nonsense", b"begin 1\nprocess\nend 1\n",
    b"begin 1\nprocess 1 2 3 4 5\npublished 1e9\nend 2\n",
    b"\xff\0" * 3000, b"begin 1\nprocess a b c 1 1\npublished\nend 1\n"])
def test_a_file_of_nonsense_changes_nothing(one_earshot, text):
    published = scrape(one_earshot).get(PUBLISHED)
    path = presence(one_earshot) / "figures-4194303"
    path.write_bytes(text)
    assert scrape(one_earshot).get(PUBLISHED) == published
    path.unlink(missing_ok=True)


def test_the_files_are_the_groups(three):
    one, two, _ = three
    two.publish("room", b"x")
    told(one, PUBLISHED, 1)
    two.stop()
    told(one, PUBLISHED, 1)
    for path in presence(one).glob("figures-*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o660, path.name
    assert stat.S_IMODE(presence(one).stat().st_mode) == 0o2770


def test_a_program_for_one_request_is_counted_too(earshot, directory):
    cgi = Cgi(directory, earshot.queue)
    for _ in range(3):
        assert cgi.call("POST", "/room", body=b"x").status == 201
    metrics = scrape(earshot)
    assert metrics.get(PUBLISHED) == 3
    assert metrics.get("earshot_processes") == 1
    told(earshot, "earshot_processes", 1)
    assert [path.name for path in presence(earshot).glob("figures-[0-9]*")] \
        == [f"figures-{earshot.pid}"]
