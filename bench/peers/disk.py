"""What a commit waits for on the disk that holds the data."""

import os
import statistics
import time

from members import Folders, file_system


def disk(directory):
    """Appending 4 KiB and syncing it: p50 and p99 in ms."""
    path = directory / "disk"
    times = []
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        for _ in range(200):
            began = time.monotonic()
            os.write(descriptor, bytes(4096))
            os.fdatasync(descriptor)
            times.append((time.monotonic() - began) * 1000)
    finally:
        os.close(descriptor)
        path.unlink()
    times.sort()
    return statistics.median(times), times[int(len(times) * 0.99)]


def about_the_disk(directory):
    kind = file_system(directory)
    if not Folders.is_real(directory):
        return f"The data lie on a {kind}: nothing is called durable here."
    p50, p99 = disk(directory)
    return (f"The data lie on {kind}, whose fdatasync takes {p50:.2f} ms "
            f"(median of 200; p99 {p99:.2f} ms).")
