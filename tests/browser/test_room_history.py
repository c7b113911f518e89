"""What the room shows besides the talk at hand: who is here, and what was
said before."""

import json

from room import Room
from voices import curl, numbered, say
from wait import wait_until

def here(room):
    """How many are here, by approach, as the page shows it."""
    return room.browser.run("""
        return Object.fromEntries(
            [...document.querySelectorAll("#here li")]
                .filter((one) => one.checkVisibility())
                .map((one) => [one.dataset.counts,
                    Number(one.querySelector(".count").textContent)]));""")


def earlier(room):
    button = room.find("#earlier")
    wait_until(button.is_displayed, 10, "a way to earlier messages")
    before = len(room.lines)
    room.browser.run("document.querySelector('#scroller').scrollTop = 0")
    button.click()
    wait_until(lambda: len(room.lines) > before
               or not button.is_displayed(), 10)


def test_earlier_messages_come_page_by_page_down_to_the_first(
        site, chromium):
    for text in numbered(170):
        say(site, "Ada", text)
    with Room(site, chromium) as room:
        room.hears(*numbered(170)[120:])
        earlier(room)
        assert room.texts == numbered(170)[70:]
        earlier(room)
        assert room.texts == numbered(170)[20:]
        # What is said meanwhile comes to its end, and nothing goes.
        say(site, "Grace", "new")
        wait_until(lambda: room.texts[-1] == "new")
        earlier(room)
        room.hears(*numbered(170), "new")
        assert not room.find("#earlier").is_displayed()
        # Each speaker is named once, as if all had come together.
        assert room.browser.run(
            "return document.querySelectorAll('.message:not(.more)').length") \
            == 2
        room.reload()
        room.hears(*numbered(170), "new")
        assert room.browser.console() == []


def test_the_reader_stays_where_he_is_when_earlier_messages_come(
        site, chromium):
    for text in numbered(120):
        say(site, "Ada", text)
    place = """
        const first = [...document.querySelectorAll(".message")]
            .find((one) => one.textContent.includes(arguments[0]));
        return first.querySelector("p").getBoundingClientRect().top;"""
    with Room(site, chromium) as room:
        room.hears(*numbered(120)[70:])
        wait_until(room.find("#earlier").is_displayed)
        room.browser.run("document.querySelector('#scroller').scrollTop = 0")
        before = room.browser.run(place, "71")
        earlier(room)
        assert abs(room.browser.run(place, "71") - before) < 3
        # Not read out as news: they are outside of the log.
        assert room.browser.run(
            "return document.querySelectorAll('[role=log] .message').length") \
            == 50


def test_events_that_the_room_does_not_show_hide_no_earlier_message(
        site, chromium):
    say(site, "Ada", "long ago")
    lines = b"".join(json.dumps({"event": "other", "data": str(n)}).encode()
                     + b"\n" for n in range(300))
    assert site.post("/room", lines,
                     {"Content-Type": "application/x-ndjson"}).status == 201
    with Room(site, chromium) as room:
        assert room.lines == []
        say(site, "Ada", "now")
        room.hears("now")
        room.reload()
        earlier(room)
        room.hears("long ago", "now")
        # And where only such events lie before, it says so by going away.
    assert site.post("/attic?event=other", b"x").status == 201
    say(site, "Ada", "first", channel="attic")
    with Room(site, chromium, "?room=attic") as room:
        room.hears("first")
        earlier(room)
        room.hears("first")
        assert not room.find("#earlier").is_displayed()


def test_a_short_talk_offers_nothing_earlier(site, room):
    say(site, "Ada", "one")
    room.hears("one")
    wait_until(lambda: here(room))
    room.reload()
    wait_until(lambda: here(room))
    assert not room.find("#earlier").is_displayed()


def test_who_is_here_is_counted_by_approach(site, room, other_room):
    wait_until(lambda: here(room) == {"sse": 1, "poll": 1}, 15)
    # The web server takes some seconds to tell that the stream has ended.
    room.use("long-poll")
    wait_until(lambda: here(room) == {"poll": 2}, 30)


def test_a_page_that_nobody_sees_asks_for_nobody(site, room):
    wait_until(lambda: here(room))
    count = """return performance.getEntriesByType("resource")
        .filter(({ name }) => name.endsWith("/earshot/room")).length"""
    room.driver.minimize_window()
    try:
        wait_until(lambda: room.browser.run("return document.hidden"))
        before = room.browser.run(count)
        curl(site, "heard all the same")
        room.hears("heard all the same")
        # Longer than between two looks of a page that is seen.
        room.driver.set_script_timeout(20)
        room.driver.execute_async_script("setTimeout(arguments[0], 7000)")
        assert room.browser.run(count) == before
    finally:
        room.driver.maximize_window()
    wait_until(lambda: room.browser.run(count) > before, 10)
