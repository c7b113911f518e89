"""The status page at /-/, as its reader uses it: behind a real lighttpd, live,
in both languages, on a phone, by night, without a script, cut off."""

import json
import re

import npm
import pytest
from chromium import Chromium
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from test_pages import AXE, PAIRS, WIDE
from wait import holds_for, wait_until

PHONE = 360, 740


class Status:
    """The page in a browser."""

    def __init__(self, site, browser):
        self.site, self.browser, self.driver = site, browser, browser.driver

    def read(self, language="en", scheme="light"):
        self.driver.get(f"{self.site.url}/icon.svg")
        self.browser.run("localStorage.setItem('earshot.language',"
                         " JSON.stringify(arguments[0]))", language)
        self.browser.prefer(scheme)
        self.browser.console()
        self.driver.get(f"{self.site.url}/earshot/-/")
        self.wait_live()
        return self

    def wait_live(self):
        wait_until(lambda: self.find("#state").get_attribute("class")
                   == "live", 15, "the page to be live")

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def figure(self, name):
        return self.find(f'[data-figure="{name}"]').text

    def shows(self, name, text):
        wait_until(lambda: self.figure(name) == text, 10,
                   f"{name} to be {text}")

    def rows(self, table):
        return self.browser.run("""
            return [...document.querySelectorAll(arguments[0] + " tbody tr")]
                .map((row) => [...row.cells].map((cell) => cell.innerText))
            """, table)

    def lines(self, chart):
        """The points of each line of a chart."""
        return [re.findall(r"[ML]([\d.]+) ([\d.]+)", path) for path in
                self.browser.run("""
                    return [...document.querySelectorAll(
                        `#${arguments[0]}-chart .line`)]
                        .map((line) => line.getAttribute("d"))""", chart)]


@pytest.fixture
def status(site, chromium):
    yield Status(site, chromium)
    chromium.usual_size()
    chromium.prefer("")
    chromium.driver.get("about:blank")


def publish(site, count, channel="room"):
    for _ in range(count):
        assert site.post(f"/{channel}", b"x").status == 201


def test_it_shows_what_happens_while_it_happens(status, site):
    status.read()
    status.shows("subscribers", "0")
    streams = [site.stream("room") for _ in range(3)] + [site.stream("hall")]
    socket = site.endpoint.socket("room")
    status.shows("subscribers", "5")
    status.shows("sse", "4")
    status.shows("ws", "1")
    publish(site, 6)
    status.shows("published", "6")
    status.shows("delivered", "24")
    status.shows("messages", "6")
    assert re.fullmatch(r"[\d.]+ m?s", status.figure("delivery-p50"))
    wait_until(lambda: status.rows("#channels") == [
        ["room", "0", "3", "1", ""], ["hall", "0", "1", "0", ""]], 10,
        "the channels")
    programs = [row[0].split()[0] for row in status.rows("#processes")]
    assert sorted(programs) == ["earshot-ws", "earshot.fcgi"]
    assert "answers this page" in status.rows("#processes")[
        programs.index("earshot.fcgi")][0]
    # Drawn: two lines of rates, three of delays, three of subscribers.
    wait_until(lambda: all(len(line) > 2 for line in status.lines("rate")),
               10, "the lines")
    assert [len(status.lines(name)) for name in ("rate", "delay", "held")] \
        == [2, 3, 3]
    assert status.browser.run("return document.querySelectorAll("
                              "'#spread-chart .bar').length") >= 1
    for chart in "rate", "delay", "held", "spread":
        assert status.find(f"#{chart}-chart").get_attribute("aria-label")
    for stream in streams:
        stream.source.response.reset()
    socket.close()
    status.shows("subscribers", "0")
    assert status.browser.console() == []


def test_a_web_server_that_goes_and_comes_back_is_noticed(status, site):
    status.read()
    publish(site, 2)
    status.shows("published", "2")
    site.kill_programs()
    wait_until(lambda: "old" in status.find("#state").text, 15, "the gap")
    status.wait_live()
    publish(site, 1)
    status.shows("published", "3")


