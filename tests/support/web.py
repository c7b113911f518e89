"""HTTP by Python's own client, with answers of the peer's shape."""

import http.client
import urllib.parse

from fastcgi import Answer, as_bytes
from sockets import reset
from wait import slow


class Asked:
    """A request sent over HTTP; its answer is still to come."""

    def __init__(self, method, url, headers=None, body=None, timeout=10):
        parts = urllib.parse.urlsplit(url)
        target = parts.path or "/"
        if parts.query:
            target += "?" + parts.query
        self.connection = http.client.HTTPConnection(
            parts.hostname, parts.port, timeout=slow(timeout))
        try:
            self.connection.request(
                method, target, None if body is None else as_bytes(body),
                headers or {})
        except BaseException:
            self.connection.close()
            raise

    def close(self):
        self.connection.close()

    def answer(self):
        """Waits until it begins."""
        return Response(asked=self)


class Response:
    """A request sent over HTTP whose answer is read piece by piece."""

    def __init__(self, *request, asked=None, **more):
        self.connection = (asked or Asked(*request, **more)).connection
        try:
            self.socket = self.connection.sock
            self.response = self.connection.getresponse()
        except BaseException:
            self.connection.close()
            raise

    def head(self):
        headers = {}
        for name, value in self.response.getheaders():
            name = name.lower()
            if name in headers:
                value = headers[name] + ", " + value
            headers[name] = value
        return Answer(self.response.status, headers, b"")

    def read1(self):
        return self.response.read1(1 << 18)

    def whole(self):
        answer = self.head()
        answer.body = self.response.read()
        return answer

    def reset(self):
        reset(self.socket)
        self.close()

    def close(self):
        self.response.close()
        self.connection.close()


def call(method, url, headers=None, body=None, timeout=10):
    """One request over HTTP on a connection of its own."""
    response = Response(method, url, headers, body, timeout)
    try:
        return response.whole()
    finally:
        response.close()
