"""How earshot-bench carries out a plan, against lighttpd and Earshot as they
are deployed: over TLS and HTTP/2, with several threads and channels, with long
messages, with more than a poll's page."""

import pytest

from bench import complaint, measure
from tls import Tls
from wait import slow

TRANSPORTS = ["poll", "long-poll", "sse", "ws"]
OPTIONS = {"subscribers": 4, "publishers": 4, "rate": 60, "seconds": 0.5,
           "warm-up": 0.1, "poll-interval": 0.1, "patience": slow(5)}


@pytest.fixture
def lighttpd_at(start, start_ws, start_lighttpd):
    """lighttpd_at(more=…) is one with Earshot and earshot-ws behind it."""
    def lighttpd_at(**more):
        return start_lighttpd(sockets=[start().address],
                              ws=start_ws().address, **more)
    return lighttpd_at


@pytest.fixture
def measured(directory):
    """measured(base, transport, option=value…): the one run, which must have
    brought all that was published."""
    def measured(base, transport, *words, scenario="fanout", **options):
        arguments = [scenario, "--url", base, "--transport", transport,
                     "--way", "lighttpd", *words]
        for name, value in {**OPTIONS, **options}.items():
            arguments += ["--" + name.replace("_", "-"), value]
        run, = measure(directory, *arguments)["runs"]
        assert run["complete"] and not run.get("problem"), run
        assert run["delivered"] == run["expected"] > 0
        assert (run["lost"], run["repeated"], run["refused"]) == (0, 0, 0)
        return run
    return measured


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_over_tls_everything_comes(directory, lighttpd_at, measured,
                                   transport):
    tls = Tls(directory)
    lighttpd_at(more=tls.configuration)
    base = f"https://localhost:{tls.port}/earshot"
    run = measured(base, transport, "--insecure", size=3000)
    # The records of TLS are counted, as all that goes over the wire.
    if transport != "poll":
        assert run["bytes_per_message"] > 3000


def test_a_certificate_that_nobody_vouches_for_is_said(directory,
                                                       lighttpd_at):
    tls = Tls(directory)
    lighttpd_at(more=tls.configuration)
    base = f"https://localhost:{tls.port}/earshot"
    said = complaint(directory, "latency", "--url", base, "--transport", "poll",
                     "--seconds", "0.2")
    assert "certificate" in said and "--insecure" in said, said


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_threads_and_channels_share_the_work(lighttpd_at, measured, transport):
    base = lighttpd_at().url + "/earshot"
    run = measured(base, transport, subscribers=7, channels=3, threads=2)
    # Seven on three channels in turn: 3, 2 and 2 of them have a message.
    assert 2 <= run["delivered"] / run["published"] <= 3


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_long_messages_come_whole(lighttpd_at, measured, transport):
    base = lighttpd_at().url + "/earshot"
    measured(base, transport, size=60000, rate=30)


def test_a_poll_asks_again_while_there_is_more(lighttpd_at, measured):
    """A page of Earshot's has at most 64 messages; here some 300 come in an
    interval."""
    base = lighttpd_at().url + "/earshot"
    run = measured(base, "poll", rate=300, seconds=2, poll_interval=1,
                   subscribers=2, publishers=16)
    assert run["requests"] > 2 * (2 + 1) * 2


def test_who_comes_and_goes_is_counted(lighttpd_at, measured):
    base = lighttpd_at().url + "/earshot"
    run = measured(base, "sse", scenario="churn", subscribers=10, seconds=2,
                   rate=20)
    assert run["connect_us"]["count"] > 10


def test_publishing_waits_for_no_answer_in_an_open_loop(lighttpd_at,
                                                        measured):
    """With fixed spacing as many are due as the rate says."""
    base = lighttpd_at().url + "/earshot"
    run = measured(base, "sse", "--spacing", "fixed", rate=100, seconds=1,
                   subscribers=1)
    assert run["messages_counted"] == 100