def test_its_words_are_in_the_language_of_the_reader(status):
    status.read("zh-CN")
    assert status.driver.title == "Earshot 运行状况"
    assert status.find("h1").text == "Earshot 运行状况"
    assert "实时" in status.find("#state").text
    assert status.browser.run(PAIRS) == []
    button = status.find("#language")
    assert button.text == "English"
    button.send_keys(Keys.ENTER)
    assert status.find("h1").text == "How Earshot is doing"
    assert status.driver.title == "How Earshot is doing"
    assert "published" in status.find("#rate-legend").text
    status.driver.refresh()
    status.wait_live()
    assert status.find("h1").text == "How Earshot is doing"


def test_the_keyboard_reaches_all_there_is_to_reach(status, site):
    stream = site.stream("room")
    status.read()
    wait_until(lambda: status.rows("#channels"), 10, "a channel")
    seen = []
    for _ in range(7):
        status.browser.driver.switch_to.active_element.send_keys(Keys.TAB)
        seen.append(status.browser.run(
            "const one = document.activeElement;"
            "return one.id || one.getAttribute('href')"))
    assert seen == ["#main", "language", "channels", "processes", "metrics",
                    "status", "health"]
    stream.close()


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_it_fits_a_phone(status, site, language):
    stream = site.stream("a-channel-with-quite-a-long-name." + "x" * 90)
    status.browser.size(*PHONE)
    status.read(language)
    wait_until(lambda: status.rows("#channels"), 10, "a channel")
    for width in 360, 320:
        status.browser.size(width, 740)
        assert status.browser.run(WIDE) == [], width
        assert status.browser.run(
            "return document.documentElement.scrollWidth") <= width
    stream.close()


@pytest.mark.parametrize("scheme, language",
                         [("light", "en"), ("dark", "zh-CN")])
def test_axe_finds_nothing(status, site, scheme, language):
    stream = site.stream("room")
    status.read(language, scheme)
    wait_until(lambda: status.rows("#channels"), 10, "a channel")
    axe = npm.node_modules() / "axe-core/axe.min.js"
    status.browser.run(axe.read_text("utf-8"))
    status.driver.set_script_timeout(60)
    found = status.driver.execute_async_script(AXE)
    assert found.get("passes", 0) > 10, found
    assert found["violations"] == [], json.dumps(
        found["violations"], indent=1, ensure_ascii=False)
    stream.close()


def test_nobody_looks_in_a_hidden_window(status, site):
    status.read()
    before = site.get("/-/status").json["connections"]
    status.driver.switch_to.new_window("tab")
    try:
        wait_until(lambda: site.get("/-/status").json["connections"]
                   < before, 30, "its stream to end")
    finally:
        status.driver.close()
        status.driver.switch_to.window(status.driver.window_handles[0])
    status.wait_live()


def test_it_asks_nobody_but_its_own_server(site):
    with Chromium(watch_network=True) as browser:
        Status(site, browser).read()
        asked = browser.requests()
        assert all(url.startswith((site.url + "/", "data:"))
                   for url in asked if not url.startswith("chrome")), asked


def test_without_a_script_it_says_so_and_has_the_figures(status, site):
    publish(site, 4)
    status.browser.emulate("setScriptExecutionDisabled", value=True)
    try:
        status.driver.get(f"{site.url}/earshot/-/")
        assert 'data-figure="published">4<' in status.driver.page_source
        assert "Without JavaScript" in status.find("body").text
        publish(site, 1)
        # It comes again by itself.
        # ... and an element may go while it is read.
        wait_until(lambda: 'data-figure="published">5<'
                   in status.driver.page_source, 15, "the page anew")
        assert 'id="charts" hidden' in status.driver.page_source
    finally:
        status.browser.emulate("setScriptExecutionDisabled", value=False)


def test_a_strict_policy_of_the_web_server_leaves_it_whole(status, site):
    """What it forbids besides its own policy, it does not need."""
    policy = status.read().browser.run(
        "return document.querySelector('[http-equiv]').content")
    assert "'unsafe-inline'" not in policy and "'unsafe-eval'" not in policy
    assert "trusted-types 'none'" in policy
    holds_for(lambda: status.browser.console() == [], 1.5, "no complaint")
