"""The front page in real Chromium: all that ./demo starts is behind it."""

import re

import npm
import pytest
from lab import LANES, Lab
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from wait import holds_for, wait_until
from whole import WholeSite


@pytest.fixture
def whole(directory, started):
    """What ./demo starts."""
    site = WholeSite(directory)
    started.append(site)
    return site.start()


@pytest.fixture
def lab(whole, chromium):
    with Lab(whole, chromium) as lab:
        yield lab


def say(site, text, channel="lab"):
    answer = site.post(f"/{channel}", text.encode(),
                       {"Content-Type": "text/plain"})
    assert answer.status == 201, (answer.status, answer.body)
    return answer.json["id"]


def tap_of(site):
    return site.others[-1]


def followers(site, channel="lab"):
    """How many follow the channel, by transport."""
    return site.get(f"/{channel}").json["subscribers"]


# The lanes. -----------------------------------------------------------------


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
    websocket = whole.others[0]
    whole.kill_programs()
    websocket.kill()

    def said():
        answer = whole.post("/lab", b"after the kill")
        return answer.json["id"] if answer.status == 201 else None
    first = wait_until(said, 15, "lighttpd's new program")
    wait_until(lambda: lab.state("ws") == "broken", 10)
    websocket.start()
    lab.hears(heard + [first], 40)
    lab.wait_open()
    lab.hears(heard + [first, say(whole, "all is well")])


# Wrong ways, switched on in the room. ---------------------------------------


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


# The experiments. -----------------------------------------------------------


def number(text):
    """The number a bar says: 842 ms, 1.8 s, 8.4 kB, 3 of 12…"""
    value, unit = re.match(r"([\d.]+) ?(\w*)", text).groups()
    return float(value) * {"s": 1000, "kB": 1000}.get(unit, 1)


def test_polling_is_late_by_half_its_interval(lab):
    verdict, bars = lab.experiment("late", 0)
    assert verdict.startswith("You said 0 ms. It was ")
    poll, *others = map(number, bars)
    assert 400 < poll < 2700
    assert max(others) < poll / 2


def test_long_polling_asks_as_often_as_there_are_messages(lab):
    verdict, bars = lab.experiment("requests", 12)
    assert "Well judged" in verdict
    poll, long_poll, sse, ws = map(number, bars)
    assert 8 <= poll <= 16 and 10 <= long_poll <= 14
    assert sse == ws == 1


def test_headers_are_most_of_what_polls_cost(lab):
    verdict, bars = lab.experiment("bytes", 2)  # a power of ten
    assert verdict.startswith("You said 100 B. It was ")
    poll, long_poll, sse, ws = map(number, bars)
    assert min(poll, long_poll) > 2 * max(sse, ws)
    assert min(sse, ws) > 100


def test_a_cut_costs_nobody_a_message(lab):
    verdict, bars = lab.experiment("cut", 0)
    assert "Well judged" in verdict
    assert all(bar.startswith("0 lost") for bar in bars), bars


def test_a_slow_reader_gets_everything_late_and_alone(lab):
    verdict, (quick, slow) = lab.experiment("slow", "late")
    assert verdict.startswith("As you said")
    assert quick.startswith("20 of 20") and slow.startswith("20 of 20")


def test_without_a_cursor_a_cut_costs_messages(lab):
    _, bars = lab.experiment("no-cursor", 12)
    poll, _, sse, ws, right = map(number, bars)
    assert poll == 12
    assert sse >= 3 and ws >= 3
    assert right == 0


def test_behind_a_buffering_proxy_sse_is_silent(lab):
    verdict, bars = lab.experiment("buffering", "all")
    assert verdict == "Not as you said. It was: " \
        "Nothing by SSE; long-polling works"
    assert bars == ["5 of 5", "0 of 5", "5 of 5"]


def test_without_a_heartbeat_a_silent_stream_is_cut(lab):
    verdict, (beat, none) = lab.experiment("no-heartbeat", "late", 90)
    assert verdict.startswith("As you said"), (verdict, beat, none)
    assert number(beat) < number(none)


def test_a_foreign_page_reads_only_where_origin_is_not_checked(lab):
    verdict, bars = lab.experiment("no-origin", "socket")
    assert verdict.startswith("As you said"), (verdict, bars)
    assert bars == ["3 of 3 read", "0 of 3 read", "0 of 3 read"]
    # The browser says in its console what it has refused; ours is clean.
    assert all("foreign.localhost" in line or "foreign" in line
               for line in lab.browser.console())


def test_the_seventh_tab_stalls_and_both_cures_help(lab):
    verdict, bars = lab.experiment("seventh", "nothing")
    assert verdict.startswith("As you said"), (verdict, bars)
    assert bars == ["6 of 7 heard it", "7 of 7 heard it", "7 of 7 heard it"]


