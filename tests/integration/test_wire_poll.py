"""What goes over the wire: polling, short and long, by the raw peer."""

import contextlib
import signal
import time

import pytest

from earshot import sqlite3_shell
from test_wire import CURSOR, NDJSON, ndjson, number
from wait import slow, wait_until

# Polling

def test_a_short_poll_answers_at_once_with_a_cursor(earshot):
    earshot.publish("room", "before")
    page = earshot.poll("room")
    assert page["messages"] == [] and page["lost"] is False
    assert CURSOR.match(page["cursor"]) and "more" not in page
    earshot.publish("other", "not mine")
    earshot.publish("room", "after")
    page = earshot.poll("room", page["cursor"])
    assert [message["data"] for message in page["messages"]] == ["after"]
    assert earshot.poll("room", page["cursor"])["messages"] == []


def test_the_first_poll_of_an_empty_queue_leaves_no_hole(earshot):
    cursor = earshot.poll("room")["cursor"]
    earshot.publish("room", "first of all")
    page = earshot.poll("room", cursor)
    assert page["lost"] is False
    assert [message["data"] for message in page["messages"]] == \
        ["first of all"]


def test_a_long_poll_is_held_until_a_message_comes(earshot):
    with earshot.peer() as peer:
        peer.send_request("GET", "/room/poll?wait=20")
        wait_until(lambda: earshot.held("poll") == 1)
        earshot.publish("other", "not this")
        assert peer.quiet(0.3)
        earshot.publish("room", "this")
        page = peer.read_answer().json
    assert [message["data"] for message in page["messages"]] == ["this"]
    wait_until(lambda: earshot.held("poll") == 0)


def wait_together(earshot, asked):
    """What each of these requests for a long-poll is answered by one message."""
    with contextlib.ExitStack() as stack:
        peers = [stack.enter_context(earshot.peer()) for _ in asked]
        for peer, (target, headers) in zip(peers, asked):
            peer.send_request("GET", target, headers)
        wait_until(lambda: earshot.held("poll") == len(asked))
        earshot.publish("room", "for all")
        return [peer.read_answer() for peer in peers]


def test_all_who_wait_are_answered_alike(earshot):
    cursor = earshot.publish("room", "before")
    answers = wait_together(earshot, [
        (f"/room/poll?wait=20&after={cursor}", None) for _ in range(5)])
    assert {answer.body for answer in answers} == {answers[0].body}
    assert [message["data"] for message in answers[0].json["messages"]] == \
        ["for all"]
    page = earshot.poll("room", answers[4].json["cursor"])
    assert page["messages"] == []


def test_who_waits_elsewhere_or_for_more_has_an_answer_of_his_own(start):
    earshot = start(origin="https://a.example")
    cursor = earshot.publish("room", "before")
    wait = f"wait=20&after={cursor}"
    foreign = {"Origin": "https://a.example"}
    answers = wait_together(earshot, [
        (f"/room/poll?{wait}", None), (f"/room/poll?{wait}", foreign),
        (f"/room/poll?{wait}", None), (f"/room,other/poll?{wait}", None)])
    allowed = [answer.headers.get("access-control-allow-origin")
               for answer in answers]
    assert allowed == [None, "https://a.example", None, None]
    assert [[message["data"] for message in answer.json["messages"]]
            for answer in answers] == 4 * [["for all"]]


def come_together(earshot, asked):
    """What these requests are answered that come in one turn of the loop."""
    with contextlib.ExitStack() as stack:
        earshot.signal(signal.SIGSTOP)
        peers = [stack.enter_context(earshot.peer()) for _ in asked]
        for peer, (target, headers) in zip(peers, asked):
            peer.send_request("GET", target, headers)
        earshot.signal(signal.SIGCONT)
        return [peer.read_answer() for peer in peers]


def data_of(answers):
    return [[message["data"] for message in answer.json["messages"]]
            for answer in answers]


