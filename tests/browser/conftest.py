"""Fixtures: the room behind a real lighttpd, in real Chromium.

A browser takes seconds to start, so two serve all tests. Each test has a
web server on a port of its own, and so nothing remembered by the last one.
"""

from collections import Counter

import pytest
from chromium import Chromium
from lab import Lab
from room import PAGES, Room
from whole import WholeSite


def pytest_collection_modifyitems(items):
    """Files with many tests first: they are shared out whole, and the last
    one shall not be a long one for which all others have to be waited."""
    count = Counter(item.path for item in items)
    items.sort(key=lambda item: -count[item.path])


@pytest.fixture
def start_site(start_lighttpd, start_ws):
    """start_site(option=value…): lighttpd with the pages, the program that it
    respawns, and an earshot-ws."""
    def start_site(max_procs=1, **options):
        ws = start_ws()
        site = start_lighttpd(pages=PAGES, ws=ws.address,
                              max_procs=max_procs, **options)
        site.endpoint = ws
        return site
    return start_site


@pytest.fixture
def site(start_site):
    return start_site()


@pytest.fixture
def whole(directory, started):
    """What ./demo starts."""
    site = WholeSite(directory)
    started.append(site)
    return site.start()


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
    with Room(site, chromium, way="sse") as room:
        yield room


@pytest.fixture
def other_room(site, another_chromium):
    """The same room in another browser, by long-polling."""
    with Room(site, another_chromium, way="long-poll") as room:
        yield room


@pytest.fixture
def lab(whole, chromium):
    """The front page, with all that ./demo starts behind it."""
    with Lab(whole, chromium) as lab:
        yield lab
