"""The same behaviours over every web server, by the configurations that
deploy/ ships. What a server cannot do must fail in the way that its front
documents: a cell that has become able is a failure too."""

import re
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout

import pytest

from behaviours import ROWS
from fronts import FRONTS

COLUMNS = [pytest.param(front, id=front.name,
                        marks=pytest.mark.xdist_group(front.name))
           for front in FRONTS]


def within(seconds, behaviour, front):
    """What the behaviour gives, or that it hangs."""
    future = Future()

    def run():
        try:
            future.set_result(behaviour(front))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        return future.result(seconds)
    except FutureTimeout:
        if future.done():
            raise
        raise AssertionError(f"it went on for {seconds} s") from None


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("front", COLUMNS, indirect=True)
def test_every_front_does_what_it_is_said_to(front, row, patience,
                                             record_property):
    cell = {"can": None, "words": "FAILED"}
    record_property("cell", (front.name, row, cell))
    cannot = front.cannot.get(row)
    if not front.running():
        front.start()
    try:
        words = within(patience, ROWS[row][1], front)
    except (AssertionError, OSError) as error:
        if cannot is None:
            raise
        assert re.search(cannot.found, str(error)), \
            f"it should have failed by {cannot.found!r}: {error}"
        cell.update(can=False, words=cannot.why)
    else:
        assert cannot is None, f"it can, and should not: {cannot}"
        cell.update(can=True, words=words)
