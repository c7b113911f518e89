"""earshot-bench against a server whose every fault is known (scripted.py):
what it finds is what was done, no more and no less.

Times are compared downwards exactly, for nothing can be quicker than the
server was, and upwards loosely, for a machine may be slow."""

import json

import bench
import pytest
from scripted import Scripted
from tls import Tls
from wait import slow

LIVE = ["sse", "ws", "socket.io"]
ALL = ["poll", "long-poll", *LIVE]
BEGIN = 10      # the messages before are the benchmark's own questions
OPTIONS = dict(transport="sse", rate=100, seconds=1.2, warm_up=0,
               subscribers=1, publishers=1, spacing="fixed", seed=7,
               poll_interval=0.05, patience=slow(10))
LOSSY = dict(expect=1, patience=slow(4))    # what is lost is waited for


@pytest.fixture
def against(directory):
    """against(script, call, *words, option=value…) lets call (of bench.py)
    run earshot-bench with these words against a server that follows the
    script: what it gives, and what happened."""
    def against(script, call, *words, expect=0, tls=None, **options):
        with Scripted(script, tls) as server:
            file = directory / "target.json"
            file.write_text(json.dumps(server.target()))
            words = [*(words or ["latency"]), "--target", file]
            for name, value in {**OPTIONS, **options}.items():
                words += ["--" + name.replace("_", "-"), value]
            return call(directory, *words, expect=expect), server.happened
    return against


@pytest.fixture
def measured(against):
    """The one run that is measured, and what happened."""
    def measured(script, *words, **options):
        results, happened = against(script, bench.measure, *words, **options)
        (run,) = results["runs"]
        return run, happened
    return measured


def undisturbed(measure, is_good, times=5):
    """A run in which nothing else took the machine's time, as far as is_good
    can say: noise only ever adds to a delay."""
    runs = []
    while not runs or not is_good(runs[-1]):
        assert len(runs) < times, [run["latency_us"]["mean"] for run in runs]
        runs.append(measure())
    return runs[-1]


def assert_all_came(run, messages=120):
    """Nothing was lost, and the run was one."""
    assert run["complete"] and run["problem"] is None, run["problem"]
    assert run["published"] >= messages
    assert run["delivered"] == run["expected"] > 0
    assert (run["lost"], run["refused"]) == (0, 0), run


@pytest.mark.parametrize("transport", ALL)
def test_every_transport_brings_everything(measured, transport):
    run, happened = measured({}, transport=transport, subscribers=5)
    assert_all_came(run)
    assert 5 * run["messages_counted"] <= run["delivered"] <= \
        5 * run["published"]
    assert run["delivered"] <= happened["deliveries"]
    assert run["messages_counted"] == 120
    assert (run["repeated"], run["reordered"], run["told_lost"]) == (0, 0, 0)
    assert run["transport"] == transport
    assert run["subscribers"] == 5


@pytest.mark.parametrize("transport", ALL)
def test_delays_are_found(measured, transport):
    run, _ = measured({"rules": [{"delay_ms": 120, "answer_ms": 10}]},
                      transport=transport, rate=30)
    assert_all_came(run, 36)
    for name in "latency_us", "latency_sent_us", "last_us":
        assert run[name]["min"] >= 120_000, name
        assert run[name]["p50"] < slow(1_500_000), name
    assert 10_000 <= run["publish_sent_us"]["min"]
    assert run["publish_us"]["min"] >= run["publish_sent_us"]["min"]
    assert run["publish_us"]["p50"] < slow(1_000_000)


def test_two_delays_are_two_percentiles(measured):
    """A fifth of the messages come 1.5 s later than the others."""
    run, _ = measured({"rules": [{"delay_ms": 30},
                                 {"every": 5, "delay_ms": 1530}]})
    latency = run["latency_us"]
    assert 30_000 <= latency["min"] <= latency["p50"] < 1_500_000
    assert 1_530_000 <= latency["p90"] <= latency["max"]
    assert latency["count"] == run["messages_counted"]
    assert latency["mean"] >= 30_000 + 1_500_000 / 5 * 0.9


