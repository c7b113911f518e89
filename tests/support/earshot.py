"""earshot.fcgi as a process of its own, listening for FastCGI."""

import pathlib
import socket
import subprocess
import sys

import fastcgi
import sse
from processes import Process, build, program, resident, surroundings
from wait import wait_until

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(TOP / "bench" / "peers"))

from ports import free_port  # noqa: E402

__all__ = ["Earshot", "arguments", "build", "free_port", "program"]


def arguments(options):
    """wait_max=1 becomes --wait-max 1; True is a flag; None leaves out."""
    out = []
    for name, value in options.items():
        if value is None or value is False:
            continue
        out.append("--" + name.replace("_", "-"))
        if value is not True:
            out.append(str(value))
    return out


class Earshot(Process):
    """The program with its queue, socket and log in one directory.

    Options are given as keyword arguments: publish="anyone" and a queue and
    a socket in the directory unless they say otherwise. Several in one
    directory share the queue; each has its own socket.
    """

    name = "earshot.fcgi"
    count = 0

    def __init__(self, directory, make_folder=True, **options):
        super().__init__(directory)
        self.make_folder = make_folder
        Earshot.count += 1
        self.number = Earshot.count
        self.log_path = self.directory / f"{self.name}-{self.number}.log"
        self.options = {"queue": self.directory / "queue" / "earshot.db",
                        "publish": "anyone"}
        if "listen" not in options and "socket" not in options:
            options["socket"] = self.directory / f"socket-{self.number}"
        self.options.update(options)
        self.inherited = None

    def program(self):
        return program()

    @property
    def queue(self):
        return pathlib.Path(self.options["queue"])

    @property
    def address(self):
        if self.inherited is not None:
            return self.inherited.getsockname()
        if self.options.get("listen"):
            host, _, port = str(self.options["listen"]).rpartition(":")
            return host, int(port)
        return str(self.options["socket"])

    def start(self, env=None, wait=True):
        assert self.process is None, "it runs already"
        if self.make_folder and self.options.get("queue"):
            self.queue.parent.mkdir(exist_ok=True)
        self.spawn([self.program()] + arguments(self.options),
                   env=surroundings(self.directory, **(env or {})))
        if wait:
            self.wait_ready()
        return self

    def start_inherited(self, sock=None):
        """Starts it with a listening socket as descriptor 0."""
        if sock is None:
            sock = socket.socket()
            sock.bind(("127.0.0.1", 0))
            sock.listen(64)
        self.inherited = sock
        self.options.pop("socket", None)
        self.queue.parent.mkdir(exist_ok=True)
        self.spawn([self.program()] + arguments(self.options), stdin=sock)
        self.wait_ready()
        return self

    def wait_ready(self):
        """Waits until it accepts and answers, well or not."""
        def answers():
            assert self.running(), (
                f"it ended with {self.process.returncode}:\n"
                f"{self.log[-4000:]}")
            try:
                return self.get("/-/health").status in (200, 503)
            except (OSError, fastcgi.Closed):
                return False
        try:
            wait_until(answers, 10, "the program's first answer", 0.02)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log[-4000:]}") from None

    def restart(self):
        self.stop()
        return self.start()

    def rss(self):
        return resident(self.pid)

    def grew_by(self, before):
        """How much its memory has grown; 0 under a sanitizer, which keeps
        what was freed."""
        return 0 if self.is_sanitized() else self.rss() - before

    def is_sanitized(self):
        with open(f"/proc/{self.pid}/maps") as file:
            return "libasan" in file.read()

    # Talking to it

    def peer(self, **more):
        """A raw connection."""
        return fastcgi.Peer(self.address, **more)

    def call(self, method, target, headers=None, body=b"", **more):
        return fastcgi.call(self.address, method, target, headers, body,
                            **more)

    def get(self, target, headers=None, **more):
        return self.call("GET", target, headers, **more)

    def post(self, target, body=b"", headers=None, **more):
        return self.call("POST", target, headers, body, **more)

    def publish(self, channel, body=b"", headers=None, query=""):
        """Publishes and gives the id."""
        target = f"/{channel}" + (f"?{query}" if query else "")
        answer = self.post(target, body, headers)
        assert answer.status in (200, 201), (answer.status, answer.body)
        return answer.json["id"]

    def poll(self, channel, after=None, **query):
        """One page of messages as the poll's JSON."""
        if after is not None:
            query["after"] = after
        text = "&".join(f"{name}={value}" for name, value in query.items())
        answer = self.get(f"/{channel}/poll" + (f"?{text}" if text else ""))
        assert answer.status == 200, (answer.status, answer.body)
        return answer.json

    def messages(self, channel, after="earliest"):
        """All messages after a cursor, page by page."""
        found = []
        while True:
            page = self.poll(channel, after)
            found += page["messages"]
            after = page["cursor"]
            if not page.get("more"):
                return found

    def data(self, channel, after="earliest"):
        return [message["data"] for message in self.messages(channel, after)]

    def stream(self, channel, query="", headers=None, **more):
        """An open event stream; its opening event has been read."""
        target = f"/{channel}/sse" + (f"?{query}" if query else "")
        return sse.over_peer(self.address, target, headers, **more)

    def info(self, channel):
        answer = self.get(f"/{channel}")
        assert answer.status == 200, (answer.status, answer.body)
        return answer.json

    def status(self):
        answer = self.get("/-/status")
        assert answer.status == 200, (answer.status, answer.body)
        return answer.json

    def held(self, transport=None):
        """How many this process holds, without the second that it takes
        to tell the others."""
        subscribers = self.status()["subscribers"]
        return sum(subscribers[name] for name in
                   ([transport] if transport else ["poll", "sse"]))

    def sql(self, statement):
        """Runs a statement in the sqlite3 shell, as an administrator."""
        return sqlite3_shell(self.queue, statement)


def sqlite3_shell(path, statement):
    result = subprocess.run(["sqlite3", "-batch", str(path)],
                            input=".timeout 10000\n" + statement + ";\n",
                            capture_output=True, text=True, check=False)
    assert result.returncode == 0 and not result.stderr, \
        f"{statement}: {result.stderr}"
    return result.stdout.strip()


def environment_name(option):
    return "EARSHOT_" + option.upper().replace("-", "_")