def test_who_comes_back_when_the_next_message_is_there_has_it(start):
    earshot = start(origin="https://a.example")
    cursors = [earshot.publish("room", data) for data in ("one", "two")]
    other = earshot.publish("other", "elsewhere")
    foreign = {"Origin": "https://a.example"}
    with earshot.stream("room"):    # somebody follows: the file is looked at
        asked = [(f"/room/poll?wait=20&after={cursors[0]}", headers)
                 for headers in (None, None, foreign, None)]
        asked += [(f"/room/poll?wait=20&after={cursors[0]}&format=json", None),
                  (f"/room,other/poll?wait=20&after={cursors[0]}", None),
                  (f"/other/poll?wait=20&after={cursors[1]}", None),
                  (f"/other/poll?wait=20&after={cursors[0]}", None),
                  (f"/room/poll?after={cursors[0]}", None)]
        before = earshot.status()["delivered"]
        answers = come_together(earshot, asked)
        assert data_of(answers) == 5 * [["two"]] + [["two", "elsewhere"]] + \
            2 * [["elsewhere"]] + [["two"]]
        assert earshot.status()["delivered"] - before == 10
    assert [answer.headers.get("access-control-allow-origin")
            for answer in answers[:4]] == [None, None, "https://a.example", None]
    assert {answer.json["cursor"] for answer in answers} == {other}


def test_what_was_found_is_found_anew_in_the_next_turn(earshot):
    cursor = earshot.publish("room", "before")
    earshot.publish("room", "one")
    with earshot.stream("room"):
        asked = 2 * [(f"/room/poll?wait=20&after={cursor}", None)]
        assert data_of(come_together(earshot, asked)) == 2 * [["one"]]
        earshot.publish("room", "two")
        assert data_of(come_together(earshot, asked)) == 2 * [["one", "two"]]
        sqlite3_shell(earshot.queue, "DELETE FROM message WHERE data = 'one'")
        answers = come_together(earshot, asked)
        assert data_of(answers) == 2 * [["two"]]


def test_a_poll_that_finds_several_has_them_all(earshot):
    cursor = earshot.publish("room", "before")
    earshot.publish("room", "one")
    assert len(earshot.poll("room", cursor)["messages"]) == 1
    earshot.publish("room", "two")
    earshot.publish("room", "three")
    page = earshot.poll("room", cursor, wait=5)
    assert [message["data"] for message in page["messages"]] == \
        ["one", "two", "three"]


def test_a_long_poll_answers_empty_after_its_wait(earshot):
    cursor = earshot.publish("room", "x")
    began = time.monotonic()
    page = earshot.poll("room", cursor, wait=0.4)
    assert 0.3 <= time.monotonic() - began <= slow(3)
    assert page["messages"] == [] and page["lost"] is False
    assert number(page["cursor"]) >= number(cursor)


def test_a_wait_above_the_maximum_is_the_maximum(start):
    earshot = start(wait_max=0.3)
    began = time.monotonic()
    assert earshot.poll("room", wait="1e9")["messages"] == []
    assert 0.2 <= time.monotonic() - began <= slow(3)


def test_a_long_poll_with_messages_waiting_answers_at_once(earshot):
    cursor = earshot.poll("room")["cursor"]
    earshot.publish("room", "x")
    began = time.monotonic()
    assert len(earshot.poll("room", cursor, wait=20)["messages"]) == 1
    assert time.monotonic() - began < slow(5)


def test_a_long_poll_of_several_channels_hears_each(earshot):
    for channel in ("a", "b", "c"):
        with earshot.peer() as peer:
            peer.send_request("GET", "/a,b,c/poll?wait=20")
            wait_until(lambda: earshot.held("poll") == 1)
            earshot.publish(channel, channel)
            message, = peer.read_answer().json["messages"]
            assert message["channel"] == message["data"] == channel
        wait_until(lambda: earshot.held("poll") == 0)


def test_a_poll_gives_pages_and_says_that_there_is_more(earshot):
    earshot.post("/room", ndjson(*[{"data": str(i)} for i in range(150)]),
                 NDJSON)
    page = earshot.poll("room", "earliest")
    assert len(page["messages"]) == 64 and page["more"] is True
    assert page["cursor"] == page["messages"][-1]["id"]
    page = earshot.poll("room", page["cursor"], wait=20)
    assert len(page["messages"]) == 64 and page["more"] is True
    page = earshot.poll("room", page["cursor"])
    assert len(page["messages"]) == 22 and "more" not in page
    assert earshot.data("room") == [str(i) for i in range(150)]


def test_a_page_holds_about_64_kib_and_at_least_one_message(start):
    earshot = start(message_max=1 << 20)
    for i in range(12):
        earshot.publish("room", str(i % 10) * 20000)
    earshot.publish("room", "y" * 1000000)
    page = earshot.poll("room", "earliest")
    assert 2 <= len(page["messages"]) <= 5 and page["more"] is True
    assert [len(data) for data in earshot.data("room")] == \
        [20000] * 12 + [1000000]


