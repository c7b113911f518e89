"""The room as a page: words, keyboard, widths, colours, scrolling."""

import contextlib
import sqlite3

from selenium.webdriver.common.keys import Keys
from voices import numbered, say
from wait import wait_until


WORDS = """
const shown = [...document.querySelectorAll("body *")].filter((one) =>
    one.checkVisibility() && [...one.childNodes].some((node) =>
        node.nodeType === 3 && node.data.trim()));
const those = (name) => [...document.querySelectorAll(`[data-zh-${name}]`)]
    .map((one) => one.getAttribute(name));
return [document.title, ...shown.map((one) => one.textContent),
    ...those("aria-label"), ...those("placeholder")];
"""


def test_both_languages_are_whole_and_without_a_console_error(site, room):
    room.say("hello", name="")
    room.hears("hello")
    wait_until(lambda: room.find("#cursor").text.startswith("1-")
               and room.find("#here").text)
    words = {}
    for language in ("en", "zh-CN"):
        assert room.find("html").get_attribute("lang") == language
        words[language] = room.browser.run(WORDS)
        assert all(words[language])
        assert "undefined" not in " ".join(words[language])
        who = room.lines[0]["who"]
        assert who == {"en": "guest", "zh-CN": "访客"}[language]
        room.find("#language").click()
    # Nothing is left in the other language but names and what was said.
    same = set(words["en"]) & set(words["zh-CN"])
    said = {room.lines[0]["text"], room.find("#cursor").text,
            room.find("#shell").text, room.find(".message time").text,
            room.find("#here .way-sse .count").text}
    assert same - said == {"Earshot", "WebSocket", "SSE", "room"}
    assert len(words["en"]) == len(words["zh-CN"])
    assert room.find("html").get_attribute("lang") == "en"
    room.find("#language").click()
    room.reload()
    assert room.find("html").get_attribute("lang") == "zh-CN"
    assert room.find("#state-text").text == "已连接：SSE"
    room.find("#language").click()
    assert room.browser.console() == []
    icon = site.url + "/" + room.find("link[rel=icon]").get_attribute(
        "href").rpartition("/")[2]
    assert room.browser.run(
        "return fetch(arguments[0]).then(({ ok }) => ok)", icon)


def test_nothing_is_loaded_from_elsewhere(site, room):
    requests = room.requests()
    assert requests
    assert all(name.startswith(site.url + "/") for name in requests)
    policy = room.find("[http-equiv=Content-Security-Policy]") \
        .get_attribute("content")
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy and "http" not in policy
    # The policy holds: the page cannot reach out, nor parse HTML.
    assert room.browser.run(
        "return fetch('http://127.0.0.1:1/').catch(() => 'refused')") \
        == "refused"
    assert any("Content Security Policy" in line
               for line in room.browser.console())
    assert room.browser.run(
        "try { document.body.innerHTML = '<b>'; return 'parsed'; }"
        " catch { return 'refused'; }") == "refused"


def test_the_keyboard_is_enough(room):
    room.browser.run("document.activeElement.blur()")
    reached = []
    active = room.find("body")
    for _ in range(13):
        active.send_keys(Keys.TAB)
        active = room.driver.switch_to.active_element
        reached.append(active.get_attribute("id")
                       or active.get_attribute("value")
                       or active.text)
        # Whoever gets there sees where he is.
        assert room.browser.run(
            "const one = document.activeElement;"
            "const seen = one.type === 'radio' ? one.closest('label') : one;"
            "return getComputedStyle(seen).outlineStyle") != "none", reached
    assert reached == [
        "Skip to the content", "Earshot", "Three ways", "Room", "Lessons",
        "Which one?", "Doctor", "language", "sse", "scroller", "name", "text",
        "Send"]
    # The arrows choose among the approaches.
    radio = room.find('[value="sse"]')
    radio.send_keys(Keys.ARROW_DOWN)
    wait_until(lambda: room.find('[value="long-poll"]').is_selected())
    room.wait_open()
    room.find("#name").send_keys("Ada", Keys.TAB)
    room.driver.switch_to.active_element.send_keys(
        "one", Keys.SHIFT, Keys.ENTER, Keys.NULL, "two", Keys.ENTER)
    room.hears("one\ntwo")
    # Enter that ends a Chinese word is no Enter.
    room.find("#text").send_keys("ni")
    room.browser.run("""document.querySelector("#text").dispatchEvent(
        new KeyboardEvent("keydown", { key: "Enter", isComposing: true,
                                       bubbles: true, cancelable: true }))""")
    assert room.find("#text").get_attribute("value") == "ni"
    room.find("#text").send_keys(Keys.TAB, Keys.ENTER)
    room.driver.switch_to.active_element.send_keys("", Keys.ENTER)
    room.hears("one\ntwo", "ni")


def test_a_screen_reader_finds_its_way(room):
    room.say("hello", name="Ada")
    room.hears("hello")
    assert room.find("[role=log]").get_attribute("aria-label") == "Messages"
    assert room.find("#state").get_attribute("role") == "status"
    assert room.find("#notice").get_attribute("role") == "alert"
    unnamed = room.browser.run("""
        return [...document.querySelectorAll("input, textarea, button")]
            .filter((one) => !one.labels?.[0]?.textContent.trim()
                             && !one.textContent.trim())
            .map((one) => one.outerHTML);""")
    assert unnamed == []
    # A line that goes on still says whose it is.
    room.say("and more")
    room.hears("hello", "and more")
    assert room.lines[1]["who"] == "Ada"


