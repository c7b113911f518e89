"""The front page, as a reader uses it."""

import json

import web
from selenium.webdriver.common.by import By
from wait import wait_until

LANES = ["poll", "long-poll", "sse", "ws"]

# What the page's own modules know, for what is only drawn.
INSIDE = """
const done = arguments[arguments.length - 1];
import(new URL("lab/lab.js", location).href).then(({ stage }) =>
    done(JSON.stringify(stage.lanes.map((lane) => ({
        publishing: stage.publishing,
        key: lane.key, tag: lane.tag, state: lane.state, order: lane.order,
        track: lane.track, tally: { requests: lane.tally.requests,
            connections: lane.tally.connections, heads: lane.tally.heads,
            payload: lane.tally.payload } })))));
"""


def say(site, text, channel="lab"):
    answer = site.post(f"/{channel}", text.encode(),
                       {"Content-Type": "text/plain"})
    assert answer.status == 201, (answer.status, answer.body)
    return answer.json["id"]


def followers(site, channel="lab"):
    """How many follow the channel, by transport."""
    return site.get(f"/{channel}").json["subscribers"]


class Lab:
    """The page in one browser; left, it asks nothing more."""

    def __init__(self, site, browser, lanes=LANES):
        self.site = site
        self.browser = browser
        self.driver = browser.driver
        self.lanes = lanes
        self.open()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.get("about:blank")

    def open(self):
        self.driver.get("about:blank")
        self.browser.console()
        self.driver.get(f"{self.site.url}/")
        self.wait_open()

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def texts(self, selector):
        """Also of what is scrolled or folded away."""
        return self.browser.run(
            "return [...document.querySelectorAll(arguments[0])]"
            ".map((one) => one.textContent)", selector)

    def state(self, lane):
        rows = self.all(f'#stage [data-lane="{lane}"]')
        return rows[0].get_attribute("data-state") if rows else None

    def wait_open(self):
        wait_until(lambda: all(self.state(lane) == "open"
                               for lane in self.lanes), 15, "open lanes")

    def inside(self):
        """Each lane's own account, by its key."""
        lanes = json.loads(self.driver.execute_async_script(INSIDE))
        return {lane["key"]: lane for lane in lanes}

    def records(self, tag):
        """All that the tap has noted of a lane, asked as the page asks."""
        found, after, more = [], 0, True
        while more:
            page = web.call("GET", f"{self.site.url}/tap/log"
                            f"?tag={tag}&after={after}").json
            found += page["records"]
            after, more = page["next"], page["more"]
        return found

    def orders(self):
        """The ids that each lane has heard, in their order."""
        lanes = self.inside()
        return [lanes[key]["order"] for key in self.lanes]

    def hears(self, ids, timeout=20):
        """Waits until each lane has heard these, in this order, and no
        others."""
        def heard():
            for key, order in zip(self.lanes, self.orders()):
                assert order == list(ids), key
            return True
        wait_until(heard, timeout, every=0.1)

    def slide(self, name, stop):
        """Moves a slider to one of its stops."""
        self.browser.run("""
            const slider = document.querySelector(arguments[0]);
            slider.value = arguments[1];
            slider.dispatchEvent(new Event("input"));""", f"#{name}", stop)

    def quiet(self):
        """Ends the ticker, and begins to count when all is heard."""
        self.slide("rate", 0)
        self.slide("interval", 1)
        def heard_all():
            lanes = self.inside()
            return not lanes["sse"]["publishing"] and len(
                {len(lanes[key]["order"]) for key in self.lanes}) == 1
        # What has been answered has been stored, so each lane is given it;
        # a lane may have heard it before its answer.
        wait_until(heard_all, 15, "the ticker's last message in each lane")
        last = self.site.get("/lab").json["last"]
        wait_until(lambda: not last or all(
            order and order[-1] == last for order in self.orders()), 15)

    def publish(self, text):
        """As the reader does; gives nothing, for nothing is shown yet."""
        field = self.find("#words")
        field.clear()
        field.send_keys(text)
        self.find("#say [type=submit]").click()

    def act(self, lane, number):
        """A lane's buttons: 0 cuts, 1 slows."""
        self.all(f'#stage [data-lane="{lane}"] .act')[number].click()

    def experiment(self, name, guess=None, timeout=60):
        """Guesses, runs, and gives the verdict and the bars' texts."""
        card = self.find(f"#{name}")
        self.browser.run("""
            const [card, guess] = arguments;
            card.open = true;
            card.scrollIntoView();
            const choice = card.querySelector(`[value="${guess}"]`);
            if (choice) {
                choice.click();
            } else if (guess !== null) {
                const range = card.querySelector("[type=range]");
                range.value = guess;
                range.dispatchEvent(new Event("input"));
            }""", card, guess)
        card.find_element(By.CSS_SELECTOR, "[type=submit]").click()

        def ended():
            assert card.find_element(
                By.CSS_SELECTOR, ".result").is_displayed(), \
                card.find_element(By.CSS_SELECTOR, ".go").text
            return True
        wait_until(ended, timeout, every=0.2)
        return (card.find_element(By.CSS_SELECTOR, ".verdict").text,
                [bar.text for bar in card.find_elements(
                    By.CSS_SELECTOR, ".bars .bar + .number")])
