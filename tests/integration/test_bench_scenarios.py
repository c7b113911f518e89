"""Every scenario of earshot-bench, small, against lighttpd and the reference:
that it does what its word says, and that nothing is lost by it."""

import pytest

from bench import SMALL, measure, run

EVERY_WAY = {("poll", "lighttpd"), ("long-poll", "lighttpd"),
             ("sse", "lighttpd"), ("sse", "direct"),
             ("ws", "lighttpd"), ("ws", "direct")}


def ways(runs):
    return {(run["transport"], run["way"]) for run in runs}


def checked(runs):
    """The runs, of which none lost anything and all were finished."""
    for one in runs:
        about = one["scenario"], one["transport"], one["way"]
        assert one["complete"] and not one.get("problem"), (about, one)
        assert one["lost"] == 0, about
        assert one["delivered"] == one["expected"] > 0, about
    return runs


def measured(directory, *arguments, **more):
    return checked(measure(directory, "--self", *arguments, **more)["runs"])


def test_latency_fanout_and_churn_run_over_every_transport_and_way(directory):
    runs = measured(directory, "latency", "fanout", "churn", *SMALL)
    for scenario in ("latency", "fanout", "churn"):
        some = [run for run in runs if run["scenario"] == scenario]
        assert ways(some) == EVERY_WAY
        assert len(some) == len(EVERY_WAY)
        # Publishing is one request, whatever the subscribers do.
        assert len({run["publish_url"] for run in some}) == 1
        assert {run["publish_by"] for run in some} == {"post"}


def test_publish_asks_for_several_numbers_of_publishers(directory):
    runs = measured(directory, "publish", "--transport", "sse", "--way",
                    "lighttpd", "--seconds", "0.2", "--warm-up", "0.1")
    assert [run["publishers"] for run in runs] == [1, 4, 16, 64]
    for one in runs:
        assert one["rate_per_s"] == 0     # a closed loop
        assert one["publishes_per_s"] > 0


def test_publishing_goes_over_websocket_when_that_is_said(directory):
    runs = measured(directory, "latency", "--publish-by", "ws", "--transport",
                    "sse,ws", *SMALL)
    assert {run["publish_by"] for run in runs} == {"ws"}
    assert all(run["publish_url"].endswith("/ws") for run in runs)


def test_poll_interval_gives_half_an_interval_and_a_round_trip(directory):
    runs = [measured(directory, "poll-interval", "--subscribers", "20",
                     "--rate", "100", "--seconds", "0.6", "--poll-interval",
                     interval) for interval in ("0.1", "0.4")]
    for (one,), interval_us in zip(runs, (1e5, 4e5)):
        assert (one["transport"], one["way"]) == ("poll", "lighttpd")
        assert one["poll_interval_s"] == interval_us / 1e6
        # Each poller has a phase of its own: some are lucky, some are not.
        assert one["latency_us"]["mean"] > interval_us / 4
        assert one["latency_us"]["max"] > interval_us / 2
    # The longer the pause, the fewer of the requests.
    often, seldom = (one["requests"] / one["deliveries_counted"]
                     for one, in runs)
    assert often > seldom


def test_hold_says_what_can_be_held_and_holds_it(directory):
    done = run(directory, "--self", "hold", "--transport", "sse",
               "--subscribers", "40", "--rate", "50")
    said = [line for line in done.stderr.splitlines() if "hold sse" in line]
    assert len(said) == 2
    assert all("descriptors allow" in line and "holding 40" in line
               for line in said)
    assert "its web server" in said[0]
    runs = measured(directory, "hold", "--transport", "poll,long-poll,ws",
                    "--subscribers", "40", "--rate", "50", "--seconds", "5")
    assert ways(runs) == {("long-poll", "lighttpd"), ("ws", "lighttpd"),
                          ("ws", "direct")}
    for one in runs:
        assert one["messages_counted"] == 10
        assert one["latency_us"]["count"] == 400


def test_slow_readers_lose_nothing(directory):
    runs = measured(directory, "slow", "--subscribers", "10", "--rate", "100",
                    "--seconds", "0.5", "--warm-up", "0.1", "--publishers",
                    "2", "--poll-interval", "0.1")
    assert ways(runs) == EVERY_WAY
    assert {run["message_bytes"] for run in runs} == {4096}


def test_resume_cuts_everybody_and_restarts_the_server(directory):
    runs = measured(directory, "resume", "--transport", "sse,ws",
                    "--subscribers", "5", "--publishers", "2", "--rate", "50",
                    "--seconds", "1", "--warm-up", "0.1", timeout=120)
    cut = [run for run in runs if run["scenario"] == "resume"]
    restarted = [run for run in runs if run["scenario"] == "restart"]
    assert len(cut) == len(restarted) == 4
    for one in runs:
        assert one["recover_us"]["count"] >= 5


def test_nobody_s_server_is_restarted_but_our_own(directory, lighttpd):
    results = measure(directory, "--url", lighttpd.url + "/earshot", "resume",
                      "--transport", "sse", *SMALL, "--seconds", "0.6")
    assert [run["scenario"] for run in checked(results["runs"])] == ["resume"]


def test_ramp_finds_a_rate_that_keeps_the_bound(directory):
    one, = measured(directory, "ramp", "--transport", "sse", "--way", "direct",
                    "--subscribers", "2", "--rate", "3000", "--seconds", "0.2",
                    "--warm-up", "0.1", "--bound-ms", "200", timeout=120)
    assert one["rate_per_s"] > 0
    assert any("p99 under 200 ms" in note["text"] for note in one["notes"])


def test_repeats_are_interleaved(directory):
    runs = measured(directory, "latency", "--transport", "sse,ws", "--way",
                    "direct", "--repeat", "2", *SMALL)
    assert [(run["repeat"], run["transport"]) for run in runs] == \
        [(0, "sse"), (0, "ws"), (1, "sse"), (1, "ws")]


@pytest.mark.parametrize("spacing", ["poisson", "fixed"])
def test_messages_come_as_they_were_ordered(directory, spacing):
    one, = measured(directory, "latency", "--transport", "sse", "--way",
                    "direct", "--spacing", spacing, *SMALL, "--rate", "200",
                    "--seconds", "1")
    if spacing == "fixed":
        assert 199 <= one["messages_counted"] <= 201
    assert one["poisson"] == (spacing == "poisson")
