"""The lessons of polling and long-polling in real Chromium."""

import re
from decimal import ROUND_HALF_UP, Decimal

from lesson import (lesson, school,  # noqa: F401 (two fixtures)
                    tag_of, tap_of)
from wait import holds_for, wait_until

# Polling. -------------------------------------------------------------------


def test_pollings_figures_are_those_of_the_tap(school, lesson):
    page = lesson("polling")
    page.fill("#interval", "1000")
    assert page.text("#interval-shown") == "1.0 s"
    page.run()
    page.wait_line("HTTP/1.1 200")
    page.say("hello")
    page.hears("hello")
    wait_until(lambda: int(page.figure("requests")) >= 3)
    page.run()
    tag = tag_of(page)

    def agree():
        records = tap_of(school).log_of(tag)
        asked = [one for one in records if one.kind == "request"]
        assert int(page.figure("requests")) == len(asked)
        up = Decimal(sum(one.size for one in asked) / 1000)
        up = up.quantize(Decimal("0.1"), ROUND_HALF_UP)     # as toFixed() does
        assert page.figure("up") == f"{up} kB"
        empty = sum(b'"messages":[]' in one.bytes for one in records
                    if one.kind == "down")
        assert page.figure("empty") == f"{empty} / {len(asked)}"
        return True
    wait_until(agree, 10)
    assert page.figure("messages") == "1"
    # No later than an interval, and a little for the machine.
    assert re.fullmatch(r"\d+ ms|1\.\d s", page.figure("delay"))


def test_a_shorter_interval_asks_more(lesson):
    page = lesson("polling")
    page.fill("#interval", "500")
    page.run()
    wait_until(lambda: int(page.figure("requests")) >= 5, 10)
    page.fill("#interval", "10000")
    wait_until(lambda: page.figure("requests") == "1", 10)
    assert holds_for(lambda: page.figure("requests") == "1", 2) is None


def test_the_loser_loses_and_its_line_is_found(lesson):
    page = lesson("polling")
    page.click("#find-run")
    wait_until(lambda: page.text("#find-heard") == "three"
               and page.find("#find-run").is_enabled(), 15,
               "the last message alone")
    lines = page.all("#find-code button.code-line")
    for number, line in enumerate(lines, 1):
        page.browser.run("arguments[0].click()", line)
        kind, words = page.verdict("find")
        assert (kind == "right") == (number == 5), (number, words)
    assert "last=1" in lines[4].text


def test_the_interval_has_two_bounds(lesson):
    page = lesson("polling")
    assert [page.answers("choose", answer)
            for answer in ("3", "1", "1.9", "2.6", "2", "2.2", "2.5")] \
        == ["wrong"] * 4 + ["right"] * 3


# Long-polling. --------------------------------------------------------------


def test_a_long_poll_is_held_until_there_is_news(lesson):
    page = lesson("long-polling")
    page.run()
    page.wait_line("GET ")
    wait_until(lambda: any("wait=20&after=" in line for line in page.lines))
    requests = page.figure("requests")
    assert holds_for(lambda: page.figure("requests") == requests, 2) is None
    page.say("now")
    page.hears("now", timeout=2)
    wait_until(lambda: re.fullmatch(r"\d+ ms", page.figure("delay")))


def test_long_polling_is_sooner_than_polling_at_no_more_requests(lesson):
    page = lesson("long-polling")
    page.click("#compare-run")
    wait_until(lambda: page.find("#compare-run").is_enabled(), 30,
               "the comparison's end")
    poll, held = "#compare-poll", "#compare-long"
    for where in (poll, held):
        assert page.figure("messages", where) == "3"

    def ms(where):
        number, unit = page.figure("delay", where).split()
        return float(number) * (1000 if unit == "s" else 1)
    assert ms(held) < 300 < ms(poll)
    assert int(page.figure("requests", held)) <= 6
    assert int(page.figure("requests", poll)) >= 5


def test_what_is_said_in_the_gap_is_lost_without_a_cursor(lesson):
    page = lesson("long-polling")
    for guess, expected in ((["one", "two", "three", "four"], "wrong"),
                            (["one", "four"], "right")):
        page.browser.run("document.querySelector('#gap-form').reset()")
        for word in guess:
            page.click(f"#gap-form [value={word}]")
        page.click("#gap-form button")
        wait_until(lambda: page.verdict("gap")[0] == expected, 15,
                   f"{expected} (it was {page.verdict('gap')})")
        assert page.text("#gap-forgets") == "one four"
        assert page.text("#gap-keeps") == "one two three four"


def test_a_wait_must_end_before_the_proxy_does(lesson):
    page = lesson("long-polling")
    assert [page.answers("choose", answer)
            for answer in ("60", "56", "5", "20", "50", "55")] \
        == ["wrong"] * 3 + ["right"] * 3
