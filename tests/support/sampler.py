"""Which system calls a process's threads are seen to wait in.

/proc/PID/task/TID/syscall says "running" unless the thread sleeps, and then
in which call: it is read as often as can be, in a process of its own, and
without stopping anything.

    python3 sampler.py PID  →  JSON {tid: {call: count}} when stdin ends
"""

import json
import os
import platform
import subprocess
import sys
import threading

EPOLL_WAIT = {"x86_64": {232, 281, 441}, "aarch64": {22, 441}}.get(
    platform.machine(), set())


def watch(pid, stopped):
    counts, files = {}, {}
    while not stopped.is_set():
        for tid in os.listdir(f"/proc/{pid}/task"):
            if tid not in files:
                files[tid] = os.open(f"/proc/{pid}/task/{tid}/syscall",
                                     os.O_RDONLY)
                counts[tid] = {}
        for _ in range(500):
            for tid, file in list(files.items()):
                try:
                    call = os.pread(file, 200, 0).split()[0].decode()
                except (OSError, IndexError):
                    del files[tid]
                    continue
                counts[tid][call] = counts[tid].get(call, 0) + 1
    return counts


class Sampler:
    """Samples while it is a context; then counts is {tid: {call: n}}."""

    def __init__(self, pid):
        self.pid = pid
        self.counts = {}

    def __enter__(self):
        self.process = subprocess.Popen(
            [sys.executable, __file__, str(self.pid)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == b"sampling\n"
        return self

    def __exit__(self, *_):
        out, _ = self.process.communicate()
        if out:
            self.counts = {int(tid): calls
                           for tid, calls in json.loads(out).items()}


def main():
    stopped = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stopped.set()),
                     daemon=True).start()
    print("sampling", flush=True)
    json.dump(watch(int(sys.argv[1]), stopped), sys.stdout)


if __name__ == "__main__":
    main()
