"""static/earshot.js in real Chromium, behind a real lighttpd."""

import time

import pytest
from client import Page, Site
from tap import Tap
from voices import Talker, curl, kept
from wait import wait_until

WAYS = ["ws", "sse", "long-poll", "poll"]


@pytest.fixture
def start_site(start_ws, directory, started):
    """start_site(option=value…) starts lighttpd with all behind it."""
    def start_site(websocket=True, **options):
        endpoint = start_ws(origin="*") if websocket else None
        site = Site(directory, endpoint, admin="anyone", **options)
        started.append(site)
        return site.start()
    return start_site


@pytest.fixture
def site(start_site):
    # lighttpd notices who went politely when a heartbeat cannot be sent.
    return start_site(heartbeat=0.5)


@pytest.fixture
def page(site, chromium):
    yield from pages_of(site, chromium)


def pages_of(site, browser):
    """A page; at its end nothing of it, nor of others, is left."""
    first = browser.driver.current_window_handle
    yield Page(browser, site)
    for window in browser.driver.window_handles:
        if window != first:
            browser.driver.switch_to.window(window)
            browser.driver.close()
    browser.driver.switch_to.window(first)
    browser.driver.get("about:blank")


@pytest.fixture
def tap(directory, site, started):
    tap = Tap(directory)
    started.append(tap)
    return tap.start(site.url)


def numbered(word, count):
    return [f"{word} {number}" for number in range(1, count + 1)]


def test_all_approaches_hear_the_same_200_messages_in_one_order(site, page):
    rooms = [page.enter(way, transport=way, interval=100).wait_open(way)
             for way in WAYS]
    with Talker(site, 40):
        for number in range(1, 41):
            for room in rooms:
                room.emit(f"{room.name} {number}")
    wait_until(lambda: len(kept(site)) == 200, 30, "200 messages")
    for room in rooms:
        room.hears_all(200)
    # Each tells its own from those of others, and keeps its order.
    for room in rooms:
        own = room.ask("room.heard.filter(({ own }) => own)"
                       ".map(({ data }) => data)")
        assert own == numbered(room.name, 40)


def test_without_being_told_it_takes_websocket(site, page):
    room = page.enter().wait_open("ws")
    assert room.ask("room.leading") is True
    assert room.ask("isSecureContext") is True
    room.emit("hello")
    room.hears_all(1)
    assert site.web_sockets() == 1
    # The message went over the socket: nothing was posted.
    asked = page.run("return performance.getEntriesByType('resource')"
                     ".map(({ name }) => name)")
    assert not any("/earshot/" in name for name in asked), asked


def test_a_change_of_transport_in_mid_stream_loses_and_repeats_nothing(
        site, page):
    room = page.enter(interval=50).wait_open()
    with Talker(site) as talker:
        for turn, way in enumerate((WAYS + ["auto"]) * 3, 1):
            room.use(way)
            room.emit(f"by {way}")
            wait_until(lambda: len(talker.ids) >= turn * 4)
    wait_until(lambda: len(kept(site)) == len(talker.ids) + 15)
    room.hears_all(len(talker.ids) + 15)


def restart_lighttpd(site):
    site.stop()
    site.start_again()


def kill_program(site):
    before = site.programs()
    site.kill_programs()
    wait_until(lambda: site.programs() and site.programs() != before, 15,
               "a new program")


def kill_endpoint(site):
    site.endpoint.kill()
    site.endpoint.start()


def stop_endpoint(site):
    site.endpoint.stop()
    site.endpoint.start()


@pytest.mark.parametrize("trouble", [
    restart_lighttpd, kill_program, kill_endpoint, stop_endpoint])
def test_trouble_at_the_server_costs_no_message(site, page, trouble):
    rooms = [page.enter(way, transport=way, interval=100, patience=3000)
             .wait_open() for way in WAYS + ["auto"]]
    with Talker(site) as talker:
        for turn in range(1, 4):
            heard = len(talker.ids)
            for room in rooms:
                room.emit(f"before {turn} by {room.name}")
            trouble(site)
            for room in rooms:
                room.emit(f"after {turn} by {room.name}")
            wait_until(lambda: len(talker.ids) > heard + 3, 20)
    count = len(talker.ids) + 30
    wait_until(lambda: len(kept(site)) == count, 30, "all messages")
    for room in rooms:
        room.hears_all(count)
        room.wait_open()


@pytest.mark.parametrize("way", WAYS)
def test_a_network_that_goes_and_returns_costs_no_message(
        site, page, tap, way):
    # Across origins: the relay is another one.
    url = tap.url("net") + "/earshot/room"
    room = page.enter(url=url, transport=way, interval=100, wait=1,
                      silence=1000, patience=1000).wait_open(way)
    for turn in range(3):
        room.emit(f"{way} {turn}")
        tap.cut("net", 300)
        curl(site, f"while away {turn}")
        room.emit(f"{way} while away {turn}")
    room.hears_all(9)
    room.wait_open(way)
    # A network that swallows everything tells nobody of it.
    tap.mute("net")
    curl(site, "swallowed")
    wait_until(lambda: room.ask("room.state") != "open", 15,
               "a doubt in the silence")
    tap.clear("net")
    room.hears_all(10)
    room.wait_open(way)


