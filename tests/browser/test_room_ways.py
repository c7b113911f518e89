"""The ways to the room: WebSocket, the choice of the best that works, and
what becomes of it when one of them goes."""

from room import PAGES, Room
from selenium.webdriver.common.by import By
from test_room import kill
from voices import Talker, curl, kept, say
from wait import wait_until


def test_the_best_way_is_taken_and_named(site, chromium):
    with Room(site, chromium) as room:
        room.wait_open("WebSocket")
        assert room.find('[value="auto"]').is_selected()
        say(site, "Ada", "hello")
        room.hears("hello")
        wait_until(lambda: site.get("/room").json["subscribers"]["ws"] == 1)
        # What it says itself goes the same way.
        room.say("and back")
        room.hears("hello", "and back")
        assert not [name for name in room.requests()
                    if name.endswith("/earshot/room?from=")]
        room.use("sse")
        room.wait_open("SSE")
        room.reload()
        room.wait_open("SSE")
        assert room.browser.console() == []


def test_without_a_websocket_endpoint_the_next_best_is_taken(
        start_lighttpd, chromium):
    site = start_lighttpd(pages=PAGES)
    with Room(site, chromium) as room:
        room.wait_open("SSE")
        room.say("hello")
        room.hears("hello")


def test_a_talk_by_websocket_outlives_both_programs(site, room, other_room):
    room.use("ws")
    room.wait_open("WebSocket")
    with Talker(site) as talker:
        for turn in range(3):
            heard = len(talker.ids)
            wait_until(lambda: len(talker.ids) > heard + 5)
            if turn % 2:
                kill(site)
            else:
                site.endpoint.kill()
                room.say(f"while it is away {turn}")
                site.endpoint.start()
            room.wait_open()
    messages = wait_until(lambda: len(kept(site)) == len(talker.said) + 2
                          and kept(site), 20)
    ids = [message["id"] for message in messages]
    for page in (room, other_room):
        wait_until(lambda: len(page.lines) >= len(ids), 30)
        assert page.ids == ids
    room.wait_open("WebSocket")


def test_the_tabs_of_a_browser_share_one_connection(site, chromium):
    driver = chromium.driver
    with Room(site, chromium) as room:
        room.wait_open("WebSocket")
        first = driver.current_window_handle
        driver.switch_to.new_window("tab")
        try:
            driver.get(f"{site.url}/room.html")
            room.wait_open("WebSocket")
            room.say("from the second", name="Ada")
            room.hears("from the second")
            assert room.lines[0]["own"]
            driver.switch_to.window(first)
            curl(site, "to both")
            room.hears("from the second", "to both")
            assert not room.lines[0]["own"]
            assert site.get("/room").json["subscribers"]["ws"] == 1
        finally:
            for handle in driver.window_handles:
                if handle != first:
                    driver.switch_to.window(handle)
                    driver.close()
            driver.switch_to.window(first)


def test_a_choice_that_is_not_known_any_more_is_forgotten(site, chromium):
    with Room(site, chromium, way="carrier-pigeon") as room:
        room.wait_open("WebSocket")
        assert room.driver.find_element(
            By.CSS_SELECTOR, "[name=transport]:checked") \
            .get_attribute("value") == "auto"
