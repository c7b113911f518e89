"""Starting, listening, options, signals."""

import os
import re
import signal
import socket
import stat
import subprocess
import threading
import time

import pytest

import fastcgi
from earshot import Earshot, environment_name, free_port
from processes import program, surroundings
from wait import slow, wait_until

# Every option, its default where it has one, and a value to try.
OPTIONS = {
    "queue": (None, None), "socket": (None, None), "listen": (None, None),
    "base": ("/earshot", "/push"), "publish": ("user", "anyone"),
    "admin": ("local", "anyone"), "origin": (None, "https://a.example"),
    "synchronous": ("full", "normal"), "wait-max": ("25", "10"),
    "heartbeat": ("15", "5"), "stream-life": ("3600", "60"),
    "retry": ("2000", "100"), "message-max": ("65536", "100"),
    "event-max": ("128", "10"), "channels-max": ("64", "2"),
    "subscribers-max": ("10000", "5"), "processes": ("1", "2"),
    "batch-lines": ("1000", "5"),
    "batch-bytes": ("1048576", "1000"), "request-timeout": ("5", "1"),
    "commit-timeout": ("5", "1"), "keep-idle": ("3600", "10"),
    "stall-timeout": ("300", "10"), "keep-messages": ("10000", "5"),
    "keep-age": ("604800", "60"), "keep-channels": ("100000", "5"),
    "keep-bytes": ("1073741824", "10000000"), "keep-keys": ("86400", "60"),
    "bell": ("on", "off"), "look": ("250", "1000"),
    "log": ("stderr", "stderr"), "log-level": ("info", "debug"),
}


def run(*arguments, **env):
    """Starts it for an answer on its output."""
    return subprocess.run(
        [program(), *map(str, arguments)], capture_output=True, text=True,
        stdin=subprocess.DEVNULL, timeout=slow(10), check=False,
        env=surroundings("/tmp", **env))


# Listening

def test_it_listens_on_a_unix_socket_for_its_group_only(earshot):
    mode = os.stat(earshot.address).st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o660
    assert earshot.get("/-/health").status == 200


def test_it_listens_on_tcp(start):
    earshot = start(listen=f"127.0.0.1:{free_port()}")
    earshot.publish("room", "x")
    with earshot.stream("room", "after=earliest") as stream:
        assert stream.next().data == "x"


def test_a_port_that_is_taken_is_a_clear_error(start):
    earshot = start(listen=f"127.0.0.1:{free_port()}")
    result = run("--queue", earshot.queue, "--listen",
                 earshot.options["listen"])
    assert result.returncode != 0
    assert earshot.options["listen"] in result.stderr
    assert earshot.get("/-/health").status == 200


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_UNIX])
def test_it_takes_an_inherited_descriptor_0(directory, started, family):
    sock = socket.socket(family)
    sock.bind(("127.0.0.1", 0) if family == socket.AF_INET
              else str(directory / "inherited"))
    sock.listen(16)
    earshot = Earshot(directory)
    started.append(earshot)
    earshot.start_inherited(sock)
    earshot.publish("room", "x")
    assert earshot.data("room") == ["x"]
    earshot.kill()
    # The socket is the parent's: the next program goes on with it.
    earshot.start_inherited(sock)
    assert earshot.data("room") == ["x"]
    earshot.stop()
    sock.close()


def test_a_stale_socket_is_replaced(earshot):
    earshot.publish("room", "x")
    earshot.kill()
    assert os.path.exists(earshot.address)
    earshot.start()
    assert earshot.data("room") == ["x"]


def test_a_live_socket_is_refused_and_left_alone(earshot):
    result = run("--queue", earshot.queue, "--socket", earshot.address)
    assert result.returncode != 0
    assert earshot.address in result.stderr
    assert earshot.publish("room", "x")


def test_a_file_that_is_no_socket_is_refused_and_left_alone(directory):
    path = directory / "letter"
    path.write_text("dear aunt")
    result = run("--queue", directory / "queue.db", "--socket", path)
    assert result.returncode != 0 and str(path) in result.stderr
    assert path.read_text() == "dear aunt"


