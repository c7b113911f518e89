"""earshot-tap: a relay that records, cuts, slows and mutes connections."""

import base64
import http.client
import itertools
import json
import re
import socket
import urllib.parse
from dataclasses import dataclass

from fastcgi import Answer
from processes import Process, program
from target import UPGRADED, read_head
from wait import slow, wait_until

READY = re.compile(r"^info tap ready relay=(\S+) control=(\S+) target=(\S+)$",
                   re.M)


def get(tag, *modes, headers=""):
    """The bytes of a request."""
    return (f"GET /~{';'.join((tag,) + modes)}/x HTTP/1.1\r\nHost: h\r\n"
            f"{headers}\r\n").encode()


def is_reset(sock):
    """Reads to the end, which must be a reset."""
    try:
        while sock.recv(1 << 16):
            pass
    except ConnectionResetError:
        return
    raise AssertionError("it was closed politely")


class ControlConnection(http.client.HTTPConnection):
    """To HOST:PORT, or to the path of a Unix socket."""

    def __init__(self, address, **more):
        super().__init__("localhost" if "/" in address else address, **more)
        self.address = address

    def connect(self):
        if "/" not in self.address:
            super().connect()
            return
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.address)


@dataclass
class Record:
    """What passed, once; see bench/tap/README.md."""
    n: int
    connection: int
    tag: str
    time: float
    kind: str
    size: int
    bytes: bytes
    held: bool = False
    by: str = ""


class Tap(Process):
    """The tap before a target: a URL such as lighttpd.url."""

    name = "earshot-tap"
    numbers = itertools.count(1)

    def __init__(self, directory):
        super().__init__(directory)
        self.log_path = self.directory / f"tap-{next(self.numbers)}.log"
        self.relay = self.control = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self, target, relay="127.0.0.1:0", control="127.0.0.1:0"):
        target = target.removeprefix("http://").rstrip("/")
        before = len(READY.findall(self.log))
        self.spawn([program("earshot-tap"), "--relay", relay,
                    "--control", control, "--target", target])

        def ready():
            assert self.running(), f"the tap ended:\n{self.log}"
            return READY.findall(self.log)[before:]
        (self.relay, self.control, _), = wait_until(ready, 10,
                                                    "the tap's ready line")
        return self

    @property
    def relay_url(self):
        return f"http://{self.relay}"

    @property
    def relay_address(self):
        host, _, port = self.relay.rpartition(":")
        return host, int(port)

    def url(self, tag, *modes):
        """Where the target is, with what passes under a tag."""
        return self.relay_url + "/~" + ";".join((tag,) + modes)

    def connect(self):
        """A client's connection, as a socket."""
        sock = socket.create_connection(self.relay_address, slow(10))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def send(self, request):
        """A client's connection that has sent bytes."""
        sock = self.connect()
        sock.sendall(request)
        return sock

    def talk(self, target, request):
        """A client, its server, and the request's head as that got it."""
        client = self.send(request)
        server = target.accept()
        return client, server, read_head(server)

    def upgrade(self, target, *modes):
        """A client and its server after 101, with nothing said so far."""
        client, server, _ = self.talk(target, get(
            "w", *modes,
            headers="Upgrade: websocket\r\nConnection: Upgrade\r\n"))
        server.sendall(UPGRADED)
        assert read_head(client) == UPGRADED
        return client, server

    def is_sanitized(self):
        with open(f"/proc/{self.pid}/maps") as file:
            return "libasan" in file.read()

    # What has passed

    def ask(self, method, path, headers=None, timeout=40, **query):
        """Asks the control port; gives its answer."""
        text = urllib.parse.urlencode(
            {name: value for name, value in query.items()
             if value is not None}, safe="*")
        connection = ControlConnection(self.control, timeout=slow(timeout))
        try:
            connection.request(method, f"/tap/{path}"
                               + (f"?{text}" if text else ""),
                               b"" if method == "POST" else None,
                               headers or {})
            response = connection.getresponse()
            return Answer(response.status, {
                name.lower(): value
                for name, value in response.getheaders()}, response.read())
        finally:
            connection.close()

    def info(self):
        return self.ask("GET", "info").json

    def page(self, tag=None, after=None, wait=None):
        """One answer of the log, with its records as they are."""
        answer = self.ask("GET", "log", tag=tag, after=after, wait=wait)
        assert answer.status == 200, (answer.status, answer.body)
        return json.loads(answer.body)

    def log_of(self, tag=None, after=None, kind=None):
        """All records of a tag, page by page."""
        found = []
        while True:
            page = self.page(tag, after)
            for record in page["records"]:
                record["bytes"] = base64.b64decode(record["bytes"])
                found.append(Record(**record))
            after = page["next"]
            if not page["more"]:
                break
        return [record for record in found
                if kind is None or record.kind == kind]

    def kinds(self, tag):
        return [record.kind for record in self.log_of(tag)]

    def bytes_of(self, tag, *kinds):
        """All bytes of some kinds, joined (4 KiB of a record at most)."""
        return b"".join(record.bytes for record in self.log_of(tag)
                        if record.kind in kinds)

    # Orders; each gives the number of connections it was done to

    def order(self, verb, tag, **more):
        answer = self.ask("POST", verb, tag=tag, **more)
        assert answer.status == 200, (answer.status, answer.body)
        return answer.json["connections"]

    def cut(self, tag, for_ms=None):
        return self.order("cut", tag, **{"for": for_ms})

    def mute(self, tag):
        return self.order("mute", tag)

    def slow(self, tag, rate):
        return self.order("slow", tag, rate=rate)

    def clear(self, tag):
        return self.order("clear", tag)
