"""What every peer is made of: processes and directories that end with it. It
knows no server by name."""

import ctypes
import fcntl
import os
import pathlib
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
PATH = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"

PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None, use_errno=True)


class Trouble(Exception):
    """A sentence for whoever has started it."""


def say(*words):
    """To whoever watches: standard output is for the target alone."""
    print("peers:", *words, file=sys.stderr, flush=True)


def descriptors():
    """How many descriptors a process may have here."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Trouble(f"{what} did not come within {seconds} s.")
        time.sleep(0.02)


def file_system(path):
    """The type of the file system on which PATH lies, as in /proc/mounts."""
    path = os.path.realpath(path)
    best, found = "", "unknown"
    with open("/proc/mounts", encoding="utf-8", errors="replace") as mounts:
        for line in mounts:
            _, where, kind, *_ = line.split()
            inside = path == where or \
                path.startswith(where.rstrip("/") + "/")
            if inside and len(where) >= len(best):
                best, found = where, kind
    return found


class Folders:
    """Two directories that end with the peer: `run` for sockets (its path is
    short enough for them), configurations and logs, `data` for what a server
    keeps, on a real file system where there is one."""

    PREFIX = "earshot-peer-"

    def __init__(self, data=None):
        self.remove_abandoned()
        self.run = pathlib.Path(tempfile.mkdtemp(prefix=self.PREFIX))
        where = data or self.a_real_place()
        try:
            os.makedirs(where, exist_ok=True)
            self.data = pathlib.Path(
                tempfile.mkdtemp(prefix=self.PREFIX, dir=where))
        except OSError as error:
            shutil.rmtree(self.run, ignore_errors=True)
            raise Trouble(f"{where} cannot be written: {error.strerror}. "
                          "Give another directory by --queue-dir.") from None
        self.lock = self.own()

    def own(self):
        """A lock that is free again when we have ended, however that was."""
        lock = open(self.run / "own", "w", encoding="utf-8")
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write(str(self.data))
        lock.flush()
        (self.run / "own").rename(self.run / "owned")
        return lock

    def remove_abandoned(self):
        """What those have left who were killed."""
        for path in pathlib.Path(tempfile.gettempdir()).glob(
                self.PREFIX + "*/owned"):
            try:
                with open(path, encoding="utf-8") as lock:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    data = pathlib.Path(lock.read())
            except OSError:
                continue
            if data.name.startswith(self.PREFIX):
                shutil.rmtree(data, ignore_errors=True)
            shutil.rmtree(path.parent, ignore_errors=True)

    def a_real_place(self):
        for place in (tempfile.gettempdir(), "/var/tmp", os.getcwd()):
            if self.is_real(place) and os.access(place, os.W_OK):
                return place
        return tempfile.gettempdir()

    @staticmethod
    def is_real(path):
        return file_system(path) not in ("tmpfs", "ramfs", "devtmpfs")

    @property
    def is_durable(self):
        """Whether what is synced here survives a power cut."""
        return self.is_real(self.data)

    def remove(self):
        self.lock.close()
        shutil.rmtree(self.run, ignore_errors=True)
        shutil.rmtree(self.data, ignore_errors=True)


def sessions():
    """The session of every living process."""
    found = {}
    for entry in os.listdir("/proc"):
        try:
            with open(f"/proc/{entry}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
        except (OSError, ValueError):
            continue
        if entry.isdigit() and fields[0] not in b"ZX":
            found[int(entry)] = int(fields[3])
    return found


def before_exec(parent, cores):
    """In the child: it ends with us, however we end; it may have as many
    descriptors as there are."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(1)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if cores:
        os.sched_setaffinity(0, cores)


class Member:
    """One process, in a session of its own, with its log in `run`."""

    def __init__(self, folders, side, name, command, env=None, cores=None,
                 listens=None):
        """LISTENS: the port or the Unix socket at which it can be reached, for
        those who are started after it."""
        self.side = side
        self.name = name
        self.command = [str(word) for word in command]
        self.log = folders.run / f"{name}.log"
        self.folders = folders
        self.env = env or {}
        self.cores = cores
        self.listens = listens
        self.process = None

    @property
    def pid(self):
        return self.process.pid

    def start(self):
        parent = os.getpid()
        env = {name: value for name, value in os.environ.items()
               if not name.startswith("EARSHOT_")}
        env.update(PATH=PATH, **self.env)
        with open(self.log, "ab") as log:
            try:
                self.process = subprocess.Popen(
                    self.command, stdin=subprocess.DEVNULL, stdout=log,
                    stderr=log, cwd=self.folders.run, env=env,
                    start_new_session=True,
                    preexec_fn=lambda: before_exec(parent, self.cores))
            except OSError as error:
                raise Trouble(f"{self.command[0]} cannot be started: "
                              f"{error.strerror}.") from None

    def running(self):
        return self.process is not None and self.process.poll() is None

    def is_reached(self):
        if self.listens is None:
            return True
        is_port = isinstance(self.listens, int)
        with socket.socket(socket.AF_INET if is_port
                           else socket.AF_UNIX) as sock:
            return sock.connect_ex(("127.0.0.1", self.listens) if is_port
                                   else str(self.listens)) == 0

    def last_words(self):
        try:
            text = self.log.read_text("utf-8", "replace")
        except OSError:
            return ""
        return text[-3000:]

    def living(self):
        return [pid for pid, session in sessions().items()
                if session == self.process.pid]

    def tell_to_end(self):
        if self.running():
            self.process.terminate()

    def wait_for_end(self, deadline):
        """For its end, and that of all that it has started: by force, when
        that takes too long."""
        if self.process is None:
            return
        while (self.running() or self.living()) and \
                time.monotonic() < deadline:
            time.sleep(0.02)
        for pid in {*self.living(), *([self.pid] if self.running() else [])}:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        self.process = None


def need(program, section):
    """The path of PROGRAM, installed first where it is missing: SECTION of the
    list `packages` has it."""
    found = shutil.which(program, path=PATH)
    if found:
        return found
    install_packages(section)
    found = shutil.which(program, path=PATH)
    if not found:
        raise Trouble(f"there is no {program}, and [{section}] of the file "
                      "packages did not bring it.")
    return found


def install_packages(section):
    """Debian's packages of SECTION; no service is started by that."""
    script = TOP / "deploy/install-packages"
    done = subprocess.run([script, section], stdin=subprocess.DEVNULL,
                          stdout=sys.stderr, check=False)
    if done.returncode:
        raise Trouble(f"what [{section}] of {TOP / 'packages'} names could not "
                      "be installed.")