def test_starting_points_of_a_poll(earshot):
    ids = [earshot.publish("ab"[i % 2], str(i)) for i in range(6)]

    def data(target, headers=None):
        page = earshot.get(target, headers).json
        assert page["lost"] is False
        return [message["data"] for message in page["messages"]]

    assert data("/a,b/poll?after=earliest") == list("012345")
    assert data("/a/poll?after=earliest") == list("024")
    assert data("/a,b/poll?last=3") == list("345")
    assert data("/a/poll?last=2") == list("24")
    assert data("/a,b/poll?last=100") == list("012345")
    assert data("/a,b/poll?last=0") == []
    assert data("/a,b/poll") == []
    assert data(f"/a,b/poll?after={ids[2]}") == list("345")
    assert data("/a,b/poll?after=earliest",
                {"Last-Event-ID": ids[3]}) == list("45")
    assert data(f"/a,b/poll?after={ids[3]}",
                {"Last-Event-ID": ""}) == list("45")
    assert data("/a,b/poll?last=1", {"Last-Event-ID": ids[1]}) == \
        list("2345")


def test_a_poll_forbids_caching(earshot):
    answer = earshot.get("/room/poll")
    assert answer.headers["content-type"].startswith("application/json")
    assert "no-" in answer.headers["cache-control"]


# Lost

def overtaken(earshot):
    """Publishes until the first message has been pruned; its cursor."""
    first = earshot.publish("room", "0")
    earshot.post("/room", ndjson(*[{"data": "x"}] * 100), NDJSON)
    wait_until(lambda: "0" not in earshot.data("room"), what="pruning")
    return first


@pytest.mark.parametrize("make", [
    lambda cursor: "0-" + cursor.split("-")[1],
    lambda cursor: cursor.split("-")[0] + "-abcdefgh",
    lambda cursor: str(int(cursor.split("-")[0]) + 9) + "-"
    + cursor.split("-")[1],
    lambda cursor: "9" * 15 + "-" + cursor.split("-")[1],
    lambda cursor: "9" * 40 + "-" + cursor.split("-")[1],
    lambda cursor: "nonsense",
    lambda cursor: "-",
    lambda cursor: "-5-" + cursor.split("-")[1],
    lambda cursor: cursor + "x",
    lambda cursor: cursor.split("-")[0],
    lambda cursor: "%F0%9F%92%A9",
    lambda cursor: "x" * 3000,
], ids=["pruned", "other epoch", "beyond the head", "far beyond the head",
        "too long a number", "unreadable", "a dash", "negative",
        "something after it", "no epoch", "not ASCII", "very long"])
def test_a_cursor_that_cannot_be_followed_is_told_once(start, make):
    earshot = start(keep_messages=10)
    overtaken(earshot)
    kept = earshot.messages("room")
    bad = make(kept[-1]["id"])
    page = earshot.poll("room", bad, wait=20)
    assert page["lost"] is True
    assert page["messages"] == kept, "it goes on from the earliest kept"
    page = earshot.poll("room", page["cursor"])
    assert page == {"messages": [], "cursor": page["cursor"], "lost": False}
    if "%" not in bad:
        answer = earshot.get("/room/poll", {"Last-Event-ID": bad}).json
        assert answer["lost"] is True and answer["messages"] == kept


def test_a_lost_cursor_on_an_empty_channel_is_answered_at_once(earshot):
    began = time.monotonic()
    page = earshot.poll("room", "9-nonsense", wait=20)
    assert time.monotonic() - began < slow(5)
    assert page["lost"] is True and page["messages"] == []
    assert earshot.poll("room", page["cursor"])["lost"] is False


def test_a_cursor_at_the_edge_of_what_is_kept_is_not_lost(start):
    earshot = start(keep_messages=10)
    overtaken(earshot)
    first = earshot.messages("room")[0]["id"]
    id, epoch = first.split("-")
    page = earshot.poll("room", f"{int(id) - 1}-{epoch}")
    assert page["lost"] is False and page["messages"][0]["id"] == first
    assert earshot.poll("room", first)["lost"] is False
    assert earshot.poll("room", f"{int(id) - 2}-{epoch}")["lost"] is True


def test_another_channels_pruning_is_not_a_loss(start):
    earshot = start(keep_messages=10)
    cursor = earshot.publish("quiet", "a")
    overtaken(earshot)
    earshot.publish("quiet", "b")
    page = earshot.poll("quiet", cursor)
    assert page["lost"] is False
    assert [message["data"] for message in page["messages"]] == ["b"]
