"""One queue, written by the web server's user and by an administrator.

They share a group and nothing else: neither may read what belongs to the other
alone, and each has an umask of his own. It takes root to be both of them.
"""

import os
import shutil
import stat
import subprocess

import pytest

import processes
from earshot import Earshot
from processes import surroundings
from wait import slow, wait_until

GROUP = 4700
WEB = {"user": 33, "group": 33, "extra_groups": [GROUP], "umask": 0o022}
ADMIN = {"user": 4701, "group": 4701, "extra_groups": [GROUP],
         "umask": 0o077}
STRANGER = {"user": 4702, "group": 4702, "extra_groups": [], "umask": 0}
ROOT = {"user": 0, "group": 0, "extra_groups": [], "umask": 0o077}


class Theirs(Earshot):
    """earshot.fcgi, run by one of them."""

    def __init__(self, directory, who, **options):
        super().__init__(directory, **options)
        self.who = who

    def program(self):
        return str(self.directory / "bin" / "earshot.fcgi")

    def spawn(self, command, **more):
        return super().spawn(command, **more, **self.who)


@pytest.fixture
def shared(directory):
    """A directory as deploy/README.md has it made: 2770, for the group."""
    assert os.geteuid() == 0, \
        "this test is two users in turn, which root alone may be: run it as root"
    directory.chmod(0o777)      # for the sockets
    (directory / "bin").mkdir()
    for name in ("earshot.fcgi", "earshot"):
        shutil.copy(processes.program(name), directory / "bin")
        (directory / "bin" / name).chmod(0o755)
    (directory / "bin").chmod(0o755)
    queue = directory / "queue"
    queue.mkdir()
    os.chown(queue, 0, GROUP)
    queue.chmod(0o2770)
    return directory


@pytest.fixture
def serve(shared, started):
    def serve(who):
        server = Theirs(shared, who)
        started.append(server)
        return server.start()
    return serve


def run(directory, who, *command, text=""):
    """Runs a command as one of them."""
    return subprocess.run(
        command, input=text, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, check=False, cwd="/", timeout=slow(20),
        env=surroundings(directory), **who)


def insert(directory, who, data):
    path = directory / "queue" / "earshot.db"
    return run(directory, who, "sqlite3", "-batch", "-bail", str(path),
               text=".timeout 10000\nINSERT INTO message(channel, data) "
                    f"VALUES('room', '{data}');\n")


def check_modes(directory):
    """Everything is for the group, whoever has made it."""
    for path in (directory / "queue").rglob("*"):
        status = path.stat()
        mode = stat.S_IMODE(status.st_mode)
        assert status.st_gid == GROUP, path
        assert mode == (0o2770 if path.is_dir() else 0o660), \
            f"{path} {mode:o}"


@pytest.mark.parametrize("first, second", [(WEB, ADMIN), (ADMIN, WEB)],
                         ids=["web server first", "administrator first"])
def test_both_serve_one_queue_whoever_comes_first(shared, serve, first,
                                                  second):
    """The first has made the file and all that lies beside it."""
    one = serve(first)
    one.publish("room", "1")
    with one.stream("room") as stream_of_one:
        wait_until((shared / "queue/earshot.db-presence").exists)
        two = serve(second)
        two.publish("room", "2")
        assert stream_of_one.next().data == "2"
        with two.stream("room") as stream_of_two:
            one.publish("room", "3")
            assert stream_of_two.next().data == "3"
            assert stream_of_one.next().data == "3"
            for server in (one, two):
                wait_until(lambda: server.info("room")["subscribers"]["sse"]
                           == 2, what="that each counts both")
            check_modes(shared)
    one.kill()
    two.publish("room", "4")
    one.start()
    one.publish("room", "5")
    assert two.data("room") == ["1", "2", "3", "4", "5"]
    for server in (one, two):
        assert "error" not in server.log and "warn" not in server.log
    two.stop()
    one.publish("room", "6")
    check_modes(shared)


@pytest.mark.parametrize("who", [ADMIN, ROOT], ids=["administrator", "root"])
def test_a_shell_that_opens_it_first_locks_nobody_out(shared, serve, who):
    """It makes -wal and -shm, and still has them when the server comes."""
    serve(WEB).stop()
    with subprocess.Popen(
            ["sqlite3", "-batch", str(shared / "queue/earshot.db")],
            stdin=subprocess.PIPE, text=True, cwd="/",
            env=surroundings(shared), **who) as shell:
        shell.stdin.write("INSERT INTO message(channel, data) "
                          "VALUES('room', 'shell');\n")
        shell.stdin.flush()
        wait_until((shared / "queue/earshot.db-wal").exists)
        server = serve(WEB)
        with server.stream("room", "after=earliest") as stream:
            assert stream.next().data == "shell"
            server.publish("room", "server")
            assert stream.next().data == "server"
            shell.stdin.write("INSERT INTO message(channel, data) "
                              "VALUES('room', 'again');\n")
            shell.stdin.flush()
            assert stream.next().data == "again"
            check_modes(shared)
        shell.stdin.close()
        assert shell.wait(slow(10)) == 0


def test_a_shell_s_insert_reaches_who_follows(shared, serve):
    server = serve(WEB)
    with server.stream("room") as stream:
        assert insert(shared, ADMIN, "by hand").returncode == 0
        assert stream.next().data == "by hand"


@pytest.mark.parametrize("who", [ADMIN, ROOT], ids=["administrator", "root"])
def test_the_administrator_s_tool_locks_nobody_out(shared, serve, who):
    """It makes what lies beside the file, and publishes while others do."""
    serve(WEB).stop()
    for path in (shared / "queue").iterdir():
        if path.is_file() and path.name != "earshot.db":
            path.unlink()

    def publish(data):
        return run(shared, who, str(shared / "bin/earshot"), "publish",
                   "--queue", str(shared / "queue/earshot.db"), "room", data)
    first = publish("tool")
    assert first.returncode == 0, first.stdout
    server = serve(WEB)
    with server.stream("room", "after=earliest") as stream:
        assert stream.next().data == "tool"
        server.publish("room", "server")
        assert stream.next().data == "server"
        assert publish("again").returncode == 0
        assert stream.next().data == "again"
        check_modes(shared)


def test_who_is_not_in_the_group_is_kept_out(shared, serve):
    server = serve(WEB)
    server.publish("room", "not for everybody")
    refused = insert(shared, STRANGER, "x")
    assert refused.returncode != 0 and "unable to open" in refused.stdout
    seen = run(shared, STRANGER, "cat", str(shared / "queue/earshot.db"))
    assert seen.returncode != 0 and "not for everybody" not in seen.stdout
    assert server.data("room") == ["not for everybody"]


def test_what_root_makes_locks_nobody_out(shared, serve):
    """Also where the directory does not hand on its group."""
    queue = shared / "queue"
    os.chown(queue, WEB["user"], GROUP)
    queue.chmod(0o770)
    server = serve(WEB)
    server.publish("room", "1")
    server.stop()
    for suffix in ("-lock", "-bell"):
        (queue / f"earshot.db{suffix}").unlink()
    done = run(shared, ROOT, str(shared / "bin/earshot"), "publish",
               "--queue", str(queue / "earshot.db"), "room", "2")
    assert done.returncode == 0, done.stdout
    for suffix in ("-lock", "-bell"):
        status = (queue / f"earshot.db{suffix}").stat()
        assert (status.st_uid, status.st_gid) == (WEB["user"], GROUP)
    server.start()
    server.publish("room", "3")
    assert server.data("room") == ["1", "2", "3"]