def test_a_phone_needs_no_sideways_scrolling(site, room, directory):
    say(site, "A name of forty characters, no more, no", "word " * 60)
    say(site, "小明", "https://example.org/" + "x" * 300)
    say(site, "W" * 40, "W" * 300)
    site.post("/room", b'{"data": [' + b"1," * 200 + b"1]}",
              {"Content-Type": "application/json"})
    try:
        for width, height in ((390, 844), (320, 568), (844, 390)):
            room.browser.size(width, height)
            room.reload()
            wait_until(lambda: len(room.lines) == 4)
            wide = room.browser.run("""
                return [document.documentElement, document.body,
                        document.querySelector("#scroller")]
                    .filter((one) => one.scrollWidth > one.clientWidth)
                    .map((one) => one.tagName);""")
            assert wide == [], width
            outside = room.browser.run("""
                return [...document.querySelectorAll(
                        "header, header *, label, form, form *, .message p")]
                    .filter((one) => one.getBoundingClientRect().right
                                     > innerWidth + 0.5)
                    .map((one) => one.outerHTML);""")
            assert outside == [], width
            picture = directory / f"phone-{width}.png"
            assert room.driver.save_screenshot(str(picture))
            assert picture.stat().st_size > 5000
            if height > 500:
                # All that one needs is on the screen at once.
                assert room.browser.run(
                    "return document.documentElement.scrollHeight"
                    " <= innerHeight")
    finally:
        room.browser.usual_size()


CONTRAST = """
const canvas = document.createElement("canvas").getContext("2d",
    { willReadFrequently: true });
const light = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((v) => {
        v /= 255;
        return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (one) => {
    const colour = getComputedStyle(one).backgroundColor;
    return colour === "rgba(0, 0, 0, 0)" ? behind(one.parentElement) : colour;
};
const found = [];
for (const one of document.body.querySelectorAll("*")) {
    const speaks = one.placeholder
        || [...one.childNodes].some((node) =>
            node.nodeType === 3 && node.data.trim());
    if (speaks && one.checkVisibility()) {
        const [dark, bright] = [getComputedStyle(one).color, behind(one)]
            .map(light).sort((a, b) => a - b);
        const contrast = (bright + 0.05) / (dark + 0.05);
        found.push([contrast, one.outerHTML.slice(0, 120)]);
    }
}
return found;
"""


def test_all_text_has_contrast_in_light_and_dark(site, room):
    for number in range(24):
        say(site, "abcdefghijklmnopqrstuvwxyz"[number] * 3, "hello")
    room.say("mine", name="me")
    wait_until(lambda: len(room.lines) == 25)
    try:
        for scheme in ("light", "dark"):
            room.browser.prefer(scheme)
            found = room.browser.run(CONTRAST)
            assert len(found) > 80
            assert [one for one in found if one[0] < 4.5] == [], scheme
    finally:
        room.browser.prefer("")


def test_the_page_follows_the_talk_until_its_reader_looks_back(site, room):
    def at_the_end():
        return room.browser.run(
            "const one = document.querySelector('#scroller');"
            "return one.scrollHeight - one.scrollTop - one.clientHeight < 5")
    for text in numbered(40):
        say(site, "Ada", text)
    wait_until(lambda: len(room.lines) == 40)
    wait_until(at_the_end)
    newer = room.find("#newer")
    assert not newer.is_displayed()
    room.browser.run("document.querySelector('#scroller').scrollTop = 100")
    # The page has noticed when it shows that something new has come.
    wait_until(lambda: say(site, "Ada", "more") and newer.is_displayed(),
               every=0.1)
    assert room.browser.run(
        "return document.querySelector('#scroller').scrollTop") == 100
    newer.click()
    wait_until(at_the_end)
    assert not newer.is_displayed()


def test_a_change_of_language_says_nothing_anew(site, room):
    # The queue has been replaced: this page's cursor is another one's.
    room.driver.get(f"{site.url}/icon.svg")
    room.browser.run("""sessionStorage.setItem("earshot.room.room",
        JSON.stringify({ cursor: "5-zzzzzzzz", lines: [] }))""")
    room.open()
    room.say("mine", name="")
    site.post("/room", bytes(1000),
              {"Content-Type": "application/octet-stream"})
    say(site, "Ada", "hers")
    wait_until(lambda: len(room.lines) == 3, 10)
    log = room.find("[role=log]")
    assert "no longer kept" in log.text
    assert "binary, 1,000 bytes" in log.text
    # Elements that are put in are read out, as if somebody had spoken.
    assert log.get_attribute("aria-relevant") == "additions"
    room.browser.run("""
        window.put = 0;
        new MutationObserver((changes) => { put += changes.length; })
            .observe(document.querySelector("[role=log]"),
                { childList: true, subtree: true });""")
    room.find("#language").click()
    try:
        assert [line["who"] for line in room.lines] == ["访客", "访客", "Ada"]
        assert "有些消息已不再保存" in log.text
        assert "二进制，1,000 字节" in log.text
        assert "我" in room.find(".message.own .who small").text
        assert room.browser.run("return put") == 0
        # And what follows comes in the language at hand.
        room.say("one more")
        wait_until(lambda: room.lines[-1]["who"] == "访客")
        assert room.browser.run("return put") > 0
    finally:
        room.find("#language").click()
    assert "no longer kept" in log.text
    assert room.browser.console() == []


def test_a_time_beyond_all_dates_hides_no_message(site, room):
    room.say("before")
    room.hears("before")
    # As another program may write it: the schema takes it.
    with contextlib.closing(sqlite3.connect(site.queue, timeout=5)) as queue:
        queue.execute("INSERT INTO message(channel, data, time)"
                      " VALUES('room', 'in the far future', ?)",
                      (2**53 - 1,))
        queue.commit()
    say(site, "Ada", "after")
    room.hears("before", "in the far future", "after")
    assert room.find(".message:nth-child(2) time").get_attribute("datetime") \
        == "+275760-09-13T00:00:00.000Z"
    assert room.browser.console() == []
