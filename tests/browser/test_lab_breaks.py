"""The front page's lanes when they are cut, slowed and done wrong: what is lost
and what is not."""

import pytest
from lab import LANES, Lab, say
from wait import wait_until


@pytest.mark.parametrize("key, words", [
    ("long-poll", "after="), ("sse", "Last-Event-ID: "), ("ws", "after=")])
def test_a_cut_lane_comes_back_and_catches_up(whole, lab, key, words):
    lab.quiet()
    before = lab.orders()[0] + [say(whole, "before")]
    lab.hears(before)
    lab.act(key, 0)
    wait_until(lambda: lab.state(key) == "broken", 5)
    said = [say(whole, f"meanwhile {number}") for number in range(5)]
    lab.hears(before + said)
    lab.wait_open()
    lane = lab.inside()[key]
    assert lane["track"]["breaks"]
    # It said up to where it had heard: the drawing shows in which words.
    note = wait_until(lambda: lab.inside()[key]["track"]["notes"], 5)[0]
    assert note["text"].startswith(words)
    assert before[-1] in note["text"]


def test_a_lane_that_was_cut_does_not_ask_twice(site, chromium):
    with Lab(site, chromium, LANES[:3]) as lab:
        lab.slide("rate", 0)
        lab.slide("interval", 4)  # three seconds: it is cut in its pause

        def asks():
            return [ask["time"]
                    for ask in lab.inside()["poll"]["track"]["asks"]]
        wait_until(asks, 10)
        lab.act("poll", 0)
        wait_until(lambda: lab.state("poll") == "broken", 5)
        wait_until(lambda: lab.state("poll") == "open", 10)
        before = len(asks())
        wait_until(lambda: len(asks()) >= before + 4, 20)
        times = asks()[before:]
        assert all(later - earlier > 2500
                   for earlier, later in zip(times, times[1:])), times


def test_cutting_all_loses_nothing(whole, lab):
    lab.quiet()
    before = lab.orders()[0]
    lab.find("#cut-all").click()
    said = [say(whole, f"meanwhile {number}") for number in range(5)]
    lab.hears(before + said)


def test_a_slow_lane_is_late_alone_and_loses_nothing(whole, lab):
    lab.quiet()
    before = lab.orders()[0]
    lab.act("sse", 1)
    button = lab.all('#stage [data-lane="sse"] .act')[1]
    assert button.get_attribute("aria-pressed") == "true"
    said = [say(whole, "x" * 100) for _ in range(10)]
    wait_until(lambda: lab.inside()["ws"]["order"] == before + said, 10)
    assert len(lab.inside()["sse"]["order"]) < len(before) + 10
    lab.act("sse", 1)
    lab.hears(before + said)


def test_killed_programs_cost_no_message(whole, lab):
    lab.quiet()
    heard = lab.orders()[0]
    whole.kill_programs()
    whole.endpoint.kill()

    def said():
        answer = whole.post("/lab", b"after the kill")
        return answer.json["id"] if answer.status == 201 else None
    first = wait_until(said, 15, "lighttpd's new program")
    wait_until(lambda: lab.state("ws") == "broken", 10)
    whole.endpoint.start()
    lab.hears(heard + [first], 40)
    lab.wait_open()
    lab.hears(heard + [first, say(whole, "all is well")])


def wrong(lab, value):
    lab.find(f'#wrongs [value="{value}"]').click()


def test_without_a_cursor_messages_vanish_and_with_it_they_do_not(whole, lab):
    lab.quiet()
    wrong(lab, "nocursor")
    lab.wait_open()
    heard = [len(order) for order in lab.orders()]
    said = [say(whole, f"lost {number}") for number in range(3)]
    wait_until(lambda: lab.orders()[3][heard[3]:] == said, 10)
    # Three polls later none of them has come.
    asks = len(lab.inside()["poll"]["track"]["asks"])
    wait_until(lambda: len(lab.inside()["poll"]["track"]["asks"])
               > asks + 3, 10)
    assert len(lab.orders()[0]) == heard[0]
    # A stream loses what comes while it is cut.
    lab.act("sse", 0)
    wait_until(lambda: lab.state("sse") == "broken", 5)
    missed = say(whole, "missed")
    lab.wait_open()
    last = say(whole, "the last")
    wait_until(lambda: last in lab.inside()["sse"]["order"], 10)
    assert missed not in lab.inside()["sse"]["order"]
    wrong(lab, "nocursor")
    lab.wait_open()
    right = say(whole, "with a cursor again")
    wait_until(lambda: all(right in order for order in lab.orders()), 10)


def test_a_buffering_proxy_silences_sse_alone(whole, lab):
    lab.quiet()
    wrong(lab, "buffer")
    wait_until(lambda: lab.state("sse") != "open", 15,
               "an SSE lane that does not learn that it is connected")
    said = say(whole, "behind the proxy")
    for key in ("poll", "long-poll", "ws"):
        wait_until(lambda: said in lab.inside()[key]["order"], 10)
    assert said not in lab.inside()["sse"]["order"]
    wrong(lab, "buffer")
    wait_until(lambda: said in lab.inside()["sse"]["order"], 10)
