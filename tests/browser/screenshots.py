#!/usr/bin/python3
"""Pictures of every page, to be looked at: by day and by night, on a phone
and in Chinese; and the README's picture.

    EARSHOT_BUILD=BUILD /usr/bin/python3 tests/browser/screenshots.py FOLDER
        [PAGE…]
"""

import argparse
import pathlib
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support")]

from chromium import Chromium  # noqa: E402
from voices import say  # noqa: E402
from wait import wait_until  # noqa: E402
from whole import PAGES, WholeSite  # noqa: E402

# A view: the language, the colours, the screen.
VIEWS = {
    "light": ("en", "light", (1200, 800)),
    "dark": ("en", "dark", (1200, 800)),
    "chinese": ("zh-CN", "light", (1200, 800)),
    "phone": ("en", "light", (360, 740)),
    "phone-chinese-dark": ("zh-CN", "dark", (360, 740)),
}

README = ("light", (1200, 770))

TALK = [
    ("Ada", "Good morning! This page listens by WebSocket."),
    ("小明", "早上好！我这边用的是长轮询，一样能收到。"),
    ("Grace", "SSE here. I closed the lid for an hour, and missed nothing."),
    ("Ada", "I killed the server with kill -9 just now. Did anybody notice?"),
    ("小明", "没有，一条都没丢。"),
    ("Grace", "Not one."),
]

# Beyond this a picture of a whole page is of no use.
HEIGHT_MAX = 8000


def names():
    return sorted(str(path.relative_to(PAGES))
                  for path in PAGES.rglob("*.html")
                  if 'id="site"' in path.read_text("utf-8"))


def show(site, browser, name, view):
    language, scheme, size = view
    browser.size(*size)
    browser.prefer(scheme)
    browser.driver.get(f"{site.url}/icon.svg")
    browser.run("localStorage.setItem('earshot.language',"
                " JSON.stringify(arguments[0]));"
                "localStorage.setItem('earshot.name', '\"Ada\"')", language)
    browser.driver.get(f"{site.url}/{name}")
    wait_until(lambda: browser.run(
        "return document.querySelector('#language')?.textContent"
        " && document.readyState === 'complete'"), 20, "the page")


def whole_height(browser, size):
    height = browser.run("return document.documentElement.scrollHeight")
    browser.size(size[0], max(size[1], min(height, HEIGHT_MAX)))


def take(site, browser, folder, name, views):
    for word in views:
        view = VIEWS[word]
        show(site, browser, name, view)
        # What moves shows something only after a while.
        time.sleep(5 if name == "index.html" else 1.5)
        whole_height(browser, view[2])
        time.sleep(0.3)
        path = folder / f"{name.removesuffix('.html').replace('/', '-')}" \
                        f"-{word}.png"
        browser.driver.save_screenshot(str(path))
        print(path)


def take_readme(site, browser, folder):
    """The front page with something going on, as the README shows it."""
    scheme, size = README
    browser.emulate("setScrollbarsHidden", hidden=True)
    show(site, browser, "index.html", ("en", scheme, size))
    time.sleep(20)  # until the drawing is full
    browser.driver.save_screenshot(str(folder / "readme.png"))
    print(folder / "readme.png")


def main():
    parser = argparse.ArgumentParser(
        description="Takes pictures of every page.")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("pages", nargs="*", metavar="PAGE",
                        help="index.html, …: only these")
    parser.add_argument("--view", action="append", choices=VIEWS,
                        help="only this view")
    parser.add_argument("--readme", action="store_true",
                        help="only the README's picture")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="earshot-") as name:
        pathlib.Path(name).chmod(0o755)
        site = WholeSite(name).start()
        try:
            for who, text in TALK:
                say(site, who, text)
            with Chromium() as browser:
                for page in [] if options.readme else (
                        options.pages or names()):
                    take(site, browser, options.folder, page,
                         options.view or VIEWS)
                if options.readme or not options.pages:
                    take_readme(site, browser, options.folder)
                browser.driver.get("about:blank")
        finally:
            site.stop()


if __name__ == "__main__":
    main()
