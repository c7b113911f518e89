"""earshot-tap under clients that come, go and break off, and wild orders."""

import os
import random
import socket
import threading
import time

import sockets
from processes import descriptors
from tap import Tap
from wait import slow, wait_until

SECONDS = 4
PATHS = ("/big", "/none", "/earshot/room/sse?last=5",
         "/earshot/room/poll?after=earliest", "/earshot/room/poll?wait=0.2")
MODES = ("buffer", "nobeat", "slow=10", "slow=50000", "idle=0.3",
         "origin=none", "nocursor")


class Client(threading.Thread):
    """Asks for anything, reads some of it, and goes in any way."""

    def __init__(self, tap, seed, until):
        super().__init__(daemon=True)
        self.tap, self.random, self.until = tap, random.Random(seed), until
        self.asked = 0

    def run(self):
        while time.monotonic() < self.until:
            try:
                self.visit(self.tap.connect())
            except OSError:
                pass        # it has been cut, or nothing came

    def visit(self, sock):
        choose = self.random
        sock.settimeout(0.3)
        for _ in range(choose.randint(1, 4)):
            tag = ";".join([f"t{choose.randint(0, 9)}"]
                           + choose.sample(MODES, choose.randint(0, 3)))
            body = os.urandom(9999) if choose.random() < 0.3 else None
            head = (f"GET /~{tag}{choose.choice(PATHS)}" if body is None
                    else f"POST /~{tag}/earshot/room?from=x")
            size = "" if body is None else f"Content-Length: {len(body)}\r\n"
            sock.sendall(f"{head} HTTP/1.1\r\nHost: h\r\n{size}\r\n".encode()
                         + (body or b""))
            self.asked += 1
            if choose.random() < 0.8:
                sock.recv(choose.choice((1, 1000, 100_000)))
        if choose.random() < 0.5:
            sockets.reset(sock)
        sock.close()


def give_orders(tap, until):
    choose = random.Random(0)
    while time.monotonic() < until:
        tag = choose.choice([f"t{choose.randint(0, 9)}", "t*", "*"])
        choose.choice([
            lambda: tap.cut(tag, choose.choice([None, 30])),
            lambda: tap.mute(tag), lambda: tap.clear(tag),
            lambda: tap.slow(tag, choose.choice([0, 100, 100_000])),
            lambda: tap.page(tag, wait=choose.choice([None, 0.05]))])()
        time.sleep(choose.random() * 0.03)


def test_whatever_is_asked_and_ordered_nothing_is_left(directory, started,
                                                       start_lighttpd):
    server = start_lighttpd(heartbeat=0.2)
    (server.pages / "big").write_bytes(b"x" * 300_000)
    tap = Tap(directory)
    started.append(tap)
    tap.start(server.url)
    tap.info()
    before = descriptors(tap.pid)
    until = time.monotonic() + SECONDS
    clients = [Client(tap, seed, until) for seed in range(30)]
    for client in clients:
        client.start()
    give_orders(tap, until)
    for client in clients:
        client.join(slow(10))
    assert sum(client.asked for client in clients) > 100
    tap.clear("*")
    wait_until(lambda: tap.info()["connections"] == 0, 20)
    wait_until(lambda: descriptors(tap.pid) <= before + 1)
    with socket.create_connection(tap.relay_address, slow(10)) as sock:
        sock.sendall(b"GET /~last/none HTTP/1.1\r\nHost: h\r\n\r\n")
        assert sock.recv(1000).startswith(b"HTTP/1.1 404 ")