def test_an_experiment_borrows_the_rooms_connections_and_returns_them(
        whole, lab):
    card = lab.find("#late")
    lab.browser.run("arguments[0].open = true", card)
    card.find_element(By.CSS_SELECTOR, "[type=submit]").click()
    wait_until(lambda: lab.state("sse") == "resting", 5)
    wait_until(lambda: sum(followers(whole).values()) == 0, 10,
               "the room's release")
    # A page that is hidden ends its experiment; seen again, the room lives.
    lab.driver.switch_to.new_window("tab")
    lab.driver.close()
    lab.driver.switch_to.window(lab.driver.window_handles[0])
    wait_until(lambda: "stopped" in card.text, 10)
    lab.wait_open()


# Tabs. ----------------------------------------------------------------------


def test_three_open_tabs_all_work_since_hidden_ones_let_go(whole, chromium):
    driver = chromium.driver
    first = driver.current_window_handle
    handles = [first]
    try:
        lab = Lab(whole, chromium)
        for _ in range(2):
            driver.switch_to.new_window("tab")
            handles.append(driver.current_window_handle)
            lab.open()
        for handle in handles * 2:
            driver.switch_to.window(handle)
            lab.wait_open()
            before = [len(order) for order in lab.orders()]
            say(whole, "to who looks")
            wait_until(lambda: all(
                len(order) > count for order, count
                in zip(lab.orders(), before)), 15, "a message in each lane")
            # Only the tab that is seen follows.
            wait_until(lambda: followers(whole)["sse"] == 1
                       and followers(whole)["ws"] == 1, 10)
    finally:
        for handle in handles[1:]:
            driver.switch_to.window(handle)
            driver.close()
        driver.switch_to.window(first)
        driver.get("about:blank")


def test_three_windows_side_by_side_take_turns(whole, chromium):
    driver = chromium.driver
    handles = [driver.current_window_handle]

    def rests():
        lab.driver.switch_to.window(handles[0])
        return lab.find("#rests").is_displayed()

    try:
        lab = Lab(whole, chromium)
        for _ in range(2):
            driver.switch_to.new_window("window")
            handles.append(driver.current_window_handle)
            lab.open()
        wait_until(rests, 10, "the first window's rest")
        assert lab.state("sse") == "resting"
        wait_until(lambda: followers(whole)["sse"] == 2, 10)
        # Whoever comes back to it has it live.
        lab.browser.run("window.dispatchEvent(new Event('focus'))")
        lab.wait_open()
        assert not rests()
        wait_until(lambda: followers(whole)["sse"] == 2, 10)
    finally:
        for handle in handles[1:]:
            driver.switch_to.window(handle)
            driver.close()
        driver.switch_to.window(handles[0])
        driver.get("about:blank")


def test_a_hidden_tab_holds_no_connection(whole, lab):
    wait_until(lambda: followers(whole)["ws"] == 1, 5)
    lab.driver.switch_to.new_window("tab")
    try:
        wait_until(lambda: sum(followers(whole).values()) == 0, 10,
                   "the release")
    finally:
        lab.driver.close()
        lab.driver.switch_to.window(lab.driver.window_handles[0])
    lab.wait_open()


# The page. ------------------------------------------------------------------


def test_both_languages_are_whole_and_without_a_console_error(lab):
    lab.publish("hello")
    for language, title, published in (
            ("en", "Three ways, one room", "Published"),
            ("zh-CN", "三种方式，一个房间", "发布")):
        assert lab.find("html").get_attribute("lang") == language
        assert lab.find("h1").text == title
        assert lab.find("#stage .head p").text == published
        assert title in lab.driver.title
        for button in lab.all("#stage .act"):
            name = button.get_attribute("aria-label")
            assert name.startswith({"en": ("Cut", "Slow"),
                                    "zh-CN": ("断开", "Poll", "轮询", "长轮询",
                                              "SSE", "WebSocket")}[language])
        lab.find("#language").click()
    assert lab.find("html").get_attribute("lang") == "en"
    assert lab.browser.console() == []


def test_a_phone_needs_no_sideways_scrolling(lab):
    try:
        for width in (360, 390, 768):
            lab.browser.size(width, 800)
            for _ in range(2):
                lab.find("#language").click()
                assert lab.browser.run(
                    "return document.documentElement.scrollWidth") <= width
            # The drawing is as wide as it can be, and sharp.
            box, drawn = lab.browser.run("""
                const canvas = document.querySelector("#stage .strip");
                return [canvas.clientWidth * devicePixelRatio,
                        canvas.width];""")
            wait_until(lambda: abs(box - lab.browser.run(
                "return document.querySelector('#stage .strip').width"))
                <= 1, 5)
            assert box > width * 0.3
    finally:
        lab.browser.usual_size()


