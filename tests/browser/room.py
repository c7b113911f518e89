"""The room's page, as a reader uses it."""

import pathlib

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from wait import wait_until

PAGES = pathlib.Path(__file__).resolve().parents[2] / "static"

LINES = """
return [...document.querySelectorAll("#scroller .message")].map((item) => ({
    id: item.dataset.id,
    who: item.querySelector(".who bdi").textContent,
    text: item.querySelector("p").textContent,
    own: item.classList.contains("own"),
}));
"""


class Room:
    """The page in one browser; left, it asks nothing more.

    It comes by the best way that works, or by one that was chosen before.
    """

    def __init__(self, site, browser, query="", way=None):
        self.site = site
        self.browser = browser
        self.driver = browser.driver
        if way:
            self.driver.get(f"{site.url}/icon.svg")
            browser.run("sessionStorage.setItem('earshot.transport',"
                        " JSON.stringify(arguments[0]))", way)
        self.open(query)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.get("about:blank")

    def open(self, query=""):
        self.driver.get("about:blank")
        self.browser.console()
        self.driver.get(f"{self.site.url}/room.html{query}")
        self.wait_open()

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    @property
    def state(self):
        return self.find("#state").get_attribute("data-state")

    def wait_open(self, way=None):
        """Until it is connected; by one way, as the page calls it."""
        wait_until(lambda: self.state == "open"
                   and (way is None or self.find("#state-text").text
                        == f"Connected by {way}"), 20, "an open connection")

    def watch_state(self):
        """From now on states() tells each state that was shown."""
        self.browser.run("""
            window.states = [];
            const state = document.querySelector("#state");
            new MutationObserver(() => states.push(state.dataset.state))
                .observe(state, { attributeFilter: ["data-state"] });""")

    def states(self):
        return self.browser.run("return window.states")

    @property
    def lines(self):
        """Every message shown: its id, who, text, and whether it is own."""
        return self.browser.run(LINES)

    @property
    def texts(self):
        return [line["text"] for line in self.lines]

    @property
    def ids(self):
        return [line["id"] for line in self.lines]

    def hears(self, *texts):
        """Waits until these, and no others, are shown, in their order."""
        def heard():
            assert self.texts == list(texts)
            return True
        wait_until(heard, 20, every=0.05)

    def say(self, text, name=None):
        if name is not None:
            field = self.find("#name")
            field.clear()
            field.send_keys(name)
        self.find("#text").send_keys(text, Keys.ENTER)

    def use(self, transport):
        self.find(f'[value="{transport}"]').click()

    def reload(self):
        self.driver.refresh()
        self.wait_open()

    def requests(self):
        """The addresses that this page has asked for since its loading."""
        return self.browser.run(
            "return performance.getEntriesByType('resource')"
            ".map(({ name }) => name)")
