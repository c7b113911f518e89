"""Every page that there is, in both languages, swept for what must hold on
each: in real Chromium, behind all that ./demo starts."""

import contextlib
import json
import pathlib
import re
import tempfile
from urllib.parse import urlsplit

import npm
import pytest
from chromium import Chromium
from voices import say
from wait import wait_until
from whole import PAGES, WholeSite

LANGUAGES = ("en", "zh-CN")
CHINESE = re.compile("[\u3400-\u9fff]")
OURS = {"127.0.0.1", "localhost", "foreign.localhost"}
# What stands in a frame of another page has no header of ours.
NAMES = sorted(str(path.relative_to(PAGES))
               for path in PAGES.rglob("*.html")
               if 'id="site"' in path.read_text("utf-8"))

# Where the front page leads, and the navigation does not.
BESIDE = {"others.html"}

# What is called the same in both languages, and needs no translation.
SAME = set("""
    Earshot WebSocket WebSockets SSE HTTP HTTPS TCP TLS JSON CORS EventSource
    nchan nginx Mercure ntfy Pushpin Centrifugo Redis Node.js Go AGPL POST
    English JavaScript curl Python lighttpd nginx Apache Caddy Chromium Chrome
    Firefox Safari Origin Koa socket.io Socket.IO SQLite FastCGI Ada RFC HTML
    Fetch Web API ms KB KiB MB s B id px Hz Cookie Host kB ws wss http https
    Last-Event-ID Sec-Fetch-Site UTF-8 Base64 FIN RSV MASK opcode
""".split())

# Where the page holds code, names, and what others have said.
NO_WORDS = ("code, pre, kbd, samp, bdi, time, script, style, [data-always],"
            " [translate=no], #messages, #before, noscript, svg text")

TEXTS = """
const without = arguments[0];
const walker = document.createTreeWalker(document.body,
    NodeFilter.SHOW_TEXT);
const found = [];
while (walker.nextNode()) {
    const node = walker.currentNode;
    const one = node.parentElement;
    if (node.data.trim() && one.checkVisibility() && !one.closest(without)) {
        found.push(node.data.trim());
    }
}
for (const name of ["aria-label", "placeholder", "title", "alt"]) {
    for (const one of document.querySelectorAll(`[${name}]`)) {
        if (one.checkVisibility() && one.getAttribute(name).trim()
            && !one.closest(without)) {
            found.push(one.getAttribute(name).trim());
        }
    }
}
return found;
"""

def words(text):
    """The words of a text that are no constant's name, like OPEN."""
    return {word for word in re.findall(r"[A-Za-z][\w.-]*\w|[A-Za-z]", text)
            if not word.isupper()}


PAIRS = """
const count = (parent, lang) => [...parent.children].filter((one) =>
    one.lang === lang && one.dataset.always === undefined).length;
const parents = new Set([...document.querySelectorAll("body [lang]")]
    .map((one) => one.parentElement));
return [...parents].filter((one) =>
        count(one, "en") !== count(one, "zh-CN"))
    .map((one) => one.outerHTML.slice(0, 300));
"""

WIDE = """
const limit = document.documentElement.clientWidth;
const scrolls = (one) => one && one !== document.body
    && (/auto|scroll|hidden|clip/.test(getComputedStyle(one).overflowX)
        || scrolls(one.parentElement));
return [...document.querySelectorAll("body *")].filter((one) =>
        one.checkVisibility() && !one.closest(".skip, .unseen, svg")
        && one.getBoundingClientRect().right > limit + 0.5
        && !scrolls(one.parentElement))
    .map((one) => one.outerHTML.slice(0, 160));
"""

AXE = """
const done = arguments[arguments.length - 1];
axe.run(document, { resultTypes: ["violations"] }).then(
    ({ violations, passes }) => done({
        passes: passes.length,
        violations: violations.map(({ id, impact, help, nodes }) => [
            impact, id, help,
            nodes.slice(0, 5).map(({ html, any }) =>
                html.slice(0, 160) + " " + (any[0]?.message ?? "")),
        ]) }),
    (error) => done({ error: String(error) }));
"""


