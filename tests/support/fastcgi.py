"""A peer of our own that speaks FastCGI 1.0, record by record.

It does what no web server would do: any record, cut at any byte, in any
order. It knows nothing of Earshot but how a web server describes a request.
Section numbers are those of the FastCGI Specification 1.0.
"""

import json
import socket
import struct
import time
import urllib.parse
from dataclasses import dataclass, field

from sockets import dial, readable, reset
from wait import slow

VERSION = 1
BEGIN_REQUEST, ABORT_REQUEST, END_REQUEST, PARAMS, STDIN, STDOUT, STDERR, \
    DATA, GET_VALUES, GET_VALUES_RESULT, UNKNOWN_TYPE = range(1, 12)
RESPONDER, AUTHORIZER, FILTER = 1, 2, 3
KEEP_CONN = 1
REQUEST_COMPLETE, CANT_MPX_CONN, OVERLOADED, UNKNOWN_ROLE = range(4)


class Closed(Exception):
    """The program closed the connection before an answer was whole."""

    def __init__(self, got=b""):
        super().__init__(f"connection closed after {bytes(got[:300])!r}")
        self.got = bytes(got)


@dataclass
class Record:
    type: int
    id: int
    content: bytes
    padding: int = 0
    version: int = 1


@dataclass
class Answer:
    """An answer as a web server would understand it."""
    status: int
    headers: dict
    body: bytes
    lines: list = field(default_factory=list)
    app_status: int = 0
    protocol_status: int = REQUEST_COMPLETE
    stderr: bytes = b""

    @property
    def json(self):
        return json.loads(self.body.decode("utf-8"))


# Records to send (3.3)

def record(type, id=1, content=b"", padding=0, version=VERSION):
    return struct.pack("!BBHHBx", version, type, id, len(content),
                       padding) + content + b"\0" * padding


def stream(type, content, id=1, size=65535, padding=0, end=True):
    """A stream's records and, if wanted, the empty one that ends it."""
    out = [record(type, id, content[at:at + size], padding)
           for at in range(0, len(content), size)]
    if end:
        out.append(record(type, id))
    return b"".join(out)


def begin(id=1, role=RESPONDER, keep=False):
    return record(BEGIN_REQUEST, id,
                  struct.pack("!HB5x", role, KEEP_CONN if keep else 0))


def abort(id=1):
    return record(ABORT_REQUEST, id)


def length(n):
    return bytes([n]) if n < 128 else struct.pack("!I", n | 0x80000000)


def pair(name, value):
    name, value = as_bytes(name), as_bytes(value)
    return length(len(name)) + length(len(value)) + name + value


def pairs(values):
    return b"".join(pair(*item) for item in values.items())


def params(values, id=1, size=65535, padding=0, end=True):
    return stream(PARAMS, pairs(values), id, size, padding, end)


def stdin(body=b"", id=1, size=65535, padding=0, end=True):
    return stream(STDIN, body, id, size, padding, end)


def get_values(*names):
    return record(GET_VALUES, 0, pairs({name: "" for name in names}))


def read_pairs(content):
    """Name-value pairs (3.4) as a dict of bytes."""
    values, at = {}, 0
    while at < len(content):
        sizes = []
        for _ in range(2):
            size = content[at]
            if size & 0x80:
                size = struct.unpack_from("!I", content, at)[0] & 0x7fffffff
                at += 3
            at += 1
            sizes.append(size)
        name = content[at:at + sizes[0]]
        at += sizes[0]
        values[name] = content[at:at + sizes[1]]
        at += sizes[1]
    return values


def as_bytes(value):
    if isinstance(value, bytes):
        return value
    return str(value).encode("utf-8", "surrogateescape")


def environment(method, target, headers=None, body=b"", mount="/earshot",
                remote="127.0.0.1", **override):
    """The CGI variables that a web server makes of a request.

    Keyword arguments name variables to set as they are; None leaves one out.
    """
    path, _, query = target.partition("?")
    values = {
        "GATEWAY_INTERFACE": "CGI/1.1",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_SOFTWARE": "peer",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "8080",
        "SERVER_ADDR": "127.0.0.1",
        "REMOTE_ADDR": remote,
        "REMOTE_PORT": "50000",
        "REQUEST_METHOD": method,
        "REQUEST_URI": mount + target,
        "SCRIPT_NAME": mount,
        "PATH_INFO": urllib.parse.unquote_to_bytes(path),
        "QUERY_STRING": query,
        "HTTP_HOST": "localhost:8080",
    }
    if body or method in ("POST", "PUT"):
        values["CONTENT_LENGTH"] = len(body)
    for name, value in (headers or {}).items():
        name = name.upper().replace("-", "_")
        if name not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            name = "HTTP_" + name
        values[name] = value
    values.update(override)
    return {name: value for name, value in values.items()
            if value is not None}


def request_bytes(method, target, headers=None, body=b"", id=1, keep=False,
                  size=65535, padding=0, **override):
    """A whole request, as a web server would send it."""
    body = as_bytes(body)
    return (begin(id, keep=keep)
            + params(environment(method, target, headers, body, **override),
                     id, size, padding)
            + stdin(body, id, size, padding))


# Answers