def test_a_socket_path_that_is_too_long_is_a_clear_error(directory):
    result = run("--queue", directory / "queue.db", "--socket",
                 directory / ("x" * 200))
    assert result.returncode != 0 and "long" in result.stderr


# Options

def test_version_names_the_program_and_its_version():
    result = run("--version")
    assert result.returncode == 0 and result.stderr == ""
    assert "arshot" in result.stdout
    assert any(char.isdigit() for char in result.stdout)


def test_help_names_every_option_its_variable_and_its_default():
    result = run("--help")
    assert result.returncode == 0 and result.stderr == ""
    for name, (default, _) in OPTIONS.items():
        at = result.stdout.find("--" + name)
        assert at >= 0, name
        if default:
            assert default in result.stdout[at:at + 400], name
    assert "EARSHOT_" in result.stdout
    for word in ("--help", "--version", "--new-epoch"):
        assert word in result.stdout


def test_help_knows_no_option_that_the_test_does_not():
    named = set(re.findall(r"^\s*--([a-z-]+)", run("--help").stdout, re.M))
    assert named == set(OPTIONS) | {"help", "version", "new-epoch"}


@pytest.mark.parametrize("way", ["argument", "variable", "equals"])
def test_every_option_is_taken_in_each_way(directory, way):
    """All at once: the program starts, and one of them shows."""
    values = {name: value for name, (_, value) in OPTIONS.items()
              if value is not None}
    values["queue"] = directory / "queue" / "earshot.db"
    values["socket"] = directory / "socket"
    (directory / "queue").mkdir()
    arguments, env = [], {}
    for name, value in values.items():
        if way == "argument":
            arguments += ["--" + name, str(value)]
        elif way == "equals":
            arguments.append(f"--{name}={value}")
        else:
            env[environment_name(name)] = value
    server = Earshot(directory)
    server.options = {"socket": values["socket"], "queue": values["queue"]}
    server.spawn([program(), *arguments],
                 env=surroundings(directory, **env))
    server.wait_ready()
    assert server.post("/room", b"x" * 100).status == 201
    assert server.post("/room", b"x" * 101).status == 413
    assert server.status()["queue"]["synchronous"] == "normal"
    server.stop()


def test_an_argument_wins_over_its_variable(directory, started):
    server = Earshot(directory, message_max=5)
    started.append(server)
    server.start(env={"EARSHOT_MESSAGE_MAX": "50"})
    assert server.post("/room", b"x" * 6).status == 413


@pytest.mark.parametrize("arguments, words", [
    ([], ["--queue"]),
    (["--queue"], ["--queue"]),
    (["--queue", ""], ["--queue"]),
    (["--nonsense", "1"], ["--nonsense"]),
    (["--que", "x"], ["--que"]),
    (["extra"], ["extra"]),
    (["--wait-max", "x"], ["--wait-max", "x"]),
    (["--wait-max", "-1"], ["--wait-max"]),
    (["--wait-max", "1s"], ["--wait-max"]),
    (["--wait-max", "nan"], ["--wait-max"]),
    (["--wait-max", "1e99"], ["--wait-max"]),
    (["--wait-max", ""], ["--wait-max"]),
    (["--message-max", "0"], ["--message-max", "1048576"]),
    (["--message-max", "1048577"], ["--message-max", "1048576"]),
    (["--message-max", "10x"], ["--message-max"]),
    (["--message-max", "99999999999999999999"], ["--message-max"]),
    (["--channels-max", "1.5"], ["--channels-max"]),
    (["--publish", "everyone"], ["--publish", "anyone"]),
    (["--admin", "none"], ["--admin"]),
    (["--synchronous", "off"], ["--synchronous", "full"]),
    (["--bell", "maybe"], ["--bell"]),
    (["--log-level", "loud"], ["--log-level"]),
    (["--listen", "nonsense"], ["--listen"]),
    (["--listen", "127.0.0.1:99999"], ["--listen"]),
    (["--base", "no-slash"], ["--base"]),
    (["--origin", "not an origin"], ["--origin"]),
])
def test_a_bad_option_is_a_clear_error(directory, arguments, words):
    if arguments and "--queue" not in arguments:
        arguments = ["--queue", str(directory / "q.db")] + arguments
    if "--listen" not in arguments:
        arguments = ["--socket", str(directory / "socket")] + arguments
    result = run(*arguments)
    assert result.returncode not in (0, 99) and result.returncode > 0
    for word in words:
        assert word in result.stderr, result.stderr
    assert len(result.stderr.splitlines()) <= 4, "one clear line, and a hint"
    assert not (directory / "socket").exists()


