"""What deploy/apache/README.md says of Apache, beyond the matrix: the login,
threads, compression, HTTP/2, and mod_fcgid's processes."""

import base64
import contextlib
import pathlib
import re
import shutil
import subprocess
import tempfile
import zlib

import pytest

from front import BRIEF, DEPLOY, Times
from front_apache import ApacheFcgid, ApacheProxy, enabled_by
from front_cgi import CgiApache
from processes import clean_up
from wait import holds_for, slow, wait_until
from websocket import WebSocket

KINDS = [ApacheProxy, ApacheFcgid, CgiApache]
NAMES = [kind.name for kind in KINDS]


@contextlib.contextmanager
def running(kind, times=BRIEF, **options):
    """One that runs for a while, where Apache's user may look."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="earshot-"))
    directory.chmod(0o755)
    front = kind(directory, times, **options)
    try:
        yield front.start()
        front.stop()
        clean_up(directory)
    finally:
        if front.running():
            front.process.kill()
        with contextlib.suppress(AssertionError):
            clean_up(directory)
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="module", params=KINDS, ids=NAMES)
def guarded(request):
    """With the login."""
    with running(request.param, publish="user", login=True) as front:
        yield front


@pytest.fixture(scope="module", params=KINDS, ids=NAMES)
def bare(request):
    """As shipped, without a login."""
    with running(request.param, publish="user") as front:
        yield front


def as_user(name="ann", password="secret"):
    word = base64.b64encode(f"{name}:{password}".encode()).decode()
    return {"Authorization": f"Basic {word}"}


# Who may publish

def test_users_publish_and_nobody_else(guarded):
    assert guarded.post("/room", b"x").status == 401
    assert guarded.post("/room", b"x", as_user(password="no")).status == 401
    assert guarded.post("/room", b"x", as_user("bob")).status == 401
    for method in ("PUT", "DELETE", "PATCH"):
        assert guarded.call(method, "/room").status == 401
    answer = guarded.post("/room", b"by ann", as_user())
    assert answer.status == 201     # Earshot has seen her name
    page = guarded.get("/room/poll?after=earliest").json
    assert page["messages"][-1]["data"] == "by ann"


@pytest.mark.parametrize("target", [
    "/-/status", "/-/metrics", "/-/", "//-/status", "/./-/status",
    "/x/../-/status", "/%2d/status", "/-/status/", "/-/health/../status"])
def test_what_tells_of_the_server_is_for_users(guarded, target):
    assert guarded.get(target).status == 401


def test_users_see_the_status_and_everybody_the_health(guarded):
    assert guarded.get("/-/status", as_user()).json["version"]
    assert guarded.get("/-/health").json["ready"] is True


@pytest.mark.parametrize("target", [
    "/room/ws", "//room/ws", "/room/%77s", "/a,b/ws", "/./room/ws"])
def test_websockets_which_can_publish_are_for_users(guarded, target):
    assert guarded.get(target).status == 401


def test_readers_need_no_name(guarded):
    assert guarded.get("/room/poll").status == 200
    assert guarded.call("OPTIONS", "/room").status == 204
    with guarded.stream("room") as stream:
        guarded.post("/room", b"for all", as_user())
        assert stream.next().data == "for all"


def test_without_the_login_nobody_names_himself(bare):
    for headers in ({}, as_user(), {"Remote-User": "ann"},
                    {"Remote_User": "ann"}, {"X-Remote-User": "ann"}):
        answer = bare.post("/room", b"x", headers)
        assert (answer.status, answer.json["code"]) == (403, "forbidden")


# ... by WebSocket

def test_a_user_publishes_by_websocket():
    with running(ApacheProxy, publish="user", login=True) as front:
        with front.socket(opened=False) as socket:
            assert socket.head.status == 401
        with front.socket(headers=as_user()) as socket:
            assert socket.publish("by ann")


CLAIMS = [
    {"Forwarded": 'remote_user="ann"'}, {"Forwarded": 'remote_user="ann'},
    {"Forwarded": ["for=1.1.1.1", "remote_user=ann"]},
    {"X-Remote-User": "ann", "Remote-User": "ann"}, as_user(),
]


@pytest.fixture(scope="module")
def proxy():
    with running(ApacheProxy, publish="user") as front:
        yield front


@pytest.mark.parametrize("claim", CLAIMS)
def test_nobody_names_himself_by_websocket(proxy, claim):
    with proxy.socket(headers=claim) as socket:
        socket.send_json({"data": "x"})
        assert socket.answer()["code"] == "forbidden"


@pytest.mark.parametrize("claim", ["evil.example", "evil.example, x"])
def test_a_client_cannot_say_for_which_host_apache_asked(proxy, claim):
    with proxy.socket(headers={"Origin": "https://evil.example",
                               "X-Forwarded-Host": claim},
                      opened=False) as socket:
        assert socket.head.status == 403
    own = {"Origin": "https://chat.example", "X-Forwarded-Host": claim}
    with proxy.socket(headers=own, host="chat.example") as socket:
        assert socket.head.status == 101


# What is there, and what is not

def test_a_program_that_is_back_is_used_at_once(proxy):
    """Apache does not take it for dead for a while, as it does with members
    of a balancer."""
    earshot, endpoint = proxy.companions
    for one in (earshot, endpoint):
        one.stop()
    assert proxy.get("/-/health").status == 503
    with proxy.socket(opened=False) as socket:
        assert socket.head.status == 503
    for one in (earshot, endpoint):
        proxy.hand_over(one.start())
    assert proxy.get("/-/health").status == 200
    with proxy.socket() as socket:
        assert socket.head.status == 101


def test_a_page_may_begin_like_earshot_s_address(bare):
    (bare.pages / "earshot.js").write_text("a page's own")
    answer = bare.call("GET", ".js")
    assert answer.body == b"a page's own"


def numbers(name, words):
    text = (DEPLOY / "apache" / name).read_text()
    return [int(found) for found in re.findall(words + r'"?(\d+)', text)]


def test_idle_limits_are_above_a_heartbeat_and_a_wait():
    found = numbers("earshot.conf", "timeout=") \
        + numbers("fcgid.conf", "^FcgidIOTimeout ") \
        + numbers("fcgid.conf", "\nFcgidIOTimeout ")
    assert len(found) == 3
    for seconds in found:
        assert seconds > 2 * 15 * 1.2 and seconds > 25


def test_mod_fcgid_s_streams_end_before_they_are_killed():
    life, = numbers("fcgid.conf", "EARSHOT_STREAM_LIFE ")
    limit, = numbers("fcgid.conf", "\nFcgidBusyTimeout ")
    assert life * 1.2 < limit


@pytest.mark.parametrize("name", ["earshot", "fcgid", "tls"])
def test_the_page_enables_what_its_file_needs(name):
    page = (DEPLOY / "apache/README.md").read_text()
    shipped = (DEPLOY / f"apache/{name}.conf").read_text()
    assert f"    a2enmod {' '.join(enabled_by(shipped))}\n" in page


# Threads

class FiveThreads(ApacheProxy):
    more_lines = """ServerLimit 1
