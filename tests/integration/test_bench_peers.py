"""bench/peers/run: each server that can be had here starts, is measured by all
its transports, is restarted, and leaves nothing behind."""

import json
import os
import pathlib
import pty
import select
import signal
import subprocess
import sys

import pytest

import bench
import npm
import processes
from wait import slow, wait_until

TOP = pathlib.Path(__file__).resolve().parents[2]
RUN = TOP / "bench/peers/run"
sys.path.append(str(TOP / "bench/peers"))

import fronts  # noqa: E402
import members  # noqa: E402

# What each has to be measured by: its transports through each way. Those that
# take long to install (Bun, Pushpin) are for `make bench-peers`.
PEERS = {
    "earshot": {"lighttpd": {"poll", "long-poll", "sse", "ws"},
                "direct": {"sse", "ws"}},
    "earshot --web nginx --processes 2 --bare": {
        "nginx": {"poll", "long-poll", "sse", "ws"},
        "direct": {"sse", "ws"}},
    "nchan": {"direct": {"long-poll", "sse", "ws"}},
    "nchan-redis": {"direct": {"long-poll", "sse", "ws"}},
    "socketio": {"direct": {"socket.io"}},
    "node-ws --web lighttpd": {"direct": {"ws"}, "lighttpd": {"ws"}},
    "node-sse --web nginx": {"direct": {"sse"}, "nginx": {"sse"}},
    "bare-sse": {"direct": {"sse"}},
    "bare-fastcgi": {"lighttpd": {"poll", "long-poll", "sse"}},
}


class Peer(processes.Process):
    """One that bench/peers/run has started."""

    name = "bench/peers/run"

    def __init__(self, directory, words):
        super().__init__(directory)
        self.log_path = self.directory / "peer.log"
        self.command = [RUN, "--build", processes.build(),
                        "--npm", npm.cache(), "--queue-dir", self.directory,
                        "--patience", "60", *words.split()]
        self.target = None

    def start(self):
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=log, text=True,
                env=processes.surroundings(self.directory, TMPDIR="/tmp"))
        line = self.line()
        assert line, self.log
        self.target = json.loads(line)
        return self

    def line(self, timeout=90):
        """What it says next; nothing when it has ended."""
        ready, _, _ = select.select([self.process.stdout], [], [],
                                    slow(timeout))
        assert ready, f"it said nothing:\n{self.log}"
        return self.process.stdout.readline()

    def order(self, word):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    @property
    def pids(self):
        return [pid for pids in self.target["processes"].values()
                for pid in pids]

    def path(self):
        """The target as a file."""
        path = self.directory / "target.json"
        path.write_text(json.dumps(self.target), "utf-8")
        return path

    def close(self):
        """The end of its input: it ends all that it has started."""
        self.process.stdin.close()
        code = self.wait(20)
        assert code == 0, self.log


@pytest.fixture
def peer(directory, started):
    def start(words):
        server = Peer(directory, words)
        started.append(server)
        return server.start()
    return start


def measured(directory, target, *arguments):
    """Transports by ways, of runs in which nothing was amiss."""
    results = bench.measure(directory, "latency", "--target", target,
                            *bench.SMALL, *arguments)
    found = {}
    for run in results["runs"]:
        assert run["delivered"] == run["expected"] > 0, run
        assert run["lost"] == run["repeated"] == run["reordered"] == 0, run
        found.setdefault(run["way"], set()).add(run["transport"])
    return found


@pytest.mark.parametrize("words", PEERS)
def test_it_is_measured_restarted_and_leaves_nothing(directory, peer, words):
    server = peer(words)
    assert measured(directory, server.path()) == PEERS[words]
    before = server.pids
    assert all(map(processes.alive, before))
    server.order("restart")
    word, _, sides = server.line().partition(" ")
    assert word == "ready"
    server.target["processes"] = json.loads(sides)
    assert not any(map(processes.alive, before))
    assert all(map(processes.alive, server.pids))
    way, transports = next(iter(PEERS[words].items()))
    transport = sorted(transports)[-1]
    assert measured(directory, server.path(), "--way", way,
                    "--transport", transport) == {way: {transport}}
    server.close()
    assert processes.of(directory) == []
    assert not list(directory.glob("earshot-peer-*"))


