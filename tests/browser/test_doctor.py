"""The doctor's page: nothing is wrong with what deploy/ ships, and faults of
real web servers are found, as far as a browser sees them."""

import shutil

import npm
import pytest
from doctor_faults import FAULTS, IDLE, RARE
from front_nginx import Nginx
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from test_pages import AXE
from wait import wait_until
from whole import PAGES


class Page:
    """The page of a site, in a browser."""

    def __init__(self, site, browser, hold=0):
        self.browser = browser
        self.driver = browser.driver
        self.driver.get("about:blank")
        browser.console()
        self.driver.get(f"{site.site}/doctor.html")
        wait_until(lambda: self.find("#language").text, what="the page")
        self.fill("#hold", str(hold))

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def fill(self, selector, text):
        self.find(selector).clear()
        self.find(selector).send_keys(text)

    def look(self):
        self.find("#hold").send_keys(Keys.ENTER)
        wait_until(lambda: self.browser.run(
            "return document.activeElement.id") == "sum", 40,
            "the end of the visit")
        return self

    def of(self, verdict):
        """Codes with that verdict."""
        return set(self.browser.run(
            "return [...document.querySelectorAll(arguments[0])]"
            ".map((one) => one.dataset.code)",
            "#good li" if verdict == "ok" else f"#found .{verdict}"))

    def text(self, code):
        return self.find(f'[data-code="{code}"]').text


def with_pages(kind):
    """The front of a site that has our pages, as their types."""
    class Site(kind):
        http = "include /etc/nginx/mime.types;"     # nginx's

        def configure(self, shipped):
            shutil.copytree(PAGES, self.pages, dirs_exist_ok=True)
            types = "".join(f'".{name}" => "{type}", ' for name, type in (
                ("html", "text/html; charset=utf-8"),
                ("js", "text/javascript; charset=utf-8"),
                ("css", "text/css; charset=utf-8"),
                ("svg", "image/svg+xml")))
            super().configure({**shipped, "types.conf":
                               f"mimetype.assign = ({types})\n"})
    return Site


@pytest.fixture
def page(deployed, chromium):
    """page(front, …): the page behind it; it has not looked yet."""
    def page(kind, *arguments, hold=0, **options):
        return Page(deployed(with_pages(kind), *arguments, **options),
                    chromium, hold)
    return page


def test_nothing_is_wrong_with_what_is_shipped(page):
    page = page(Nginx, hold=1).look()
    assert page.of("wrong") == set(), page.find("#result").text
    assert page.find("#sum").text == "Nothing is wrong"
    assert page.of("note") == {"http1-only"}
    assert {"buffering", "headers-held", "compression", "idle-limit",
            "going-unnoticed", "ws-missing", "log-nowhere"} <= page.of("ok")
    assert page.find("#server").get_attribute("value") == "nginx"
    assert page.browser.console() == []


@pytest.mark.parametrize("fault", [
    "lighttpd buffers", "lighttpd has no path for WebSocket",
    "nginx ignores a client's going"])
def test_the_fault_is_found_and_no_other(page, fault):
    code, kind, line = FAULTS[fault]
    page = page(kind, RARE).look()
    assert page.of("wrong") == {code}, page.find("#result").text
    assert page.find("#sum").text == "Wrong: 1"
    assert line in page.text(code)


def test_an_idle_limit_under_the_heartbeat_is_found(page):
    page = page(Nginx, IDLE, hold=4).look()
    assert page.of("wrong") == {"idle-limit"}, page.find("#result").text
    assert "fastcgi_read_timeout" in page.text("idle-limit")


def test_it_is_found_that_anyone_may_publish_in_both_languages(page):
    page = page(Nginx, publish="anyone").look()
    assert page.of("wrong") == {"publish-anyone", "publish-anyone-ws"}
    assert "Whoever finds the address" in page.text("publish-anyone")
    page.find("#language").click()
    assert "知道地址的人" in page.text("publish-anyone")
    assert page.find("#sum").text == "有问题：2 处"
    assert '=> "user"' not in page.text("publish-anyone")
    page.find("#server").send_keys("lighttpd")
    wait_until(lambda: '=> "user"' in page.text("publish-anyone"),
               what="lighttpd's line")


def test_what_was_found_fits_a_phone_and_pleases_axe(page):
    page = page(FAULTS["nginx compresses streams"][1], RARE)
    page.browser.size(360, 740)
    try:
        page.look()
        assert page.of("wrong") == {"compression"}
        assert page.browser.run(
            "return document.documentElement.scrollWidth") <= 360
        page.driver.execute_script(
            (npm.node_modules() / "axe-core/axe.min.js").read_text("utf-8"))
        result = page.driver.execute_async_script(AXE)
        serious = [one for one in result["violations"]
                   if one[0] in ("serious", "critical")]
        assert serious == [] and result["passes"] > 5
    finally:
        page.browser.usual_size()


def test_another_site_is_refused_in_words(page):
    page = page(Nginx)
    page.fill("#base", "https://other.example/earshot")
    page.find("#start").click()
    wait_until(lambda: "its own site only" in page.find("#step").text,
               what="the refusal")
    assert not page.find("#result").is_displayed()


def test_a_wrong_path_is_told(page):
    page = page(Nginx)
    page.fill("#base", "/nowhere")
    page.look()
    assert page.of("wrong") == {"not-found"}
