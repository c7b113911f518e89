"""The front page as a page: its languages, its keyboard, a phone, the drawing
under the pointer, and whatever others may have written."""

import re

import npm
import pytest
from selenium.webdriver.common.keys import Keys
from wait import holds_for, wait_until


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


def test_nothing_is_loaded_from_elsewhere(whole, lab):
    names = lab.browser.run("return performance.getEntriesByType('resource')"
                            ".map(({ name }) => name)")
    relay = whole.tap.relay_url
    assert any(name.startswith(relay) for name in names)
    assert all(name.startswith((f"{whole.url}/", f"{relay}/"))
               for name in names), names
    policy = lab.find("[http-equiv=Content-Security-Policy]") \
        .get_attribute("content")
    assert "default-src 'none'" in policy and "unsafe" not in policy


def test_the_drawing_can_be_held(lab):
    lab.find("#hold").click()
    assert lab.find("#hold").get_attribute("aria-pressed") == "true"
    picture = "return document.querySelector('#stage .axis').parentNode" \
        ".parentNode.querySelector('.strip').toDataURL()"
    held = lab.browser.run(picture)
    holds_for(lambda: lab.browser.run(picture) == held, 0.6, "stillness")
    lab.find("#hold").click()
    wait_until(lambda: lab.browser.run(picture) != held, 5, "motion")


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


def test_ticks_in_messages_stay(whole, lab):
    lab.quiet()
    lab.publish("a `b` c")
    wait_until(lambda: "“a `b` c” arrived after" in lab.find("#summary").text,
               15)
    assert lab.all("#summary code") == []
    lab.find("#hold").click()
    wait_until(lambda: "“a `b` c”, " in (tip(lab) or ""), 20)
    assert lab.all("#stage .tip code") == []


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