@pytest.mark.parametrize("transport", ALL)
def test_losses_are_counted_exactly(measured, transport):
    run, happened = measured(
        {"rules": [{"from": BEGIN, "every": 10, "lose": True}]},
        transport=transport, subscribers=3, **LOSSY)
    assert happened["lost"] >= 10
    assert run["lost"] == 3 * happened["lost"]
    assert run["delivered"] == run["expected"] - run["lost"]
    assert (run["repeated"], run["reordered"]) == (0, 0)


def test_a_loss_is_said_first(against):
    done, happened = against(
        {"rules": [{"from": BEGIN, "to": BEGIN + 3, "lose": True}]},
        bench.run, seconds=1, **LOSSY)
    assert happened["lost"] == 3
    first = done.stdout.splitlines()[0]
    assert first.startswith("LOST"), done.stdout
    assert " 3 of " in first


def test_a_loss_of_one_of_many_is_one(measured):
    run, happened = measured(
        {"rules": [{"from": BEGIN, "every": 10, "lose": True, "only": [2]}]},
        subscribers=5, **LOSSY)
    assert happened["lost"] >= 10
    assert run["lost"] == happened["lost"]


@pytest.mark.parametrize("transport", ALL)
def test_repeats_are_counted_exactly(measured, transport):
    run, happened = measured(
        {"rules": [{"from": BEGIN, "every": 10, "repeat": 2}]},
        transport=transport, subscribers=2)
    assert happened["repeated"] >= 20
    assert run["repeated"] == 2 * happened["repeated"]
    assert_all_came(run)
    assert run["reordered"] == 0


@pytest.mark.parametrize("transport", ALL)
def test_what_comes_after_a_later_one_is_counted_exactly(measured,
                                                         transport):
    # One publisher: each was answered before the next was sent.
    run, happened = measured(
        {"rules": [{"from": BEGIN, "to": 100, "every": 10, "swap": True}]},
        transport=transport, subscribers=2)
    assert happened["swapped"] == 9
    assert run["reordered"] == 2 * 9
    assert_all_came(run)
    assert run["repeated"] == 0


def test_a_stalled_server_is_late_from_when_messages_were_due(measured):
    """While it stands still for a second, 50 messages are due and none is
    sent: counted from their sending alone, they would look quick."""
    def measure():
        run, happened = measured(
            {"rules": [{"from": 60, "to": 61, "stall_ms": 1000}]}, rate=50,
            seconds=3)
        assert happened["stalls"] == 1
        assert_all_came(run)
        for name in "latency", "publish":
            due, sent = run[name + "_us"], run[name + "_sent_us"]
            assert due["max"] >= sent["max"] >= 1_000_000
            assert due["p90"] >= 500_000
            assert due["mean"] > sent["mean"]
        return run

    undisturbed(measure, lambda run: all(
        run[name + "_us"]["p90"] > 2 * run[name + "_sent_us"]["p90"]
        for name in ("latency", "publish")))


def test_a_poll_is_late_by_half_its_interval(measured):
    """Its delay is drawn evenly from 0 to the interval: over 300 messages the
    mean's own deviation is a sixtieth of the interval, and four of them are
    allowed."""
    interval = 400_000

    def allowed(run):
        return 4 * interval / 12 ** 0.5 / run["messages_counted"] ** 0.5

    def measure():
        run, _ = measured({}, transport="poll", poll_interval=0.4, seconds=3,
                          spacing="poisson", subscribers=4)
        assert_all_came(run, 200)
        assert run["latency_us"]["mean"] >= interval / 2 - allowed(run)
        return run

    run = undisturbed(measure, lambda run: (
        run["latency_us"]["mean"] < interval / 2 + allowed(run) + 50_000))
    assert 4 * 5 <= run["requests"] <= 4 * 9