class Reader:
    """Somebody who reads one page after another."""

    def __init__(self, site, browser):
        self.site = site
        self.browser = browser
        self.driver = browser.driver

    def read(self, name, language="en", scheme="light"):
        """Opens a page, as one who has chosen the language before."""
        self.browser.prefer(scheme)
        self.driver.get("about:blank")
        self.browser.console()
        self.browser.requests()
        with self.before_every_page(
                "if (self === top) {"
                " localStorage.clear(); sessionStorage.clear();"
                " localStorage.setItem('earshot.language',"
                f" JSON.stringify({json.dumps(language)})); }}"):
            self.driver.get(f"{self.site.url}/{name}")
        self.wait_settled()

    @contextlib.contextmanager
    def before_every_page(self, script):
        """Runs a script in each page before the page's own."""
        added = self.driver.execute_cdp_cmd(
            "Page.addScriptToEvaluateOnNewDocument", {"source": script})
        try:
            yield
        finally:
            self.driver.execute_cdp_cmd(
                "Page.removeScriptToEvaluateOnNewDocument", added)

    def wait_settled(self):
        wait_until(lambda: self.browser.run(
            "return document.querySelector('#language')?.textContent"
            " && document.readyState === 'complete'"
            " && performance.now() > 900"), 20, "the page")

    def unfold(self):
        """Opens all that can be unfolded: it has to hold there too."""
        self.browser.run("document.querySelectorAll('details').forEach("
                         "(one) => { one.open = true; })")

    def followed(self):
        """The channels that the page has asked to follow since it was read."""
        found = [re.search(r"/earshot/([\w.~,-]+)/(?:poll|sse|ws)\b", url)
                 for url in self.browser.requests()]
        return {channel for one in found if one
                for channel in one[1].split(",")}

    def close(self):
        """Ends what the page holds open, before its servers end."""
        self.driver.get("about:blank")


@pytest.fixture(scope="module")
def whole_site():
    """One site for the whole sweep: its pages disturb each other not."""
    with tempfile.TemporaryDirectory(prefix="earshot-") as name:
        pathlib.Path(name).chmod(0o755)
        site = WholeSite(name).start()
        try:
            say(site, "Ada", "hello")
            yield site
        finally:
            site.stop()


@pytest.fixture(scope="module")
def watched_chromium():
    with Chromium(watch_network=True) as browser:
        yield browser


@pytest.fixture
def reader(whole_site, watched_chromium):
    reader = Reader(whole_site, watched_chromium)
    yield reader
    watched_chromium.prefer("")
    watched_chromium.usual_size()
    reader.close()


def every_page(test):
    return pytest.mark.parametrize("name", NAMES)(test)


def in_both_languages(test):
    return pytest.mark.parametrize("language", LANGUAGES)(test)


@in_both_languages
@every_page
def test_a_page_is_whole_without_an_error_or_an_outside_address(
        reader, name, language):
    reader.read(name, language)
    assert reader.browser.run("return document.documentElement.lang") \
        == language
    title = reader.driver.title
    assert "Earshot" in title
    assert bool(CHINESE.search(title)) == (language == "zh-CN"), title
    assert reader.browser.run(
        "return [...document.querySelectorAll('h1')].filter((one) =>"
        " one.checkVisibility()).length") == 1
    assert reader.browser.console() == []
    hosts = {urlsplit(url).hostname for url in reader.browser.requests()
             if not url.startswith(("data:", "blob:", "about:"))}
    assert "127.0.0.1" in hosts
    assert hosts <= OURS
    policy = reader.browser.run(
        "return document.querySelector("
        "'[http-equiv=Content-Security-Policy]').content")
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert "require-trusted-types-for 'script'" in policy
    for address in re.findall(r"\w+://[^\s;]+", policy):
        assert urlsplit(address).hostname in OURS, address


@every_page
def test_every_text_has_its_translation(reader, name):
    reader.read(name)
    reader.unfold()
    assert reader.browser.run(PAIRS) == []
    left = [text for text in reader.browser.run(TEXTS, NO_WORDS)
            if CHINESE.search(text)]
    assert left == [], "Chinese in the English page"
    # The switch changes all of it, what scripts have made included.
    reader.driver.find_element("css selector", "#language").click()
    left = [text for text in reader.browser.run(TEXTS, NO_WORDS)
            if not CHINESE.search(text) and words(text) - SAME]
    assert left == [], "English in the Chinese page"
    assert reader.browser.run(PAIRS) == []
    assert reader.browser.console() == []


@every_page
def test_every_link_of_a_page_leads_somewhere(reader, name):
    reader.read(name)
    links = reader.browser.run(
        "return [...document.querySelectorAll('a[href]')]"
        ".map((one) => one.href)")
    assert len(links) > 5
    own = {link for link in links if link.startswith(reader.site.url)}
    broken = reader.browser.run("""
        return Promise.all(arguments[0].map(async (link) => {
            const { ok } = await fetch(link);
            const { hash, pathname } = new URL(link);
            const here = pathname === location.pathname;
            return ok && (!hash || !here || document.querySelector(hash))
                ? [] : [link];
        })).then((all) => all.flat());""", sorted(own))
    assert broken == []


