"""Asking Earshot through a web server that stands before it."""

import sse
import web
from websocket import WebSocket


class Asking:
    """Of a server on the loopback's `port` with Earshot at its `mount`."""

    @property
    def earshot_url(self):
        return f"http://127.0.0.1:{self.port}{self.mount}"

    def call(self, method, target, headers=None, body=None, timeout=10):
        return web.call(method, self.earshot_url + target, headers,
                        body, timeout)

    def get(self, target, headers=None, timeout=10):
        return self.call("GET", target, headers, timeout=timeout)

    def post(self, target, body=b"", headers=None, timeout=10):
        return self.call("POST", target, headers, body, timeout)

    def stream(self, channel, query="", headers=None, opened=True):
        target = f"/{channel}/sse" + (f"?{query}" if query else "")
        return sse.over_http(self.earshot_url + target, headers, opened)

    def socket(self, channel="room", query="", headers=None, **more):
        """An open WebSocket; its opening message has been read."""
        target = f"{self.mount}/{channel}/ws" + (f"?{query}" if query else "")
        more.setdefault("host", f"127.0.0.1:{self.port}")
        return WebSocket(("127.0.0.1", self.port), target, headers, **more)
