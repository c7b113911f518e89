"""Fixtures: the room behind a real lighttpd, in real Chromium.

A browser takes seconds to start, so two serve all tests. Each test has a
web server on a port of its own, and so nothing remembered by the last one.
"""

import pytest
from chromium import Chromium
from room import PAGES, Room


@pytest.fixture
def site(start_lighttpd):
    """lighttpd with the pages, and the program that it respawns."""
    return start_lighttpd(pages=PAGES)


@pytest.fixture(scope="session")
def chromium():
    with Chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def another_chromium():
    with Chromium() as browser:
        yield browser


@pytest.fixture
def room(site, chromium):
    """The room as somebody sees it who comes by SSE."""
    with Room(site, chromium) as room:
        yield room


@pytest.fixture
def other_room(site, another_chromium):
    """The same room in another browser, by long-polling."""
    with Room(site, another_chromium) as room:
        room.use("long-poll")
        yield room
