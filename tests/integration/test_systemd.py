"""The units in deploy/systemd, and sockets that outlive their program."""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import threading

import pytest

import fastcgi
import processes
from activated import ActivatedEarshot, ActivatedWs, unix_socket
from earshot import Earshot, arguments
from earshot_ws import EarshotWs
from processes import program, surroundings
from sockets import dial
from wait import slow, wait_until

SOURCE = pathlib.Path(__file__).resolve().parents[2]
UNITS = SOURCE / "deploy/systemd"
SERVICES = ("earshot", "earshot-ws")


@pytest.fixture(params=[ActivatedEarshot, ActivatedWs],
                ids=["earshot.fcgi", "earshot-ws"])
def activated(request, directory, started):
    server = request.param(directory)
    started.append(server)
    return server


# Sockets that are handed down

def test_it_takes_the_socket_that_is_handed_down(activated):
    activated.start()
    assert publish(activated, "x") == 201
    assert stored(activated) == ["x"]


def test_it_takes_the_socket_as_descriptor_0_too(activated):
    """StandardInput=socket: systemd then hands it down twice."""
    activated.hold()
    activated.spawn(
        ["sh", "-c", 'exec 3<&0; LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" "$@"',
         activated.program(), *arguments(activated.options)],
        stdin=activated.inherited)
    activated.wait_ready()
    assert publish(activated, "x") == 201
    assert stored(activated) == ["x"]


@pytest.mark.parametrize("kind", [ActivatedEarshot, ActivatedWs],
                         ids=["earshot.fcgi", "earshot-ws"])
def test_several_processes_share_what_is_handed_down(directory, started,
                                                     kind):
    """--processes: the parent has it, and outlives none of its children."""
    server = kind(directory, processes=2)
    started.append(server)
    server.start()
    wait_until(lambda: len(processes.of(directory, kind.name)) == 3)
    assert publish(server, "x") == 201
    server.kill()
    wait_until(lambda: not processes.of(directory, kind.name))
    threads, told = callers(server, 5)
    server.start()
    for thread in threads:
        thread.join(slow(30))
    assert told == [201] * 5
    assert len(stored(server)) == 6


def test_systemd_s_own_tool_can_start_it(directory):
    server = Earshot(directory)
    queue, path = server.queue, directory / "activated"
    queue.parent.mkdir()
    server.spawn(
        ["systemd-socket-activate", "-l", str(path),
         "-E", f"EARSHOT_QUEUE={queue}", program()],
        env=surroundings(directory))
    wait_until(path.exists, what="its socket")
    server.options["socket"] = path
    server.wait_ready()
    assert server.get("/room/poll").status == 200
    server.expected = (0, -signal.SIGTERM)
    server.stop()


def test_a_socket_for_another_process_is_not_taken(directory):
    with unix_socket(directory / "other") as sock:
        server = ActivatedEarshot(directory)
        server.hold()
        server.start(wait=False, PID=1)
        assert server.wait() not in (0, 99)
        assert "nothing to listen on" in server.log
        assert sock.fileno() >= 0


@pytest.mark.parametrize("kind", [ActivatedEarshot, ActivatedWs])
def test_a_descriptor_that_does_not_listen_is_a_clear_error(directory, kind):
    """Accept=yes in a socket's unit hands down connections."""
    server = kind(directory)
    server.hold()
    one, other = socket.socketpair()
    with one, other:
        server.inherited.close()
        server.inherited = one
        server.start(wait=False)
        assert server.wait() not in (0, 99)
    assert "Accept=no" in server.log


def test_its_own_children_would_not_get_the_socket(activated):
    activated.start()
    about = pathlib.Path(f"/proc/{activated.pid}/fdinfo/3").read_text()
    flags = int(re.search(r"flags:\s*(\d+)", about)[1], 8)
    assert flags & os.O_CLOEXEC


# A socket that outlives the program

def publish(server, data):
    """The status, whichever way it is published by."""
    if isinstance(server, ActivatedEarshot):
        return server.post("/room", data.encode(), timeout=30).status
    with server.socket(timeout=30) as sock:
        return 201 if sock.publish(data) else 0