def test_a_browser_that_is_offline_catches_up_at_once(site, page):
    rooms = [page.enter(way, transport=way, retryMax=60000, retry=60000)
             .wait_open(way) for way in ("sse", "long-poll", "poll")]
    page.browser.go_offline(True)
    try:
        curl(site, "while away")
        time.sleep(0.5)
    finally:
        page.browser.go_offline(False)
    for room in rooms:
        room.hears_all(1)


def test_eventsource_comes_back_by_itself_with_its_last_id(
        start_site, directory, started, chromium):
    site = start_site(stream_life=0.4, retry=50)
    tap = Tap(directory)
    started.append(tap)
    tap.start(site.url)
    for page in pages_of(site, chromium):
        room = page.enter(url=tap.url("own") + "/earshot/room",
                          transport="sse").wait_open()
        with Talker(site, 60) as talker:
            talker.join(30)
        room.hears_all(60)

        def heads_so_far():
            return [record.bytes.decode() for record in tap.log_of("own")
                    if record.kind == "request"]
        wait_until(lambda: len(heads_so_far()) >= 3)
        heads = heads_so_far()
        # No poll knocked, and each stream but the first had its last id.
        assert all("/sse?" in head for head in heads)
        assert all("last-event-id: " in head.lower() for head in heads[1:])
        assert {state for _, state, _ in room.told} == {"connecting", "open"}


def test_a_site_without_websocket_is_followed_by_sse(start_site, chromium):
    site = start_site(websocket=False)
    for page in pages_of(site, chromium):
        room = page.enter().wait_open("sse")
        room.emit("hello")
        room.hears_all(1)
        # A server that refuses a socket is no trouble to the reader.
        assert "waiting" not in [state for _, state, _ in room.told]


def test_a_proxy_that_buffers_leaves_long_polling(site, page, tap):
    page.run("delete window.WebSocket")
    url = tap.url("proxy", "buffer") + "/earshot/room"
    room = page.enter(url=url, opening=500).wait_open("long-poll")
    room.emit("hello")
    room.hears_all(1)
    assert ("sse", "connecting") in [news[:2] for news in room.told] \
        or room.told[0][0] == "long-poll"


def test_a_better_transport_is_taken_up_when_it_works_again(site, page):
    site.endpoint.stop()
    room = page.enter(better=500).wait_open("sse")
    site.endpoint.start()
    with Talker(site, 40) as talker:
        talker.join(30)
    room.wait_open("ws")
    room.hears_all(40)


def test_another_sites_url_works_for_everything(site, page, tap):
    for way in WAYS:
        url = tap.url(way) + "/earshot/room"
        room = page.enter(way, url=url, transport=way,
                          interval=100).wait_open(way)
        room.emit(f"by {way}")
    for way in WAYS:
        wait_until(lambda: f"by {way}" in page.run(
            "return rooms[arguments[0]].heard.map(({ data }) => data)", way))


def test_bytes_json_and_text_come_back_as_they_were(page):
    for way in WAYS:
        page.enter(way, transport=way, interval=50).wait_open(way)
    got = page.run("""
        const done = Promise.all(Object.values(rooms).map((room) =>
            new Promise((resolve) => {
                const got = [];
                room.on("thing", (data) => {
                    got.push(data instanceof Uint8Array
                        ? ["bytes", [...data]] : data);
                    got.length === 4 && resolve(got);
                });
            })));
        const { ws } = rooms;
        ws.emit("thing", new Uint8Array([0, 255, 13, 10]));
        ws.emit("thing", { a: [1, null, "\\u0000 \\u{1F600}"] });
        ws.emit("thing", "line\\r\\nline");
        ws.emit("thing");
        return done;""")
    assert got == [[["bytes", [0, 255, 13, 10]],
                    {"a": [1, None, "\0 \U0001F600"]},
                    "line\r\nline", ""]] * 4


def test_a_refusal_over_the_socket_says_what_to_change(page):
    room = page.enter().wait_open("ws")
    refused = room.ask("""room.emit("message", "x".repeat(70000)).catch(
        ({ message, status, code }) => ({ message, status, code }))""")
    assert refused["status"] == 413 and "65536" in refused["message"]
    room.wait_open("ws")
    assert room.ask("room.emit('message', 'small')")
    room.hears_all(1)


# Tabs -----------------------------------------------------------------------

def tabs(page, count, way, url="/earshot/room", **options):
    """So many windows, each with a room in it."""
    rooms = [page.enter(url=url, **way, **options).wait_open()]
    while len(rooms) < count:
        another = Page(page.browser, page.site, new="tab")
        rooms.append(another.enter(url=url, **way, **options).wait_open())
    return rooms


