"""A page that holds nothing but the client, and what a test does with it."""

import pathlib
import shutil
import subprocess

from lighttpd import Lighttpd
from processes import surroundings
from voices import kept
from wait import wait_until

CLIENT = pathlib.Path(__file__).resolve().parents[2] / "static/earshot.js"

PAGE = """<!doctype html><title>client</title><link rel="icon" href="data:,">
<script type="module" src="page.js"></script>"""

SCRIPT = """
import { earshot } from "./earshot.js";
window.rooms = {};
window.enter = (name, options, url = "/earshot/room") => {
    const room = earshot(url, { retry: 50, retryMax: 500, ...options });
    Object.assign(room, { heard: [], told: [], lost: 0 });
    room.on("message", (data, { id, own }) =>
        room.heard.push({ id, data, own }));
    room.on("state", (state, { transport, error }) =>
        room.told.push([transport, state, error ? error.message : ""]));
    room.on("lost", () => { room.lost++; });
    rooms[name] = room;
};
window.ready = true;
"""


class Site(Lighttpd):
    """lighttpd with the page, earshot.fcgi (respawned), and earshot-ws."""

    def __init__(self, directory, endpoint, **options):
        pages = pathlib.Path(directory) / "pages"
        super().__init__(directory, pages=pages,
                         ws=endpoint and endpoint.address, origin="*",
                         **options)
        self.endpoint = endpoint
        (pages / "index.html").write_text(PAGE)
        (pages / "page.js").write_text(SCRIPT)
        shutil.copy(CLIENT, pages)

    def start_again(self):
        """The same server on the same port."""
        self.spawn(["/usr/sbin/lighttpd", "-D", "-f",
                    str(self.configuration_path)],
                   env=surroundings(self.directory), start_new_session=True)
        assert self.came_up(), self.errors

    def followers(self):
        """How many subscribers all processes have, by transport."""
        return self.get("/room").json["subscribers"]

    def web_sockets(self):
        """How many WebSockets there are just now."""
        return self.endpoint.held()

    def event_streams(self):
        """How many event streams there are just now."""
        return self.get("/-/status").json["subscribers"]["sse"]


class Page:
    """A window with rooms in it. It is gone to before it is asked."""

    def __init__(self, browser, site, new=None):
        self.browser = browser
        self.site = site
        if new:
            browser.driver.switch_to.new_window(new)
        self.window = browser.driver.current_window_handle
        browser.driver.get(site.url)
        self.wait_ready()

    def wait_ready(self):
        wait_until(lambda: self.run("return window.ready"), 15, "the page")

    def run(self, script, *arguments):
        if self.browser.driver.current_window_handle != self.window:
            self.browser.driver.switch_to.window(self.window)
        return self.browser.run(script, *arguments)

    def enter(self, name="room", url="/earshot/room", **options):
        self.run("enter(...arguments)", name, options, url)
        return InPage(self, name)

    def close(self):
        self.run("")
        self.browser.driver.close()
        handles = self.browser.driver.window_handles
        self.browser.driver.switch_to.window(handles[0])


class InPage:
    """One room of a page."""

    def __init__(self, page, name):
        self.page = page
        self.name = name

    def ask(self, expression):
        return self.page.run("const room = rooms[arguments[0]];"
                             f"return {expression}", self.name)

    def use(self, transport):
        self.page.run("rooms[arguments[0]].use(arguments[1])", self.name,
                      transport)

    def emit(self, data):
        """Publishes, and does not wait for it."""
        self.page.run("rooms[arguments[0]].emit('message', arguments[1])",
                      self.name, data)

    @property
    def told(self):
        return [tuple(news) for news in self.ask("room.told")]

    @property
    def ids(self):
        return self.ask("room.heard.map(({ id }) => id)")

    @property
    def data(self):
        return self.ask("room.heard.map(({ data }) => data)")

    def wait_open(self, transport=None, timeout=15):
        def is_open():
            state, now = self.ask("[room.state, room.transport]")
            assert state == "open" and transport in (None, now), (state, now)
            return True
        wait_until(is_open, timeout, every=0.05)
        return self

    def hears_all(self, count=None, since=0):
        """Waits until it has all that is kept, in its order, once."""
        def heard():
            ids = [message["id"] for message in kept(self.page.site)][since:]
            assert self.ids == ids and count in (None, len(ids))
            return True
        wait_until(heard, 30, every=0.1)
        assert self.ask("room.lost") == 0
