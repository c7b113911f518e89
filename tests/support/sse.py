"""Server-Sent Events: a parser (HTML 9.2.6) and a client for tests."""

import codecs
import json
from dataclasses import dataclass

import fastcgi
import web
from wait import slow


@dataclass
class Event:
    id: str        # the last event id, as a client would remember it
    event: str
    data: str
    has_id: bool = True

    @property
    def json(self):
        return json.loads(self.data)


class Parser:
    """Takes bytes in any pieces, gives the events that are complete."""

    def __init__(self):
        self.decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self.text = ""
        self.after_cr = False
        self.last_id = ""
        self.retry = None
        self.comments = 0
        self.unknown = []     # fields that no client knows
        self.clear()

    def clear(self):
        self.event, self.data, self.has_id = "", [], False

    def feed(self, data):
        events = []
        self.text += self.decoder.decode(data)
        while True:
            if self.after_cr and self.text:
                self.after_cr = False
                if self.text[0] == "\n":
                    self.text = self.text[1:]
            ends = [at for at in (self.text.find("\n"), self.text.find("\r"))
                    if at >= 0]
            if not ends:
                return events
            at = min(ends)
            line, self.after_cr = self.text[:at], self.text[at] == "\r"
            self.text = self.text[at + 1:]
            event = self.line(line)
            if event:
                events.append(event)

    def line(self, line):
        if line == "":
            event = None
            if self.data:
                event = Event(self.last_id, self.event or "message",
                              "\n".join(self.data), self.has_id)
            self.clear()
            return event
        if line[0] == ":":
            self.comments += 1
            return None
        name, _, value = line.partition(":")
        if value[:1] == " ":
            value = value[1:]
        if name == "data":
            self.data.append(value)
        elif name == "event":
            self.event = value
        elif name == "id":
            if "\0" not in value:
                self.last_id, self.has_id = value, True
        elif name == "retry" and value.isdigit():
            self.retry = int(value)
        else:
            self.unknown.append(line)
        return None


class Stream:
    """An open event stream: over the raw peer, or over HTTP.

    Its source has head (an Answer), read(timeout) giving b"" at the end,
    and close().
    """

    def __init__(self, source, opened=True):
        self.source = source
        self.head = source.head
        self.parser = Parser()
        self.raw = bytearray()
        self.events = []      # read, not yet taken
        self.ended = False
        self.take_in(self.head.body)
        self.opening = None
        if opened:
            assert self.head.status == 200, self.head
            self.opening = self.next()
            assert self.opening.event in ("earshot.open", "earshot.lost"), \
                self.opening

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.source.close()

    @property
    def cursor(self):
        return self.parser.last_id

    def take_in(self, data):
        self.raw += data
        self.events += self.parser.feed(data)

    def pump(self, timeout=10):
        """Reads once; False at the end of the stream."""
        data = self.source.read(timeout)
        if not data:
            self.ended = True
            return False
        self.take_in(data)
        return True

    def next(self, timeout=10):
        """The next event; None at the end of the stream."""
        while not self.events:
            if not self.pump(timeout):
                return None
        return self.events.pop(0)

    def take(self, count, timeout=10):
        """The next events, as many as wanted."""
        taken = []
        while len(taken) < count:
            event = self.next(timeout)
            assert event, f"the stream ended after {len(taken)} of {count}"
            taken.append(event)
        return taken

    def rest(self, timeout=10):
        """All events until the stream ends."""
        taken = []
        while True:
            event = self.next(timeout)
            if event is None:
                return taken
            taken.append(event)


class PeerSource:
    def __init__(self, address, target, headers=None, receive_buffer=None,
                 **more):
        self.peer = fastcgi.Peer(address, receive_buffer)
        self.peer.send_request("GET", target, headers, **more)
        self.head = self.peer.read_head()
        self.socket = self.peer.socket

    def read(self, timeout):
        return self.peer.read_stdout(timeout=timeout)

    def close(self):
        self.peer.close()


class HttpSource:
    def __init__(self, url, headers=None, timeout=10):
        self.response = web.Response("GET", url, headers, timeout=timeout)
        self.head = self.response.head()
        self.socket = self.response.socket

    def read(self, timeout):
        self.socket.settimeout(slow(timeout))
        return self.response.read1()

    def close(self):
        self.response.close()


def over_peer(address, target, headers=None, opened=True, **more):
    return Stream(PeerSource(address, target, headers, **more), opened)


def over_http(url, headers=None, opened=True):
    return Stream(HttpSource(url, headers), opened)
