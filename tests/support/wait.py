"""Waiting for conditions, never for clocks."""

import os
import time

# Sanitizers and valgrind make everything slower: every limit here is
# multiplied by this, so that tests name the time they mean.
FACTOR = float(os.environ.get("EARSHOT_SLOW", "1"))


def slow(seconds):
    """The given time limit, stretched for a slow build."""
    return seconds * FACTOR


def wait_until(condition, timeout=10, what="the condition", every=0.01):
    """Calls condition until it gives something true, and returns that.

    An AssertionError within the condition counts as "not yet"; the last one
    is raised when the time has passed.
    """
    deadline = time.monotonic() + slow(timeout)
    while True:
        last = None
        try:
            result = condition()
            if result:
                return result
        except AssertionError as error:
            last = error
        if time.monotonic() >= deadline:
            break
        time.sleep(every)
    if last is not None:
        raise last
    raise AssertionError(f"{what} did not come within {slow(timeout):g} s")


def holds_for(condition, seconds, what="the condition", every=0.02):
    """Fails as soon as condition is false within the given time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert condition(), f"{what} did not hold for {seconds} s"
        time.sleep(every)