def test_a_bad_variable_is_a_clear_error(directory):
    result = run("--queue", directory / "q.db", "--socket",
                 directory / "socket", EARSHOT_WAIT_MAX="x")
    assert result.returncode > 0
    assert "EARSHOT_WAIT_MAX" in result.stderr or \
        "--wait-max" in result.stderr


def test_nothing_to_listen_on_is_a_clear_error(directory):
    result = run("--queue", directory / "q.db")
    assert result.returncode > 0
    assert "--socket" in result.stderr and "--listen" in result.stderr


def test_options_never_come_from_a_request(start):
    earshot = start(publish="none")
    other = earshot.directory / "other.db"
    answer = earshot.call("POST", "/room", {"EARSHOT-PUBLISH": "anyone"},
                          b"x", EARSHOT_PUBLISH="anyone",
                          EARSHOT_QUEUE=other)
    assert answer.status == 403 and not other.exists()


def test_a_queue_under_the_document_root_gets_a_warning(earshot):
    earshot.call("GET", "/room", DOCUMENT_ROOT="/nowhere")
    assert "warn" not in earshot.log.lower()
    for _ in range(3):
        earshot.call("GET", "/room", DOCUMENT_ROOT=str(earshot.directory))
    wait_until(lambda: "warn" in earshot.log.lower())
    lines = [line for line in earshot.log.splitlines()
             if "warn" in line.lower()]
    assert len(lines) == 1 and str(earshot.directory) in lines[0]


# Signals

def held(earshot):
    """Four who follow: two streams and two long-polls."""
    streams = [earshot.stream("room"), earshot.stream("room,other")]
    polls = [earshot.peer(), earshot.peer()]
    for peer in polls:
        peer.send_request("GET", "/room/poll?wait=25", keep=True)
    wait_until(lambda: earshot.info("room")["subscribers"]
               == {"poll": 2, "sse": 2, "ws": 0})
    return streams, polls


@pytest.mark.parametrize("name", ["earshot.fcgi", "earshot-ws"])
def test_who_is_told_to_stop_while_it_starts_stops(directory, name):
    """A web server that reloads twice does that. libfcgi's own handler would
    swallow the signal."""
    (directory / "queue").mkdir()
    for step in range(30):
        process = subprocess.Popen(
            [program(name), "--queue", directory / "queue" / "earshot.db",
             "--socket", directory / "socket"],
            env=surroundings(directory), stderr=subprocess.DEVNULL)
        time.sleep(step * 0.0005)
        process.terminate()
        assert process.wait(slow(10)) in (0, -signal.SIGTERM)


def test_sigterm_answers_polls_and_ends_streams(earshot):
    cursor = earshot.publish("room", "before")
    streams, polls = held(earshot)
    for stream in streams:
        stream.parser.retry = None
    began = time.monotonic()
    earshot.signal(signal.SIGTERM)
    for peer in polls:
        answer = peer.read_answer()
        assert answer.status == 200
        assert answer.json == {"messages": [], "cursor": cursor,
                               "lost": False}
        assert peer.wait_closed() == []
        peer.close()
    for stream in streams:
        assert stream.rest() == [] and stream.parser.retry is not None
        stream.close()
    assert earshot.wait() == 0
    assert time.monotonic() - began < slow(5)
    with pytest.raises(OSError):
        fastcgi.Peer(earshot.address)
    earshot.start()
    assert earshot.data("room") == ["before"]


