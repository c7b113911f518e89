"""./demo as a newcomer meets it."""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

import pytest

import processes
import sse
import web
from bench import SMALL
from earshot import free_port
from wait import slow, wait_until
from websocket import WebSocket

PROGRAMS = ("earshot.fcgi", "earshot-ws", "earshot-tap")
BUILT = PROGRAMS + ("earshot-bench",)
SOURCE = pathlib.Path(__file__).resolve().parents[2]


class Demo(processes.Process):
    """The demo, in a directory that stands for build/demo."""

    name = "demo"

    def __init__(self, directory, source=SOURCE, port=None):
        super().__init__(directory)
        self.source = source
        self.port = port
        self.dir = self.directory / "demo"
        self.log_path = self.directory / "demo.log"
        self.expected = (143,)

    def start(self):
        self.log_path.unlink(missing_ok=True)
        self.spawn([str(self.source / "demo")], env=self.environment(),
                   start_new_session=True)
        wait_until(lambda: "What happens:" in self.log or not self.running(),
                   120, "the demo's introduction", 0.02)
        assert self.running(), self.log
        self.url = re.search(r"http://[0-9.:]+/", self.log)[0]
        return self

    def environment(self):
        more = {"EARSHOT_DEMO": self.dir}
        if self.port:
            more["PORT"] = self.port
        return processes.surroundings(self.directory, **more)

    def run_beside(self, **more):
        """Another demo, that is expected to end by itself."""
        return subprocess.run([str(self.source / "demo")], text=True,
                              env={**self.environment(), **more},
                              capture_output=True, check=False,
                              timeout=slow(20))

    def curl_lines(self):
        return [line.strip() for line in self.log.splitlines()
                if line.startswith("  curl ")]

    def publish(self, data, sender="test"):
        answer = web.call("POST", f"{self.url}earshot/room?from={sender}",
                          body=data)
        assert answer.status == 201, (answer.status, answer.body)
        return answer.json["id"]

    def socket(self, channel="room", origin=None, **more):
        """A WebSocket of a page of the demo."""
        host, port = self.url.split("/")[2].split(":")
        return WebSocket((host, int(port)), f"/earshot/{channel}/ws",
                         {"Origin": origin or self.url.rstrip("/")},
                         host=f"{host}:{port}", **more)

    def told(self, line):
        """Waits until it has told this, after the time."""
        wait_until(lambda: re.search(r"^\d\d:\d\d:\d\d  " + line + "$",
                                     self.log, re.M), what=line)

    def room(self):
        answer = web.call("GET",
                          self.url + "earshot/room/poll?after=earliest")
        assert answer.status == 200, (answer.status, answer.body)
        return answer.json["messages"]


@pytest.fixture
def new_demo(directory, started):
    """A demo that uses the programs which the other tests use."""
    def new_demo(**options):
        demo = Demo(directory, **options)
        objects = demo.dir / "obj"
        objects.mkdir(parents=True)
        for name in BUILT:
            (objects / name).symlink_to(processes.program(name))
        (objects / "Makefile").write_text(" ".join(BUILT) + ":\n")
        started.append(demo)
        return demo
    return new_demo


@pytest.fixture
def demo(new_demo):
    return new_demo(port=free_port()).start()


