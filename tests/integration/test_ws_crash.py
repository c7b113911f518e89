"""kill -9 under load, of the FastCGI program and of the endpoint, with
publishers and followers of every approach. Seeded; COUNT kills."""

import random
import time

import pytest

from test_crash import (COUNT, GONE, SEED, Follower, PollFollower,
                        Publisher, SseFollower, Worker, judged, kill_one)
from wait import wait_until


def open_socket(lighttpd, query, **more):
    """A WebSocket, or None while the endpoint is away."""
    socket = lighttpd.socket("room", query, opened=False, **more)
    if socket.head.status != 101:
        assert socket.head.status >= 500, socket.head
        socket.drop()
        return None
    opening = socket.next()
    if opening is None:
        socket.drop()
        return None
    assert opening.json["event"] == "earshot.open", "a false loss"
    return socket


class WsFollower(Follower):
    name = "ws"

    def follow(self):
        socket = open_socket(self.lighttpd,
                             f"after={self.cursor or 'earliest'}", timeout=30)
        if socket is None:
            return
        with socket:
            while (got := socket.next()) is not None:
                message = got.json
                assert message["event"] != "earshot.lost", "a false loss"
                self.take(message["id"], message["data"])
                if message["data"] == self.last:
                    return


class WsPublisher(Worker):
    """As a Publisher by POST, over a WebSocket that it opens again whenever
    it is cut off."""

    def __init__(self, lighttpd, name):
        super().__init__(lighttpd)
        self.number = name
        self.acknowledged = []
        self.retries = self.repeated = 0

    def work(self):
        at, socket = 0, None
        while not self.stopping.is_set():
            try:
                socket = socket or open_socket(self.lighttpd, "")
                if socket and self.publish(socket, f"{self.number}:{at}"):
                    at += 1
                    time.sleep(0.002)
                    continue
            except GONE:
                pass
            self.retries += 1
            if socket:
                socket.drop()
            socket = None
            time.sleep(0.02)
        if socket:
            socket.drop()

    def publish(self, socket, data):
        socket.send_json({"data": data, "key": f"key-{data}"})
        while (got := socket.next()) is not None:
            answer = got.json
            if answer["event"] == "earshot.error":
                assert answer["code"] in ("busy", "queue"), answer
                return False
            if answer["event"] == "earshot.published":
                self.acknowledged.append((answer["id"], data))
                self.repeated += "repeated" in answer
                return True
        return False


def kill_both(lighttpd, endpoint, publishers):
    """Kills one of the two at a time, until it is enough."""
    chance = random.Random(SEED)
    for at in range(2 * COUNT):
        before = [len(publisher.acknowledged) for publisher in publishers]
        wait_until(lambda: all(
            len(publisher.acknowledged) > some
            for publisher, some in zip(publishers, before)), 30,
            "the publishers to go on")
        time.sleep(chance.uniform(0, 0.3))
        if at % 2:
            wait_until(lambda: kill_one(lighttpd, chance), 20)
        else:
            endpoint.kill()
            endpoint.start()


@pytest.mark.crash
def test_nothing_is_lost_or_doubled_by_kill_9_of_either_program(
        start_ws, start_lighttpd):
    endpoint = start_ws(keep_messages=1000000)
    lighttpd = start_lighttpd(ws=endpoint.address, keep_messages=1000000)
    last = "the-end"
    followers = [kind(lighttpd, last) for kind in
                 (WsFollower, SseFollower, PollFollower, WsFollower)]
    publishers = [kind(lighttpd, f"{kind.__name__}-{i}") for i in range(2)
                  for kind in (WsPublisher, Publisher)]
    for worker in followers + publishers:
        worker.start()
    kill_both(lighttpd, endpoint, publishers)
    for publisher in publishers:
        publisher.stopping.set()
    for publisher in publishers:
        publisher.end(30)
    # Somebody may have been told to stop before it was answered: again.
    Publisher.publish(publishers[1], last)
    for follower in followers:
        follower.end(60)

    judged(lighttpd, publishers, followers)
    over_ws = [p for p in publishers if isinstance(p, WsPublisher)]
    assert sum(publisher.retries for publisher in over_ws) > 0
