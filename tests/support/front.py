"""A front: one way to deploy Earshot, as a page in deploy/ ships it.

A front is a web server with the configuration files of deploy/, in which
nothing but paths, ports and limits are filled in, and with the programs that
the configuration expects to run already. tests/matrix runs the same
behaviours over every front; what one cannot do stands in its table `cannot`
and is asserted to fail in just that way.

A new front: a subclass in a file tests/support/front_*.py, in the list of
tests/matrix/fronts.py.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass

from asking import Asking
from earshot import Earshot, free_port
from earshot_ws import EarshotWs
from processes import Process, clean_up, of, surroundings
from tls import Certificate
from wait import wait_until

SOURCE = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = SOURCE / "deploy"


@dataclass(frozen=True)
class Times:
    """Seconds; None is what is shipped."""
    idle: float = None          # the web server's idle limits
    heartbeat: float = None
    wait: float = None          # the longest wait of a long-poll
    life: float = None          # of a stream


# ./check has no time for the real ones; make check-matrix has.
REAL = Times()
BRIEF = Times(idle=3, heartbeat=1, wait=2)
SHIPPED = {"heartbeat": 15, "wait": 25, "life": 3600}


@dataclass(frozen=True)
class Cannot:
    """What a server cannot do: why, in a few words for the README, and what
    is found instead (a regular expression of the failed assertion)."""
    why: str
    found: str


def replaced(text, fills):
    """Plain replacement; each old text must occur."""
    for old, new in fills:
        assert old in text, f"the shipped text has no {old!r}:\n{text}"
        text = text.replace(old, str(new))
    return text


class Front(Asking, Process):
    """One way to deploy, in a directory of its own; see each attribute.

    publish is who may publish (EARSHOT_PUBLISH): the tests replace the
    "user" that is shipped. mount replaces the address at which Earshot is
    shipped ("" is the root of the site). With login the server's own, as the
    page shows it, guards publishing, /-/ but health, and WebSocket; its user
    is ann, her password secret, and admin is "user" too.
    """

    name = None             # in a test's name: "nginx"
    title = None            # in the README: "nginx 1.22"
    files = ()              # below deploy/, as shipped
    prefix = "/earshot"     # where the configuration mounts Earshot
    idle = 60               # the idle limit that it ships, in seconds
    h2 = False              # HTTP/2 by TLS: `secure_port` is served
    websocket = False       # prefix/CHANNEL/ws leads to earshot-ws
    notices = "at once"     # that a client has gone, or "at a heartbeat"
    reloads = "streams go on"   # at a reload, or "streams come again"
    user_header = None      # in which earshot-ws is told the user
    cannot = {}             # {behaviour: Cannot}
    reload_signal = signal.SIGHUP

    def __init__(self, directory, times=BRIEF, publish="anyone", mount=None,
                 login=False, **options):
        super().__init__(directory)
        self.expected = (0, 1)      # 1: streams were open
        self.times = times
        self.mount = self.prefix if mount is None else mount
        self.publish = publish
        self.login = login
        self.more = options         # of Earshot, beyond those shipped
        self.log_path = self.directory / f"{self.name}.log"
        self.queue = self.directory / "queue" / "earshot.db"
        self.pages = self.directory / "pages"
        self.earshot_socket = self.directory / "earshot.socket"
        self.ws_socket = self.directory / "ws.socket"
        self.port = self.secure_port = None
        self.certificate = None
        self.companions = []

    # What each front says

    def fills(self):
        """[(file or None for all, old text, new text)]: nothing but paths,
        ports, limits and Earshot's options."""
        raise NotImplementedError

    def configure(self, shipped):
        """Writes the server's configuration around the shipped files:
        shipped is {file: its text, filled in}."""
        raise NotImplementedError

    def command(self):
        """Starts the server in the foreground."""
        raise NotImplementedError

    def start_companions(self):
        """What must run before the web server does; see by_socket() and
        endpoint()."""

    def workers(self):
        """Pids of those that a reload should replace, in the end."""
        others = {one.pid for one in self.companions if one.running()}
        return [pid for pid in of(self.directory)
                if pid != self.pid and pid not in others]

    # What they are said with

    @property
    def admin(self):
        """Who may ask for /-/status: EARSHOT_ADMIN, "local" as shipped."""
        return "user" if self.login else "local"

    def passwords(self):
        """A file of the login's users, as htpasswd would write it."""
        secret = subprocess.run(
            ["openssl", "passwd", "-apr1", "secret"], check=True,
            capture_output=True, text=True).stdout.strip()
        path = self.directory / "users"
        path.write_text(f"ann:{secret}\n")
        return path

    def time(self, name):
        """What holds here: the test's, or what is shipped."""
        given = getattr(self.times, name)
        if given is not None:
            return given
        return self.idle if name == "idle" else SHIPPED[name]

    def options(self):
        """Earshot's options beyond those of the shipped configuration."""
        given = {"heartbeat": self.times.heartbeat,
                 "wait_max": self.times.wait,
                 "stream_life": self.times.life, **self.more}
        return {name: value for name, value in given.items()
                if value is not None}

    def environment(self):
        """The same as a configuration gives them; the test's mark, by which
        what is left behind is found, among them."""
        env = {"EARSHOT_" + name.upper(): str(value)
               for name, value in self.options().items()}
        env.update({name: value for name, value in
                    surroundings(self.directory).items()
                    if name == "MARK_OF_THE_TESTS"
                    or name.endswith("SAN_OPTIONS")})
        return env

    def run(self, companion):
        self.companions.append(companion)
        return companion.start()

    def by_socket(self, **more):
        """Runs earshot.fcgi at earshot_socket, as a service would."""
        return self.run(Earshot(self.directory, **{
            "queue": self.queue, "publish": self.publish,
            "admin": self.admin, "socket": self.earshot_socket,
            **self.options(), **more}))

    def endpoint(self, **more):
        """Runs earshot-ws at ws_socket, as its service would."""
        options = self.options()
        options.pop("wait_max", None)
        return self.run(EarshotWs(self.directory, **{
            "queue": self.queue, "publish": self.publish,
            "socket": self.ws_socket, "user_header": self.user_header,
            **options, **more}))

    # Life

    def start(self):
        try:
            return self.start_all()
        except BaseException:
            self.give_up()
            raise

    def give_up(self):
        """After a start that failed: nothing is left, whatever it is."""
        if self.process is not None:
            self.kill()
        self.port = None
        while self.companions:
            self.companions.pop().kill()
        for pid in of(self.directory):
            os.kill(pid, signal.SIGKILL)

    def start_all(self):
        self.queue.parent.mkdir(exist_ok=True)
        self.pages.mkdir(exist_ok=True)
        if not self.companions:
            self.start_companions()
        if self.h2 and not self.certificate:
            self.certificate = Certificate(self.directory)
        again = self.port is not None
        for _ in range(5):
            # Another program may take the port between asking and binding.
            if not again:
                self.port, self.secure_port = free_port(), free_port()
            self.configure(self.filled())
            self.spawn(self.command(), env=self.surroundings(),
                       start_new_session=True)
            if self.came_up():
                return self
        raise AssertionError(f"{self.name} did not start:\n{self.log}")

    def surroundings(self):
        """The web server's environment."""
        return surroundings(self.directory)

    def filled(self):
        """The shipped files with everything filled in."""
        texts = {}
        for name in self.files:
            fills = [(old, new) for file, old, new in self.fills()
                     if file in (None, name)]
            texts[name] = replaced((DEPLOY / name).read_text(), fills)
        return texts

    def came_up(self):
        def settled():
            if not self.running():
                return True
            try:
                return self.get("/-/health").status == 200
            except OSError:
                return False
        try:
            wait_until(settled, 15, f"{self.name}'s first answer", 0.05)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log[-2000:]}") from None
        return self.running()

    def reload(self):
        """A graceful restart: what is open goes on."""
        self.signal(self.reload_signal)

    def stop(self, timeout=8):
        try:
            return self.stop_server(timeout)
        finally:
            while self.companions:
                self.companions.pop().stop()

    def stop_server(self, timeout=8):
        """Ends the web server alone, and what it has started."""
        code = super().stop(timeout)
        others = {one.pid for one in self.companions if one.running()}
        wait_until(lambda: set(of(self.directory)) <= others, timeout,
                   f"the end of what {self.name} has started")
        return code

    @contextlib.contextmanager
    def another(self, times=None, **options):
        """One of the same kind with other options, that runs for a while."""
        directory = pathlib.Path(tempfile.mkdtemp(prefix="earshot-"))
        directory.chmod(0o755)
        other = type(self)(directory, times or self.times,
                           **{**self.more, **options})
        try:
            yield other.start()
        finally:
            try:
                other.stop()
                clean_up(directory)
            except AssertionError as error:
                raise AssertionError(f"{error}\n{other.log[-1500:]}") from None
            finally:
                shutil.rmtree(directory, ignore_errors=True)

    def restart(self):
        """As a service manager does it: ended, and started again."""
        self.stop_server()
        return self.start()

    # Talking through it

    @property
    def site(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self):
        """Where Earshot is."""
        return self.site + self.mount

    @property
    def secure_url(self):
        return f"https://localhost:{self.secure_port}{self.mount}"