def test_bench_starts_one_by_its_name(directory):
    found = measured(directory, "run:bare-sse")
    assert found == {"direct": {"sse"}}
    assert processes.of(directory) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_outlives_it(directory, peer, number):
    server = peer("earshot")
    assert len(server.pids) == 3
    server.signal(number)
    code = server.process.wait(slow(20))
    server.process.stdin.close()
    server.process = None
    assert code == (0 if number == signal.SIGTERM else -9), server.log
    # The kernel tells those that it has started of its death.
    wait_until(lambda: not any(map(processes.alive, server.pids)), 10,
               "the end of what it has started")
    # What one that was killed has left is removed by the next, whoever starts
    # it.
    peer("bare-sse").close()
    assert not list(directory.glob("earshot-peer-*"))


def test_on_a_tmpfs_nothing_is_called_durable(directory, peer):
    on_disk = peer("earshot")
    assert members.file_system(directory) != "tmpfs"
    assert "on disk" in on_disk.target["durable"]
    on_disk.close()
    assert members.file_system("/dev/shm") == "tmpfs"
    in_memory = peer("earshot --queue-dir /dev/shm")
    assert "durable" not in in_memory.target
    in_memory.close()


def test_without_syncing_nothing_is_called_durable(peer):
    server = peer("earshot --synchronous normal")
    assert "durable" not in server.target
    assert "power cut" in server.target["about"]
    server.close()


def test_on_a_terminal_ctrl_c_ends_it(directory):
    ours, its = pty.openpty()
    process = subprocess.Popen(
        ["setsid", "--ctty", RUN, "bare-sse", "--build", processes.build()],
        stdin=its, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=processes.surroundings(directory))
    os.close(its)
    target = json.loads(process.stdout.readline())
    os.write(ours, b"\x03")
    assert process.wait(slow(20)) == 0
    os.close(ours)
    assert not any(map(processes.alive, target["processes"]["server"]))


def test_a_server_that_ends_at_once_is_told_of(directory):
    programs = directory / "programs"
    programs.mkdir()
    broken = programs / "earshot-bare-sse"
    broken.write_text("#!/bin/sh\necho 'out of order' >&2\nexit 3\n")
    broken.chmod(0o755)
    done = run("bare-sse", "--build", programs)
    assert done.returncode == 1 and done.stdout == ""
    assert "bare-sse has ended by itself" in done.stderr
    assert "out of order" in done.stderr


def run(*words):
    return subprocess.run([RUN, *words], stdin=subprocess.DEVNULL, check=False,
                          capture_output=True, text=True, timeout=slow(60))


@pytest.mark.parametrize("words, sentence", [
    (["nowhere"], "invalid choice: 'nowhere'"),
    (["earshot", "--cores", "4711"], "'4711' names no cores of this machine"),
    (["earshot", "--processes", "0"], "'0' is no number from 1 to 64"),
])
def test_bad_options_are_told(words, sentence):
    done = run(*words)
    assert done.returncode == 2 and done.stdout == ""
    assert sentence in done.stderr


@pytest.mark.parametrize("words, sentence", [
    (["nchan", "--web", "lighttpd"], "nchan cannot be put behind lighttpd"),
    (["earshot", "--build", "/nowhere"], "there is no program /nowhere/"),
    (["bare-sse", "--build", "BUILD", "--queue-dir", "/proc/x"],
     "/proc/x cannot be written"),
])
def test_what_cannot_be_done_is_told(words, sentence):
    done = run(*(str(processes.build()) if word == "BUILD" else word
                 for word in words))
    assert done.returncode == 1 and done.stdout == ""
    assert sentence in done.stderr


def test_redis_that_is_not_used_is_noticed(directory):
    """As when nchan is told of it where that is not inherited."""
    code = ("import runpy, sys\n"
            "sys.path.insert(0, sys.argv[1])\n"
            "import peer_nchan\n"
            "peer_nchan.PASS_TO = ''\n"
            "sys.argv[1:] = ['nchan-redis']\n"
            f"runpy.run_path({str(RUN)!r}, run_name='__main__')\n")
    done = subprocess.run(
        [sys.executable, "-B", "-c", code, RUN.parent],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        timeout=slow(60), env=processes.surroundings(directory))
    assert done.returncode == 1 and done.stdout == ""
    assert "did not reach Redis' append-only file" in done.stderr


def test_a_changed_configuration_is_noticed():
    assert fronts.replaced("a = 1\nb = 2\n", r"^b = \d+$", "b = 3") == \
        "a = 1\nb = 3\n"
    with pytest.raises(members.Trouble, match="has changed"):
        fronts.replaced("a = 1\n", r"^b = \d+$", "b = 3")
