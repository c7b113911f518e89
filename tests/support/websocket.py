"""A peer of our own that speaks WebSocket (RFC 6455), frame by frame.

It does what no browser would do: frames unmasked, cut at any byte, with
lengths and codes that are not allowed. What it reads it holds against the
standard. Of Earshot it knows only that the first message is a cursor.
Section numbers are those of RFC 6455.
"""

import base64
import hashlib
import json
import os
import select
import struct
import time

from fastcgi import Answer, as_bytes
from sockets import dial, readable, reset
from wait import slow
from websocket_frames import (BINARY, CLOSE,  # noqa: F401 (some for others)
                              CONTINUATION, KNOWN, PING, PONG, TEXT, Frame,
                              close_payload, fragments, frame, head)

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Ended(ConnectionError):
    """The connection ended where a frame was awaited."""


def accept_of(key):
    """4.2.2: what answers a Sec-WebSocket-Key."""
    return base64.b64encode(
        hashlib.sha1(as_bytes(key) + GUID).digest()).decode()


def new_key():
    return base64.b64encode(os.urandom(16)).decode()


def request_bytes(target, headers=None, method="GET", version="HTTP/1.1",
                  host="localhost:8080"):
    """4.1: the opening handshake. A header of None is left out; of a list,
    it comes several times."""
    values = {"Host": host, "Upgrade": "websocket", "Connection": "Upgrade",
              "Sec-WebSocket-Key": new_key(), "Sec-WebSocket-Version": "13"}
    names = {name.lower(): name for name in values}
    for name, value in (headers or {}).items():
        values[names.get(name.lower(), name)] = value
    lines = [f"{method} {target} {version}".encode()]
    for name, value in values.items():
        for one in value if isinstance(value, list) else [value]:
            if one is not None:
                lines.append(as_bytes(name) + b": " + as_bytes(one))
    return b"\r\n".join(lines) + b"\r\n\r\n"


class Connection:
    """Bytes to and from a server, which may be HTTP at first."""

    def __init__(self, address, receive_buffer=None, timeout=10, tls=None):
        self.timeout = timeout
        self.socket = dial(address, receive_buffer, timeout)
        try:
            if tls:
                self.socket = tls.wrap_socket(self.socket,
                                              server_hostname="localhost")
        except OSError:
            self.socket.close()
            raise
        self.buffer = bytearray()
        self.ended = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.drop()

    def drop(self):
        """Goes without a word."""
        self.socket.close()

    def reset(self):
        """Goes with RST where the socket is TCP."""
        reset(self.socket)

    def send(self, data):
        self.socket.settimeout(slow(self.timeout))
        self.socket.sendall(data)

    def send_split(self, data, *sizes):
        """Sends in pieces of the given sizes, the last one repeated."""
        at = 0
        sizes = list(sizes)
        while at < len(data):
            size = sizes.pop(0) if len(sizes) > 1 else sizes[0]
            self.send(data[at:at + size])
            at += size

    def fill(self, deadline):
        """Reads what is there; False at the end of the connection."""
        if self.ended:
            return False
        pending = getattr(self.socket, "pending", lambda: 0)
        left = deadline - time.monotonic()
        if not pending() and not readable(self.socket, max(left, 0)):
            raise TimeoutError(
                f"nothing came; so far {bytes(self.buffer[:300])!r}")
        try:
            data = self.socket.recv(1 << 18)
        except (ConnectionResetError, BrokenPipeError):
            data = b""
        if not data:
            self.ended = True
        self.buffer += data
        return bool(data)

    def deadline(self, timeout=None):
        return time.monotonic() + slow(
            self.timeout if timeout is None else timeout)

    def read_to(self, size, deadline):
        """Until so many bytes are in the buffer; False if they never are."""
        while len(self.buffer) < size:
            if not self.fill(deadline):
                return False
        return True

    def quiet(self, seconds):
        """Whether nothing at all comes within the given time."""
        return not self.buffer and not readable(self.socket, seconds)

    def wait_ended(self, timeout=None):
        """Until the server has closed; what came is thrown away."""
        deadline = self.deadline(timeout)
        while self.fill(deadline):
            del self.buffer[:]

    # HTTP, as long as it is that

    def read_answer(self, timeout=None, with_body=True):
        deadline = self.deadline(timeout)
        while b"\r\n\r\n" not in self.buffer:
            if not self.fill(deadline):
                raise Ended(f"instead of an answer: {bytes(self.buffer)!r}")
        at = self.buffer.index(b"\r\n\r\n")
        lines = bytes(self.buffer[:at]).split(b"\r\n")
        del self.buffer[:at + 4]
        version, status, *_ = lines[0].decode("ascii").split(" ", 2)
        assert version == "HTTP/1.1", lines[0]
        headers = {}
        for line in lines[1:]:
            name, colon, value = line.decode("latin-1").partition(":")
            assert colon and name == name.strip(), line
            name, value = name.lower(), value.strip()
            if name in headers:
                value = headers[name] + ", " + value
            headers[name] = value
        answer = Answer(int(status), headers, b"", lines)
        if int(status) >= 200 and with_body:
            answer.body = self.read_body(headers, deadline)
        return answer

    def read_body(self, headers, deadline):
        if "content-length" in headers:
            size = int(headers["content-length"])
            assert self.read_to(size, deadline), "the body is cut"
        else:
            assert "transfer-encoding" not in headers, headers
            while self.fill(deadline):
                pass
            size = len(self.buffer)
        body = bytes(self.buffer[:size])
        del self.buffer[:size]
        return body