def test_the_keyboard_is_enough(whole, lab):
    lab.quiet()
    field = lab.find("#words")
    field.clear()
    field.send_keys("by Enter", Keys.ENTER)
    wait_until(lambda: "by Enter" in lab.find("#summary").text, 15)
    # The arrows move the sliders, and their texts follow.
    rate = lab.find("#rate")
    rate.send_keys(Keys.ARROW_RIGHT)
    assert rate.get_attribute("aria-valuetext") == "every 5 s"
    rate.send_keys(Keys.ARROW_LEFT)
    # Every lane can be cut without a mouse.
    lab.all('#stage [data-lane="ws"] .act')[0].send_keys(Keys.ENTER)
    wait_until(lambda: lab.inside()["ws"]["track"]["breaks"], 5)
    lab.wait_open()
    summary = lab.find("#late summary")
    summary.send_keys(Keys.ENTER)
    assert lab.find("#late form").is_displayed()


def test_the_drawing_can_be_held(lab):
    lab.find("#hold").click()
    assert lab.find("#hold").get_attribute("aria-pressed") == "true"
    picture = "return document.querySelector('#stage .axis').parentNode" \
        ".parentNode.querySelector('.strip').toDataURL()"
    held = lab.browser.run(picture)
    holds_for(lambda: lab.browser.run(picture) == held, 0.6, "stillness")
    lab.find("#hold").click()
    wait_until(lambda: lab.browser.run(picture) != held, 5, "motion")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_where_all_is_unfolded(lab, scheme):
    lab.browser.prefer(scheme)
    try:
        lab.experiment("slow", "lost")
        lab.browser.run("""
            for (const one of document.querySelectorAll("details")) {
                one.removeAttribute("name");
                one.open = true;
            }""")
        wait_until(lambda: lab.texts("#wire pre"), 5)
        axe = npm.node_modules() / "axe-core/axe.min.js"
        lab.browser.run(axe.read_text("utf-8"))
        passes, violations = lab.driver.execute_async_script("""
            axe.run().then(({ passes, violations }) => arguments[0]([
                passes.length, violations.map(({ id, nodes }) =>
                    [id, nodes[0].html.slice(0, 200)])]))""")
        assert passes > 10
        assert violations == []
    finally:
        lab.browser.prefer("")


def tip(lab):
    """What the pointer finds among the WebSocket's messages: the newest."""
    return lab.browser.run("""
        const strip = document.querySelector('#stage [data-lane=ws] .strip');
        const tip = document.querySelector("#stage .tip");
        return (async () => {
            for (let x = strip.clientWidth - 14; x > 0; x -= 6) {
                strip.dispatchEvent(new PointerEvent("pointermove", {
                    clientX: strip.getBoundingClientRect().left + x }));
                await new Promise((drawn) => setTimeout(drawn, 80));
                if (!tip.hidden) {
                    return tip.innerText;
                }
            }
        })();""")


def test_the_pointer_reads_the_drawing(lab):
    wait_until(lambda: len(lab.orders()[3]) >= 2, 15)
    lab.find("#hold").click()
    # Slowly from the newest to the older: somewhere there is a message.
    found = tip(lab)
    assert re.fullmatch(r"“\d+”, [\d.]+ m?s late", found), found


def test_html_in_messages_stays_text(whole, lab):
    attack = "<img src=x onerror=\"window.ran = 1\"><b>bold</b>"
    lab.quiet()
    lab.find("#as-table summary").click()
    lab.publish(attack)
    wait_until(lambda: attack in lab.find("#summary").text, 15)
    wait_until(lambda: any(attack in text
                           for text in lab.texts("#table-body th")), 5)
    assert lab.browser.run("return window.ran") is None
    assert lab.all("main img, main b") == []
    assert lab.browser.console() == []


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


def test_a_refusal_to_publish_is_told(directory, started, chromium):
    site = WholeSite(directory, publish="none")
    started.append(site)
    with Lab(site.start(), chromium) as lab:
        lab.publish("may I?")
        wait_until(lambda: lab.find("#summary").text
                   .startswith("Not published: "), 5)


def test_without_a_tap_the_page_works_and_says_that_it_computes(
        site, chromium):
    with Lab(site, chromium, LANES[:3]) as lab:
        lab.quiet()
        before = lab.orders()[0]
        said = [say(site, f"message {count}") for count in range(5)]
        lab.hears(before + said)
        assert lab.browser.run(
            "return document.querySelector('#computed').hidden") is False
        assert lab.browser.run(
            "return document.querySelector('#measured-tap').hidden") is True
        lanes = lab.inside()
        for key in LANES[:3]:
            assert all(lanes[key]["tally"].values()), lanes[key]
        assert lanes["sse"]["tally"]["requests"] == 1
        # A cut is made by the page itself.
        lab.act("sse", 0)
        wait_until(lambda: lab.state("sse") == "broken", 5)
        missed = say(site, "meanwhile")
        lab.hears(before + said + [missed])
        # What needs the tap says so.
        assert "./demo" in lab.texts("#buffering [role=status]")[0]
        assert not lab.find("#buffering [type=submit]").is_enabled()


