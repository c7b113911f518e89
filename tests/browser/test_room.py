"""The room in real browsers, behind a real lighttpd."""

import os
import signal

import pytest
from room import Room
from selenium.webdriver.common.keys import Keys
from voices import Talker, curl, kept, numbered, say
from wait import wait_until


def kill(site):
    """kill -9; waits until lighttpd has noticed and made a new one."""
    before = site.programs()
    assert before
    site.kill_programs()
    wait_until(lambda: site.programs() and site.programs() != before,
               15, "a new program")


def test_two_browsers_and_curl_hear_the_same_across_a_kill(
        site, room, other_room):
    room.say("one by SSE", name="Ada")
    other_room.say("one by long-polling", name="小明")
    # Each sees the other before the talk is disturbed.
    for page in (room, other_room):
        wait_until(lambda: len(page.lines) == 2)
    room.watch_state()
    with Talker(site) as talker:
        for word in ("two", "three"):
            wait_until(lambda: room.state == other_room.state == "open")
            heard = len(talker.ids)
            wait_until(lambda: len(talker.ids) > heard + 5)
            kill(site)
            room.say(f"{word} by SSE")
            other_room.say(f"{word} by long-polling")
            for page in (room, other_room):
                wait_until(lambda: f"{word} by SSE" in page.texts, 20)
    count = len(talker.said) + 6
    messages = wait_until(
        lambda: len(kept(site)) >= count and kept(site), 20, "all messages")
    ids = [message["id"] for message in messages]
    assert len(ids) == len(set(ids)) == count
    for page in (room, other_room):
        wait_until(lambda: len(page.lines) >= count, 20, "the last message")
        assert page.ids == ids
        assert [line["text"] for line in page.lines
                if line["who"] == "curl"] == talker.said
        assert [line["text"] for line in page.lines
                if line["who"] == "Ada"] == [
                    "one by SSE", "two by SSE", "three by SSE"]
        assert [line["text"] for line in page.lines
                if line["who"] == "小明"] == [
                    "one by long-polling", "two by long-polling",
                    "three by long-polling"]
        wait_until(lambda: page.state == "open")
    # The stream was cut each time, and taken up again.
    assert room.states().count("open") >= 2
    # Both have come back by the approach that their readers chose.
    wait_until(lambda: site.get("/room").json["subscribers"]["sse"] == 1)
    wait_until(lambda: site.get("/room").json["subscribers"]["poll"] == 1)


@pytest.mark.parametrize("processes", [1, 3])
def test_a_change_of_transport_in_mid_talk_loses_and_repeats_nothing(
        start_site, chromium, processes):
    # With three, each request may reach another than the one before.
    site = start_site(max_procs=processes)
    ways = ["long-poll", "ws", "poll", "sse", "ws", "sse", "auto", "poll"]
    with Room(site, chromium) as room:
        with Talker(site, 80) as talker:
            for turn, way in enumerate(ways * 2, 1):
                room.use(way)
                wait_until(lambda: len(talker.ids) >= turn * 5)
        room.hears(*talker.said)
        assert room.ids == talker.ids


def test_streams_that_end_by_themselves_come_back_by_their_last_id(
        start_site, chromium):
    site = start_site(stream_life=0.3, retry=50)
    with Room(site, chromium, way="sse") as room:
        room.watch_state()
        with Talker(site, 100) as talker:
            talker.join(30)
        room.hears(*talker.said)
        assert room.ids == talker.ids
        # The browser came back by itself: no failure, and no poll knocked.
        states = room.states()
        assert states.count("connecting") >= 2
        assert set(states) == {"connecting", "open"}
        assert not any("/poll" in name for name in room.requests())


def test_a_network_that_goes_and_returns_costs_no_message(site, room):
    heard = []
    for way in ("sse", "long-poll", "ws", "poll", "auto"):
        room.use(way)
        room.wait_open()
        room.browser.go_offline(True)
        try:
            heard.append(f"{way} is away")
            curl(site, heard[-1])
            room.say(f"{way} says this when it is back")
        finally:
            room.browser.go_offline(False)
        heard.append(f"{way} says this when it is back")
        room.hears(*heard)
        room.wait_open()


def test_a_reload_keeps_the_talk_and_the_cursor(site, room):
    with Talker(site, 80) as talker:
        for turn in range(1, 5):
            wait_until(lambda: len(talker.ids) >= turn * 15)
            if turn == 3:
                room.use("long-poll")
            room.reload()
    # More than a new visitor is shown, none twice, none missing.
    room.hears(*talker.said)
    assert room.ids == talker.ids
    # It went on from the cursor: the server was not asked for history.
    asked = [name for name in room.requests() if "/earshot/" in name]
    assert asked and "after=" in asked[0]
    assert not any("last=" in name for name in asked)


def test_a_reload_keeps_name_transport_and_what_is_ones_own(room):
    room.say("hello", name="Ada")
    room.hears("hello")
    room.use("long-poll")
    room.reload()
    room.hears("hello")
    assert room.lines[0]["own"]
    assert room.find("#name").get_attribute("value") == "Ada"
    assert room.find('[value="long-poll"]').is_selected()


def test_what_is_said_while_the_program_hangs_is_said_once(site, room):
    pids = site.programs()
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        room.say("patience", name="Ada")
        wait_until(lambda: room.find("#pending").text.startswith("patience"))
        # The reload cuts the request, which may be carried out all the same.
        room.driver.refresh()
        wait_until(lambda: room.find("#pending").text.startswith("patience"))
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    room.hears("patience")
    wait_until(lambda: room.find("#pending").text == "")
    assert len(kept(site)) == 1