def test_the_navigation_leads_through_all_pages_and_says_where_one_is(
        reader):
    reader.read("index.html")
    paths = [link.get_attribute("href")
             for link in reader.driver.find_elements(
                 "css selector", "#site nav a")]
    assert len(paths) == 5
    seen = set()
    # From page to page by the links themselves, the lessons' line included.
    for number in range(len(paths)):
        reader.driver.find_elements(
            "css selector", "#site .pages a")[number].click()
        reader.wait_settled()
        lessons = len(reader.driver.find_elements(
            "css selector", "#site .lessons a"))
        for lesson in range(lessons or 1):
            if lessons:
                reader.driver.find_elements(
                    "css selector", "#site .lessons a")[lesson].click()
                reader.wait_settled()
            here = reader.driver.find_elements(
                "css selector", "#site [aria-current=page]")
            assert [one.get_attribute("href") for one in here] \
                == [reader.driver.current_url]
            assert reader.browser.run(
                "return document.querySelectorAll('#site .pages"
                " [aria-current]').length") == 1
            seen.add(urlsplit(reader.driver.current_url).path[1:])
    assert seen == set(NAMES) - BESIDE
    reader.read("index.html")
    onward = {link.get_attribute("href") for link in
              reader.driver.find_elements("css selector", ".onward a")}
    assert {f"{reader.site.url}/{name}"
            for name in BESIDE & set(NAMES)} <= onward


@in_both_languages
@every_page
def test_a_page_fits_a_phone(reader, name, language):
    reader.browser.size(360, 740)
    reader.read(name, language)
    reader.unfold()
    for width in (360, 320):
        reader.browser.size(width, 740)
        assert reader.browser.run(WIDE) == [], width
        assert reader.browser.run(
            "return document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme, language",
                         [("light", "en"), ("dark", "zh-CN")])
@every_page
def test_axe_finds_nothing_serious(reader, name, scheme, language):
    reader.read(name, language, scheme)
    reader.unfold()
    axe = npm.node_modules() / "axe-core/axe.min.js"
    reader.browser.run(axe.read_text("utf-8"))
    reader.driver.set_script_timeout(60)
    found = reader.driver.execute_async_script(AXE)
    assert found.get("passes", 0) > 10, found
    serious = [one for one in found["violations"]
               if one[0] in ("serious", "critical")]
    assert serious == [], json.dumps(serious, indent=1, ensure_ascii=False)


ATTACK = "<img src=x onerror=\"window.ran = 1\"><script>ran = 1</script>"

# Where whatever is published to the page's channel is shown.
SHOWING = ["room.html", "lessons/polling.html", "lessons/long-polling.html",
           "lessons/sse.html", "lessons/websocket.html"]


@pytest.mark.parametrize("name", SHOWING)
def test_script_in_messages_stays_text(reader, name):
    reader.read(name)
    # A lesson follows its channel once its example runs.
    for button in reader.driver.find_elements(
            "css selector", "main .button.primary")[:1]:
        if name.startswith("lessons/"):
            button.click()
    channels = set()

    def shown():
        channels.update(reader.followed())
        for channel in channels:
            # As the room says it, and as a shell does.
            say(reader.site, ATTACK, ATTACK, channel)
            reader.site.post(f"/{channel}", ATTACK.encode())
        return "onerror=" in reader.browser.run(
            "return document.querySelector('main').innerText")
    wait_until(shown, 20, "the attack as text", every=0.5)
    assert channels
    made = "main :is(img[src=x], script)"
    assert reader.driver.find_elements("css selector", made) == []
    assert reader.browser.run("return window.ran") is None
    assert reader.browser.console() == []


def test_the_skip_link_leads_past_the_navigation(reader):
    reader.read("which.html")
    link = reader.driver.find_element("css selector", ".skip")
    reader.browser.run("arguments[0].focus()", link)
    assert link.location["y"] >= 0 and link.is_displayed()
    link.send_keys("\ue007")
    assert reader.browser.run("return document.activeElement.tagName") \
        == "MAIN"


def test_a_first_visitor_is_met_in_his_own_language(reader):
    def met(*languages):
        reader.driver.execute_cdp_cmd("Emulation.setUserAgentOverride", {
            "userAgent": "test", "acceptLanguage": ",".join(languages)})
        with reader.before_every_page("localStorage.clear()"):
            reader.driver.get(f"{reader.site.url}/which.html")
        reader.wait_settled()
        return reader.browser.run("return document.documentElement.lang")
    try:
        assert met("zh-TW", "en") == "zh-CN"
        assert met("de", "zh") == "zh-CN"
        assert met("de", "fr") == "en"
        assert met("en-GB", "zh") == "en"
    finally:
        reader.driver.execute_cdp_cmd("Emulation.setUserAgentOverride",
                                      {"userAgent": ""})