@pytest.mark.parametrize("transport", ALL)
def test_what_comes_byte_by_byte_is_understood(measured, transport):
    run, _ = measured({"pieces": 1}, transport=transport, rate=20)
    assert_all_came(run, 24)


@pytest.mark.parametrize("transport", ALL)
def test_every_transport_goes_over_tls(directory, measured, transport):
    run, _ = measured({}, "latency", "--insecure", transport=transport,
                      subscribers=3, tls=Tls(directory).server_context())
    assert_all_came(run)
    assert run["publish_url"].startswith("https://")


def test_a_certificate_that_nobody_knows_is_said(directory, against):
    sentence, _ = against({}, bench.complaint, expect=1, transport="ws",
                          tls=Tls(directory).server_context())
    assert "certificate" in sentence
    assert "https://127.0.0.1" in sentence


@pytest.mark.parametrize("transport", ["ws", "socket.io"])
def test_fragments_and_pings_between_are_understood(measured, transport):
    run, happened = measured({"fragments": 5}, transport=transport)
    assert_all_came(run)
    assert happened["pongs"] >= 4 * 120


@pytest.mark.parametrize("how", ["all", "middle"])
@pytest.mark.parametrize("transport", ["sse", "ws"])
def test_who_is_cut_comes_back_and_misses_nothing(measured, transport, how):
    run, happened = measured(
        {"rules": [{"from": BEGIN + 10, "every": 40, "cut": how}]},
        transport=transport, subscribers=2)
    assert happened["cuts"] >= 4
    assert_all_came(run)
    assert (run["repeated"], run["reordered"]) == (0, 0)


@pytest.mark.parametrize("transport", ["sse", "ws"])
def test_what_is_missed_between_is_lost(measured, transport):
    """The server forgets: what came while nobody was there never comes."""
    run, happened = measured(
        {"forgets": True,
         "rules": [{"from": BEGIN + 10, "every": 40, "cut": "all"}]},
        transport=transport, **LOSSY)
    assert happened["forgotten"] >= 3
    assert run["lost"] == happened["forgotten"]


@pytest.mark.parametrize("by", ["post", "ws"])
def test_what_is_refused_is_counted_and_not_lost(measured, by):
    run, happened = measured(
        {"rules": [{"from": BEGIN, "every": 10, "status": 503}]},
        publish_by=by, transport="ws")
    assert happened["refused"] >= 10
    assert run["refused"] == happened["refused"]
    assert run["lost"] == 0
    assert run["delivered"] == run["expected"]


@pytest.mark.parametrize("by", ["post", "ws"])
def test_what_nobody_answers_is_refused_and_not_sent_again(measured, by):
    run, happened = measured(
        {"rules": [{"from": BEGIN, "to": 60, "every": 10, "silent": True}]},
        publish_by=by)
    assert happened["refused"] == 5
    assert run["refused"] == 5
    assert (run["lost"], run["repeated"]) == (0, 0)


def test_what_is_taken_without_an_answer_is_owed_to_nobody(measured):
    """Whether it was accepted, nobody knows: it came, but it need not have."""
    run, happened = measured(
        {"rules": [{"from": BEGIN, "to": 60, "every": 10, "silent": "taken"}]})
    assert happened["refused"] == run["refused"] == 5
    assert happened["messages"] == run["published"] + 5 + 1     # the probe
    assert (run["lost"], run["repeated"], run["reordered"]) == (0, 0, 0)


@pytest.mark.parametrize("transport", ["poll", "long-poll", "sse", "ws"])
def test_a_loss_that_the_server_tells_of_is_counted(measured, transport):
    run, happened = measured(
        {"rules": [{"from": BEGIN, "every": 50, "tell": True}]},
        transport=transport, subscribers=2)
    assert_all_came(run)
    assert happened["told"] == 3
    assert run["told_lost"] == 2 * 3