def test_it_serves_the_page_and_the_room(demo):
    page = web.call("GET", demo.url)
    assert page.status == 200
    assert page.headers["content-type"].startswith("text/html")
    script = web.call("GET", demo.url + "earshot.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert web.call("GET", demo.url + "earshot/-/health").json["ready"]


def test_a_browser_shows_each_file_that_a_page_has_beside_it(demo):
    """What has no type it would save instead: the client's README is read."""
    kinds = {path.suffix: path for path in (SOURCE / "static").rglob("*.*")}
    assert ".md" in kinds
    for suffix, path in kinds.items():
        answer = web.call("GET", demo.url + str(
            path.relative_to(SOURCE / "static")))
        assert answer.status == 200
        kind = answer.headers["content-type"]
        assert kind.split("/")[0] in ("text", "image"), (suffix, kind)
    assert "plain" in web.call(
        "GET", demo.url + "README.md").headers["content-type"]


def test_it_leaves_what_the_benchmark_measures(demo):
    path = demo.dir / "target.json"
    words = json.loads(path.read_text("utf-8"))["set"]
    assert words["base"] == demo.url + "earshot"
    # The other way, past lighttpd: the same room.
    number = demo.publish("said by lighttpd")
    host, port = words["direct"].split("/")[2].split(":")
    with WebSocket((host, int(port)), "/earshot/room/ws?after=earliest",
                   host=f"{host}:{port}") as direct:
        wait_until(lambda: direct.take(1)[0]["id"] == number,
                   what="what was said by lighttpd")
    demo.stop()
    assert not path.exists()


def test_the_benchmark_finds_the_demo_that_has_built_it(new_demo, directory):
    demo = new_demo(port=free_port())
    # A link would be followed to where the tests' build lies.
    path = demo.dir / "obj" / "earshot-bench"
    path.unlink()
    shutil.copy(processes.program("earshot-bench"), path)
    demo.start()
    done = subprocess.run(
        [str(path), "latency", *SMALL, "--format", "json"], text=True,
        env=processes.surroundings(directory), capture_output=True,
        check=False, timeout=slow(30))
    assert (done.returncode, done.stderr) == (0, "")
    runs = json.loads(done.stdout)["runs"]
    assert {(run["transport"], run["way"]) for run in runs} == {
        ("poll", "lighttpd"), ("long-poll", "lighttpd"), ("sse", "lighttpd"),
        ("sse", "direct"), ("ws", "lighttpd"), ("ws", "direct")}
    assert all(run["publish_url"].startswith(demo.url) for run in runs)


def test_the_port_asked_for_is_the_port_served(demo):
    assert demo.url == f"http://127.0.0.1:{demo.port}/"


def test_the_first_curl_line_publishes(demo):
    line = demo.curl_lines()[0]
    done = subprocess.run(line, shell=True, capture_output=True, text=True,
                          timeout=slow(10), check=True)
    answer = json.loads(done.stdout)
    found = [m for m in demo.room() if m["id"] == answer["id"]]
    assert [m["data"] for m in found] == ["Hello from curl"]
    assert found[0]["from"] == "curl"


def test_the_second_curl_line_follows_the_room(demo):
    ids = [demo.publish("one"), demo.publish("two")]
    line = demo.curl_lines()[1]
    output = demo.directory / "followed.txt"
    with open(output, "wb") as file:
        curl = subprocess.Popen("exec " + line, shell=True, stdout=file,
                                stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: b"data: two\n" in output.read_bytes(),
                   what="the history")
        demo.publish("three")
        wait_until(lambda: b"data: three\n" in output.read_bytes(),
                   what="a new message")
    finally:
        curl.kill()
        curl.wait()
    for cursor in ids:
        assert f"id: {cursor}\n".encode() in output.read_bytes()


def test_the_third_curl_line_waits_for_a_message(demo):
    line = demo.curl_lines()[2]
    curl = subprocess.Popen("exec " + line, shell=True, text=True,
                            stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL)
    # It may follow a moment later: publish until it has been answered.
    while curl.poll() is None:
        demo.publish("awaited")
        time.sleep(0.2)
    answer = json.loads(curl.stdout.read())
    assert answer["messages"]
    assert answer["lost"] is False


def test_the_ticker_publishes_to_the_room(demo):
    def ticks():
        return [m for m in demo.room() if m.get("from") == "ticker"]
    wait_until(lambda: len(ticks()) >= 2, 12, "two ticks", 0.2)
    first, second = [tick["time"] for tick in ticks()[:2]]
    assert 2900 < second - first < slow(5) * 1000


def test_publishing_and_following_are_told_in_a_line_each(demo):
    told = demo.told
    told(r"earshot.fcgi runs, process \d+")
    told("tutorial: a reader came by SSE, 1 reader now")
    number = demo.publish("a secret", "someone").partition("-")[0]
    told(f"room: message {number} from someone")
    stream = sse.over_http(demo.url + "earshot/room/sse")
    told("room: a reader came by SSE, 2 readers now")
    stream.close()
    told("a reader by SSE left, 1 reader now")
    with subprocess.Popen(["curl", "-s", "--max-time", "20", "--output",
                           "/dev/null",
                           demo.url + "earshot/quiet/poll?wait=9"]) as curl:
        told("quiet: a reader came by long-poll, 2 readers now")
        curl.kill()
    assert "a secret" not in demo.log


def test_websockets_are_told_in_a_line_each(demo):
    demo.told(r"earshot-ws runs, process \d+")
    with demo.socket() as socket, demo.socket() as other:
        demo.told("room: a reader came by WebSocket, 1 of these now")
        demo.told("room: a reader came by WebSocket, 2 of these now")
        id = socket.publish("a secret", **{"from": "ann"})
        assert other.take(1)[0]["id"] == id
        demo.told(f"room: message {id.partition('-')[0]} from ann")
    demo.told("a reader by WebSocket left, 1 of these now")
    demo.told("a reader by WebSocket left, 0 of these now")
    assert "a secret" not in demo.log


def test_all_approaches_are_one_room(demo):
    id = demo.publish("by post")
    with demo.socket() as socket:
        after = socket.publish("by websocket")
        assert [m["id"] for m in demo.room()
                if m.get("from") != "ticker"] == [id, after]
        assert demo.publish("again") in [
            m["id"] for m in socket.take(2) if m.get("from") != "ticker"]


def test_its_page_is_known_by_both_its_names_and_no_other(demo):
    for name, allowed in (("127.0.0.1", True), ("localhost", True),
                          ("foreign.localhost", False)):
        origin = f"http://{name}:{demo.port}"
        answer = web.call("GET", demo.url + "earshot/room/poll",
                          {"Origin": origin})
        assert answer.status == (200 if allowed else 403)
        with demo.socket(origin=origin, opened=False) as socket:
            assert socket.head.status == (101 if allowed else 403)


@pytest.mark.parametrize("path", [
    "fcgi/poll.c", "fcgi/hub/encode.h", "fcgi/queue/schema.sql",
    "bench/reference/frames.c", "deploy/examples/tutorial",
    "static/earshot.d.ts", "static/index.html", "README.md",
    "ARCHITECTURE.md"])
def test_the_files_that_the_lessons_name_can_be_read(demo, path):
    answer = web.call("GET", f"{demo.url}source/{path}")
    assert answer.status == 200
    assert answer.body == (SOURCE / path).read_bytes()
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", [
    "", "fcgi", "fcgi/", "fcgi/hub/", "demo", "check", "LICENSE",
    "build/demo/running", "build/Makefile", "tests/conftest.py",
    "tests/support/wait.py", ".git/config", ".gitignore", "configure.ac",
    "fcgi/.hidden.c", "fcgi/.git/config", "fcgi/../configure.ac",
    "fcgi/%2e%2e/configure.ac", "fcgi/..%2f.git/config",
    "fcgi/%2e%2e%2ftests/conftest.py", "fcgi/poll.c/../../.git/config",
    "../etc/passwd", "%2e%2e/%2e%2e/etc/passwd", "/etc/passwd",
    "fcgi//etc/passwd", "fcgi/poll.c%00", "fcgi/poll.c/more",
    "static/front.png", "fcgi/poll.o", "build/demo/queue/earshot.db"])
