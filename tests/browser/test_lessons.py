"""The lessons in real Chromium: all that ./demo starts is behind them."""

import re

import pytest
import web
from earshot_ws import EarshotWs
from lesson import (Lesson, lesson, school,  # noqa: F401 (two fixtures)
                    tag_of, tap_of)
from lighttpd import Lighttpd
from wait import wait_until
from whole import PAGES

EXAMPLES = PAGES / "lessons/examples"
FILES = {"polling": "polling.js", "long-polling": "long-polling.js",
         "sse": "sse.js", "websocket": "websocket.js"}
LANGUAGES = ("en", "zh-CN")

every_lesson = pytest.mark.parametrize("name", FILES)


# What all have. -------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@every_lesson
def test_a_lesson_runs_its_example_without_an_error(lesson, name, language):
    page = lesson(name, language)
    page.run()
    # Both have asked once before anything is published.
    page.wait_line("HTTP/1.1 ")
    page.say("one")
    page.hears("one")   # two requests at once might change places
    page.say("two 中文 <b>")
    page.hears("one", "two 中文 <b>")
    page.run()
    page.say("unheard")
    page.find("#language").click()
    assert page.heard[:2] == ["one", "two 中文 <b>"]
    assert "unheard" not in page.heard
    assert page.browser.console() == []


@every_lesson
def test_the_code_that_is_shown_is_the_code_that_runs(lesson, name):
    page = lesson(name)
    shown = page.browser.run(
        "return document.querySelector('#example code').closest('figure')"
        ".querySelector('pre').textContent")
    text = (EXAMPLES / FILES[name]).read_text()
    assert shown.strip() == text.strip()
    loaded = page.browser.run(
        "return performance.getEntriesByType('resource')"
        ".map(({ name }) => name)")
    assert any(url.endswith(f"/examples/{FILES[name]}") for url in loaded)
    code = [line for line in text.splitlines()
            if line.strip() and not line.strip().startswith(("/", "*"))]
    assert len(code) <= 15


@every_lesson
def test_the_bytes_are_those_that_passed_the_tap(school, lesson, name):
    page = lesson(name)
    page.run()
    page.wait_line("HTTP/1.1 ")
    page.say("hello")
    page.hears("hello")
    assert page.find("#wire").get_attribute("data-source") == "real"
    assert "Real bytes" in page.text("#wire .source")
    tag = tag_of(page)
    request = tap_of(school).log_of(tag, kind="request")[0]
    response = tap_of(school).log_of(tag, kind="response")[0]
    for record, first in ((request, 0), (response, 1)):
        wanted = record.bytes.decode().strip().split("\r\n")
        assert [line.strip() for line in wanted] \
            == page.records[first]["lines"]
    assert b"User-Agent: " in request.bytes


def sources_of(page):
    """What the page names of the repository: [text, link or None]."""
    return page.browser.run(
        "return [...document.querySelectorAll('a.source')].filter("
        "(one) => one.checkVisibility()).map((one) =>"
        " [one.textContent, one.getAttribute('href') && one.href])")


@pytest.mark.parametrize("name", [*FILES, "tutorial"])
def test_a_link_to_a_servers_file_opens_that_file(school, lesson, name):
    page = lesson(name)
    wait_until(lambda: all(link for _, link in sources_of(page)))
    assert sources_of(page)
    for path, link in sources_of(page):
        answer = web.call("GET", link)
        assert answer.status == 200, link
        file = PAGES.parent / path
        if not file.exists():
            file = PAGES / path
        assert answer.body == file.read_bytes()
        if link.startswith(f"{school.url}/source/"):
            assert answer.headers["content-type"] \
                == "text/plain; charset=utf-8"
            assert answer.headers["x-content-type-options"] == "nosniff"
    assert not page.all(".in-repository")
    page.click("a.source[href]")
    wait_until(lambda: "/source/" in page.driver.current_url
               or page.driver.current_url.endswith("/earshot.js"))
    assert len(page.text("body")) > 500


@every_lesson
def test_without_a_tap_the_bytes_are_computed_and_the_page_says_so(
        directory, started, chromium, name):
    ws = EarshotWs(directory)
    started.append(ws)
    ws.start()
    site = Lighttpd(directory, pages=PAGES, ws=ws.address)
    started.append(site)
    site.start()
    with Lesson(site, chromium, name) as page:
        page.run()
        page.wait_line("HTTP/1.1 ")
        page.say("hello")
        page.hears("hello")
        assert page.find("#wire").get_attribute("data-source") == "computed"
        assert "computed" in page.text("#wire .source")
        page.wait_line("GET /earshot/")
        wait_until(lambda: any("hello" in line for line in page.lines))
        # Nor are there the repository's files, and no link pretends it.
        names = [(path, link) for path, link in sources_of(page)
                 if path != "earshot.js"]
        assert names and all(link is None for _, link in names)
        assert "repository" in page.text(".in-repository")
        # That there is no tap is all that there is to be told.
        told = [entry for entry in page.browser.console()
                if "/tap/info" not in entry]
        assert told == []