def test_losses_on_several_channels_are_owed_to_their_followers(measured):
    run, happened = measured(
        {"rules": [{"from": BEGIN, "every": 10, "lose": True}]},
        channels=3, subscribers=6, threads=2, **LOSSY)
    assert happened["lost"] >= 10
    assert run["lost"] == 2 * happened["lost"]
    assert run["expected"] < 2.1 * run["published"]


@pytest.mark.parametrize("transport", ["sse", "ws"])
def test_bytes_are_those_that_were_sent(measured, transport):
    run, happened = measured({}, transport=transport, subscribers=4)
    sent = happened["bytes"] / happened["deliveries"]
    assert sent * 0.95 < run["bytes_per_message"] < sent * 1.05


def test_segments_are_those_that_tcp_sent(measured):
    """Each message is written at once and acknowledged, at most, by one
    segment; in pieces it is one segment and more."""
    whole, _ = measured({})
    assert 1 <= whole["segments_per_message"] < 2.5
    torn, _ = measured({"pieces": 40})
    assert torn["segments_per_message"] > whole["segments_per_message"] + 0.9


@pytest.mark.parametrize("transport", ["poll", "long-poll", "sse", "ws"])
def test_recovery_after_a_cut_is_measured(measured, transport):
    run, _ = measured({"rules": [{"delay_ms": 50}]}, "resume",
                      transport=transport, subscribers=5, seconds=2)
    assert_all_came(run)
    assert run["recover_us"]["count"] == 5
    assert run["recover_us"]["max"] < slow(10_000_000)


@pytest.mark.parametrize("transport", ALL)
def test_publishing_by_websocket_is_measured(measured, transport):
    run, happened = measured({"rules": [{"answer_ms": 20}]},
                             transport=transport, publish_by="ws", rate=20)
    assert_all_came(run, 24)
    assert run["publish_by"] == "ws"
    assert run["publish_us"]["min"] >= 20_000
    assert happened["requests publish"] == 0


@pytest.mark.parametrize("transport", ALL)
@pytest.mark.parametrize("answer, words", [
    ({"status": 404, "body": "no"}, ["404"]),
    ({"status": 500, "body": "oh"}, ["500"]),
    ({"status": 200, "type": "text/html", "body": "<html>"}, []),
])
def test_a_wrong_answer_is_said_in_one_sentence(against, transport, answer,
                                                words):
    kind = "poll" if transport == "long-poll" else transport
    sentence, _ = against({"answers": {kind: answer}}, bench.complaint,
                          expect=1, transport=transport, patience=slow(2))
    assert sentence.count("http://127.0.0.1") == 1
    for word in words:
        assert word in sentence


@pytest.mark.parametrize("status", [404, 500])
def test_a_publish_that_is_refused_is_said(against, status):
    sentence, _ = against({"answers": {"publish": {"status": status}}},
                          bench.complaint, expect=1)
    assert str(status) in sentence
    assert "http://127.0.0.1" in sentence


def test_publishing_in_a_closed_loop_is_counted(against):
    results, happened = against(
        {"rules": [{"answer_ms": 20}]}, bench.measure, "publish",
        seconds=1, publishers=4)
    for run in results["runs"]:
        assert run["published"] <= happened["messages"]
        assert run["publish_us"]["min"] >= 20_000
        assert 0 < run["publishes_per_s"] <= run["publishers"] / 0.02


@pytest.mark.parametrize("pieces", [None, 7, 60])
@pytest.mark.parametrize("transport", LIVE[:2])
def test_who_comes_back_to_a_backlog_misses_nothing(measured, transport,
                                                    pieces):
    """Its bytes come with the answer's head and just behind it, in pieces:
    none may be taken by a reader that is not theirs any more."""
    run, happened = measured(
        {"pieces": pieces,
         "rules": [{"from": BEGIN, "every": 15, "cut": "all"}]},
        transport=transport, subscribers=10, publishers=4, rate=300)
    assert_all_came(run)
    assert run["repeated"] == 0
    assert happened["cuts"] >= 40
