"""The tutorial's example and its faults, in real Chromium."""

import re

import pytest
from lesson import Lesson, lesson, school  # noqa: F401 (two fixtures)
from selenium.webdriver.common.by import By
from wait import holds_for, wait_until
from whole import WholeSite


class Pane:
    """One of the two who take part in the tutorial's example."""

    def __init__(self, page, name):
        self.page = page
        self.name = f"#{name}"

    def join(self, transport):
        self.page.browser.run("""
            const select = document.querySelector(arguments[0] + " select");
            select.value = arguments[1];
            select.dispatchEvent(new Event("change"));""",
                              self.name, transport)
        self.page.click(f"{self.name} .join")
        wait_until(lambda: self.page.find(self.name).get_attribute(
            "data-state") == "open", 15, "the connection")

    def leave(self):
        self.page.click(f"{self.name} .join")

    def send(self):
        self.page.click(f"{self.name} .send")

    @property
    def lines(self):
        # In one go: the page goes on adding and removing.
        return self.page.browser.run(
            "return [...document.querySelectorAll(arguments[0] + ' li')]"
            ".map((item) => item.innerText)", self.name)

    def sees(self, word, timeout=10):
        wait_until(lambda: any(word in line for line in self.lines),
                   timeout, f"{word} in {self.lines}")


@pytest.mark.parametrize("transport", ["ws", "sse", "long-poll", "poll"])
def test_a_send_is_answered_to_the_sender_and_told_to_the_other(
        lesson, transport):
    page = lesson("tutorial")
    ada, bob = Pane(page, "ada"), Pane(page, "bob")
    ada.join(transport)
    bob.join("sse")
    ada.send()
    ada.sees("You sent “hello”")
    bob.sees("another one sends: hello")
    assert not any("You sent" in line for line in bob.lines)
    assert not any("another one" in line for line in ada.lines)
    # By itself the server speaks every three seconds.
    ada.sees("three seconds more")
    bob.sees("three seconds more")
    page.find("#language").click()
    ada.sees("又过了三秒")
    assert page.browser.console() == []


@pytest.mark.parametrize("transport, latest", [
    ("ws", 8), ("sse", 8), ("long-poll", 10), ("poll", 20)])
def test_who_leaves_is_missed_and_the_page_says_how_late(
        lesson, transport, latest):
    page = lesson("tutorial")
    ada, bob = Pane(page, "ada"), Pane(page, "bob")
    ada.join(transport)
    bob.join("sse")
    ada.sees("three seconds more")
    ada.leave()
    bob.sees("disconnect: ada-", latest)
    late = page.text(f"#late-{transport}-politely")
    assert re.fullmatch(r"\d+(\.\d)? s|\d+ ms", late)
    assert late.endswith(" s") and float(late[:-2]) < latest
    if transport == "poll":
        assert float(late[:-2]) > 5


@pytest.mark.parametrize("event", ["disconnect", "send", "getMsg"])
def test_whatever_anybody_publishes_is_shown_or_passed_over(
        school, lesson, event):
    page = lesson("tutorial")
    bob = Pane(page, "bob")
    bob.join("sse")
    for data in ("null", "7", '"x"', "[null]", '{"toString":1}',
                 '{"who":"\'\\"]","by":"\'\\"]"}', '{"en":1,"zh-CN":null}'):
        assert school.post(f"/tutorial?event={event}", data.encode(), {
            "Content-Type": "application/json"}).status == 201
    school.post("/tutorial?event=send", b"after all that")
    bob.sees("another one sends: after all that")
    assert page.browser.console() == []


def test_a_pulled_cable_is_noticed_later_than_a_leave(lesson):
    page = lesson("tutorial")
    ada, bob = Pane(page, "ada"), Pane(page, "bob")
    ada.join("ws")
    bob.join("sse")
    ada.sees("three seconds more")
    page.click("#ada .cable")
    bob.sees("disconnect: ada-", 60)
    late = page.text("#late-ws-cable")
    assert float(late[:-2]) > 10, late


def test_without_the_program_the_page_says_what_to_start(
        directory, started, chromium):
    site = WholeSite(directory)
    started.append(site)
    site.start()
    with Lesson(site, chromium, "tutorial") as page:
        ada = Pane(page, "ada")
        ada.join("sse")
        ada.send()
        ada.sees("start deploy/examples/tutorial", 15)


def test_a_timer_that_nobody_clears_speaks_to_nobody(lesson):
    page = lesson("tutorial")
    page.click("#timer-go")
    page.click("#timer-stay")
    wait_until(lambda: int(page.text("#timer-wrong-lost")) >= 10, 15)
    assert page.text("#timer-right-lost") == "0"
    assert page.text("#timer-right-sent") == "1"
    page.click("#timer-restart")
    holds_for(lambda: page.text("#timer-wrong-sent") == "0", 4)


def test_markup_in_a_message_is_shown_and_never_read(lesson):
    page = lesson("tutorial")
    message = 'Hi <img src=x onerror="document.title = 1"> <b>there</b>'
    page.fill("#message", message)
    marked = page.find("#line")
    assert marked.text.strip() == message
    assert marked.find_element(
        By.CSS_SELECTOR, ".runs").text.strip() == \
        'onerror="document.title = 1"'
    assert not marked.find_elements(By.CSS_SELECTOR, "img, b")
    page.click("#as label:last-child input")
    assert marked.text == message
    assert not marked.find_elements(By.CSS_SELECTOR, "*")
    assert "Earshot" in page.driver.title