def stored(server):
    """What the queue keeps, in order."""
    rows = server.sql("SELECT data FROM message ORDER BY id")
    return rows.split()


def callers(server, count):
    """Publishers, each on a connection of its own; and what they are told."""
    told, threads = [], []

    def call(number):
        try:
            told.append(publish(server, f"m{number}"))
        except (OSError, fastcgi.Closed) as error:
            told.append(repr(error))
    for number in range(count):
        threads.append(threading.Thread(target=call, args=(number,)))
        threads[-1].start()
    return threads, told


def waiting(sock):
    """Connections that nobody has accepted yet, as ss(8) shows them."""
    rows = subprocess.run(
        ["ss", "-Hlx", "src", sock.getsockname()], text=True, check=True,
        capture_output=True).stdout.split()
    return int(rows[2])


def test_nobody_is_refused_while_it_is_away(activated):
    activated.start()
    activated.kill()
    threads, told = callers(activated, 20)
    wait_until(lambda: waiting(activated.inherited) == 20,
               what="twenty who wait")
    assert told == []
    activated.start()
    for thread in threads:
        thread.join(slow(30))
    assert told == [201] * 20
    assert sorted(stored(activated)) == sorted(
        f"m{number}" for number in range(20))


def test_the_first_who_comes_waits_for_the_program(activated):
    """The socket is there before the program has ever run."""
    activated.hold()
    threads, told = callers(activated, 3)
    wait_until(lambda: waiting(activated.inherited) == 3)
    activated.start()
    for thread in threads:
        thread.join(slow(30))
    assert told == [201] * 3


class Newer(ActivatedEarshot):
    """The program at a path of its own, as an installed one is."""

    def install(self):
        """As install(1) does: a new file in the place of the old one."""
        new = self.directory / "new"
        shutil.copy(program(), new)
        new.replace(self.directory / "installed.fcgi")
        return self

    def program(self):
        return str(self.directory / "installed.fcgi")


def test_a_newer_program_takes_over_and_nothing_is_lost(directory, started,
                                                        start_lighttpd):
    """Behind a web server, under load: what was told 201 is there once, and
    nobody is told anything else; a follower misses nothing."""
    server = Newer(directory)
    started.append(server)
    server.install().start()
    front = start_lighttpd(sockets=[server.inherited.getsockname()])
    told, wrong, over = [], [], threading.Event()

    def press(name):
        for number in range(100000):
            if over.is_set():
                return
            answer = front.post("/room", f"{name}-{number}".encode(),
                                timeout=30)
            (told if answer.status == 201 else wrong).append(
                (answer.status, f"{name}-{number}"))
    threads = [threading.Thread(target=press, args=(name,))
               for name in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        enough = len(told) + 100
        wait_until(lambda: len(told) + len(wrong) > enough, 30)
        server.install()
        server.stop()
        server.start()
    over.set()
    for thread in threads:
        thread.join(slow(30))
    assert wrong == []
    assert sorted(stored(server)) == sorted(name for _, name in told)


def test_websockets_that_begin_meanwhile_are_all_let_in(directory, started):
    """Also those who have just connected when it is told to stop: they are
    told to come back (1001), and never that nobody is there."""
    server = ActivatedWs(directory)
    started.append(server)
    server.start()
    told, over = [], threading.Event()

    def come():
        while not over.is_set():
            try:
                with server.socket(timeout=30, opened=False) as sock:
                    told.append(sock.head.status)
            except (OSError, ConnectionError) as error:
                told.append(repr(error))
    threads = [threading.Thread(target=come) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(6):
        enough = len(told) + 60
        wait_until(lambda: len(told) > enough, 30)
        server.stop()
        server.start()
    over.set()
    for thread in threads:
        thread.join(slow(30))
    assert set(told) == {101}


def test_who_connects_and_says_nothing_holds_no_stop_up(activated):
    activated.start()
    with dial(activated.address) as mute:
        wait_until(lambda: activated.status()["connections"] > 0
                   if isinstance(activated, ActivatedEarshot)
                   else waiting(activated.inherited) == 0)
        activated.get("/-/health")
        activated.stop()
        assert mute.recv(1) == b""
    assert "before everything was finished" not in activated.log


# The units

def unit(name):
    """Its settings: {name: [values]}."""
    found = {}
    for line in (UNITS / name).read_text().splitlines():
        if line and line[0] not in "#[":
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def installed(directory):
    """The units with a program that is there, as systemd looks for it."""
    for path in UNITS.glob("earshot*.s*"):
        text = path.read_text().replace("/usr/local/libexec/earshot/",
                                        str(program()).rpartition("/")[0]
                                        + "/")
        (directory / path.name).write_text(text)
    return directory


@pytest.mark.parametrize("name", SERVICES)
def test_the_services_are_hardened(name):
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager",
         "--threshold=30", str(UNITS / f"{name}.service")], text=True,
        capture_output=True, check=False, timeout=slow(30))
    assert done.returncode == 0, done.stdout + done.stderr
    level = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)[1]
    assert float(level) < 3