def parse_cgi(data):
    """(status, headers, lines, body) of a CGI answer (RFC 3875, 6)."""
    head, separator, body = data.partition(b"\r\n\r\n")
    if not separator:
        raise AssertionError(f"no end of headers in {bytes(data[:300])!r}")
    lines = head.split(b"\r\n")
    headers, status = {}, None
    for line in lines:
        name, colon, value = line.decode("latin-1").partition(":")
        assert colon and name.strip(), f"not a header: {line!r}"
        assert "\n" not in value and "\r" not in value, f"torn: {line!r}"
        name, value = name.strip().lower(), value.strip()
        if name in headers:
            value = headers[name] + ", " + value
        headers[name] = value
    assert "status" in headers, f"no Status: in {head!r}"
    status = int(headers.pop("status").split()[0])
    return status, headers, lines, body


class Peer:
    """One connection to the program."""

    def __init__(self, address, receive_buffer=None, timeout=10):
        self.timeout = timeout
        self.socket = dial(address, receive_buffer, timeout)
        self.buffer = bytearray()
        self.ended = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def half_close(self):
        """Says that nothing more will be sent, and goes on reading."""
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self):
        """Closes with RST where the socket is TCP."""
        reset(self.socket)

    def fileno(self):
        return self.socket.fileno()

    # Sending

    def send(self, data):
        self.socket.settimeout(slow(self.timeout))
        self.socket.sendall(data)

    def send_split(self, data, *sizes):
        """Sends in pieces of the given sizes, the last one repeated."""
        at = 0
        for size in sizes[:-1]:
            self.send(data[at:at + size])
            at += size
        while at < len(data):
            self.send(data[at:at + sizes[-1]])
            at += sizes[-1]

    def send_request(self, method, target, headers=None, body=b"", **more):
        self.send(request_bytes(method, target, headers, body, **more))

    # Reading

    def fill(self, deadline):
        """Reads what is there; False at the end of the connection."""
        left = deadline - time.monotonic()
        if not readable(self.socket, max(left, 0)):
            raise TimeoutError(f"nothing came; so far "
                               f"{bytes(self.buffer[:300])!r}")
        try:
            data = self.socket.recv(1 << 18)
        except ConnectionResetError:
            data = b""
        if not data:
            self.ended = True
            return False
        self.buffer += data
        return True

    def read_record(self, timeout=None):
        """The next record, or None where the connection ends."""
        deadline = time.monotonic() + slow(
            self.timeout if timeout is None else timeout)
        while True:
            if len(self.buffer) >= 8:
                version, type, id, size, padding = struct.unpack_from(
                    "!BBHHB", self.buffer)
                whole = 8 + size + padding
                if len(self.buffer) >= whole:
                    content = bytes(self.buffer[8:8 + size])
                    del self.buffer[:whole]
                    assert version == VERSION, f"version {version}"
                    return Record(type, id, content, padding, version)
            if not self.fill(deadline):
                if self.buffer:
                    raise Closed(self.buffer)
                return None

    def read_answer(self, id=1, timeout=None):
        """A whole answer, up to its END_REQUEST."""
        deadline = time.monotonic() + slow(
            self.timeout if timeout is None else timeout)
        out, err = bytearray(), bytearray()
        while True:
            left = (deadline - time.monotonic()) / slow(1)
            got = self.read_record(max(left, 0))
            if got is None:
                raise Closed(out)
            assert got.id == id, f"a record of request {got.id}, not {id}"
            if got.type == STDOUT:
                out += got.content
            elif got.type == STDERR:
                err += got.content
            elif got.type == END_REQUEST:
                break
            else:
                raise AssertionError(f"unexpected record {got}")
        app, protocol = struct.unpack("!IB3x", got.content)
        if protocol != REQUEST_COMPLETE:
            return Answer(0, {}, b"", [], app, protocol, bytes(err))
        status, headers, lines, body = parse_cgi(bytes(out))
        return Answer(status, headers, body, lines, app, protocol,
                      bytes(err))

    def request(self, method, target, headers=None, body=b"", timeout=None,
                **more):
        """Sends a request and reads its whole answer."""
        try:
            self.send_request(method, target, headers, body, **more)
        except (BrokenPipeError, ConnectionResetError):
            pass  # an answer may have been sent before the end was read
        return self.read_answer(more.get("id", 1), timeout)

    def read_stdout(self, id=1, timeout=None):
        """The next piece of a streamed answer; b"" at its end."""
        while True:
            got = self.read_record(timeout)
            if got is None:
                raise Closed()
            assert got.id == id, f"a record of request {got.id}, not {id}"
            if got.type == END_REQUEST:
                return b""
            if got.type == STDOUT and got.content:
                return got.content

    def read_head(self, id=1, timeout=None):
        """The headers of a streamed answer, and what came after them."""
        data = b""
        while b"\r\n\r\n" not in data:
            piece = self.read_stdout(id, timeout)
            if not piece:
                break
            data += piece
        status, headers, lines, body = parse_cgi(data)
        return Answer(status, headers, body, lines)

    def wait_closed(self, timeout=None):
        """Reads on until the program closes; gives the records that came."""
        records = []
        while True:
            got = self.read_record(timeout)
            if got is None:
                return records
            records.append(got)

    def quiet(self, seconds):
        """Whether nothing at all comes within the given time."""
        return not self.buffer and not readable(self.socket, seconds)


def call(address, method, target, headers=None, body=b"", **more):
    """One request on a connection of its own."""
    with Peer(address) as peer:
        return peer.request(method, target, headers, body, **more)
