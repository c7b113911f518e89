"""earshot-bench as its user meets it: what it says when something is wrong,
how it ends, and what it leaves behind."""

import fcntl
import http.server
import json
import os
import pty
import re
import resource
import select
import signal
import struct
import subprocess
import termios
import threading

import pytest

import processes
from bench import SMALL, Bench, complaint, measure, run
from earshot import free_port
from wait import slow, wait_until


@pytest.fixture
def base(start, start_ws, start_lighttpd):
    """The URL of an Earshot behind lighttpd, WebSocket and all."""
    web = start_lighttpd(sockets=[start().address], ws=start_ws().address)
    return web.url + "/earshot"


@pytest.fixture
def begin(directory, started):
    """begin(argument…) starts a command that runs on."""
    def begin(*arguments):
        command = Bench(directory, *arguments)
        started.append(command)
        return command.start()
    return begin


@pytest.fixture
def answering():
    """answering(status, type, body) is a server that always says that."""
    servers = []

    def answering(status, content_type, body):
        class Always(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            do_POST = do_GET

            def log_message(self, *_):
                pass
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Always)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/earshot"
    yield answering
    for server in servers:
        server.shutdown()
        server.server_close()


# --- What is wrong is said, in one sentence -----------------------------------

@pytest.mark.parametrize("arguments, says", [
    (["--subscriber", "3"], "did you mean --subscribers?"),
    (["latncy"], "did you mean latency?"),
    (["--rate", "fast"], "--rate is a number from 0.01 to 1000000"),
    (["--transport", "websocket"], "poll|long-poll|sse|ws|socket.io"),
    (["--publish", "http://127.0.0.1:3000/send"], "--publish needs a --subsc"),
    (["compare", "a.json"], "compare takes two files of results"),
])
def test_a_bad_command_line_ends_with_2_and_says_what_to_write(
        directory, arguments, says):
    assert says in complaint(directory, *arguments, expect=2)


def test_an_unreachable_server_is_said_once(directory):
    port = free_port()
    said = complaint(directory, "--url", f"http://127.0.0.1:{port}/earshot",
                     "latency")
    assert "127.0.0.1" in said and str(port) in said and "Start" in said


@pytest.mark.parametrize("status, content_type, body, says", [
    (404, "application/json", b'{"error":"no such thing"}', "404"),
    (200, "text/html", b"<!doctype html><title>A site</title>", "text/html"),
])
def test_a_server_that_is_no_earshot_is_known_at_once(
        directory, answering, status, content_type, body, says):
    url = answering(status, content_type, body)
    assert says in complaint(directory, "--url", url, "latency")


def test_one_way_that_is_closed_costs_only_its_own_runs(directory, lighttpd):
    done = run(directory, "--url", lighttpd.url + "/earshot", "latency",
               "--transport", "sse,ws", *SMALL, "--format", "json", expect=1)
    assert "leaving out ws by way of" in done.stderr and "404" in done.stderr
    assert [one["transport"] for one in json.loads(done.stdout)["runs"]] == \
        ["sse"]


def test_too_few_descriptors_are_counted_beforehand(directory, base):
    said = complaint(
        directory, "--url", base, "fanout", "--transport", "sse",
        "--subscribers", "500",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE,
                                              (100, 100)))
    assert "descriptors" in said and "100" in said


def test_a_file_that_cannot_be_written_is_said_before_anything_runs(
        directory, base):
    said = complaint(directory, "--url", base, "latency", "--report",
                     directory / "nowhere" / "report.html")
    assert "nowhere/report.html" in said


def test_a_transport_that_the_target_has_not_is_said_with_those_it_has(
        directory, base):
    said = complaint(directory, "--url", base, "--transport", "socket.io")
    assert "sse by way of" in said and "nothing is left" in said


def test_a_target_file_that_is_no_json_is_said(directory):
    path = directory / "mine.json"
    path.write_text("{")
    assert "mine.json" in complaint(directory, "--target", path)


# --- What it tells, and where -------------------------------------------------

def test_to_a_pipe_it_is_quiet_and_prints_a_table(directory, base):
    done = run(directory, "--url", base, "latency", "--transport", "sse",
               *SMALL)
    assert done.stderr == ""
    assert "sse" in done.stdout and "\033" not in done.stdout


