"""The page "Which one?", as its reader uses it."""

import html
import re
import subprocess

import pytest
from room import PAGES
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from wait import wait_until

ROOT = PAGES.parent


class Which:
    def __init__(self, site, browser):
        self.browser = browser
        self.driver = browser.driver
        self.driver.get("about:blank")
        browser.console()
        self.driver.get(f"{site.url}/which.html")

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def answer(self, **answers):
        for name, value in answers.items():
            self.find(f'[name={name}][value={value}]').click()

    def advised(self):
        """The columns of the table that are marked."""
        return self.browser.run("""
            return [...new Set([...document.querySelectorAll(".advised")]
                .map((one) => one.dataset.way))]""")


@pytest.fixture
def which(site, chromium):
    return Which(site, chromium)


def test_five_answers_end_in_advice_with_its_reasons(which):
    assert not which.find("#advice").is_displayed()
    which.answer(hold="yes", delay="now", send="rarely", data="text")
    assert which.find("#left").text == "4 of 5 answered."
    assert which.advised() == []
    which.answer(between="clear")
    assert which.find("#way").text == "SSE"
    assert "reconnects by itself" in which.find("#because").text
    assert "six connections" in which.find("#but").text
    assert which.find("#lesson").get_attribute("href") \
        .endswith("/lessons/sse.html")
    assert which.advised() == ["sse"]
    # Another answer changes the advice, and what it says of the code.
    which.answer(between="unknown")
    assert which.find("#way").text == "Long-polling"
    assert 'transport: "long-poll"' in which.find("#code").text
    which.answer(send="often")
    assert which.find("#way").text == "WebSocket"
    which.answer(hold="no")
    assert which.find("#way").text == "Polling"
    assert which.advised() == ["poll"]
    assert which.browser.console() == []


def test_the_keyboard_is_enough_and_the_advice_is_read_out(which):
    which.find("[name=hold]").send_keys(Keys.SPACE)
    for _ in range(4):
        active = which.driver.switch_to.active_element
        active.send_keys(Keys.TAB)
        which.driver.switch_to.active_element.send_keys(Keys.SPACE)
    assert which.find("#advice").is_displayed()
    assert which.find("#way").text == "SSE"
    assert which.find("#advice").find_element(
        By.XPATH, "ancestor::*[@role='status']")
    # The arrows choose within a question.
    which.driver.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
    assert which.find("#way").text == "Long-polling"


def test_answers_outlive_a_reload_and_can_be_taken_back(which):
    which.answer(hold="yes", delay="now", send="often", data="text",
                 between="clear")
    which.driver.refresh()
    wait_until(lambda: which.find("#way").text == "WebSocket")
    which.find("#language").click()
    assert "帧头" in which.find("#because").text
    assert "Origin" in which.find("#but").text
    which.find("#again").click()
    wait_until(lambda: not which.find("#advice").is_displayed())
    assert which.find("#left").text == "已回答 0 / 5。"
    assert which.advised() == []
    which.driver.refresh()
    wait_until(lambda: which.find("#left").text == "已回答 0 / 5。")


def test_every_cell_of_the_table_names_its_source(which):
    cells = which.browser.run("""
        return [...document.querySelectorAll("#table td")].map((one) =>
            [one.closest("tr").querySelector("th").textContent,
             one.querySelector(".source")?.textContent ?? ""]);""")
    assert len(cells) == 40
    assert [row for row, source in cells if not source.strip()] == []
    # What it points to is there.
    for _, source in cells:
        for name in re.findall(r"test_\w+\.py", source):
            assert list(ROOT.glob(f"tests/*/{name}")), name
        for path in re.findall(r"(?:fcgi|bench)/[\w/.]+", source):
            assert (ROOT / path).exists(), path
    assert which.browser.run("""
        return [...document.querySelectorAll("#table a[href^='#']")]
            .filter(({ hash }) => !document.querySelector(hash)).length""") \
        == 0


def cell(which, row, way):
    """What the table says there, its source left out."""
    return which.browser.run("""
        const [title, way] = arguments;
        const row = [...document.querySelectorAll("#table tr")].find((one) =>
            one.querySelector("th").textContent.includes(title));
        return row.querySelector(`[data-way="${way}"] p`).textContent;""",
                             row, way)


def figures(text):
    return [int(number.replace(",", ""))
            for number in re.findall(r"\d[\d,]*\d|\d", text)]


BINARY = """
const [done] = arguments;
const url = location.origin + "/earshot/binary";
const first = (query, size) => new Promise((resolve) => {
    const socket = new WebSocket(url.replace("http", "ws") + query);
    socket.onmessage = ({ data }) => {
        if (data instanceof Blob || JSON.parse(data).channel) {
            socket.close();
            resolve(size(data));
        }
    };
});
const event = () => new Promise((resolve) => {
    const source = new EventSource(url + "/sse?last=1");
    source.onmessage = ({ data, lastEventId }) => {
        source.close();
        resolve(`id: ${lastEventId}\\ndata: ${data}\\n\\n`.length);
    };
});
Promise.all([
    fetch(url + "/poll?last=1").then((answer) => answer.text())
        .then(({ length }) => length),
    event(), first("/ws?last=1", ({ length }) => length),
    first("/ws?last=1&format=raw", ({ size }) => size)]).then(done);
"""