def test_a_new_visitor_sees_the_newest_messages(site, chromium):
    for text in numbered(60):
        say(site, "Ada", text)
    with Room(site, chromium) as room:
        room.hears(*numbered(60)[10:])


def test_a_cursor_that_is_not_known_any_more_is_told(site, room):
    say(site, "Ada", "kept")
    room.hears("kept")
    # A page without a script of its own, so that nothing is remembered anew.
    room.driver.get(f"{site.url}/icon.svg")
    room.browser.run("sessionStorage.setItem('earshot.room.room', "
                     """'{"cursor":"9-another","lines":[]}')""")
    room.driver.get(f"{site.url}/room.html")
    room.hears("kept")
    assert "no longer kept" in room.find(".remark").text


def test_rooms_are_apart_and_named_in_the_address(site, chromium):
    say(site, "Ada", "elsewhere", channel="attic")
    say(site, "Ada", "here")
    with Room(site, chromium, "?room=attic") as room:
        room.hears("elsewhere")
        assert room.find("#room").text == "attic"
        room.say("up here")
        room.hears("elsewhere", "up here")
    # The room's address of old.
    chromium.driver.get(f"{site.url}/?room=attic")
    wait_until(lambda: chromium.driver.current_url
               == f"{site.url}/room.html?room=attic")
    for name in ("a,b", "%3Cimg src=x%3E", "..", "x" * 200):
        with Room(site, chromium, f"?room={name}") as room:
            room.hears("here")
            assert room.find("#room").text == "room"
            assert room.find("#notice").is_displayed()


def test_html_of_others_stays_text(site, room):
    attacks = [
        "<img src=x onerror=\"window.ran = 1\">",
        "<script>window.ran = 1</script>",
        "<svg onload='window.ran = 1'>",
        "</p></li><iframe srcdoc='<script>parent.ran = 1</script>'>",
        "&lt;b&gt; <b>bold</b> javascript:alert(1)",
    ]
    for text in attacks:
        say(site, text, text)
    for text in attacks:
        curl(site, text)
    room.hears(*attacks, *attacks)
    assert [line["who"] for line in room.lines[:5]] \
        == [text[:40].strip() for text in attacks]
    # Also after it has been remembered and is drawn anew.
    room.reload()
    room.hears(*attacks, *attacks)
    assert room.browser.run("return window.ran") is None
    assert not room.browser.run(
        "return document.querySelector('#messages').querySelectorAll("
        "'img, script, svg, iframe, b').length")
    assert room.browser.console() == []


def test_a_publishers_event_names_confuse_nothing(site, room):
    for event in ("error", "open", "state", "lost", "message", "%E6%97%A5"):
        answer = site.post(f"/room?event={event}", b"not shown"
                           if event != "message" else b"shown")
        assert answer.status == 201
    curl(site, "the last")
    room.hears("shown", "the last")
    assert room.state == "open"
    assert not room.driver.find_elements("css selector", ".remark")
    assert room.browser.console() == []


def test_whatever_is_published_is_shown(site, room):
    curl(site, "from a shell")
    curl(site, "by a word", query="?from=ticker")
    site.post("/room", b'{"celsius": 21}',
              {"Content-Type": "application/json"})
    site.post("/room", b"not JSON", {"Content-Type": "application/json"})
    site.post("/room", bytes(1234), {"Content-Type": "image/png"})
    room.hears("from a shell", "by a word", '{"celsius":21}', '"not JSON"',
               "binary, 1,234 bytes")
    assert [line["who"] for line in room.lines] \
        == ["guest", "ticker", "guest", "guest", "guest"]


def test_a_refusal_is_told_and_the_text_given_back(room):
    # Too long for the server; the page would not have let it be typed.
    room.browser.run("document.querySelector('#text').value ="
                     " 'x'.repeat(70000)")
    room.find("#text").send_keys(Keys.ENTER)
    wait_until(lambda: room.find("#notice").is_displayed())
    assert room.find("#notice").text.startswith("Not sent: ")
    assert len(room.find("#text").get_attribute("value")) == 70000
    assert room.find("#pending").text == ""
    room.find("#text").clear()
    room.say("shorter")
    room.hears("shorter")
    assert not room.find("#notice").is_displayed()


REFUSING = """{
    const { fetch, EventSource } = window;
    window.fetch = (...request) => window.allowed ? fetch(...request)
        : Promise.resolve(new Response('{"error":"not from there"}',
                                       { status: 403 }));
    window.EventSource = class extends EventSource {
        constructor(address) {
            super(window.allowed ? address : "/nowhere");
        }
    };
}"""


def test_a_room_that_is_refused_says_why_and_comes_when_it_may(room):
    script = room.driver.execute_cdp_cmd(
        "Page.addScriptToEvaluateOnNewDocument", {"source": REFUSING})
    try:
        room.driver.refresh()
        wait_until(lambda: room.find("#notice").text == "not from there")
        assert room.state == "waiting"
        room.browser.run("window.allowed = true;"
                         "window.dispatchEvent(new Event('online'))")
        room.wait_open()
        assert not room.find("#notice").is_displayed()
    finally:
        room.driver.execute_cdp_cmd(
            "Page.removeScriptToEvaluateOnNewDocument", script)
