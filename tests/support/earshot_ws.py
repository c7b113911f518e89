"""earshot-ws as a process of its own, listening for HTTP and WebSocket."""

import websocket
from earshot import Earshot
from processes import program
from websocket import WebSocket

MOUNT = "/earshot"


class EarshotWs(Earshot):
    """The WebSocket endpoint, with the options of an Earshot.

    One in the directory of an Earshot shares its queue.
    """

    name = "earshot-ws"

    def program(self):
        return program("earshot-ws")

    # Plain requests, by HTTP

    def call(self, method, target, headers=None, body=b"", mount=MOUNT,
             **more):
        return websocket.call(self.address, method, mount + target, headers,
                              body, **more)

    # WebSockets

    def socket(self, channel="room", query="", headers=None, mount=MOUNT,
               **more):
        """An open WebSocket; its opening message has been read."""
        target = f"{mount}/{channel}/ws" + (f"?{query}" if query else "")
        return WebSocket(self.address, target, headers, **more)

    def refused(self, channel="room", query="", headers=None, **more):
        """The answer to a handshake that is not to succeed."""
        with self.socket(channel, query, headers, opened=False,
                         **more) as socket:
            assert socket.head.status != 101, "it has been let in"
            return socket.head

    def held(self, transport="ws"):
        return super().held(transport)
