"""What `--processes N` makes: a parent that serves nobody, and its children."""

import os
import pathlib
import signal

from processes import alive
from wait import wait_until


def children(pid):
    """Pids of the living children of a process, in the order of their
    numbers."""
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(word) for word in task.read_text().split()]
        except OSError:
            pass
    return sorted(child for child in found if alive(child))


def subscribers(queue):
    """How many each process says it has, by its pid."""
    counts = {}
    for path in pathlib.Path(f"{queue}-presence").glob("[0-9]*"):
        try:
            lines = path.read_text().splitlines()
        except OSError:
            continue
        counts[int(path.name)] = sum(
            int(line.split()[2]) for line in lines if line.count(" ") == 2)
    return counts


def settled(queue, total, among):
    """The counts, once they are those of the processes and come to TOTAL:
    each tells them once a second at most."""
    def told():
        counts = {pid: count for pid, count in subscribers(queue).items()
                  if pid in among}
        return counts if sum(counts.values()) == total else None
    return wait_until(told, 20, f"{total} subscribers being told of")


def all_serve(parent, count):
    """Waits for so many children that have begun; gives their pids."""
    def begun():
        pids = children(parent.pid)
        return pids if len(pids) == count and all(
            f" pid={pid} " in parent.log for pid in pids) else None
    return wait_until(begun, 20, f"{count} processes that serve")


def kill(pid):
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not alive(pid), 10, "its end")
