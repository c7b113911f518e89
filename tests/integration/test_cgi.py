"""Plain CGI: one request, one process, behind lighttpd's mod_cgi and
started by hand."""

import os
import select
import socket
import subprocess
import threading
import time

import pytest

import fastcgi
import sse
from fastcgi import Answer, environment, parse_cgi
from lighttpd import CONFIGURATION
from processes import of, program, surroundings
from wait import slow, wait_until

MOUNT = "/cgi-bin/earshot.cgi"
WITH_CGI = CONFIGURATION.partition("$HTTP")[0].replace(
    '"mod_fastcgi"', '"mod_cgi"') + """
cgi.assign = (".cgi" => "")
cgi.execute-x-only = "enable"
"""


class Cgi:
    """The program started as a web server would start it."""

    def __init__(self, directory, queue):
        self.directory, self.queue = directory, queue

    def start(self, method, target, headers=None, body=b"", arguments=(),
              settings=None, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
              **override):
        env = surroundings(self.directory, **dict(
            {"EARSHOT_QUEUE": self.queue, "EARSHOT_PUBLISH": "anyone"},
            **(settings or {})))
        values = environment(method, target, headers, body, **override)
        env.update({name: value.decode() if isinstance(value, bytes)
                    else str(value) for name, value in values.items()})
        process = subprocess.Popen([program(), *arguments], env=env,
                                   stdin=stdin, stdout=stdout,
                                   stderr=subprocess.PIPE)
        if process.stdin:
            process.stdin.write(fastcgi.as_bytes(body))
            process.stdin.close()
            process.stdin = None
        return process

    def call(self, *arguments, **more):
        process = self.start(*arguments, **more)
        out, err = process.communicate(timeout=slow(20))
        assert process.returncode == 0, (process.returncode, err)
        status, headers, lines, rest = parse_cgi(out)
        return Answer(status, headers, rest, lines, stderr=err)


@pytest.fixture
def cgi(directory, queue):
    return Cgi(directory, queue)


class PipeSource:
    """A CGI process's output as an event stream's source."""

    def __init__(self, process):
        self.process = process
        self.file = process.stdout
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.read(10)
        status, headers, lines, body = parse_cgi(data)
        self.head = Answer(status, headers, body, lines)

    def read(self, timeout):
        if not select.select([self.file], [], [], slow(timeout))[0]:
            raise TimeoutError("the process has written nothing")
        return os.read(self.file.fileno(), 65536)

    def close(self):
        self.file.close()
        self.process.stderr.close()


def test_a_process_publishes_and_another_polls(cgi):
    answer = cgi.call("POST", "/room", body=b"hello")
    assert (answer.status, answer.json["channel"]) == (201, "room")
    page = cgi.call("GET", "/room/poll?after=earliest").json
    assert [message["data"] for message in page["messages"]] == ["hello"]
    assert page["messages"][0]["id"] == answer.json["id"]


def test_the_options_may_be_arguments(cgi):
    answer = cgi.call("POST", "/room", body=b"x",
                      arguments=["--publish", "none"])
    assert answer.status == 403


def test_a_key_is_known_to_the_next_process(cgi):
    key = {"Idempotency-Key": "k"}
    first = cgi.call("POST", "/room", key, b"once")
    again = cgi.call("POST", "/room", key, b"once")
    assert (first.status, again.status) == (201, 200)
    assert again.json["id"] == first.json["id"]


def test_errors_are_the_same(cgi):
    for method, target, body, status, code in (
            ("GET", "/room/nothing", b"", 404, "not_found"),
            ("DELETE", "/room", b"", 405, "method"),
            ("POST", "/room", b"\xff", 400, "not_utf8"),
            ("POST", "/room", b"x" * 70000, 413, "too_large")):
        answer = cgi.call(method, target, body=body)
        assert (answer.status, answer.json["code"]) == (status, code)
    answer = cgi.call("POST", "/room", body=b"x", CONTENT_LENGTH="5")
    assert (answer.status, answer.json["code"]) == (400, "length")


