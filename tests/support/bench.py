"""earshot-bench, as a test runs it."""

import json
import subprocess

import processes
from wait import slow

# Small and short: what a test needs to see that a thing works at all.
SMALL = ("--subscribers", "3", "--publishers", "2", "--rate", "100",
         "--seconds", "0.3", "--warm-up", "0.1", "--poll-interval", "0.1",
         "--patience", "5")


class Bench(processes.Process):
    """A command that runs; its standard error is the log."""

    name = "earshot-bench"

    def __init__(self, directory, *arguments):
        super().__init__(directory)
        self.arguments = [str(argument) for argument in arguments]
        self.log_path = self.directory / "bench.log"
        self.output_path = self.directory / "bench-output"
        self.expected = (0, 1, 130, 143)

    def start(self):
        with open(self.output_path, "wb") as output, \
                open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [processes.program("earshot-bench"), *self.arguments],
                env=processes.surroundings(self.directory), stdout=output,
                stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        return self

    @property
    def output(self):
        return self.output_path.read_text("utf-8")


def run(directory, *arguments, expect=0, timeout=60, **more):
    """Runs it to its end, which must be of the expected status."""
    done = subprocess.run(
        [processes.program("earshot-bench"), *map(str, arguments)],
        env=processes.surroundings(directory), text=True, check=False,
        stdin=subprocess.DEVNULL, capture_output=True,
        timeout=slow(timeout), **more)
    assert done.returncode == expect, \
        (done.returncode, done.stdout[-2000:], done.stderr[-3000:])
    return done


def measure(directory, *arguments, **more):
    """The same, with the results as JSON."""
    done = run(directory, *arguments, "--format", "json", **more)
    return json.loads(done.stdout)


def complaint(directory, *arguments, expect=1, **more):
    """The one sentence that it says, and nothing on standard output."""
    done = run(directory, *arguments, expect=expect, **more)
    assert done.stdout == ""
    line, = done.stderr.splitlines()
    assert line.startswith("earshot-bench: "), line
    return line.removeprefix("earshot-bench: ")