def leaders(rooms):
    return [room for room in rooms if room.ask("room.leading")]


def connections(site):
    return {"ws": site.web_sockets(), "sse": site.event_streams()}


@pytest.mark.parametrize("count", [2, 10])
@pytest.mark.parametrize("way", ["auto", "sse"])
def test_so_many_tabs_have_one_connection(site, page, count, way):
    rooms = tabs(page, count, {"transport": way})
    expected = {"ws": int(way == "auto"), "sse": int(way == "sse")}
    assert connections(site) == expected
    assert len(leaders(rooms)) == 1
    with Talker(site, 60) as talker:
        for number in range(1, 6):
            for room in rooms:
                room.emit(f"tab {rooms.index(room)} {number}")
    total = 60 + count * 5
    wait_until(lambda: len(kept(site)) == total, 30)
    for number, room in enumerate(rooms):
        room.hears_all(total)
        own = room.ask("room.heard.filter(({ own }) => own)"
                       ".map(({ data }) => data)")
        assert own == numbered(f"tab {number}", 5)
    assert len(talker.ids) == 60
    assert connections(site) == expected


def close(room):
    room.page.close()


def leave(room):
    room.page.run("location.href = 'about:blank'")


def put_away(room):
    """The browser freezes the page."""
    room.page.run("")
    room.page.browser.driver.execute_cdp_cmd(
        "Page.setWebLifecycleState", {"state": "frozen"})


@pytest.mark.parametrize("end", [close, leave, put_away])
@pytest.mark.parametrize("way", ["auto", "sse"])
def test_when_the_leader_goes_another_tab_leads(site, page, end, way):
    spare = Page(page.browser, site, new="tab")
    rooms = tabs(spare, 4, {"transport": way})
    with Talker(site) as talker:
        while len(rooms) > 1:
            leader, = leaders(rooms)
            heard = len(talker.ids)
            wait_until(lambda: len(talker.ids) > heard + 3)
            rooms.remove(leader)
            end(leader)
            page.run("")    # to a window that lives
            wait_until(lambda: len(leaders(rooms)) == 1, 10, "a new leader")
            wait_until(lambda: len(talker.ids) > heard + 8)
    for room in rooms:
        room.hears_all(len(talker.ids))
        room.wait_open()
    wait_until(lambda: sum(connections(site).values()) == 1)


def test_a_tab_that_comes_with_an_older_cursor_gets_what_it_lacks(site, page):
    first, = tabs(page, 1, {})
    for number in range(1, 31):
        curl(site, str(number))
    first.hears_all(30)
    cursor = first.ids[9]
    with Talker(site, 30):
        other = Page(page.browser, site, new="tab").enter(after=cursor)
        last = Page(page.browser, site, new="tab").enter(last=5)
    first.hears_all(60)
    other.hears_all(since=10)
    ids = last.ids
    assert ids == first.ids[-len(ids):] and len(ids) >= 5
    assert connections(site) == {"ws": 1, "sse": 0}


def test_tabs_that_ask_for_different_transports_do_not_share(site, page):
    one, = tabs(page, 1, {"transport": "ws"})
    other = Page(page.browser, site, new="tab").enter(
        transport="sse").wait_open("sse")
    alone = Page(page.browser, site, new="tab").enter(
        transport="ws", share=False).wait_open("ws")
    assert connections(site) == {"ws": 2, "sse": 1}
    assert len(leaders([one, other, alone])) == 3
    other.use("ws")
    other.wait_open("ws")
    wait_until(lambda: connections(site) == {"ws": 2, "sse": 0})
    curl(site, "hello")
    for room in (one, other, alone):
        room.hears_all(1)


def test_a_reload_of_the_leader_is_no_matter(site, page):
    first, other = tabs(page, 2, {})
    assert leaders([first, other]) == [first]
    with Talker(site) as talker:
        for turn in range(1, 4):
            cursor = first.ask("room.cursor")
            page.run("")
            page.browser.driver.refresh()
            page.wait_ready()
            first = page.enter(after=cursor).wait_open()
            wait_until(lambda: len(talker.ids) > turn * 6)
            assert leaders([first, other]) == [other]
    other.hears_all(len(talker.ids))
    ids = [message["id"] for message in kept(site)]
    wait_until(lambda: first.ids == ids[ids.index(cursor) + 1:])
    assert connections(site) == {"ws": 1, "sse": 0}


def test_tabs_of_a_quiet_site_ask_nothing(site, page):
    rooms = tabs(page, 3, {})
    before = site.get("/-/status").json["requests"]
    time.sleep(3)
    # This question alone.
    assert site.get("/-/status").json["requests"] - before == 1
    assert [room.told[-1][:2] for room in rooms] == [("ws", "open")] * 3


def test_nothing_is_written_to_the_console(site, page):
    page.browser.console()
    rooms = tabs(page, 2, {})
    curl(site, "hello")
    for room in rooms:
        room.hears_all(1)
    assert page.browser.console() == []