@pytest.mark.parametrize("length", [6000, 50000])
@every_lesson
def test_of_a_long_message_it_is_said_what_is_not_shown(
        lesson, name, length):
    page = lesson(name)
    page.run()
    page.wait_line("HTTP/1.1 ")
    long = "abcdefg " * (length // 8)
    page.say(long)
    page.hears(long, timeout=20)    # else one answer may hold both
    page.say("the next")
    page.hears(long, "the next", timeout=20)
    # The tap keeps 4 KiB of what comes at once. What comes then is shown.
    wait_until(lambda: any("the next" in line for line in page.lines))
    missing = [int(re.search(r"\d+", one)[0]) for one in
               page.browser.run(
                   "return [...document.querySelectorAll('.missing')]"
                   ".map((one) => one.innerText)")]
    assert missing
    shown = sum(line.count("abcdefg") * 8 for line in page.lines)
    ways = 2 if name == "websocket" else 1      # up too
    assert abs(sum(missing) + shown - ways * length) \
        < 500 + 50 * len(missing)
    # Nothing of it is taken for something else.
    words = page.browser.run(
        "return [...document.querySelectorAll('#wire .line small')]"
        ".map((one) => one.innerText)")
    assert not any("no browser knows" in one for one in words)
    assert page.browser.console() == []
    if name == "websocket":
        assert [button.text for button in page.all(".frame-button")
                if f"{len(long) + 11} B" in button.text]


def closed_by(page):
    return page.browser.run("""
        return [...document.querySelectorAll("#wire .record")].filter((one) =>
                one.textContent.includes("is closed"))
            .map((one) => [one.querySelector(".arrow").textContent,
                one.querySelector("b").innerText]);""")


def test_who_closes_the_connection_is_named(lesson):
    page = lesson("sse")
    page.run()
    page.wait_line("event: earshot.open")
    page.click("#cut")
    wait_until(lambda: closed_by(page) == [["↓", "relay"]])
    wait_until(lambda: page.text("#ready") == "1 OPEN", 20)
    page.run()
    wait_until(lambda: closed_by(page)[-1] == ["↑", "browser"])


@pytest.mark.parametrize("name", [*FILES, "tutorial"])
def test_without_scripts_a_lesson_says_so_in_both_languages(
        school, chromium, name):
    driver = chromium.driver
    switch = "Emulation.setScriptExecutionDisabled"
    driver.execute_cdp_cmd(switch, {"value": True})
    try:
        driver.get(f"{school.url}/lessons/{name}.html")
        shown = [one.text for one in driver.find_elements(
            "css selector", ".noscript") if one.is_displayed()]
    finally:
        driver.execute_cdp_cmd(switch, {"value": False})
        driver.get("about:blank")
    assert len(shown) == 2
    assert "needs JavaScript" in shown[0] and "需要 JavaScript" in shown[1]


def test_a_hidden_lesson_holds_no_connection_and_goes_on_when_seen(
        school, lesson):
    page = lesson("sse")
    page.run()
    channel = tag_of(page)

    def followers():
        return school.get(f"/{channel}").json["subscribers"]["sse"]
    wait_until(followers)
    page.driver.switch_to.new_window("tab")
    try:
        wait_until(lambda: followers() == 0, 10, "its going")
    finally:
        page.driver.close()
        page.driver.switch_to.window(page.driver.window_handles[0])
    wait_until(followers, 10, "its return")
    page.say("back")
    page.hears("back")


# SSE. -----------------------------------------------------------------------


def test_a_cut_stream_comes_back_by_its_last_id_and_loses_nothing(
        school, lesson):
    page = lesson("sse")
    page.run()
    page.wait_line("event: earshot.open")
    assert page.text("#ready") == "1 OPEN"
    page.say("before")
    page.hears("before")
    page.click("#greet")
    page.click("#lines")
    page.hears("before", "greeting: good day", "first line\nsecond line")
    tag = tag_of(page)
    page.click("#cut")
    wait_until(lambda: page.text("#ready") == "0 CONNECTING")
    published = school.post(f"/{tag}", "while it was away").json["id"]
    page.hears("before", "greeting: good day", "first line\nsecond line",
               "while it was away", timeout=20)
    line = page.wait_line("Last-Event-ID: ")
    assert line != f"Last-Event-ID: {published}"
    for wanted in ("retry: ", "event: greeting", "data: second line",
                   "Content-Type: text/event-stream"):
        page.wait_line(wanted)
    # The browser tells of the cut itself; nothing else is told.
    console = page.browser.console()
    assert all("net::ERR" in entry for entry in console), console


def test_the_stream_is_written_step_by_step(lesson):
    page = lesson("sse")
    assert page.verdict("write")[0] == ""
    steps = [
        ("data: Hello World\n", "wrong", "blank line"),
        ("data: Hello World\n\n", "wrong", "event:"),
        ("event: greeting\ndata: Hello World\n\n", "wrong", "two lines"),
        ("event: greeting\ndata: Hello\ndata: World\n\n", "wrong", "id"),
        ("id: 7\nevent: greeting\ndata: Hello\ndata: World\n\n", "wrong",
         "retry:"),
        ("retry: 2\nid: 7\nevent: greeting\ndata: Hello\ndata: World\n\n",
         "wrong", "0.002"),
        ("retry: 2s\nid: 7\nevent: greeting\ndata: Hello\ndata: World\n\n",
         "wrong", "skips"),
        ("retry: 2000\nid: 7\nevent: greeting\ndata: Hello\ndata: World\n",
         "wrong", "blank line"),
        ("retry: 2000\nid: 7\nevent: greeting\ndata: Hello\ndata: World\n\n",
         "right", "Last-Event-ID: 7"),
    ]
    for text, expected, word in steps:
        page.fill("#stream", text)
        kind, words = page.verdict("write")
        assert kind == expected and word in words, (text, words)
    assert '"data":"Hello\\nWorld"' in page.text("#reading .dispatched")


def test_six_tabs_of_nine_hear(lesson):
    page = lesson("sse")
    assert [page.answers("tabs", answer) for answer in ("9", "7", "6")] \
        == ["wrong", "wrong", "right"]


def test_binary_costs_a_third_more_as_text(lesson):
    page = lesson("sse")
    for count, encoded, frame in ((3, "12 B", "5 B"), (300, "408 B", "304 B")):
        page.fill("#bytes", str(count))
        assert page.text("#base64") == encoded
        assert page.text("#frame") == frame


# WebSocket. -----------------------------------------------------------------


def test_the_handshakes_sum_is_the_servers(lesson):
    page = lesson("websocket")
    page.run()
    wait_until(lambda: len(page.text("#accept")) == 28)
    wait_until(lambda: page.text("#accept") == page.text("#sum"))
    assert len(page.text("#key")) == 24


def test_what_is_sent_goes_up_in_a_masked_frame_and_is_taken_apart(
        school, lesson):
    page = lesson("websocket")
    page.run()
    page.wait_line("HTTP/1.1 101")
    page.say("hello")
    page.hears("hello")
    # It went up in the connection: nothing was posted for it.
    posted = page.browser.run(
        "return performance.getEntriesByType('resource')"
        ".filter(({ name }) => name.includes('event=')).length")
    assert posted == 0
    wait_until(lambda: len(page.all(".frame-button")) >= 3)
    up = page.find(".frame-button.up")
    assert "text 16 B" in up.text
    page.browser.run("arguments[0].click()", up)
    view = page.text("#frame")
    for wanted in ("MASK = 1", "opcode = 1", "length = 16", "FIN = 1"):
        assert wanted in view
    bits = "".join(cell.text for cell in page.all("#frame .bit"))
    assert bits == "1000000110010000"
    text = page.browser.run(
        "return [...document.querySelectorAll('#frame .payload tr')].at(-1)"
        ".textContent")
    assert text.endswith('{"data":"hel')
    # The very frame that the tap has seen.
    frame = next(one.bytes for one in tap_of(school).log_of(tag_of(page))
                 if one.kind == "up")
    assert frame[2:6].hex(" ") in view


def test_without_a_connection_nothing_can_be_sent(lesson):
    page = lesson("websocket")
    page.say("hello")
    wait_until(lambda: "press “Run”" in page.text("#example .heard"))
    assert page.heard == []
    assert page.browser.console() == []


def test_bytes_go_up_and_down_as_they_are(lesson):
    page = lesson("websocket")
    page.run()
    page.wait_line("HTTP/1.1 101")
    page.click("#binary")
    wait_until(lambda: "[0, 255, 10, 128]" in page.heard)
    # Who follows in JSON gets them encoded.
    wait_until(lambda: "AP8KgA==" in page.heard)
    page.wait_line("binary 4 B 00 ff 0a 80")
    wait_until(lambda: any('{"event":"earshot.published"' in line
                           for line in page.lines))
    assert not any("published" in text for text in page.heard)


def test_a_frame_is_decoded_by_its_bits(lesson):
    page = lesson("websocket")
    for _ in range(2):
        frame = bytes.fromhex(page.text("#task-bytes"))

        def bit(number):
            page.browser.run("arguments[0].click()",
                             page.all("#task-bits .bit")[number])
            return page.verdict("decode")[0]
        assert [bit(0), bit(1), bit(8), bit(6)] == ["wrong"] * 3 + ["right"]
        assert [bit(9), bit(8)] == ["wrong", "right"]
        assert [bit(4), bit(0)] == ["wrong", "right"]

        def number(text):
            page.fill("#number", text)
            page.click("#number-form button")
            return page.verdict("decode")[0]
        length = frame[1] & 0x7f
        assert [number("99"), number(str(length))] == ["wrong", "right"]
        word = bytes(byte ^ frame[2 + at % 4]
                     for at, byte in enumerate(frame[6:])).decode()
        assert [number("~"), number(word[0])] == ["wrong", "right"]
        assert word in page.text("#question")
        page.click("#another")
        assert page.text("#decode-verdict") == ""