StartServers 1
ThreadsPerChild 5
MaxRequestWorkers 5
MinSpareThreads 1
MaxSpareThreads 5
"""


def test_without_a_thread_left_clients_wait_and_the_log_says_so():
    with running(FiveThreads, Times(heartbeat=0.3)) as front:
        held = [front.stream("room") for _ in range(5)]
        with pytest.raises(TimeoutError):
            front.get("/room", timeout=1)
        wait_until(lambda: "AH00484" in front.errors)
        held.pop().close()
        assert front.get("/room").status == 200
        for stream in held:
            stream.close()


def test_earshot_refuses_before_threads_run_out():
    with running(FiveThreads, Times(heartbeat=0.3),
                 subscribers_max=3) as front:
        held = [front.stream("room") for _ in range(3)]
        for _ in range(10):
            with front.stream("room", opened=False) as refused:
                assert refused.rest() == []
                assert refused.parser.retry
        wait_until(lambda: front.get("/room").json["subscribers"]["sse"] == 3)
        for stream in held:
            stream.close()


def end_streams(front):
    """As the page has one do before a restart of Apache."""
    while front.companions:
        front.companions.pop().stop()


def test_once_earshot_has_ended_its_streams_apache_stops_at_once():
    """Held threads would cost it ten seconds, and a kill -9."""
    with running(ApacheProxy, Times()) as front:
        held = [front.stream("room") for _ in range(5)]
        end_streams(front)
        for stream in held:
            assert stream.rest() == []
        front.stop_server()
        assert "SIGKILL" not in front.errors


# Compression

class Compressing(ApacheProxy):
    more_lines = '<Location "/">\n    SetOutputFilter DEFLATE\n</Location>\n'


class CompressingStreams(Compressing):
    def fills(self):
        return [*super().fills(),
                ("apache/earshot.conf", "SetEnv no-gzip 1", "")]


def arrives_at_once(front, encoding):
    with front.stream("room", headers={"Accept-Encoding": "gzip"},
                      opened=False) as stream:
        assert stream.head.headers.get("content-encoding") == encoding
        inflate = zlib.decompressobj(31).decompress if encoding else bytes
        seen = b""
        for word in (b"earshot.open", b"data: first", b"data: second"):
            while word not in seen:
                seen += inflate(stream.source.read(5))
            front.post("/room", b"second" if b"first" in word else b"first")


def test_a_stream_is_not_compressed_where_all_else_is():
    with running(Compressing, Times()) as front:
        arrives_at_once(front, None)
        answer = front.get("/room", {"Accept-Encoding": "gzip"})
        assert answer.headers["content-encoding"] == "gzip"
        end_streams(front)


def test_a_compressed_stream_is_not_held_back_either():
    with running(CompressingStreams, Times()) as front:
        arrives_at_once(front, "gzip")
        end_streams(front)


# HTTP/2

def streams_of_one_connection(front, channel, before):
    """curl, that asks for so many short answers and then eight streams."""
    lines = [f"url = {front.secure_url}/-/health?{i}" for i in range(before)]
    lines += [f"url = {front.secure_url}/{channel}/sse"] * 8
    lines = [line for url in lines for line in (url, "output = /dev/null")]
    return subprocess.Popen(
        ["curl", "-sSN", "-Z", "--http2", "--no-progress-meter", "--cacert",
         front.certificate.certificate, "-K", "-"], stdin=subprocess.PIPE,
        text=True), "\n".join(lines)


@pytest.mark.parametrize("before, held", [(0, 6), (20, 8)])
def test_a_connection_of_http_2_begins_with_six_requests(proxy, before, held):
    channel = f"h2-{before}"

    def count():
        return proxy.get(f"/{channel}").json["subscribers"]["sse"]
    curl, lines = streams_of_one_connection(proxy, channel, before)
    try:
        curl.stdin.write(lines)
        curl.stdin.close()
        wait_until(lambda: count() == held)
        holds_for(lambda: count() == held, 1, f"{held} streams")
    finally:
        curl.kill()
        curl.wait()


def test_a_login_that_is_sent_at_once_always_arrives_by_http_2():
    """mod_http2 breaks off some POSTs that it is to answer 401."""
    with running(ApacheProxy, publish="user", login=True) as front:
        codes = subprocess.run(
            ["curl", "-sS", "--http2", "--cacert",
             front.certificate.certificate, "-u", "ann:secret", "-d", "x",
             "-w", "%{http_version} %{http_code}\n", "-o", "/dev/null",
             *[f"{front.secure_url}/room?from={i}" for i in range(30)]],
            capture_output=True, text=True, check=True).stdout.split("\n")
        assert codes.count("2 201") == 30, codes
        assert front.get("/room").json["messages"] == 30


def test_websockets_pass_by_tls_beside_it(proxy):
    """Browsers make them a connection of HTTP/1.1."""
    site = f"localhost:{proxy.secure_port}"
    for origin, status in ((f"https://{site}", 101),
                           ("https://evil.example", 403)):
        with WebSocket(("127.0.0.1", proxy.secure_port), "/earshot/room/ws",
                       {"Origin": origin}, host=site, opened=False,
                       tls=proxy.certificate.context()) as socket:
            assert socket.head.status == status


# mod_fcgid

class TwoReaders(ApacheFcgid):
    readers = 2


def test_readers_never_take_the_last_process_from_publishers():
    with running(TwoReaders, Times(heartbeat=0.3)) as front:
        held = [front.stream("room") for _ in range(2)]
        with pytest.raises(TimeoutError):
            front.get("/room/poll", timeout=1.5)
        assert front.post("/room", b"x", timeout=slow(5)).status == 201
        for stream in held:
            assert stream.next().data == "x"
        held.pop().close()
        assert front.get("/room/poll").status == 200
        held.pop().close()
