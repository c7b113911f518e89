"""The page "Which one?", as its reader uses it."""

import re

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