def test_systemd_finds_nothing_wrong_with_the_units(directory):
    names = [str(path) for path in installed(directory).glob("earshot*.s*")]
    assert len(names) == 4
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *sorted(names)], text=True,
        capture_output=True, check=False, timeout=slow(30))
    # Other units of the machine are none of ours.
    ours = [line for line in (done.stdout + done.stderr).splitlines()
            if "earshot" in line.partition(":")[0]]
    assert (done.returncode, ours) == (0, [])


def test_a_socket_is_for_the_web_server_s_group_alone():
    for name in SERVICES:
        settings = unit(f"{name}.socket")
        assert settings["SocketMode"] == ["0660"]
        assert settings["SocketGroup"] == ["www-data"]
        assert settings["SocketUser"] == unit(f"{name}.service")["User"]
        assert settings.get("Accept", ["no"]) == ["no"]


def test_both_services_may_do_the_same():
    """One is the other but for its program and its words."""
    own = {"Description", "Documentation", "Requires", "After", "ExecStart"}
    first, second = ({key: values for key, values in unit(
        f"{name}.service").items() if key not in own} for name in SERVICES)
    assert first == second


def test_a_service_has_descriptors_for_its_subscribers():
    for name in SERVICES:
        limit = int(unit(f"{name}.service")["LimitNOFILE"][0])
        assert limit > 10000 + 1000


def test_one_directory_may_be_written_and_its_group_writes_it():
    for name in SERVICES:
        settings = unit(f"{name}.service")
        assert settings["StateDirectory"] == ["earshot"]
        assert settings["StateDirectoryMode"] == ["2770"]
        assert settings["UMask"] == ["0007"]
        assert settings["ProtectSystem"] == ["strict"]
        assert "ReadWritePaths" not in settings
        assert settings["Environment"] == [
            "EARSHOT_QUEUE=/var/lib/earshot/earshot.db"]


def test_the_user_of_the_services_is_declared():
    line = (SOURCE / "deploy/sysusers.d/earshot.conf").read_text().splitlines()[-1]
    assert line.split()[:3] == ["u", unit("earshot.service")["User"][0], "-"]


@pytest.mark.parametrize("kind, name", [(Earshot, "earshot"),
                                        (EarshotWs, "earshot-ws")])
def test_the_file_of_options_is_understood(directory, started, kind, name):
    """Each line of deploy/default/earshot, as it would be set."""
    text = (SOURCE / "deploy/default/earshot").read_text()
    given = dict(re.findall(r"^#(EARSHOT_\w+)=(.*)$", text, re.M))
    assert len(given) > 5
    assert unit(f"{name}.service")["EnvironmentFile"] == [
        "-/etc/default/earshot"]
    help_text = subprocess.run([program(kind.name), "--help"], text=True,
                               capture_output=True, check=True).stdout
    known = dict(re.findall(r"^  --([a-z-]+)[^\n(]*(?:\(default (.*)\))?$",
                            help_text, re.M))
    for variable, value in given.items():
        option = variable[len("EARSHOT_"):].lower().replace("_", "-")
        if option in known:
            assert known[option] == value, variable
    server = kind(directory)
    started.append(server)
    server.options.pop("publish")
    server.start(env=given)
    assert server.get("/-/health").status == 200
