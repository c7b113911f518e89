"""deploy/examples/tutorial, the server of the tutorial's example."""

import json
import subprocess
import time

import pytest

from tutorial import PROGRAM, Tutorial
from wait import holds_for, wait_until


def subscribers(site, channel="tutorial"):
    return site.get(f"/{channel}").json["subscribers"]


@pytest.fixture
def site(start_lighttpd):
    return start_lighttpd(fin=True)


@pytest.fixture
def tutorial(directory, site, started):
    program = Tutorial(directory, site)
    started.append(program)
    return program.start()


def emit(site, who, event, data):
    answer = site.post(f"/tutorial?event={event}&from={who}", data)
    assert answer.status == 201, (answer.status, answer.body)
    return answer.json["id"]


def kept(site, channel="tutorial", event=None, after="earliest"):
    messages = site.get(f"/{channel}/poll?after={after}").json["messages"]
    return [one for one in messages if event in (None, one["event"])]


def come(site, who):
    """A page that follows by SSE, and has said so."""
    stream = site.stream(f"tutorial,tutorial.{who}")
    emit(site, who, "connect", "sse")
    return stream


def after_the_next_look(site):
    """Two of the program's seconds: what it does each second, it has done."""
    until = time.monotonic() + 2.2
    wait_until(lambda: time.monotonic() > until, 5)


def test_a_send_is_answered_on_the_senders_own_channel_and_nowhere_else(
        site, tutorial):
    with site.stream("tutorial,tutorial.ada") as ada, \
            site.stream("tutorial,tutorial.bob") as bob:
        emit(site, "ada", "send", "hello")
        seen = []
        while not (seen and seen[-1]["channel"] == "tutorial.ada"):
            seen.append(ada.next().json)
        answer = json.loads(seen[-1]["data"])
        assert seen[-1]["event"] == "getMsg"
        assert "hello" in answer["en"] and "hello" in answer["zh-CN"]
        # Bob hears what Ada has sent, as a broadcast, but no answer.
        emit(site, "ada", "end", "")
        heard = []
        while not (heard and heard[-1]["event"] == "end"):
            heard.append(bob.next().json)
        assert "send" in [one["event"] for one in heard]
        assert {one["channel"] for one in heard} == {"tutorial"}


def test_every_send_is_answered_once_and_in_order(site, tutorial):
    for number in range(20):
        emit(site, "ada", "send", f"number {number}.")
    wait_until(lambda: len(kept(site, "tutorial.ada")) >= 20)
    answers = [json.loads(one["data"])["en"]
               for one in kept(site, "tutorial.ada")]
    assert len(answers) == 20
    assert all(f"number {number}." in answer
               for number, answer in enumerate(answers))


def test_the_timer_sends_every_three_seconds_while_somebody_listens(
        site, tutorial):
    with site.stream("tutorial") as stream:
        ticks = []
        while len(ticks) < 3:
            message = stream.next()
            if message.event == "getMsg":
                ticks.append(message)
    times = [one["time"] for one in kept(site, event="getMsg")]
    gaps = [later - before for before, later in zip(times, times[1:])]
    assert all(2000 < gap < 4500 for gap in gaps), gaps


def test_the_timer_stops_when_nobody_listens(site, tutorial):
    with site.stream("tutorial") as stream:
        while stream.next().event != "getMsg":
            pass
    # The program's own stream is the only one left.
    wait_until(lambda: subscribers(site)["sse"] == 1)
    after_the_next_look(site)
    count = len(kept(site, event="getMsg"))
    holds_for(lambda: len(kept(site, event="getMsg")) == count, 4.5,
              "silence", every=0.3)


def test_somebody_who_leaves_is_missed_and_all_are_told_once(site, tutorial):
    with site.stream("tutorial") as stays:
        with come(site, "ada"):
            wait_until(lambda: "connect ada" in tutorial.log)
            after_the_next_look(site)
            after_the_next_look(site)
            assert not kept(site, event="disconnect")
        left = time.monotonic()
        while True:
            event = stays.next()
            if event.event == "disconnect":
                break
        assert json.loads(event.data) == {"who": "ada", "by": "sse"}
        assert time.monotonic() - left < 6
        after_the_next_look(site)
        assert len(kept(site, event="disconnect")) == 1


