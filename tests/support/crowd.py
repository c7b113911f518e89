"""Many subscribers and publishers at once, held by the record-level peer.

The peer is a program (peer.c) that takes a command a line and answers each
with a line of JSON; a Crowd starts it and asks it.
"""

import json
import pathlib
import subprocess

from processes import build, surroundings
from wait import FACTOR


class Crowd:
    """with Crowd(address) as crowd: crowd.open("readers", count=1000)"""

    def __init__(self, address, directory=None):
        if not isinstance(address, str):
            address = "%s:%d" % tuple(address[:2])
        where = directory or pathlib.Path(address).parent
        self.process = subprocess.Popen(
            [str(build() / "tests/support/peer"), address],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            bufsize=1, cwd="/", env=surroundings(where))

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stop()

    def stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def ask(self, command, group, timeout=30, **words):
        """Gives a command and waits for its answer, good or not."""
        limit_ms = round(timeout * FACTOR * 1000)
        line = f"{command} group={group} timeout_ms={limit_ms}"
        for name, value in words.items():
            line += f" {name}={value}"
        self.process.stdin.write(line + "\n")
        answer = self.process.stdout.readline()
        if not answer:
            raise AssertionError(f"the peer ended at: {line}")
        return json.loads(answer)

    def do(self, command, group, **words):
        """The same, and it must have worked."""
        answer = self.ask(command, group, **words)
        assert answer["ok"], answer
        return answer

    def open(self, group, count=1, path="/room/sse", kind="sse", **words):
        """Subscribes, and waits until each has its first cursor."""
        return self.do("open", group, count=count, path=path, kind=kind,
                       **words)

    def publish(self, count=1, path="/room", group="publishers", **words):
        """Publishes one message after another; clients= side by side."""
        self.ask("reset", group)
        return self.do("publish", group, count=count, path=path, **words)

    def wait(self, group, messages, **words):
        """Until each of the group has got so many since its last reset."""
        return self.do("wait", group, messages=messages, **words)

    def report(self, group):
        return self.ask("report", group)

    def reset(self, group):
        return self.ask("reset", group)

    def close(self, group):
        return self.ask("close", group)
