"""The front page's lanes in real Chromium, with all that ./demo starts behind
them: what they hear, and the figures that are told of it."""

import re

from lab import LANES, Lab, say
from wait import holds_for, wait_until
from whole import WholeSite


def test_all_lanes_hear_the_same_messages_in_one_order(whole, lab):
    lab.quiet()
    before = lab.orders()[0]
    said = [say(whole, f"message {number}") for number in range(100)]
    lab.hears(before + said)
    assert lab.browser.console() == []


def test_the_ticker_publishes_by_itself_and_its_slider_says_how_often(lab):
    wait_until(lambda: len(lab.orders()[3]) >= 2, 15, "two ticks")
    lab.slide("rate", 6)
    assert lab.find("#rate-value").text == "10 a second"
    before = len(lab.orders()[3])
    wait_until(lambda: len(lab.orders()[3]) > before + 20, 10, "many ticks")
    lab.quiet()
    before = len(lab.orders()[3])
    holds_for(lambda: len(lab.orders()[3]) == before, 1.5, "silence")


def test_what_is_published_is_told_with_its_delays(lab):
    lab.slide("rate", 0)
    lab.publish("Anyone there?")
    summary = wait_until(
        lambda: re.search("arrived after", lab.find("#summary").text)
        and lab.find("#summary").text, 15, "the summary")
    assert summary.startswith("“Anyone there?” arrived after: ")
    for name in ("Polling", "Long-polling", "SSE", "WebSocket"):
        assert re.search(rf"\b{name} [\d.]+ m?s", summary), summary
    # The table says the same as the drawing.
    lab.find("#as-table summary").click()
    row = wait_until(lambda: [text for text in lab.texts("#table-body tr")
                              if text.startswith("Anyone there?")], 5)
    assert len(re.findall(r"[\d.]+ m?s", row[0])) == 4


def test_a_refusal_to_publish_is_told(directory, started, chromium):
    site = WholeSite(directory, publish="none")
    started.append(site)
    with Lab(site.start(), chromium) as lab:
        lab.publish("may I?")
        wait_until(lambda: lab.find("#summary").text
                   .startswith("Not published: "), 5)


def test_the_interval_decides_how_late_polling_is(whole, lab):
    lab.slide("rate", 0)
    lab.slide("interval", 6)  # ten seconds
    assert lab.find("#interval-value").text == "every 10 s"
    lab.inside()
    asked = len(lab.inside()["poll"]["track"]["asks"])
    quick = say(whole, "for the quick ones")
    wait_until(lambda: all(quick in lab.inside()[key]["order"]
                           for key in LANES[1:]), 10)
    assert quick not in lab.inside()["poll"]["order"]
    lab.slide("interval", 0)  # four times a second: at once
    wait_until(lambda: quick in lab.inside()["poll"]["order"], 5)
    wait_until(lambda: len(lab.inside()["poll"]["track"]["asks"])
               > asked + 5, 10)


def test_the_figures_shown_are_the_taps(whole, lab):
    lab.quiet()
    lab.slide("interval", 6)
    for number in range(5):
        # One after another, so that each ends a long-poll of its own.
        said = say(whole, f"message {number}")
        wait_until(lambda: said in lab.inside()["long-poll"]["order"], 10)

    def agree():
        for key, lane in lab.inside().items():
            records = lab.records(lane["tag"])
            sums = {
                "requests": [one["kind"] for one in records].count("request"),
                "connections": len({one["connection"] for one in records}),
                "heads": sum(one["size"] for one in records
                             if one["kind"] in ("request", "response")),
                "payload": sum(one["size"] for one in records
                               if one["kind"] in ("up", "down"))}
            assert lane["tally"] == sums, key
            assert all(sums.values()), (key, sums)
            shown = lab.texts(f'#stage [data-lane="{key}"] dd')
            assert shown[:2] == [str(sums["requests"]),
                                 str(sums["connections"])]
            for text, name in zip(shown[2:], ("heads", "payload")):
                number, unit = text.split()
                size = float(number) * {"B": 1, "kB": 1000}[unit]
                assert abs(size - sums[name]) <= size * 0.05 + 1
        return True
    wait_until(agree, 15, every=0.2)
    lanes = lab.inside()
    assert lanes["sse"]["tally"]["requests"] == 1
    assert lanes["ws"]["tally"]["requests"] == 1
    assert lanes["long-poll"]["tally"]["requests"] > 5
    # And the bytes themselves may be looked at.
    lab.find("#on-the-wire summary").click()
    wire = wait_until(lambda: [text for text in lab.texts("#wire pre")
                               if "\r\n" in text or "\n" in text], 5)
    assert len(wire) == 4
    assert "text/event-stream" in wire[2]
    assert "101 Switching Protocols" in wire[3]


def test_counting_anew_begins_at_nothing(lab):
    wait_until(lambda: len(lab.orders()[3]) >= 1, 10)
    lab.quiet()
    lab.find("#anew").click()
    wait_until(lambda: lab.texts('#stage [data-lane="ws"] dd')
               == ["0", "0", "0 B", "0 B"], 5)
