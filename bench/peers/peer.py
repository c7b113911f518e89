"""A peer: a server to be measured, with its target (bench/targets/NAME.json)
and, where it is asked for, a web server in front."""

import http.client
import json
import secrets
import time

import fronts
from members import HERE, Folders, Trouble, say
from ports import free_port

TARGETS = HERE.parent / "targets"
END_S = 6


class Peer:
    """One that listens itself, at one port. Others change what differs."""

    name = None         # of its target's file
    webs = (None, "lighttpd", "nginx")    # what may be in front; the default
    is_durable = False

    def __init__(self, options):
        self.options = options
        self.web = options.web or self.webs[0]
        if self.web not in self.webs:
            raise Trouble(f"{self.name} cannot be put behind {self.web}.")
        self.folders = None
        self.members = []
        self.port = self.web_port = None

    # What is particular to each

    def install(self):
        """Brings what is missing here."""

    def ports(self):
        self.port = free_port()
        self.web_port = free_port() if self.web else None

    def make(self):
        """Members in the order in which they are started."""
        raise NotImplementedError

    def words(self):
        """Values for the words of its target's "set"."""
        return {"base": f"http://127.0.0.1:{self.port}"}

    def check(self):
        """After a first message; raises Trouble when it is not what its
        target says."""

    # What is alike

    @property
    def cores(self):
        return self.options.cores

    def front(self):
        if not self.web:
            return []
        return [fronts.proxy(self.web, self.folders, self.web_port, self.port,
                             self.options.workers, self.cores)]

    def start(self):
        self.install()
        for attempt in range(3):
            self.folders = Folders(self.options.queue_dir)
            try:
                self.ports()
                self.members = self.make()
                self.start_members()
                self.check()
                return
            except Trouble:
                taken = any("ddress already in use" in member.last_words()
                            for member in self.members)
                self.stop()
                if not taken or attempt == 2:
                    raise

    def start_members(self):
        deadline = time.monotonic() + self.options.patience
        for member in self.members:
            member.start()
            while not member.is_reached():
                self.fail_if_ended(member)
                if time.monotonic() > deadline:
                    self.fail(f"{member.name} does not listen")
                time.sleep(0.01)
        self.wait_ready(deadline)

    def stop_members(self):
        for member in reversed(self.members):
            member.tell_to_end()
        deadline = time.monotonic() + END_S
        for member in self.members:
            member.wait_for_end(deadline)

    def restart(self):
        """Everything, at the same ports."""
        self.stop_members()
        self.start_members()

    def stop(self):
        try:
            self.stop_members()
        finally:
            if self.options.keep:
                say(f"logs are left in {self.folders.run}, "
                    f"data in {self.folders.data}")
            else:
                self.folders.remove()

    # Being ready: a message is accepted at every entrance that takes one by
    # POST, and a stream is opened at every one that gives one.

    def wait_ready(self, deadline):
        target = self.target()
        steps = [(self.takes, entrance) for entrance in target["publish"]
                 if entrance["by"] == "post"]
        steps += [(self.opens, entrance) for entrance in target["subscribe"]
                  if entrance["transport"] == "sse"]
        for works, entrance in steps:
            while not works(entrance):
                self.fail_if_ended(*self.members)
                if time.monotonic() > deadline:
                    self.fail(f"does not serve {entrance['url']} after "
                              f"{self.options.patience} s")
                time.sleep(0.03)

    def fail_if_ended(self, *members):
        for member in members:
            if not member.running():
                self.fail(f"{member.name} has ended by itself")

    def fail(self, what):
        logs = "\n".join(
            f"--- {path.name}\n{path.read_text('utf-8', 'replace')[-2000:]}"
            for path in sorted(self.folders.run.glob("*.log"))
            if path.stat().st_size)
        raise Trouble(f"{self.name}: {what}.\n{logs}")

    def takes(self, entrance, text="ready"):
        """Whether a message is accepted there."""
        return self.answer(entrance, entrance["method"], text) in \
            entrance["accept"]

    def opens(self, entrance):
        """Whether a stream begins there."""
        return self.answer(entrance, "GET") == 200

    def answer(self, entrance, method, text=""):
        """The status of one request, or None."""
        channel = f"ready-{secrets.token_hex(4)}"
        words = {**self.target()["set"], "channel": channel, "token": text}
        url = filled(entrance["url"], words)
        host, _, path = url.removeprefix("http://").partition("/")
        headers = dict(header.split(": ", 1) for header in
                       (filled(one, words) for one in entrance["headers"]))
        body = filled(entrance["body"], words).encode() \
            if method == "POST" else None
        connection = http.client.HTTPConnection(host, timeout=5)
        try:
            connection.request(method, "/" + path, body, headers)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    # Its target

    def target(self):
        path = TARGETS / f"{self.name}.json"
        target = json.loads(path.read_text("utf-8"))
        target["set"].update(self.words())
        self.add_ways(target)
        if self.is_durable and not self.folders.is_durable:
            target.pop("durable", None)
        sides = {}
        for member in self.members:
            if member.process:
                sides.setdefault(member.side, []).append(member.pid)
        target["processes"] = sides
        return target

    def add_ways(self, target):
        """Its own entrances are "direct"; the same again, before them, by the
        web server in front."""
        if not self.web:
            return
        target["set"]["web"] = f"http://127.0.0.1:{self.web_port}"
        for name in ("publish", "subscribe"):
            behind = [{**entrance, "way": self.web,
                       "url": entrance["url"].replace("{base}", "{web}")}
                      for entrance in target[name]]
            target[name] = behind + target[name]


def filled(template, words):
    """As target_fill() in bench/target does."""
    for word, value in words.items():
        template = template.replace("{" + word + "}", value)
    return template.replace("{{", "{").replace("}}", "}")
