"""Chromium's own WebSocket, as a foreign client of earshot-ws."""

import json

import pytest

from tls import Tls
from wait import wait_until
from websocket import ids_and_messages

PAGE = "<!doctype html><title>websocket</title>"

OPEN = """
const [url] = arguments;
window.came = [];
window.socket = new WebSocket(url);
socket.binaryType = "arraybuffer";
for (const name of ["open", "error"]) {
  socket.addEventListener(name, () => came.push({ [name]: true }));
}
socket.addEventListener("close", (event) => came.push(
  { close: event.code, reason: event.reason, clean: event.wasClean }));
socket.addEventListener("message", ({ data }) => came.push(
  typeof data === "string" ? { text: data }
                           : { bytes: [...new Uint8Array(data)] }));
"""


class Page:
    """A page of the site with one WebSocket in it."""

    def __init__(self, chromium, site, url=None):
        self.chromium, self.site = chromium, site
        (site.pages / "plain.html").write_text(PAGE)
        chromium.driver.get((url or site.url) + "/plain.html")

    def open(self, target, host="127.0.0.1"):
        self.chromium.run(OPEN, f"ws://{host}:{self.site.port}{target}")

    def next(self):
        """The next thing that came."""
        return wait_until(lambda: self.chromium.run("return came.shift()"),
                          what="something from the WebSocket")

    def json(self):
        return json.loads(self.next()["text"])

    def send(self, value):
        self.chromium.run("socket.send(arguments[0])", json.dumps(value))


@pytest.fixture
def site(start, start_ws, start_lighttpd):
    """lighttpd before one earshot.fcgi and one earshot-ws."""
    earshot = start()
    ws = start_ws(heartbeat=0.3)
    web = start_lighttpd(sockets=[earshot.address], ws=ws.address)
    web.endpoint = ws
    return web


@pytest.fixture
def page(site, chromium):
    page = Page(chromium, site)
    yield page
    chromium.driver.get("about:blank")


def test_chromium_follows_and_publishes(site, page):
    page.open("/earshot/room/ws?from=chromium")
    assert page.next() == {"open": True}
    assert page.json()["event"] == "earshot.open"
    texts = ["", "grüß dich €𝄞\x01", "x" * 60000]
    for text in texts:
        page.send({"data": text})
    ids, messages = ids_and_messages([page.json() for _ in range(6)])
    assert [m["data"] for m in messages] == texts
    assert [m["id"] for m in messages] == ids
    assert messages == site.get("/room/poll?after=earliest").json["messages"]
    page.chromium.run("socket.close(1000, 'thank you')")
    got = page.next()
    assert got["close"] == 1000 and got["clean"]
    wait_until(lambda: site.endpoint.held() == 0)


def test_chromium_answers_the_pings(site, page):
    page.open("/earshot/room/ws")
    page.next(), page.json()
    # The time of many heartbeats, told by somebody who is pinged as well.
    with site.socket(timeout=20) as other:
        for _ in range(8):
            frame = other.read_frame()
            other.send_frame(10, frame.payload)
    assert site.endpoint.held() >= 1
    id = site.post("/room", "still here").json["id"]
    assert page.json()["id"] == id


def test_chromium_speaks_raw(page):
    page.open("/earshot/room/ws?format=raw")
    assert page.next() == {"open": True}
    page.chromium.run("socket.send('text é')")
    page.chromium.run("socket.send(new Uint8Array([0, 255]))")
    got = [page.next() for _ in range(4)]
    assert [one for one in got if "published" not in one.get("text", "")] \
        == [{"text": "text é"}, {"bytes": [0, 255]}]


def test_chromium_is_told_that_the_server_stops(site, page):
    page.open("/earshot/room/ws")
    page.next(), page.json()
    site.endpoint.stop()
    got = page.next()
    assert got["close"] == 1001 and got["clean"] and got["reason"]


def test_a_page_of_another_site_is_refused(site, page):
    """The browser says whose page it is, and the endpoint looks."""
    page.open("/earshot/room/ws", host="localhost")
    assert page.next() == {"error": True}
    assert page.next()["close"] == 1006
    assert site.endpoint.held() == 0
    page.chromium.driver.get(f"http://localhost:{site.port}/plain.html")
    page.open("/earshot/room/ws", host="localhost")
    assert page.next() == {"open": True}


@pytest.fixture
def tls(directory, start, start_ws, start_lighttpd):
    """The same site, by https and wss too."""
    tls = Tls(directory)
    tls.site = start_lighttpd(sockets=[start().address], more=
                              tls.configuration, ws=start_ws().address)
    return tls


def test_chromium_speaks_wss_over_http_2(tls, chromium):
    """RFC 8441: lighttpd makes of it what earshot-ws knows. The browser keeps
    one connection for the page, its streams and its WebSockets."""
    chromium.driver.execute_cdp_cmd("Security.setIgnoreCertificateErrors",
                                    {"ignore": True})
    try:
        site = f"localhost:{tls.port}"
        page = Page(chromium, tls.site, f"https://{site}")
        assert chromium.run(
            "return performance.getEntries()[0].nextHopProtocol") == "h2"
        chromium.run(OPEN, f"wss://{site}/earshot/room/ws")
        assert page.next() == {"open": True}
        assert page.json()["event"] == "earshot.open"
        chromium.run(
            "window.stream = new EventSource('/earshot/room/sse');"
            "stream.onmessage = (event) => came.push({ sse: event.data });"
            "stream.addEventListener('earshot.open',"
            "                        () => came.push({ sse: null }))")
        assert page.next() == {"sse": None}
        page.send({"data": "by wss"})
        got = [page.next() for _ in range(3)]
        assert {"sse": "by wss"} in got
        events = {json.loads(one["text"])["event"] for one in got
                  if "text" in one}
        assert events == {"message", "earshot.published"}
        chromium.run("stream.close(); socket.close()")
    finally:
        chromium.driver.get("about:blank")
        chromium.driver.execute_cdp_cmd(
            "Security.setIgnoreCertificateErrors", {"ignore": False})