def test_who_polls_is_missed_when_he_no_longer_says_that_he_is_there(
        site, tutorial):
    emit(site, "ada", "connect", "poll")
    emit(site, "bob", "connect", "poll")
    until = time.monotonic() + 14
    while time.monotonic() < until:
        emit(site, "ada", "here", "poll")
        after_the_next_look(site)
    gone = [json.loads(one["data"])["who"]
            for one in kept(site, event="disconnect")]
    assert gone == ["bob"]


def test_what_was_sent_while_it_was_away_is_answered_once(site, tutorial):
    emit(site, "ada", "send", "before")
    wait_until(lambda: len(kept(site, "tutorial.ada")) == 1)
    tutorial.kill()
    emit(site, "ada", "send", "meanwhile")
    tutorial.start()
    emit(site, "ada", "send", "after")
    wait_until(lambda: len(kept(site, "tutorial.ada")) >= 3)
    answers = [json.loads(one["data"])["en"]
               for one in kept(site, "tutorial.ada")]
    assert len(answers) == 3
    assert [word for answer in answers
            for word in ("before", "meanwhile", "after")
            if f"“{word}”" in answer] == ["before", "meanwhile", "after"]


def test_who_left_while_it_was_away_is_missed_once(site, tutorial):
    with come(site, "ada"), come(site, "bob"):
        wait_until(lambda: "connect bob" in tutorial.log)
        tutorial.kill()
        tutorial.start()
        after_the_next_look(site)
        after_the_next_look(site)
        assert not kept(site, event="disconnect")
        tutorial.kill()
    wait_until(lambda: subscribers(site, "tutorial.ada")["sse"] == 0)
    for _ in range(2):
        tutorial.start()
        wait_until(lambda: len(kept(site, event="disconnect")) >= 2, 15)
        after_the_next_look(site)
        tutorial.kill()
    gone = [json.loads(one["data"])["who"]
            for one in kept(site, event="disconnect")]
    assert sorted(gone) == ["ada", "bob"]
    tutorial.start()


def test_it_goes_on_when_the_server_has_been_away(site, tutorial):
    port = site.port
    site.stop()
    site.spawn(["/usr/sbin/lighttpd", "-D", "-f",
                str(site.configuration_path)], start_new_session=True)
    assert site.came_up() and site.port == port
    emit(site, "ada", "send", "you are back")
    wait_until(lambda: kept(site, "tutorial.ada"), 20)
    assert len(kept(site, "tutorial.ada")) == 1
    assert tutorial.running()


def test_whatever_is_published_it_goes_on(site, tutorial):
    emit(site, "tutorial-server", "disconnect", "no JSON")
    emit(site, "tutorial-server", "disconnect", "{}")
    emit(site, "ada", "connect", "\x1b[31m no approach 中文")
    site.post("/tutorial?event=send&from=ada", b"\xff\x00",
              {"Content-Type": "application/octet-stream"})
    site.post("/tutorial?event=send", "from nobody")
    site.post("/tutorial?event=send&from=ada", '{"broken":',
              {"Content-Type": "application/json"})
    emit(site, "ada", "send", "x" * 60000)
    emit(site, "ada", "send", "the end")
    wait_until(lambda: any("the end" in one["data"]
                           for one in kept(site, "tutorial.ada")))
    assert len(kept(site, "tutorial.ada")) == 4
    assert "\x1b" not in tutorial.log


def test_it_ends_at_once_by_sigterm(tutorial):
    before = time.monotonic()
    assert tutorial.stop() == 0
    assert time.monotonic() - before < 2


def test_it_needs_nothing_but_the_standard_library():
    listed = subprocess.run(
        ["/usr/bin/python3", "-S", "-c",
         "import sys\n"
         "names = [line.split()[1].split('.')[0] for line in "
         f"open({str(PROGRAM)!r}) if line.startswith(('import ', 'from '))]\n"
         "print([n for n in names if n not in sys.stdlib_module_names])"],
        capture_output=True, text=True, check=True)
    assert listed.stdout.strip() == "[]"
