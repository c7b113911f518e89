"""Several processes: three on one queue behind one lighttpd."""

import pathlib
import threading
import time

import pytest

from wait import slow, wait_until

COUNT = 300


@pytest.fixture
def three(start):
    return [start(), start(), start()]


@pytest.fixture
def web(three, start_lighttpd):
    return start_lighttpd(sockets=[earshot.address for earshot in three])


def held(earshot):
    subscribers = earshot.status()["subscribers"]
    return subscribers["sse"] + subscribers["poll"]


def test_what_one_publishes_all_deliver_in_one_order(three, web):
    streams = [web.stream("room") for _ in range(9)] \
        + [earshot.stream("room") for earshot in three]
    assert all(held(earshot) > 1 for earshot in three), \
        "the web server has spread them over all three"
    ids = []

    def publish(name):
        for i in range(COUNT // 3):
            answer = web.post("/room", f"{name}-{i}")
            assert answer.status == 201
            ids.append(answer.json["id"])

    threads = [threading.Thread(target=publish, args=(name,))
               for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(slow(60))
    orders = [[event.id for event in stream.take(COUNT, timeout=20)]
              for stream in streams]
    assert set(orders[0]) == set(ids) and len(ids) == COUNT
    for order in orders:
        assert order == orders[0]
    numbers = [int(id.split("-")[0]) for id in orders[0]]
    assert numbers == sorted(numbers)
    for stream in streams:
        stream.close()


def test_info_counts_over_all_processes_also_after_one_is_killed(
        three, web, started):
    streams = [earshot.stream("room") for earshot in three
               for _ in range(4)]
    polls = [earshot.peer() for earshot in three]
    for peer in polls:
        peer.send_request("GET", "/room,other/poll?wait=25")
    expected = {"poll": 3, "sse": 12, "ws": 0}
    for earshot in three:
        wait_until(lambda: earshot.info("room")["subscribers"] == expected)
    assert web.get("/room").json["subscribers"] == expected
    assert web.get("/other").json["subscribers"]["poll"] == 3

    killed = three[1]
    started.remove(killed)
    killed.kill()
    expected = {"poll": 2, "sse": 8, "ws": 0}
    for earshot in (three[0], three[2]):
        wait_until(lambda: earshot.info("room")["subscribers"] == expected)
    for stream in streams:
        stream.close()
    for peer in polls:
        peer.close()
    expected = {"poll": 0, "sse": 0, "ws": 0}
    for earshot in (three[0], three[2]):
        wait_until(lambda: earshot.info("room")["subscribers"] == expected)
    left = list((killed.directory / "queue").glob("*-presence/[0-9]*"))
    assert {path.name for path in left} <= {
        str(earshot.pid) for earshot in (three[0], three[2])}


def test_the_others_go_on_when_one_is_killed(three, web, started):
    streams = [three[0].stream("room"), three[2].stream("room")]
    started.remove(three[1])
    three[1].kill()
    ids = []
    for i in range(30):
        answer = wait_until(lambda: answered(web, str(i)))
        ids.append(answer.json["id"])
    for stream in streams:
        assert [event.id for event in stream.take(30)] == ids
        stream.close()


def answered(web, text):
    answer = web.post("/room", text, {"Idempotency-Key": text})
    return answer if answer.status in (200, 201) else None


def test_processes_spawned_by_the_web_server_share_the_queue(
        start_lighttpd):
    web = start_lighttpd(max_procs=3, heartbeat=0.3)
    assert len(wait_until(lambda: len(web.programs()) == 3
                          and web.programs())) == 3
    streams = [web.stream("room") for _ in range(6)]
    ids = [web.post("/room", str(i)).json["id"] for i in range(30)]
    for stream in streams:
        assert [event.id for event in stream.take(30)] == ids
    wait_until(lambda: web.get("/room").json["subscribers"]["sse"] == 6)
    for stream in streams:
        stream.close()
    wait_until(lambda: web.get("/room").json["subscribers"]["sse"] == 0)


def test_a_row_inserted_by_the_shell_arrives_with_no_bell(three):
    streams = [earshot.stream("room", "format=json") for earshot in three]
    poll = three[0].peer()
    poll.send_request("GET", "/room/poll?wait=20")
    wait_until(lambda: three[0].info("room")["subscribers"]["poll"] == 1)
    three[0].sql("INSERT INTO message(channel, event, data) "
                 "VALUES('room', 'tick', 'by the shell')")
    for stream in streams:
        message = stream.next(timeout=5).json
        assert (message["event"], message["data"], message["type"]) == \
            ("tick", "by the shell", "text")
        stream.close()
    page = poll.read_answer().json
    assert page["messages"] == [message]
    poll.close()
    assert three[1].poll("room", "earliest")["messages"] == [message]


def test_a_row_without_a_bell_arrives_within_half_a_second(earshot):
    took = []
    with earshot.stream("room") as stream:
        for i in range(5):
            earshot.sql("INSERT INTO message(channel, data) "
                        f"VALUES('room', '{i}')")
            began = time.monotonic()
            assert stream.next(timeout=10).data == str(i)
            took.append(time.monotonic() - began)
    assert sorted(took)[2] < slow(0.5), took


def test_the_bell_is_heard_by_the_other_processes(start):
    """They would look for news once in a minute only."""
    one, two = start(look=60000), start(look=60000)
    with one.stream("room") as near, two.stream("room") as far:
        for i in range(20):
            publisher = (one, two)[i % 2]
            id = publisher.publish("room", str(i))
            assert near.next(timeout=10).id == id
            assert far.next(timeout=10).id == id


def test_a_program_may_ring_the_bell_for_its_row(start):
    earshot = start(look=60000)
    with earshot.stream("room") as stream:
        earshot.sql("INSERT INTO message(channel, data) "
                    "VALUES('room', 'x')")
        pathlib.Path(f"{earshot.queue}-bell").touch()
        assert stream.next(timeout=10).data == "x"


@pytest.mark.parametrize("row, expected", [
    ("('room', 'message', X'C3A9')", ("text", "é")),
    ("('room', 'message', X'FF00')", ("binary", "/wA=")),
    ("('room', 'message', CAST(X'FF41' AS TEXT))", ("binary", "/0E=")),
    ("('room', 'message', 42)", ("text", "42")),
    ("('room', 'message', '')", ("text", "")),
])
def test_a_row_of_any_kind_is_delivered_and_never_trusted(earshot, row,
                                                          expected):
    with earshot.stream("room", "format=json") as stream:
        earshot.sql("INSERT INTO message(channel, event, data) VALUES" + row)
        earshot.publish("room", "after")
        message = stream.next().json
        if expected == ("text", "é"):       # a blob of text: either
            assert message["type"] in ("text", "binary")
        else:
            assert (message["type"], message["data"]) == expected
        assert stream.next().json["data"] == "after"


@pytest.mark.parametrize("row", [
    "('bad channel', 'message', 'x')", "('', 'message', 'x')",
    "('room', 'a' || char(10) || 'b', 'x')", "('room', '', 'x')",
    "('room', 'earshot.lost', 'x')",
    "('room', 'message', zeroblob(2000000))",
    "(NULL, 'message', 'x')"])
def test_the_schema_guards_against_a_bad_row(earshot, row):
    earshot.publish("room", "before")
    with pytest.raises(AssertionError):
        earshot.sql("INSERT INTO message(channel, event, data) VALUES" + row)
    assert earshot.data("room") == ["before"]


@pytest.mark.parametrize("id", [1, 0, -1, 2 ** 53, 2 ** 63 - 1])
def test_the_schema_guards_the_ids(earshot, id):
    earshot.publish("room", "before")
    with pytest.raises(AssertionError):
        earshot.sql("INSERT INTO message(id, channel, data) "
                    f"VALUES({id}, 'room', 'x')")
    last = earshot.publish("room", "after")
    assert earshot.data("room") == ["before", "after"]
    assert int(last.split("-")[0]) < 1000