def test_what_binary_becomes_is_as_the_table_says(site, which):
    site.post("/binary", bytes(range(250)) * 12,
              {"Content-Type": "application/octet-stream"})
    poll, sse, ws, raw = which.driver.execute_async_script(BINARY)
    title = "Text and binary"
    # An id may be some figures longer or shorter.
    assert abs(figures(cell(which, title, "poll"))[-1] - poll) <= 8
    # Around an event there is its chunk, around a frame its head.
    assert abs(figures(cell(which, title, "sse"))[-1] - sse - 7) <= 12
    text = cell(which, title, "ws")
    assert "format=raw" in text
    _, bare, in_json = [number for number in figures(text) if number > 100]
    assert bare == raw + 4
    assert abs(in_json - ws - 4) <= 8


def lines(*patterns):
    return sum(len(path.read_text("utf-8").splitlines())
               for pattern in patterns for path in ROOT.glob(pattern))


def test_the_lines_that_a_server_takes_are_counted(which):
    title = "What the server needs"
    for way, *patterns in (("long-poll", "fcgi/poll*.c"),
                           ("sse", "fcgi/sse.c", "fcgi/stream.c"),
                           ("ws", "bench/reference/*.c")):
        said = figures(cell(which, title, way))[-1]
        assert abs(said - lines(*patterns)) <= 0.15 * said, way


def test_what_a_test_only_bounds_is_not_called_tested(which):
    source = which.browser.run("""
        return [...document.querySelectorAll("#table td")].find((one) =>
            one.textContent.includes("1,364")).querySelector(".source")
            .innerHTML""")
    assert "test_ws_scale.py" in source
    assert "#performance" in source and "#tested" not in source
    assert "less than 4 KiB" in which.find("#performance").text


def test_cookies_go_along_unless_same_site_keeps_them_back(which):
    assert "unless SameSite" in cell(which, "Pages of other sites", "ws")


def runs(browser, code):
    """Runs a module's text, and gives the first that it logs."""
    code = re.sub(r'import (\{.*\}) from (".*");',
                  r"const \1 = await import(\2);", code)
    return browser.driver.execute_async_script("""
        const done = arguments[0];
        const console = { log: (data) => done(data instanceof ArrayBuffer
            ? [...new Uint8Array(data)] : data) };
        (async () => {""" + code + "})().catch((error) => done(`${error}`));")


@pytest.mark.parametrize("said, answers", [
    ("Hello", {}), ("Hello", {"between": "unknown"}), ("Hello", {"hold": "no"}),
    ("Hello", {"send": "often"}), ([1, 2, 3], {"data": "binary"})])
def test_the_code_that_is_offered_works_as_it_stands(which, said, answers):
    which.answer(**{"hold": "yes", "delay": "now", "send": "rarely",
                    "data": "text", "between": "clear", **answers})
    which.driver.set_script_timeout(20)
    assert runs(which.browser, which.find("#code").text) == said
    assert which.browser.console() == []
    # What the client is needed for says where to have it.
    assert which.find("#take").is_displayed() \
        == ("import" in which.find("#code").text)


def test_the_front_page_gives_the_client_away(site, chromium, directory):
    chromium.driver.get(f"{site.url}/index.html#take")
    try:
        line = wait_until(lambda: (text := chromium.run(
            "return document.querySelector('#take-files').textContent"))
            .count(site.url) == 2 and text)
        subprocess.run(line.replace("curl", "curl -sf"), shell=True,
                       cwd=directory, check=True)
        for name in ("earshot.js", "earshot.d.ts"):
            assert (directory / name).read_bytes() \
                == (PAGES / name).read_bytes()
        links = chromium.run("return [...document.querySelectorAll("
                             "'#take a')].filter((one) =>"
                             " one.checkVisibility())"
                             ".map((one) => one.getAttribute('href'))")
        assert links == ["earshot.js", "earshot.d.ts", "README.md"]
        # The line of code, in a page of somebody's own.
        code = chromium.run(
            "return document.querySelector('#take-code').textContent")
        assert code.startswith('<script type="module">')
        chromium.driver.set_script_timeout(20)
        inner = html.unescape(re.sub(r"</?script.*?>", "", code))
        assert runs(chromium, inner) == {"text": "Hello, everybody"}
        # One who follows the link sees it, whatever is built above it.
        wait_until(lambda: 0 <= chromium.run(
            "return document.querySelector('#take')"
            ".getBoundingClientRect().top") < 300, 5)
    finally:
        chromium.driver.get("about:blank")


@pytest.mark.parametrize("name", ["index", "room", "which"])
def test_without_javascript_both_languages_say_so(site, chromium, name):
    driver = chromium.driver
    driver.get("about:blank")
    chromium.emulate("setScriptExecutionDisabled", value=True)
    try:
        driver.get(f"{site.url}/{name}.html")
        root = driver.execute_cdp_cmd("DOM.getDocument", {})["root"]
        found = driver.execute_cdp_cmd("DOM.querySelectorAll", {
            "nodeId": root["nodeId"], "selector": "noscript p"})["nodeIds"]
        texts = []
        for node in found:
            # It has a place on the page: none without a box has this answer.
            box = driver.execute_cdp_cmd("DOM.getBoxModel", {"nodeId": node})
            assert box["model"]["height"] > 15
            texts.append(driver.execute_cdp_cmd(
                "DOM.getOuterHTML", {"nodeId": node})["outerHTML"])
        assert len(texts) == 2
        assert 'lang="en"' in texts[0] and "JavaScript" in texts[0]
        assert re.search("[\u3400-\u9fff]", texts[1])
    finally:
        chromium.emulate("setScriptExecutionDisabled", value=False)
        driver.get("about:blank")