def call(address, method, target, headers=None, body=b"", **more):
    """One plain HTTP request on a connection of its own."""
    values = {"Host": "localhost:8080", "Connection": "close",
              "Content-Length": len(body) if body else None}
    values.update(headers or {})
    lines = [f"{method} {target} HTTP/1.1"] + [
        f"{name}: {value}" for name, value in values.items()
        if value is not None]
    with Connection(address, **more) as connection:
        connection.send("\r\n".join(lines).encode() + b"\r\n\r\n"
                        + as_bytes(body))
        return connection.read_answer(with_body=method != "HEAD")


class WebSocket(Connection):
    """A WebSocket to a server; its opening message has been read.

    With answers=False it is silent: no Pong for a Ping. early is sent in
    one piece with the handshake.
    """

    def __init__(self, address, target, headers=None, opened=True, early=b"",
                 raw=False, answers=True, receive_buffer=None, timeout=10,
                 tls=None, split=None, **request):
        super().__init__(address, receive_buffer, timeout, tls)
        self.answers = answers
        self.pings, self.pongs = [], []     # what came in them
        self.parts = None                   # of a message in fragments
        self.waiting = []                   # messages read, not yet taken
        self.sent_close = False
        self.got_close = None               # the server's Close frame
        self.frames = 0
        self.opening = None
        data = request_bytes(target, headers, **request)
        key = next((line.partition(b":")[2].strip()
                    for line in data.split(b"\r\n")
                    if line.lower().startswith(b"sec-websocket-key:")), b"")
        try:
            self.send_split(data + early, *(split or [1 << 30]))
            self.head = self.read_answer()
            if opened:
                self.check_head(key)
                if not raw:
                    self.opening = self.next().json
                    assert self.opening["event"] in (
                        "earshot.open", "earshot.lost"), self.opening
        except BaseException:
            self.socket.close()
            raise

    def check_head(self, key):
        """4.2.2, 5: what the server must have answered."""
        assert self.head.status == 101, (self.head, self.head.body)
        headers = self.head.headers
        assert headers["upgrade"].lower() == "websocket"
        assert headers["connection"].lower() == "upgrade"
        assert headers["sec-websocket-accept"] == accept_of(key)
        assert "sec-websocket-extensions" not in headers
        assert "sec-websocket-protocol" not in headers

    @property
    def cursor(self):
        return self.opening["cursor"]

    # Sending

    def send_frame(self, opcode, payload=b"", **more):
        self.send(frame(opcode, payload, **more))

    def send_text(self, text):
        self.send_frame(TEXT, text)

    def send_json(self, value):
        self.send_text(json.dumps(value))

    def send_close(self, code=1000, reason=""):
        self.sent_close = True
        self.send_frame(CLOSE, close_payload(code, reason))

    # Reading

    def read_frame(self, timeout=None):
        """The next frame, held against 5.1 and 5.2; None at the end."""
        deadline = self.deadline(timeout)
        if not self.read_to(2, deadline):
            assert not self.buffer, "half a frame at the end"
            return None
        first, second = self.buffer[:2]
        assert not second & 0x80, "5.1: a server must not mask"
        size, form = second & 0x7f, 2
        if size == 126:
            form = 4
            assert self.read_to(form, deadline)
            size = struct.unpack_from("!H", self.buffer, 2)[0]
            assert size > 125, "5.2: the shortest form must be used"
        elif size == 127:
            form = 10
            assert self.read_to(form, deadline)
            size = struct.unpack_from("!Q", self.buffer, 2)[0]
            assert 65535 < size < 1 << 63, "5.2: the shortest form"
        if not self.read_to(form + size, deadline):
            raise Ended(f"a frame of {size} bytes is cut")
        payload = bytes(self.buffer[form:form + size])
        del self.buffer[:form + size]
        opcode, fin = first & 15, bool(first & 0x80)
        assert not first & 0x70, "5.2: reserved bits must be 0"
        assert opcode in KNOWN, f"5.2: opcode {opcode}"
        assert opcode < CLOSE or fin and size <= 125, \
            "5.5: control frames are short and whole"
        assert not self.got_close, "5.5.1: a frame after Close"
        self.frames += 1
        return Frame(opcode, payload, fin)

    def next(self, timeout=None):
        """The next message, or the Close; None at the end. Pings are
        answered on the way, and Pongs kept."""
        if self.waiting:
            return self.waiting.pop(0)
        return self.read_message(timeout)

    def read_message(self, timeout=None):
        deadline = self.deadline(timeout)
        while True:
            left = max(deadline - time.monotonic(), 0) / slow(1)
            got = self.read_frame(left)
            if got is None:
                return None
            if got.opcode == PING:
                self.pings.append(got.payload)
                if self.answers:
                    self.send_frame(PONG, got.payload)
            elif got.opcode == PONG:
                self.pongs.append(got.payload)
            elif got.opcode == CLOSE:
                self.got_close = got
                assert got.payload == b"" or (
                    got.code not in (1004, 1005, 1006, 1015)
                    and got.reason is not None)
                return got
            else:
                message = self.joined(got)
                if message:
                    return message

    def joined(self, got):
        """5.4: a message, when this was its last fragment."""
        if got.opcode == CONTINUATION:
            assert self.parts, "5.4: a continuation of nothing"
            self.parts.append(got)
        else:
            assert not self.parts, "5.4: a message within another"
            self.parts = [got]
        if not got.fin:
            return None
        whole = Frame(self.parts[0].opcode,
                      b"".join(part.payload for part in self.parts))
        self.parts = None
        if whole.opcode == TEXT:
            assert whole.text is not None, "5.6: text is UTF-8"
        return whole

    def take(self, count, timeout=None):
        """The next messages of the channels, as JSON; nothing else comes."""
        taken = []
        while len(taken) < count:
            got = self.next(timeout)
            assert got and got.opcode == TEXT, \
                f"{got} after {len(taken)} of {count}"
            assert "channel" in got.json, got.json
            taken.append(got.json)
        return taken

    def answer(self, timeout=None):
        """The next answer to what was published; what else comes waits."""
        while True:
            got = self.read_message(timeout)
            assert got and got.opcode == TEXT, got
            if got.json["event"] in ("earshot.published", "earshot.error"):
                return got.json
            self.waiting.append(got)

    def publish(self, data, **fields):
        """Publishes and gives the id."""
        self.send_json({"data": data, **fields})
        answer = self.answer()
        assert answer["event"] == "earshot.published", answer
        return answer["id"]

    def wait_pong(self, payload, timeout=None):
        """Until it has come; messages that come before wait."""
        deadline = self.deadline(timeout)
        while as_bytes(payload) not in self.pongs:
            left = max(deadline - time.monotonic(), 0) / slow(1)
            got = self.read_frame(left)
            assert got and got.opcode != CLOSE, got
            if got.opcode == PONG:
                self.pongs.append(got.payload)
            elif got.opcode == PING:
                self.pings.append(got.payload)
            else:
                message = self.joined(got)
                if message:
                    self.waiting.append(message)

    def wait_close(self, timeout=None):
        """Reads on until the server's Close, answers it, and waits until
        the server has closed the connection as well (7.1.1)."""
        while self.got_close is None:
            self.waiting.clear()
            got = self.next(timeout)
            assert got is not None, "the connection ended without a Close"
        if not self.sent_close:
            self.sent_close = True
            try:
                self.send_frame(CLOSE, self.got_close.payload[:2])
            except OSError:
                pass    # it may have closed already
        self.wait_ended(timeout)
        return self.got_close

    def close(self, code=1000, timeout=None):
        """The closing handshake (7.1.2), begun here."""
        if self.got_close is None and not self.sent_close:
            self.send_close(code)
        return self.wait_close(timeout)


def parted(messages):
    """The answers to publishes apart from all else, each in their order."""
    answers, others = [], []
    for one in messages:
        is_answer = one.opcode == TEXT and one.payload.startswith(
            b'{"event":"earshot.published"')
        (answers if is_answer else others).append(one)
    return answers, others


def ids_and_messages(frames):
    """What came of publishes, as JSON and in any order: the ids that were
    answered, and the messages."""
    return ([one["id"] for one in frames
             if one["event"] == "earshot.published"],
            [one for one in frames if "channel" in one])


def raw_answers(socket, count):
    """What so many publishes of a raw socket come to: the ids that answer
    them, and the bare frames in which they come back."""
    answers, frames = parted([socket.next() for _ in range(2 * count)])
    assert len(answers) == count, answers
    return [one.json["id"] for one in answers], frames


def wait_readable(sockets, timeout):
    """Those of many WebSockets that have something to read."""
    poll = select.poll()
    by_number = {one.socket.fileno(): one for one in sockets}
    for number in by_number:
        poll.register(number, select.POLLIN)
    return [by_number[number] for number, _ in
            poll.poll(int(slow(timeout) * 1000))]
