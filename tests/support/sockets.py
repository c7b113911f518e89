"""Sockets as a client has them, of TCP or of a Unix path."""

import select
import socket
import struct
import time

from wait import slow


def dial(address, receive_buffer=None, timeout=10):
    """A socket that is connected to (host, port) or to a path."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                            receive_buffer)
        sock.settimeout(slow(timeout))
        deadline = time.monotonic() + slow(timeout)
        while True:
            try:
                sock.connect(address)
                return sock
            except BlockingIOError:     # a Unix socket's backlog is full
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.002)
    except OSError:
        sock.close()
        raise


def readable(sock, seconds):
    """select(2) would stop at descriptor 1023; thousands are open here."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(int(seconds * 1000 + 0.999)))


def reset(sock):
    """Goes away with RST where it is TCP, as a killed browser does."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack("ii", 1, 0))
    sock.close()
