"""A server for tests that says exactly what it is told to, byte by byte."""

import queue
import socket
import threading

from wait import slow

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = (b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
           b"Transfer-Encoding: chunked\r\n\r\n")
UPGRADED = (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\n\r\n")

class Target:
    """Accepts connections and hands them to the test, one after the other.

    With on_accept each is handed to that instead, in a thread of its own.
    """

    def __init__(self, on_accept=None, port=0):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", port))
        self.listener.listen(1024)
        self.on_accept = on_accept
        self.arrived = queue.Queue()
        self.sockets = []
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    @property
    def port(self):
        return self.listener.getsockname()[1]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def run(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.settimeout(slow(10))
            self.sockets.append(sock)
            if self.on_accept is None:
                self.arrived.put(sock)
            else:
                threading.Thread(target=self.on_accept, args=(sock,),
                                 daemon=True).start()

    def accept(self, timeout=10):
        """The next connection, as a socket."""
        return self.arrived.get(timeout=slow(timeout))

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(slow(5))
        for sock in self.sockets:
            sock.close()


def read_head(sock):
    """Bytes up to the empty line of an HTTP head, and not one more."""
    data = bytearray()
    while not data.endswith(b"\r\n\r\n"):
        byte = sock.recv(1)
        assert byte, f"the connection ended after {bytes(data)!r}"
        data += byte
    return bytes(data)


def read_exactly(sock, size):
    data = bytearray()
    while len(data) < size:
        more = sock.recv(min(size - len(data), 1 << 16))
        assert more, f"the connection ended after {len(data)} of {size}"
        data += more
    return bytes(data)


def read_rest(sock):
    """Everything until the other side closes."""
    data = bytearray()
    while more := sock.recv(1 << 16):
        data += more
    return bytes(data)


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)
