"""Fixtures: every test has a directory of its own, and what it starts is
stopped and looked through for complaints at its end."""

import pathlib
import resource
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))

import processes  # noqa: E402
from earshot import Earshot  # noqa: E402
from earshot_ws import EarshotWs  # noqa: E402
from front import BRIEF  # noqa: E402
from lighttpd import Lighttpd  # noqa: E402


def pytest_configure(config):
    # Thousands of connections are open at once in some tests.
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    config.addinivalue_line(
        "markers", "crash: kill -9 under load, COUNT times")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Puts the end of every log beside a failure."""
    outcome = yield
    report = outcome.get_result()
    directory = item.funcargs.get("directory") \
        if hasattr(item, "funcargs") else None
    if report.failed and directory and directory.exists():
        for path in sorted(directory.glob("*.log")):
            text = path.read_text("utf-8", "replace")
            if text:
                report.sections.append((path.name, text[-3000:]))


@pytest.fixture
def directory():
    """A directory whose path is short enough for a Unix socket."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="earshot-"))
    path.chmod(0o755)
    try:
        yield path
        processes.clean_up(path)
    finally:
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def queue(directory):
    """The path of a queue, in a directory of its own."""
    path = directory / "queue"
    path.mkdir(exist_ok=True)
    return path / "earshot.db"


@pytest.fixture
def started():
    """Keeps servers, and stops them in turn at the test's end."""
    servers = []
    yield servers
    wrong = []
    for server in reversed(servers):
        try:
            server.stop()
        except AssertionError as error:
            wrong.append(str(error))
    assert not wrong, "\n".join(wrong)


@pytest.fixture
def start(directory, started):
    """start(option=value…) starts another program on the same queue."""
    def start(**options):
        server = Earshot(directory, **options)
        started.append(server)
        return server.start()
    return start


@pytest.fixture
def earshot(start):
    """The program with the tests' usual options."""
    return start()


@pytest.fixture
def start_ws(directory, started):
    """start_ws(option=value…) starts an earshot-ws on the same queue."""
    def start_ws(**options):
        server = EarshotWs(directory, **options)
        started.append(server)
        return server.start()
    return start_ws


@pytest.fixture
def ws(start_ws):
    """The WebSocket endpoint with the tests' usual options."""
    return start_ws()


def one_for_all(kind):
    """A program of a kind, in a directory of its own."""
    with tempfile.TemporaryDirectory(prefix="earshot-") as name:
        server = kind(pathlib.Path(name)).start()
        try:
            yield server
        finally:
            server.stop()
            processes.clean_up(name)


@pytest.fixture(scope="module")
def one_earshot():
    """A program for a table of cases that do not disturb each other."""
    yield from one_for_all(Earshot)


@pytest.fixture(scope="module")
def one_ws():
    """An earshot-ws for such a table."""
    yield from one_for_all(EarshotWs)


@pytest.fixture
def peer(earshot):
    """A raw FastCGI connection to it."""
    with earshot.peer() as peer:
        yield peer


@pytest.fixture
def start_lighttpd(directory, started):
    """start_lighttpd(max_procs=…, option=value…) starts a web server."""
    def start_lighttpd(**options):
        server = Lighttpd(directory, **options)
        started.append(server)
        return server.start()
    return start_lighttpd


@pytest.fixture
def lighttpd(start_lighttpd):
    """lighttpd with one program that it spawns and respawns itself."""
    return start_lighttpd()


@pytest.fixture
def start_front(directory, started):
    """start_front(kind, {attribute: value…}, option=value…) starts a way to
    deploy Earshot, see tests/support/front.py."""
    def start_front(kind, attributes=None, **options):
        server = kind(directory, **options)
        for name, value in (attributes or {}).items():
            setattr(server, name, value)
        started.append(server)
        return server.start()
    return start_front


@pytest.fixture
def deployed(directory, started):
    """deployed(front, option=value…) starts one way to deploy."""
    def deployed(kind, times=BRIEF, publish="local", **options):
        directory.chmod(0o755)
        server = kind(directory, times, publish=publish, **options)
        started.append(server)
        server.expected = (0, 1)    # 1: lighttpd had streams open
        servers.append(server)
        return server.start()
    servers = []
    yield deployed
    # Streams that a web server holds back would keep it from ending.
    for server in servers:
        while server.companions:
            server.companions.pop().stop()
