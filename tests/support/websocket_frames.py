"""Frames of WebSocket (RFC 6455) as bytes, also such as are not allowed.

It knows no connection. Section numbers are those of RFC 6455.
"""

import json
import struct
from dataclasses import dataclass

from fastcgi import as_bytes

CONTINUATION, TEXT, BINARY = 0, 1, 2
CLOSE, PING, PONG = 8, 9, 10
KNOWN = (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG)
KEY = b"\x37\xfa\x21\x3d"       # a mask, as in the examples of 5.7


@dataclass
class Frame:
    """A frame, or a whole message."""
    opcode: int
    payload: bytes = b""
    fin: bool = True

    @property
    def text(self):
        assert self.opcode == TEXT, self
        return self.payload.decode("utf-8")

    @property
    def json(self):
        return json.loads(self.text)

    @property
    def code(self):
        """The status code of a Close frame (5.5.1); 1005 without one."""
        assert self.opcode == CLOSE, self
        if not self.payload:
            return 1005
        assert len(self.payload) >= 2, self
        return struct.unpack_from("!H", self.payload)[0]

    @property
    def reason(self):
        assert self.opcode == CLOSE, self
        return self.payload[2:].decode("utf-8")


def masked(payload, key):
    """5.3: the same bytes masked, or unmasked."""
    if not payload:
        return b""
    size = len(payload)
    stream = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big")
            ^ int.from_bytes(stream, "big")).to_bytes(size, "big")


def head(opcode, size, fin=True, rsv=0, key=KEY, form=None):
    """5.2: all of a frame before its payload.

    The size may be a lie. form is how it is told: 7, 16 or 64 bits, the
    shortest that holds it unless said otherwise. Without a key it is not
    masked.
    """
    if form is None:
        form = 7 if size < 126 else 16 if size < 65536 else 64
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    mask = 0x80 if key is not None else 0
    if form == 7:
        out = struct.pack("!BB", first, mask | size)
    elif form == 16:
        out = struct.pack("!BBH", first, mask | 126, size)
    else:
        out = struct.pack("!BBQ", first, mask | 127, size)
    return out + (key or b"")


def frame(opcode, payload=b"", key=KEY, **more):
    payload = as_bytes(payload)
    return head(opcode, len(payload), key=key, **more) + (
        payload if key is None else masked(payload, key))


def fragments(opcode, payload, *sizes):
    """5.4: a message in frames of the given sizes, the last one repeated;
    without any, in one frame."""
    payload = as_bytes(payload)
    sizes = list(sizes) or [max(len(payload), 1)]
    pieces = []
    while payload or not pieces:
        size = sizes.pop(0) if len(sizes) > 1 else sizes[0]
        pieces.append(payload[:size])
        payload = payload[size:]
    return b"".join(
        frame(opcode if at == 0 else CONTINUATION, piece,
              fin=at == len(pieces) - 1)
        for at, piece in enumerate(pieces))


def close_payload(code, reason=""):
    return struct.pack("!H", code) + as_bytes(reason)