def test_sigterm_is_not_held_up_by_who_reads_nothing(earshot):
    mute = [earshot.peer() for _ in range(20)]
    for peer in mute:
        peer.send_request("GET", "/room/sse")
    stuck = [earshot.peer() for _ in range(20)]
    for peer in stuck:
        peer.send(fastcgi.begin())
    for _ in range(40):
        earshot.publish("room", "x" * 60000)
    wait_until(lambda: earshot.status()["subscribers"]["behind"] == 20)
    began = time.monotonic()
    earshot.signal(signal.SIGTERM)
    assert earshot.wait() == 0
    assert time.monotonic() - began < slow(6)
    for peer in mute + stuck:
        peer.close()


def test_sigterm_finishes_what_has_begun(earshot):
    """Publishers at work: each answer that says 201 is true."""
    told = []

    def publish(name):
        try:
            with earshot.peer(timeout=20) as peer:
                for i in range(100000):
                    answer = peer.request("POST", "/room", keep=True,
                                          body=f"{name}-{i}")
                    if answer.status != 201:
                        assert answer.status == 503, answer
                        return
                    told.append(f"{name}-{i}")
        except (OSError, fastcgi.Closed):
            pass
    threads = [threading.Thread(target=publish, args=(i,))
               for i in range(6)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(told) > 200)
    earshot.stop()
    for thread in threads:
        thread.join()
    earshot.start()
    stored = earshot.data("room")
    assert set(told) <= set(stored) and len(stored) == len(set(stored))
    assert len(stored) - len(told) <= 6


def test_sigterm_waits_a_moment_for_who_has_just_connected(earshot):
    """Somebody listened when it came, so its request must not be lost."""
    with earshot.peer() as late, earshot.peer() as mute:
        wait_until(lambda: earshot.status()["connections"] >= 3)
        earshot.signal(signal.SIGTERM)
        wait_until(lambda: "stopping" in earshot.log)
        answer = late.request("POST", "/room", body=b"late")
        assert answer.status == 201
        assert mute.wait_closed() == []
    assert earshot.wait() == 0
    earshot.start()
    assert earshot.data("room") == ["late"]


def test_a_second_signal_ends_it_at_once(earshot):
    mute = earshot.stream("room")
    for _ in range(40):
        earshot.publish("room", "x" * 60000)
    wait_until(lambda: earshot.status()["subscribers"]["behind"] == 1)
    earshot.expected = (0, 1, -signal.SIGTERM, 128 + signal.SIGTERM)
    earshot.signal(signal.SIGTERM)
    time.sleep(0.1)     # two at the same moment are one signal
    began = time.monotonic()
    if earshot.running():
        earshot.signal(signal.SIGTERM)
    earshot.stop()
    assert time.monotonic() - began < slow(1.5)
    mute.close()


def test_the_log_goes_to_a_file_and_is_reopened_on_sighup(directory, start):
    path = directory / "own.log"
    earshot = start(log=path, log_level="debug")
    wait_until(lambda: path.exists() and path.read_text())
    path.rename(directory / "old.log")
    old = (directory / "old.log").read_text()
    earshot.signal(signal.SIGHUP)
    wait_until(path.exists, what="the new log")
    earshot.get("/room/poll")
    earshot.stop()
    assert path.read_text(), "it goes on in the new one"
    assert len((directory / "old.log").read_text()) <= len(old) + 200


def test_sighup_without_a_file_changes_nothing(earshot):
    earshot.signal(signal.SIGHUP)
    earshot.publish("room", "x")
    earshot.signal(signal.SIGHUP)
    assert earshot.data("room") == ["x"]


def test_a_message_is_never_in_the_log(start):
    earshot = start(log_level="debug")
    earshot.publish("room", "a secret of mine",
                    {"Idempotency-Key": "key-of-mine"})
    earshot.post("/room", b"a secret of mine\xff")
    earshot.get("/room/poll?after=earliest")
    earshot.call("GET", "/ro%0aom%1b[2J/poll")
    earshot.stop()
    assert "secret" not in earshot.log
    assert "\x1b" not in earshot.log
    for line in earshot.log.splitlines():
        assert line.isprintable(), repr(line)
