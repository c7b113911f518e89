"""The configurations in deploy/, with only paths and ports filled in."""

import pathlib
import re
import subprocess

import pytest

import sse
import web
from earshot import sqlite3_shell
from earshot_ws import EarshotWs
from lighttpd import Lighttpd
from processes import program
from tls import Tls
from wait import wait_until
from websocket import PING, PONG, WebSocket

SOURCE = pathlib.Path(__file__).resolve().parents[2]

SITE = """\
server.modules = ()
server.document-root = "{pages}"
server.bind = "127.0.0.1"
server.port = {port}
server.errorlog = "{error_log}"
server.upload-dirs = ("{directory}")
"""


def escaped(text):
    """For str.format, which Lighttpd fills in its configurations by."""
    return text.replace("{", "{{").replace("}", "}}")


@pytest.fixture
def shipped(directory, started):
    """lighttpd with earshot.conf, and more configuration before it; its own
    idle limits are those given."""
    def shipped(more="", limits=None):
        text = (SOURCE / "deploy/lighttpd/earshot.conf").read_text()
        for old, new in (
                ("/usr/local/libexec/earshot/earshot.fcgi", program()),
                ("/var/lib/earshot/earshot.db",
                 str(directory / "queue/earshot.db")),
                ("/run/lighttpd/earshot.socket",
                 str(directory / "earshot.socket")),
                ("/run/earshot/ws.socket", str(directory / "ws.socket"))):
            assert text.count(old) == 1
            text = text.replace(old, new)
        if limits is not None:
            text, count = re.subn("^server.max-.*-idle = .*$", "", text,
                                  flags=re.M)
            assert count == 2
            text += limits
        server = Lighttpd(directory,
                          configuration=SITE + escaped(more + text))
        started.append(server)
        return server.start()
    return shipped


def test_as_shipped_readers_may_and_publishers_may_not(shipped):
    server = shipped()
    assert server.get("/room/poll").status == 200
    answer = server.post("/room", b"x")
    assert answer.status == 403
    assert answer.json["code"] == "forbidden"


def test_as_shipped_streams_arrive_at_once(shipped):
    server = shipped()
    with server.stream("room") as stream:
        sqlite3_shell(server.queue, "INSERT INTO message(channel, event, "
                      "data) VALUES('room', 'message', 'by the shell')")
        assert stream.next().data == "by the shell"


def test_as_shipped_a_page_may_begin_like_earshot_s_address(shipped):
    server = shipped()
    (server.pages / "earshot.js").write_text("a page's own")
    assert web.call("GET", server.url + "/earshot.js").body \
        == b"a page's own"


# WebSocket

@pytest.fixture
def start_endpoint(directory, started):
    """start_endpoint() runs earshot-ws as its service does, with more
    options."""
    def start_endpoint(**options):
        # What /etc/default/earshot names for lighttpd.
        assert 'Say "Forwarded" here' in (
            SOURCE / "deploy/default/earshot").read_text()
        server = EarshotWs(directory, **{
            "socket": directory / "ws.socket", "publish": "user",
            "user_header": "Forwarded", **options})
        started.append(server)
        return server.start()
    return start_endpoint


def insert(server, data):
    sqlite3_shell(server.queue, "INSERT INTO message(channel, event, data) "
                  f"VALUES('room', 'message', '{data}')")


def test_as_shipped_websocket_has_the_same_address(shipped, start_endpoint):
    server = shipped()
    start_endpoint()
    with server.socket(headers={"Origin": server.url}) as socket, \
            server.stream("room") as stream:
        insert(server, "for all")
        assert socket.take(1)[0]["data"] == "for all"
        assert stream.next().data == "for all"
        wait_until(lambda: server.get("/room").json["subscribers"] ==
                   {"poll": 0, "sse": 1, "ws": 1})
        # As with POST: only whom lighttpd has authenticated.
        socket.send_json({"data": "x"})
        assert socket.answer()["code"] == "forbidden"
    with server.socket(headers={"Origin": "https://evil.example"},
                       opened=False) as foreign:
        assert foreign.head.status == 403
    wait_until(lambda: server.get("/room").json["subscribers"]["ws"] == 0)


def test_as_shipped_the_rest_works_without_websocket(shipped):
    """A page that tries it is told at once, and takes another way."""
    server = shipped()
    with server.socket(opened=False) as socket:
        assert socket.head.status == 503
    assert server.get("/room/poll").status == 200


def test_a_client_is_not_local_because_lighttpd_is(shipped, start_endpoint):
    """lighttpd adds the address that it sees to what a client claims."""
    server = shipped()
    endpoint = start_endpoint(publish="local")
    with server.socket() as socket:
        assert socket.publish("from loopback")
    with endpoint.socket(headers={
            "X-Forwarded-For": "127.0.0.1, 203.0.113.5"}) as socket:
        socket.send_json({"data": "x"})
        assert socket.answer()["code"] == "forbidden"


@pytest.mark.parametrize("name", ["earshot.conf", "demo.conf"])
def test_the_idle_limits_are_above_a_heartbeat_and_its_answer(name):
    text = (SOURCE / "deploy/lighttpd" / name).read_text()
    for limit in ("read", "write"):
        seconds = re.search(rf"^server.max-{limit}-idle = (\d+)$", text,
                            re.M)[1]
        assert int(seconds) > 2 * 15 * 1.2


@pytest.mark.parametrize("answers", [True, False])
def test_an_idle_websocket_is_kept_by_its_heartbeats(
        shipped, start_endpoint, answers):
    """With limits of 2 s for 60: without an answer lighttpd cuts it."""
    text = "server.max-read-idle = 2\nserver.max-write-idle = 2\n"
    server = shipped(limits=text)
    start_endpoint(heartbeat=0.7 if answers else 3600)
    with server.socket(timeout=8) as socket:
        if not answers:
            assert socket.read_frame() is None, "cut off"
            return
        for _ in range(10):
            got = socket.read_frame()
            assert got.opcode == PING
            socket.send_frame(PONG, got.payload)
        insert(server, "still here")
        assert socket.take(1)[0]["data"] == "still here"


# TLS

@pytest.fixture
def tls(shipped, directory):
    """The site with tls.conf too."""
    tls = Tls(directory)
    server = shipped(tls.configuration)
    server.tls = tls
    return server


def test_wss_and_https_streams_work_by_lighttpd_s_tls(tls, start_endpoint):
    start_endpoint()
    site = f"localhost:{tls.tls.port}"
    address = ("127.0.0.1", tls.tls.port)
    with WebSocket(address, "/earshot/room/ws",
                   {"Origin": f"https://{site}"}, host=site,
                   tls=tls.tls.context()) as socket:
        assert socket.socket.version().startswith("TLSv1.")
        curl = subprocess.Popen(
            ["curl", "-sN", "--cacert", tls.tls.certificate,
             f"https://{site}/earshot/room/sse?after=earliest"],
            stdout=subprocess.PIPE)
        try:
            parser = sse.Parser()
            events = []
            sizes = [10, 100, 50000]
            for size in sizes:
                insert(tls, "x" * size)
            assert [len(m["data"]) for m in socket.take(3)] == sizes
            while len(events) < 4:
                events += parser.feed(curl.stdout.read1())
            assert [len(event.data) for event in events[1:]] == sizes
        finally:
            curl.kill()
            curl.wait()
            curl.stdout.close()
        assert socket.close().code == 1000
    with WebSocket(address, "/earshot/room/ws",
                   {"Origin": "https://evil.example"}, host=site,
                   tls=tls.tls.context(), opened=False) as socket:
        assert socket.head.status == 403