def test_a_body_that_never_comes_ends_in_its_time(cgi, directory, queue):
    env = surroundings(directory, EARSHOT_QUEUE=queue,
                       EARSHOT_PUBLISH="anyone",
                       EARSHOT_REQUEST_TIMEOUT="0.5")
    env.update({name: str(value) for name, value in environment(
        "POST", "/room", body=b"never", PATH_INFO="/room").items()})
    process = subprocess.Popen([program()], env=env,
                               stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    process.wait(slow(10))
    for file in (process.stdin, process.stdout, process.stderr):
        file.close()


def test_a_socket_that_will_send_no_more_is_a_reader_all_the_same(cgi):
    """So Apache's mod_cgid starts a program."""
    ours, its = socket.socketpair()
    with ours, its:
        ours.shutdown(socket.SHUT_WR)
        process = cgi.start("GET", "/room/sse", stdin=its, stdout=its,
                            settings={"EARSHOT_HEARTBEAT": "0.3"})
        its.close()
        ours.settimeout(slow(10))
        seen = b""
        while b"earshot.open" not in seen:
            seen += ours.recv(65536)
        cgi.call("POST", "/room", body=b"for it")
        while b"data: for it" not in seen:
            data = ours.recv(65536)
            assert data, f"it ended after {seen!r}"
            seen += data
        ours.close()
        assert process.wait(slow(10)) == 0, "it goes at the next heartbeat"
        process.stderr.close()


def test_a_long_poll_is_held_until_another_process_publishes(cgi):
    cursor = cgi.call("GET", "/room/poll").json["cursor"]
    process = cgi.start("GET", f"/room/poll?wait=20&after={cursor}")
    assert not select.select([process.stdout], [], [], 0.5)[0]
    cgi.call("POST", "/room", body=b"x")
    out, _ = process.communicate(timeout=slow(10))
    page = Answer(*parse_cgi(out)[:2], parse_cgi(out)[3]).json
    assert [message["data"] for message in page["messages"]] == ["x"]
    assert process.returncode == 0


def test_a_long_poll_answers_empty_after_its_wait(cgi):
    began = time.monotonic()
    page = cgi.call("GET", "/room/poll?wait=0.5").json
    assert 0.4 < time.monotonic() - began < slow(5)
    assert page["messages"] == []


def test_a_process_streams_events_and_ends_when_its_reader_goes(cgi):
    process = cgi.start("GET", "/room/sse",
                        settings={"EARSHOT_HEARTBEAT": "0.2"})
    stream = sse.Stream(PipeSource(process))
    ids = [cgi.call("POST", "/room", body=str(i)).json["id"]
           for i in range(3)]
    assert [event.id for event in stream.take(3)] == ids
    wait_until(lambda: cgi.call("GET", "/room").json["subscribers"]
               == {"poll": 0, "sse": 1, "ws": 0})
    stream.close()
    process.wait(slow(10))
    assert cgi.call("GET", "/room").json["subscribers"]["sse"] == 0


def test_a_stream_ends_on_sigterm_with_a_retry(cgi):
    process = cgi.start("GET", "/room/sse")
    stream = sse.Stream(PipeSource(process))
    stream.parser.retry = None
    process.terminate()
    assert stream.rest() == [] and stream.parser.retry is not None
    assert process.wait(slow(6)) == 0
    stream.close()


def test_processes_of_both_kinds_share_a_queue(cgi, earshot):
    with earshot.stream("room") as stream:
        id = cgi.call("POST", "/room", body=b"by CGI").json["id"]
        assert stream.next().id == id
    process = cgi.start("GET", "/room/sse")
    stream = sse.Stream(PipeSource(process))
    id = earshot.publish("room", "by FastCGI")
    assert stream.next().id == id
    wait_until(lambda: earshot.info("room")["subscribers"]["sse"] == 1)
    process.terminate()
    process.wait(slow(6))
    stream.close()


@pytest.fixture
def web(directory, queue, start_lighttpd):
    """lighttpd that runs the program by mod_cgi."""
    script = directory / "pages" / MOUNT.lstrip("/")
    script.parent.mkdir(parents=True)
    env = surroundings(directory)
    script.write_text("#!/bin/sh\n" + "".join(
        f"export {name}='{value}'\n" for name, value in env.items()
        if name.endswith("_OPTIONS") or name.startswith("MARK"))
        + f"exec {program()} --queue {queue} --publish anyone "
          "--heartbeat 0.3\n")
    script.chmod(0o755)
    return start_lighttpd(configuration=WITH_CGI, mount=MOUNT)


def test_everything_works_behind_mod_cgi(web, directory):
    answer = web.post("/room", "by CGI")
    assert answer.status == 201
    page = web.get("/room/poll?after=earliest").json
    assert [message["data"] for message in page["messages"]] == ["by CGI"]
    cursor = page["cursor"]

    held = {}
    thread = threading.Thread(target=lambda: held.update(
        web.get(f"/room/poll?wait=20&after={cursor}", timeout=30).json))
    thread.start()
    with web.stream("room") as stream:
        wait_until(lambda: web.get("/room").json["subscribers"]
                   == {"poll": 1, "sse": 1, "ws": 0})
        ids = [web.post("/room", str(i)).json["id"] for i in range(3)]
        assert [event.id for event in stream.take(3)] == ids
    thread.join()
    assert held["messages"][0]["id"] == ids[0]
    wait_until(lambda: web.get("/room").json["subscribers"]["sse"] == 0, 15)
    wait_until(lambda: not of(directory, "earshot.fcgi"), 15,
               "the processes' end")


def test_a_stream_by_cgi_resumes_by_its_cursor(web):
    with web.stream("room") as stream:
        cursor = stream.opening.id
    ids = [web.post("/room", str(i)).json["id"] for i in range(5)]
    with web.stream("room", headers={"Last-Event-ID": cursor}) as stream:
        assert stream.opening.event == "earshot.open"
        assert [event.id for event in stream.take(5)] == ids


def test_a_bell_that_cannot_be_watched_costs_no_answer(cgi, monkeypatch):
    """No inotify watch is to be had: strace answers for the kernel."""
    # A leak is not looked for under ptrace, where LeakSanitizer cannot work.
    monkeypatch.setenv("ASAN_OPTIONS", "detect_leaks=0")
    popen = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda command, **more: popen(
        ["strace", "-f", "-qq", "-o", str(cgi.directory / "watches"),
         "-e", "inject=inotify_add_watch:error=ENOSPC", *command], **more))
    assert cgi.call("POST", "/room", body=b"unheard").status == 201
    assert "INJECTED" in (cgi.directory / "watches").read_text()
