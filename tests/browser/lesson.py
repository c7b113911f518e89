"""A lesson's page, as a learner uses it; and the fixtures of its tests."""

import pathlib
import re
import tempfile

import pytest
from selenium.webdriver.common.by import By
from tutorial import Tutorial
from wait import wait_until
from whole import WholeSite

RECORDS = """
return [...document.querySelectorAll("#wire .record")].map((item) => ({
    side: item.classList.contains("up") ? "up" : "down",
    lines: [...item.querySelectorAll(".line")].map((line) =>
        [...line.querySelectorAll("code")].map((code) => code.textContent)
            .join(" ").trim()),
}));
"""


class Lesson:
    """The page in one browser; left, it asks nothing more."""

    def __init__(self, site, browser, name, language="en"):
        self.site = site
        self.browser = browser
        self.driver = browser.driver
        self.driver.get("about:blank")
        browser.console()
        self.driver.get(f"{site.url}/lessons/{name}.html")
        self.wait_ready()
        if self.find("html").get_attribute("lang") != language:
            self.find("#language").click()
            self.driver.refresh()
            self.wait_ready()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.get("about:blank")

    def wait_ready(self):
        """The page's module has run, and its code is shown."""
        wait_until(lambda: self.all(".code-line"), 15, "the page's code")

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector):
        """What is shown there."""
        return self.find(selector).text

    def click(self, selector):
        element = self.find(selector)
        self.browser.run("arguments[0].scrollIntoView({block: 'center'})",
                         element)
        element.click()

    def fill(self, selector, text):
        """Puts a text into a field, in place of what is there."""
        self.browser.run("""
            arguments[0].value = arguments[1];
            arguments[0].dispatchEvent(new Event("input",
                { bubbles: true }));""", self.find(selector), text)

    # The example

    def run(self):
        self.click("#example .run")

    def say(self, text):
        self.fill("#example .publisher input", text)
        self.click("#example .publisher button")

    @property
    def heard(self):
        """What the example's page has heard, without the times."""
        return self.browser.run("""
            return [...document.querySelectorAll("#example .heard li")]
                .filter((item) => !item.matches(".remark"))
                .map((item) => item.lastChild.textContent)""")

    def hears(self, *texts, timeout=15):
        def heard():
            assert self.heard == list(texts), "\n".join(
                [self.text("#example .heard")] + self.lines)
            return True
        wait_until(heard, timeout)

    # The bytes

    @property
    def records(self):
        return self.browser.run(RECORDS)

    @property
    def lines(self):
        return [line for record in self.records for line in record["lines"]]

    def wait_line(self, start, timeout=15):
        """The first line on the wire that begins so."""
        return wait_until(lambda: next(
            (line for line in self.lines if line.startswith(start)), None),
            timeout, f"a line {start}")

    def figure(self, name, where="#figures"):
        return self.text(f"{where} [data-figure={name}]")

    # Exercises

    def verdict(self, name):
        """right, wrong, or nothing yet; and why."""
        element = self.find(f"#{name}-verdict")
        kind = (element.get_attribute("class") or "").replace(
            "verdict ", "")
        return kind, element.text

    def answers(self, name, text):
        """Fills in an exercise of one field; right or wrong?"""
        self.fill(f"#{name}-answer", text)
        self.click(f"#{name}-form button")
        return self.verdict(name)[0]


def tap_of(site):
    return site.others[-1]


def tag_of(page):
    """The example's channel, which is its tag at the tap."""
    return re.search(r"/earshot/([^/]+)/",
                     page.wait_line("GET /earshot/"))[1]


@pytest.fixture(scope="module")
def school():
    """One site for all: each lesson has a channel of its own."""
    with tempfile.TemporaryDirectory(prefix="earshot-") as name:
        directory = pathlib.Path(name)
        directory.chmod(0o755)
        site = WholeSite(directory).start()
        tutorial = Tutorial(directory, site)
        try:
            tutorial.start()
            yield site
        finally:
            tutorial.stop()
            site.stop()


@pytest.fixture
def lesson(school, chromium):
    """lesson(name) opens a page, which is left at the test's end."""
    def lesson(name, language="en"):
        return Lesson(school, chromium, name, language)
    yield lesson
    chromium.driver.get("about:blank")
