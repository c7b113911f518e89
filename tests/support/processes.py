"""What every server of the tests needs: starting, stopping, looking after.

All that a test starts carries a mark in its environment, so that whatever
is left behind is found, grandchildren included.
"""

import os
import pathlib
import signal
import subprocess

from wait import slow, wait_until

MARK = "MARK_OF_THE_TESTS"
SANITIZER = (b"ERROR: AddressSanitizer", b"ERROR: LeakSanitizer",
             b"runtime error:", b"WARNING: ThreadSanitizer",
             b"AddressSanitizer:DEADLYSIGNAL")


def build():
    """The build directory, named by EARSHOT_BUILD."""
    path = os.environ.get("EARSHOT_BUILD")
    if not path:
        raise AssertionError(
            "EARSHOT_BUILD is not set: it names the build directory, "
            "where earshot.fcgi is")
    return pathlib.Path(path).absolute()


def program(name="earshot.fcgi"):
    path = build() / name
    if not os.access(path, os.X_OK):
        raise AssertionError(f"there is no program {path}: run make first")
    return str(path)


def surroundings(directory, **more):
    """The environment of a process that belongs to the given directory."""
    env = {name: value for name, value in os.environ.items()
           if not name.startswith("EARSHOT_")}
    # Sanitizers write where the teardown looks, whatever becomes of stderr.
    log = f"log_path={directory}/sanitizer:exitcode=99"
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS",
                 "TSAN_OPTIONS"):
        env[name] = ":".join(filter(None, (os.environ.get(name), log)))
    env["UBSAN_OPTIONS"] += ":print_stacktrace=1:halt_on_error=1"
    env[MARK] = str(directory)
    env.update({name: str(value) for name, value in more.items()})
    return env


def alive(pid):
    """Whether the process runs (one that only waits for its parent: no)."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] not in b"ZX"
    except OSError:
        return False


def of(directory, name=None):
    """Pids of the living processes that carry the directory's mark."""
    mark = f"{MARK}={directory}".encode()
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/environ", "rb") as file:
                if mark not in file.read().split(b"\0"):
                    continue
            if name is not None:
                with open(f"/proc/{entry}/comm") as file:
                    if file.read().strip() != name[:15]:
                        continue
        except OSError:
            continue
        if alive(entry):
            found.append(int(entry))
    return sorted(found)


def resident(pid):
    """Resident memory in bytes."""
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def complaints(directory):
    """What sanitizers have written in the directory's logs."""
    found = []
    for path in sorted(pathlib.Path(directory).glob("*")):
        if not path.is_file():
            continue
        if path.name.startswith("sanitizer") or path.suffix == ".log":
            text = path.read_bytes()
            if path.name.startswith("sanitizer") and text or \
                    any(mark in text for mark in SANITIZER):
                found.append(f"{path.name}:\n"
                             + text[-6000:].decode("utf-8", "replace"))
    return found


def clean_up(directory):
    """Ends what is left; raises AssertionError when there was anything."""
    left = of(directory)
    names = []
    for pid in left:
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                names.append(file.read().replace(b"\0", b" ").decode())
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass
    wait_until(lambda: not of(directory), what="the end of what was left")
    wrong = complaints(directory)
    assert not wrong, "a sanitizer complained\n" + "\n".join(wrong)
    assert not names, f"left behind: {names}"


class Process:
    """A child of the test with its log in a file."""

    name = "process"

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.process = None
        self.log_path = None
        self.expected = (0,)

    def spawn(self, command, stdin=subprocess.DEVNULL, env=None, **more):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                command, stdin=stdin, stdout=log, stderr=log,
                env=env or surroundings(self.directory), cwd="/", **more)
        return self.process

    @property
    def pid(self):
        return self.process.pid

    @property
    def log(self):
        try:
            return self.log_path.read_text("utf-8", "replace")
        except OSError:
            return ""

    def running(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, timeout=10):
        """Waits for its end and gives its exit status."""
        code = self.process.wait(slow(timeout))
        self.process = None
        return code

    def stop(self, timeout=8):
        """Ends it by SIGTERM, as a service manager does."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.terminate()
        try:
            code = self.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(
                f"{self.name} did not end by SIGTERM:\n{self.log[-4000:]}")
        assert code in self.expected, \
            f"{self.name} ended with {code}:\n{self.log[-4000:]}"
        return code

    def kill(self):
        """kill -9: no chance to tidy up."""
        self.process.kill()
        self.process.wait()
        self.process = None
