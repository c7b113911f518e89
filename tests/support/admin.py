"""earshot, the administrator's tool, as its user runs it."""

import json
import os
import signal
import subprocess

import processes
from wait import slow, wait_until


class Admin:
    """Runs earshot on a queue, from a directory."""

    def __init__(self, directory, queue):
        self.directory = directory
        self.queue = queue
        self.tails = []

    def command(self, *arguments):
        return [processes.program("earshot"), *map(str, arguments)]

    def environment(self, **more):
        return processes.surroundings(self.directory,
                                      EARSHOT_QUEUE=self.queue, **more)

    def run(self, *arguments, code=0, data=b"", **environment):
        """The bytes that it prints; those of standard error are in
        .complaint. It is to end with the code."""
        if isinstance(data, str):
            data = data.encode()
        done = subprocess.run(
            self.command(*arguments), input=data, capture_output=True,
            check=False, timeout=slow(60), cwd=self.directory,
            env=self.environment(**environment))
        self.complaint = done.stderr.decode()
        assert done.returncode == code, (arguments, done)
        assert bool(code) == bool(self.complaint) or code == 1, done
        return done.stdout

    def text(self, *arguments, **more):
        return self.run(*arguments, **more).decode().rstrip("\n")

    def json(self, *arguments, **more):
        """What it prints with --json, a line each."""
        return [json.loads(line) for line in
                self.run(*arguments, "--json", **more).splitlines()]

    def tail(self, *arguments):
        tail = Tail(self, arguments)
        self.tails.append(tail)
        return tail

    def close(self):
        for tail in self.tails:
            tail.kill()


class Tail:
    """One `earshot tail` that runs."""

    def __init__(self, admin, arguments):
        number = len(admin.tails)
        self.out_path = admin.directory / f"tail-{number}.out"
        self.err_path = admin.directory / f"tail-{number}.err"
        with open(self.out_path, "wb") as out, \
                open(self.err_path, "wb") as err:
            self.process = subprocess.Popen(
                admin.command("tail", *arguments), stdout=out, stderr=err,
                cwd=admin.directory, env=admin.environment(),
                stdin=subprocess.DEVNULL)

    @property
    def lines(self):
        """Those that are whole."""
        return self.out_path.read_bytes().decode().split("\n")[:-1]

    @property
    def complaint(self):
        return self.err_path.read_text()

    def wait_lines(self, count, timeout=20):
        """Its first lines; there are to be so many, and no more."""
        def has_come():
            assert self.process.poll() is None, self.complaint
            assert len(self.lines) >= count, (self.lines[-3:],
                                              self.complaint)
            return True
        wait_until(has_come, timeout)
        return self.lines

    def interrupt(self, signum=signal.SIGINT):
        self.process.send_signal(signum)
        return self.process.wait(slow(10))

    def kill(self):
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
