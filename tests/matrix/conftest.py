"""The matrix: its columns side by side, and its result in a file."""

import json
import pathlib
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import crowds  # noqa: E402,F401 (fills ROWS)
from behaviours import FRIEND, ROWS  # noqa: E402
from front import BRIEF, REAL  # noqa: E402
from fronts import FRONTS  # noqa: E402
from processes import build, clean_up  # noqa: E402
from wait import slow  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--real-limits", action="store_true",
                     help="with the idle limits and heartbeats as shipped")


@pytest.fixture(scope="module")
def front(request):
    """A front that runs, for one behaviour after another."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="earshot-"))
    directory.chmod(0o755)
    real = request.config.getoption("--real-limits")
    server = request.param(directory, REAL if real else BRIEF, origin=FRIEND)
    try:
        server.start()
        yield server
        server.stop()
        clean_up(directory)
    finally:
        clean_up_quietly(directory)


@pytest.fixture
def patience(request):
    """Seconds after which a behaviour that goes on is one that failed."""
    return slow(1200 if request.config.getoption("--real-limits") else 150)


def clean_up_quietly(directory):
    try:
        clean_up(directory)
    except AssertionError:
        pass
    shutil.rmtree(directory, ignore_errors=True)


# The result. With xdist the tests are run in processes of their own, and
# only the first one hears of all of them.

CELLS = {}


def pytest_runtest_logreport(report):
    for name, value in report.user_properties:
        if name == "cell":
            front, row, cell = value
            if report.failed:
                cell = {"can": None, "words": "FAILED"}
            if report.when == "call" or report.failed:
                CELLS.setdefault(front, {})[row] = cell


def pytest_sessionfinish(session):
    if hasattr(session.config, "workerinput") or not CELLS:
        return
    result = {
        "limits": "as shipped"
                  if session.config.getoption("--real-limits")
                  else "3 s, heartbeats 1 s",
        "rows": {name: words for name, (words, _) in ROWS.items()},
        "fronts": [{"name": front.name, "title": front.title,
                    "cells": CELLS.get(front.name, {})}
                   for front in FRONTS if front.name in CELLS]}
    (build() / "matrix.json").write_text(
        json.dumps(result, indent=1, ensure_ascii=False) + "\n")