def test_nothing_else_of_the_repository_can_be_read(demo, path):
    """Asked for as it stands, which a well-behaved client would not do."""
    host, port = demo.url.split("/")[2].split(":")
    with socket.create_connection((host, int(port)), 10) as connection:
        connection.sendall(f"GET /source/{path} HTTP/1.0\r\n"
                           f"Host: {host}:{port}\r\n\r\n".encode())
        status = connection.makefile("rb").readline().split()[1]
    assert status in (b"400", b"403", b"404"), status


def test_the_tap_shows_what_passes_through_it(demo):
    info = web.call("GET", demo.url + "tap/info").json
    target = f"{info['relay']}/~seen/earshot/room/poll"
    # As a page of the demo, which reaches it at another address.
    answer = web.call("GET", target, {"Origin": demo.url.rstrip("/")})
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == \
        demo.url.rstrip("/")
    log = web.call("GET", demo.url + "tap/log?tag=seen&after=0").json
    kinds = [record["kind"] for record in log["records"]]
    assert "request" in kinds and "response" in kinds
    foreign = web.call("GET", demo.url + "tap/log?tag=seen&after=0",
                       {"Origin": "https://evil.example"})
    assert foreign.status == 403


def test_the_tutorial_s_program_answers(demo):
    stream = sse.over_http(demo.url + "earshot/tutorial.me/sse")
    assert web.call("POST", demo.url
                    + "earshot/tutorial?event=send&from=me",
                    body="hello").status == 201
    assert stream.next().event == "getMsg"
    stream.close()


def replaced(demo, name):
    """Kills it and gives the process that has come in its place."""
    old = processes.of(demo.directory, name)
    assert len(old) == 1
    os.kill(old[0], signal.SIGKILL)
    demo.told(f"{name} was killed by signal 9")

    def new():
        found = processes.of(demo.directory, name)
        return found if len(found) == 1 and found != old else None
    return wait_until(new, what=f"another {name}")[0]


def test_a_killed_websocket_endpoint_is_replaced(demo):
    with demo.socket() as socket:
        before = socket.publish("before")
        new = replaced(demo, "earshot-ws")
        socket.wait_ended()

    def again():
        with demo.socket(opened=False) as socket:
            return socket.head.status == 101
    wait_until(again, what="a WebSocket", every=0.1)
    demo.told(f"earshot-ws has been started again, process {new}")
    assert before in [message["id"] for message in demo.room()]


