"""One order for everybody: polls, SSE and WebSocket, published by POST and
by WebSocket at once, in several processes on one queue."""

import random
import threading

import pytest

from wait import slow, wait_until

COUNT = 100
PUBLISHERS = 3      # of each kind


class Worker(threading.Thread):
    """A thread whose exception the test sees."""

    def __init__(self, work, *arguments):
        super().__init__(daemon=True)
        self.work, self.arguments = work, arguments
        self.result = self.wrong = None
        self.start()

    def run(self):
        try:
            self.result = self.work(*self.arguments)
        except Exception as error:      # shown by the test
            self.wrong = error

    def end(self, timeout=60):
        self.join(slow(timeout))
        assert self.wrong is None, repr(self.wrong)
        assert not self.is_alive(), "it does not come to its end"
        return self.result


def by_post(earshot, name):
    with earshot.peer(timeout=30) as peer:
        return [peer.request("POST", "/room", body=f"{name}-{i}",
                             keep=True).json["id"] for i in range(COUNT)]


def by_socket(ws, name):
    with ws.socket("room", timeout=30) as socket:
        return [socket.publish(f"{name}-{i}") for i in range(COUNT)]


@pytest.mark.parametrize("processes", [1, 2])
def test_all_see_the_same_messages_in_the_same_order(start, start_ws,
                                                     processes):
    programs = [start() for _ in range(processes)]
    endpoints = [start_ws() for _ in range(processes)]
    cursor = programs[0].poll("room")["cursor"]
    streams = [program.stream("room") for program in programs * 2]
    sockets = [endpoint.socket("room", query) for endpoint in endpoints
               for query in ("", "format=json", f"after={cursor}")]
    publishers = []
    for at in range(PUBLISHERS):
        publishers.append(Worker(by_post, programs[at % processes],
                                 f"post{at}"))
        publishers.append(Worker(by_socket, endpoints[at % processes],
                                 f"ws{at}"))
    total = 2 * PUBLISHERS * COUNT
    orders = [[event.id for event in stream.take(total, timeout=30)]
              for stream in streams]
    orders += [[m["id"] for m in socket.take(total, timeout=30)]
               for socket in sockets]
    mine = [publisher.end() for publisher in publishers]
    orders += [[m["id"] for m in program.messages("room", cursor)]
               for program in programs]
    for order in orders:
        assert order == orders[0]
    assert sorted(orders[0]) == sorted(sum(mine, []))
    numbers = [int(id.split("-")[0]) for id in orders[0]]
    assert numbers == sorted(set(numbers))
    for one in streams + sockets:
        one.close()


def test_one_who_changes_his_approach_all_the_time_misses_nothing(
        start, start_ws):
    """From WebSocket to SSE to a poll and back, by one cursor."""
    earshot, ws = start(), start_ws()
    chance = random.Random(2)
    cursor = earshot.poll("room")["cursor"]
    publishers = [Worker(by_post, earshot, "a"), Worker(by_socket, ws, "b")]
    seen, ways = [], set()
    while len(seen) < 2 * COUNT:
        way = chance.choice(["poll", "sse", "ws"])
        ways.add(way)
        some = min(chance.randint(1, 9), 2 * COUNT - len(seen))
        if way == "poll":
            page = earshot.poll("room", cursor, wait=5)
            assert page["lost"] is False
            seen += [m["id"] for m in page["messages"]]
        elif way == "sse":
            with earshot.stream("room", f"after={cursor}") as stream:
                assert stream.opening.event == "earshot.open"
                seen += [event.id for event in stream.take(some)]
        else:
            with ws.socket("room", f"after={cursor}") as socket:
                assert socket.opening["event"] == "earshot.open"
                seen += [m["id"] for m in socket.take(some)]
        cursor = seen[-1] if seen else cursor
    mine = [publisher.end() for publisher in publishers]
    assert ways == {"poll", "sse", "ws"}
    assert sorted(seen) == sorted(mine[0] + mine[1])
    assert seen == [m["id"] for m in earshot.messages("room")]


def test_what_one_endpoint_is_told_the_others_tell(start_ws):
    one, two, three = start_ws(), start_ws(), start_ws()
    with one.socket() as first, two.socket() as second, \
            three.socket() as third:
        for i in range(30):
            id = (first, second, third)[i % 3].publish(str(i))
            for socket in (first, second, third):
                got = socket.take(1)[0]
                assert (got["id"], got["data"]) == (id, str(i))


def test_the_others_go_on_when_one_is_killed(start, start_ws, started):
    earshot, one, two = start(), start_ws(), start_ws()
    with one.socket() as socket, two.socket() as other, \
            earshot.stream("room") as stream:
        before = other.publish("before")
        assert socket.take(1)[0]["id"] == before
        started.remove(two)
        two.kill()
        other.wait_ended()
        after = socket.publish("after")
        assert [event.id for event in stream.take(2)] == [before, after]
    # By its cursor at the one that is left.
    with one.socket(query=f"after={before}") as socket:
        assert socket.take(1)[0]["id"] == after
    wait_until(lambda: earshot.info("room")["subscribers"]["ws"] == 0)