def test_the_message_that_would_run_is_found(lesson):
    page = lesson("tutorial")
    verdicts = []
    for message in ("<script>alert(1)</script>", "<b>x</b>", "x",
                    "<a href='javascript:x()'>", "<svg onload=x()>",
                    "<img onerror=x()>", "<audio src=x onerror=x()>"):
        page.fill("#runs", message)
        page.click("#runs-form button")
        verdicts.append(page.verdict("runs")[0])
    assert verdicts == ["wrong"] * 6 + ["right"]


# Where all messages get into a page by innerHTML, in a frame that has scripts
# but no origin, and so nothing that it could harm.
FRAME = """
<script>
window.onmessage = ({ data }) => {
    const lines = document.querySelectorAll("div.line");
    if (data === "touch") {
        for (const one of document.querySelectorAll(".line *")) {
            for (const name of ["mouseover", "pointerdown"]) {
                one.dispatchEvent(new Event(name, { bubbles: true }));
            }
            one.dispatchEvent(new Event("click"));
        }
        return;
    }
    for (const message of data) {
        const line = document.createElement("div");
        line.className = "line";
        document.body.append(line);
        line.innerHTML += message;
    }
};
</script>
<body>
"""
JUDGE = """
const done = arguments[arguments.length - 1];
const [frame, markup, messages] = arguments;
import(markup).then(({ worst }) => {
    window.ran = [];
    window.addEventListener("message", ({ data }) => window.ran.push(data));
    const element = document.createElement("iframe");
    element.sandbox = "allow-scripts";
    element.srcdoc = frame;
    element.onload = () => {
        window.inside = element.contentWindow;
        window.inside.postMessage(messages, "*");
        done(messages.map(worst));
    };
    document.body.append(element);
});
"""
CALL = "top.postMessage({0},`*`)"
SURE = {
    "runs": [
        '<img src=x onerror="CALL">', "<IMG SRC=x ONERROR='CALL'>",
        "Hi <b>you</b> <img alt=a src=x onerror=CALL> there",
        "<img/src='x'/onerror=CALL>", "<p><a href=x>y<img src=x onerror=CALL>",
        "<audio src=x onerror=CALL></audio>",
        "<video src=x onerror=CALL></video>", "<video src=x onerror=CALL>",
        "<details open ontoggle=CALL>x</details>",
        "<style onload=CALL>a{}</style>", "<style onload=CALL></style>",
        "<iframe onload=CALL></iframe>", "<iframe src=javascript:CALL>",
        "<iframe srcdoc='<script>CALL</script>'></iframe>",
        "<script>1</script><img src=x onerror=CALL>"],
    "on-click": ["<b onclick=CALL>x</b>", "<a href=javascript:CALL>x</a>",
                 "<p onmouseover='CALL'>x</p>", "<img onpointerdown=CALL>"],
    "inert": ["<script>CALL</script>", "<b>x</b> <script>CALL",
              "<script src=x></script>"],
    "tag": ["<b>x</b>", "<a href=x>y</a>", "<img src=x>"],
    "text": ["x", "2 < 3 > 1", "onerror=CALL"],
}
ELEMENTS = ("img image svg video audio source object embed iframe input link"
            " details marquee style body b a textarea select button").split()
HANDLERS = "onerror onload onloadstart ontoggle onstart onfocus".split()
NEEDS = ["", "src=x", "src", "open", "autofocus", "href=x", "data=x"]


def test_the_verdict_on_a_message_is_chromiums_own(school, lesson):
    browser = lesson("tutorial").browser
    # A page without a policy: the frame would inherit it.
    browser.driver.get(f"{school.url}/earshot/-/health")
    sure = [(kind, message) for kind, some in SURE.items() for message in some]
    messages = [message for _, message in sure] + [
        f"<{element} {need} {handler}=CALL>" for element in ELEMENTS
        for need in NEEDS for handler in HANDLERS]
    messages = [message.replace("CALL", CALL.format(number))
                for number, message in enumerate(messages)]
    verdicts = browser.driver.execute_async_script(
        JUDGE, FRAME, f"{school.url}/lessons/markup.js", messages)
    assert verdicts[:len(sure)] == [kind for kind, _ in sure]

    def judged(*kinds):
        return {number for number, verdict in enumerate(verdicts)
                if verdict in kinds}

    def ran():
        return set(browser.run("return window.ran"))

    def named(numbers):
        return [messages[number] for number in sorted(numbers)]

    def all_have_run(kind):
        assert named(judged(kind) - ran()) == []
        return True
    wait_until(lambda: all_have_run("runs"), 15)
    holds_for(lambda: not ran() & judged("on-click", "inert", "tag", "text"),
              1, f"what ran besides: {named(ran() - judged('runs'))}")
    browser.run("window.inside.postMessage('touch', '*')")
    # In such a frame Chromium follows no link of this kind: so beside it.
    for message in named(judged("on-click")):
        if "href=javascript" in message:
            browser.run("""
                const line = document.createElement("div");
                document.body.append(line);
                line.innerHTML += arguments[0];
                line.firstChild.click();""", message)
    wait_until(lambda: all_have_run("on-click"), 10)
    assert named(ran() & judged("inert", "tag", "text")) == []
    assert len(judged("runs")) > len(SURE["runs"])


def test_a_listener_hears_its_own_name_alone(lesson):
    page = lesson("tutorial")
    for _ in range(2):
        page.click("#emit-getMsg")
    wait_until(lambda: page.text("#heard-getMsg") == "2")
    assert page.text("#heard-message") == "0"
    page.click("#emit-message")
    wait_until(lambda: page.text("#heard-message") == "1")
    assert page.text("#heard-getMsg") == "2"
    assert page.browser.console() == []