def test_a_killed_tap_is_replaced_at_its_address(demo):
    def info():
        answer = web.call("GET", demo.url + "tap/info")
        return answer.status == 200 and answer.json
    before = info()
    replaced(demo, "earshot-tap")
    after = wait_until(info, what="the tap", every=0.1)
    assert after["relay"] == before["relay"]
    assert after["next"] > before["next"]
    assert wait_until(lambda: web.call(
        "GET", before["relay"] + "/~t/earshot/-/health").status == 200)


def test_a_killed_program_is_replaced_and_nothing_is_lost(demo):
    before = demo.publish("before")
    old = processes.of(demo.directory, "earshot.fcgi")
    assert len(old) == 1
    os.kill(old[0], signal.SIGKILL)
    wait_until(lambda: demo.publish("after"), what="the next program",
               every=0.1)
    room = demo.room()
    assert before in [message["id"] for message in room]
    assert "after" in [message["data"] for message in room]
    new = processes.of(demo.directory, "earshot.fcgi")
    assert len(new) == 1 and new != old
    wait_until(lambda: "earshot.fcgi was killed by signal 9\n" in demo.log
               and "lighttpd has started earshot.fcgi again, process "
               f"{new[0]}\n" in demo.log, what="a line about it")


def test_a_second_demo_says_where_the_first_one_is(demo):
    done = demo.run_beside()
    assert done.returncode == 1
    assert demo.url in done.stderr
    assert f"kill {demo.pid}" in done.stderr
    assert demo.publish("the first one goes on")


def test_a_taken_port_is_an_error_when_it_was_asked_for(new_demo):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = new_demo(port=port).run_beside()
    assert done.returncode == 1
    assert f"port {port} is taken" in done.stderr
    assert "PORT=" in done.stderr


def test_another_port_is_found_when_the_usual_one_is_taken(new_demo):
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 8080))
            taken.listen()
        except OSError:
            pass    # somebody else has it, which does as well
        demo = new_demo().start()
        assert ":8080/" not in demo.url
        assert demo.publish("here")


@pytest.mark.parametrize("end", ["SIGTERM", "Ctrl-C", "SIGKILL"])
def test_its_end_ends_everything_within_five_seconds(demo, end):
    stream = sse.over_http(demo.url + "earshot/room/sse")
    sockets = [demo.socket(answers=False) for _ in range(3)]
    relay = web.call("GET", demo.url + "tap/info").json["relay"]
    relayed = sse.over_http(relay + "/~t/earshot/room/sse")
    for name in ("lighttpd",) + PROGRAMS:
        assert processes.of(demo.directory, name), name
    began = time.monotonic()
    if end == "Ctrl-C":
        # The terminal sends it to the whole group.
        os.killpg(demo.pid, signal.SIGINT)
        demo.expected = (130, -signal.SIGINT)
    elif end == "SIGTERM":
        demo.signal(signal.SIGTERM)
    else:
        demo.signal(signal.SIGKILL)
        demo.expected = (-signal.SIGKILL,)
    demo.wait(5)
    wait_until(lambda: not processes.of(demo.directory), 5,
               "the end of all processes")
    assert time.monotonic() - began < slow(5)
    assert end == "SIGKILL" or demo.log.endswith("history is kept.\n")
    stream.close()
    relayed.close()
    for socket in sockets:
        socket.drop()


def test_it_may_be_ended_as_soon_as_it_says_that_it_runs(demo):
    """Once a lock stayed behind, and then no demo would start any more."""
    for _ in range(6):
        demo.stop()
        assert not processes.of(demo.directory)
        demo.start()


def test_a_second_start_finds_the_history(demo):
    kept = demo.publish("remember me")
    demo.stop()
    demo.start()
    assert kept in [message["id"] for message in demo.room()]


def test_a_folder_with_a_space_is_refused_in_words(new_demo):
    demo = new_demo()
    done = demo.run_beside(EARSHOT_DEMO=str(demo.directory / "a b"))
    assert done.returncode == 1
    assert "space" in done.stderr


def test_it_builds_and_runs_from_a_fresh_copy(directory, started):
    made = shutil.ignore_patterns(
        "build", "build-aux", "autom4te.cache", "configure", "Makefile.in",
        "aclocal.m4", ".git", "__pycache__")
    shutil.copytree(SOURCE, directory / "copy", ignore=made)
    demo = Demo(directory, directory / "copy", free_port())
    demo.dir = directory / "copy/build/demo"
    started.append(demo)
    demo.start()
    kept = demo.publish("built")
    for name in BUILT:
        assert (demo.dir / "obj" / name).exists()
    with demo.socket() as socket:
        assert socket.publish("built")
    demo.stop()

    began = time.monotonic()
    demo.start()
    assert time.monotonic() - began < slow(3), "it built again"
    assert "Building" not in demo.log
    assert kept in [message["id"] for message in demo.room()]