class OutOfReach(WholeSite):
    """Its tap is asked, but the relay takes no page from there: as when the
    page comes through a tunnel."""
    origins = "http://another.example"


def test_a_relay_out_of_reach_is_as_good_as_none(
        directory, started, chromium):
    site = OutOfReach(directory)
    started.append(site)
    with Lab(site.start(), chromium) as lab:
        said = say(site, "hello")
        wait_until(lambda: all(said in order for order in lab.orders()), 15)
        assert lab.browser.run(
            "return document.querySelector('#computed').hidden") is False


def test_nothing_is_loaded_from_elsewhere(whole, lab):
    names = lab.browser.run("return performance.getEntriesByType('resource')"
                            ".map(({ name }) => name)")
    relay = tap_of(whole).relay_url
    assert any(name.startswith(relay) for name in names)
    assert all(name.startswith((f"{whole.url}/", f"{relay}/"))
               for name in names), names
    policy = lab.find("[http-equiv=Content-Security-Policy]") \
        .get_attribute("content")
    assert "default-src 'none'" in policy and "unsafe" not in policy


# What has not come, and what others have said. ------------------------------

RUN = """
const [file, id, heard, done] = arguments;
const lane = (key, transport = key) => ({ key, transport, state: "broken",
    tally: {}, track: { breaks: [] }, slow: () => {}, cut: () => {} });
const lanes = { late: ["poll", "long-poll", "sse", "ws"],
    cut: ["poll", "long-poll", "sse", "ws"], slow: ["quick", "slow"],
    "no-heartbeat": ["beat", "none"] }[id].map((key) => lane(key));
const stage = { lanes, delays: (key) => heard[key] ?? [] };
const bench = { stage, open: () => stage, publish: () => ["1"],
    all: () => false, until: () => true, sleep: () => {},
    heard: ({ key }) => heard[key] ?? [] };
import(new URL(`lab/${file}.js`, location).href)
    .then((all) => (all.guesses ?? all.wrongs).find((one) => one.id === id))
    .then((experiment) => experiment.run(bench))
    .then(({ value, bars }) => done([value,
        ...bars.map(({ text }) => Array.isArray(text) ? text[0] : text)]))
    .catch((error) => done(error.message));
"""


def outcome(chromium, file, name, **heard):
    """What an experiment says when its lanes have heard just this."""
    return chromium.driver.execute_async_script(RUN, file, name, heard)


@pytest.fixture
def resting(site, chromium):
    """The page's modules, without a room."""
    chromium.driver.get(f"{site.url}/which.html")
    return chromium


def test_what_never_came_is_not_shown_as_quick(resting):
    assert outcome(resting, "wrongs", "no-heartbeat", beat=[3]) \
        == ["late", "3 ms", "not within 15 s"]
    assert outcome(resting, "wrongs", "no-heartbeat", none=[3]) \
        == "the message did not come with a heartbeat"
    assert outcome(resting, "guesses", "late", poll=[900], sse=[2]) \
        == [900, "900 ms", "–", "2 ms", "–"]
    assert outcome(resting, "guesses", "late", sse=[2]) \
        == "polling has brought nothing"
    assert outcome(resting, "guesses", "cut", sse=[70])[1:4:2] \
        == ["12 lost, – late at most", "11 lost, 70 ms late at most"]
    assert outcome(resting, "guesses", "slow", quick=[8] * 20) \
        == ["lost", "20 of 20, the last 8 ms late",
            "0 of 20, the last – late"]


def test_ticks_in_messages_stay(whole, lab):
    lab.quiet()
    lab.publish("a `b` c")
    wait_until(lambda: "“a `b` c” arrived after" in lab.find("#summary").text,
               15)
    assert lab.all("#summary code") == []
    lab.find("#hold").click()
    wait_until(lambda: "“a `b` c”, " in (tip(lab) or ""), 20)
    assert lab.all("#stage .tip code") == []


def test_what_is_said_of_heartbeats_and_cookies_holds(resting):
    words = resting.driver.execute_async_script("""
        const done = arguments[0];
        import(new URL("lab/wrongs.js", location).href).then(({ wrongs }) =>
            done(Object.fromEntries(wrongs.map(({ id, run }) =>
                [id, String(run)]))));""")
    # No browser shows comments or Pings to a script.
    assert "no browser shows" in words["no-heartbeat"]
    assert "tells the client" not in words["no-heartbeat"]
    assert words["no-origin"].count("SameSite") == 2