def test_on_a_terminal_a_live_line_tells_how_it_goes(directory, base):
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 72, 0, 0))
    command = subprocess.Popen(
        [processes.program("earshot-bench"), "--url", base, "latency",
         "--transport", "sse", *SMALL, "--seconds", "1.5"],
        env=processes.surroundings(directory), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    shown = b""
    while select.select([ours], [], [], slow(20))[0]:
        try:
            shown += os.read(ours, 4096)
        except OSError:     # its other end is closed: that is a pty's end
            break
    os.close(ours)
    assert command.wait(slow(10)) == 0
    lines = shown.decode().split("\r")
    assert any(re.search(r"1/1 latency sse \S+  \d s left  \d+ -> \d+/s  "
                         r"p50 [\d.]+ p99 [\d.]+ ms", line) for line in lines), lines
    live = [line for line in lines if line.startswith("1/1")]
    assert all(len(line.replace("\033[K", "")) <= 72 for line in live)
    assert lines[-1].endswith("\033[K")


def test_json_has_the_machine_the_settings_and_each_run(directory, base):
    results = measure(directory, "--url", base, "latency", *SMALL,
                      "--seed", "7")
    assert results["schema"] == 1
    assert results["machine"]["cores"] >= 1
    assert results["settings"]["seed"] == "7"
    assert {run["transport"] for run in results["runs"]} == \
        {"poll", "long-poll", "sse", "ws"}
    for one in results["runs"]:
        assert one["scenario"] == "latency"
        assert one["target"] == "Earshot"
        assert one["subscribers"] == 3
        assert one["expected"] == one["delivered"] > 0
        assert (one["lost"], one["repeated"], one["reordered"]) == (0, 0, 0)
        assert one["latency_us"]["max"] > 0
        # Thirty messages: there are not ten beyond the ninth tenth.
        assert one["latency_us"]["p90"] is None


def test_results_go_to_a_file_and_onto_a_page(directory, base):
    out, page = directory / "out.json", directory / "page.html"
    done = run(directory, "--url", base, "latency", "--transport", "sse",
               *SMALL, "--output", out, "--report", page)
    # The table all the same, for who has waited for it.
    assert done.stdout.startswith("latency: ")
    assert json.loads(out.read_text())["runs"]
    assert page.read_text("utf-8").startswith("<!DOCTYPE html>")
    again = directory / "again.html"
    run(directory, "report", out, "-o", again)
    assert again.read_text("utf-8").startswith("<!DOCTYPE html>")
    assert "sse" in run(directory, "report", out, "--format", "table").stdout


def test_the_same_seed_gives_the_same_schedule(directory, base):
    one, other = (measure(directory, "--url", base, "latency", "--transport",
                          "sse", *SMALL, "--seed", "11")["runs"][0]
                  for _ in range(2))
    assert one["messages_counted"] == other["messages_counted"] > 10


# --- Ending, and going on -----------------------------------------------------

def measuring(command):
    wait_until(lambda: "measuring" in command.log or not command.running(),
               20, "the main phase")
    assert command.running(), command.log


def is_same(one, other):
    """Whether two reports are of one and the same run."""
    names = "began_s", "transport", "repeat", "published", "latency_us"
    return all(one[name] == other[name] for name in names)


def test_ctrl_c_ends_with_what_was_measured_so_far(base, begin):
    command = begin("--url", base, "latency", "--transport", "sse", *SMALL,
                    "--seconds", "15", "--format", "json", "--verbose")
    measuring(command)
    command.signal(signal.SIGINT)
    assert command.wait(10) == 130
    run, = json.loads(command.output)["runs"]
    assert run["complete"] is False
    assert "once more" in command.log


def test_a_second_ctrl_c_ends_at_once(base, begin):
    command = begin("--url", base, "latency", "--transport", "sse", *SMALL,
                    "--seconds", "15", "--verbose")
    measuring(command)
    os.kill(command.pid, signal.SIGSTOP)    # so that both are seen together
    os.kill(command.pid, signal.SIGINT)
    os.kill(command.pid, signal.SIGTERM)
    os.kill(command.pid, signal.SIGCONT)
    assert command.wait(5) in (130, 143)
    assert command.output == ""


def test_an_interrupted_command_goes_on_where_it_was(directory, base, begin):
    path = directory / "kept.json"
    arguments = ["--url", base, "latency", *SMALL, "--resume", path]
    command = begin(*arguments, "--seconds", "1", "--verbose")
    wait_until(lambda: "2/4 " in command.log, 20, "the second run")
    command.signal(signal.SIGINT)
    assert command.wait(10) == 130
    first = json.loads(path.read_text())
    done = [run for run in first["runs"] if run["complete"]]
    assert 1 <= len(done) <= 2
    run(directory, *arguments, "--seconds", "1")
    second = json.loads(path.read_text())
    assert [run["transport"] for run in second["runs"]] == \
        ["poll", "long-poll", "sse", "ws"]
    assert all(run["complete"] for run in second["runs"])
    assert is_same(second["runs"][0], done[0])
    assert second["settings"]["seed"] == first["settings"]["seed"]


def test_nothing_is_run_twice(directory, base):
    path = directory / "kept.json"
    arguments = ["--url", base, "latency", "--transport", "sse", *SMALL,
                 "--resume", path]
    run(directory, *arguments)
    before = json.loads(path.read_text())["runs"]
    run(directory, *arguments, "--repeat", "2")
    after = json.loads(path.read_text())["runs"]
    assert is_same(after[0], before[0])
    assert not is_same(after[1], before[0])
    assert [run["repeat"] for run in after] == [0, 1]


# --- A server of its own ------------------------------------------------------

def test_its_own_server_ends_with_it(directory):
    results = measure(directory, "--self", "latency", "--transport", "ws",
                      *SMALL)
    assert [run["way"] for run in results["runs"]] == ["lighttpd", "direct"]
    assert not processes.of(directory)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_its_own_server_ends_however_it_ends(directory, begin, number):
    command = begin("--self", "latency", "--transport", "sse", *SMALL,
                    "--seconds", "15", "--verbose")
    measuring(command)
    assert processes.of(directory, "earshot.fcgi")
    command.signal(number)
    command.wait(15)
    wait_until(lambda: not processes.of(directory), 15,
               "the end of all that it had started")


def test_a_peer_that_does_not_start_is_said(directory):
    done = run(directory, "--target", "run:nobody", "latency", expect=1)
    assert "bench/peers/run nobody" in done.stderr.splitlines()[-1]
