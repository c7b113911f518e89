"""The front page's experiments: what they find, and what they say of it."""

import re

import pytest
from lab import followers
from selenium.webdriver.common.by import By
from wait import wait_until


def number(text):
    """The number a bar says: 842 ms, 1.8 s, 8.4 kB, 3 of 12…"""
    value, unit = re.match(r"([\d.]+) ?(\w*)", text).groups()
    return float(value) * {"s": 1000, "kB": 1000}.get(unit, 1)


def test_polling_is_late_by_half_its_interval(lab):
    verdict, bars = lab.experiment("late", 0)
    assert verdict.startswith("You said 0 ms. It was ")
    poll, *others = map(number, bars)
    assert 400 < poll < 2700
    assert max(others) < poll / 2


def test_long_polling_asks_as_often_as_there_are_messages(lab):
    verdict, bars = lab.experiment("requests", 12)
    assert "Well judged" in verdict
    poll, long_poll, sse, ws = map(number, bars)
    assert 8 <= poll <= 16 and 10 <= long_poll <= 14
    assert sse == ws == 1


def test_headers_are_most_of_what_polls_cost(lab):
    verdict, bars = lab.experiment("bytes", 2)  # a power of ten
    assert verdict.startswith("You said 100 B. It was ")
    poll, long_poll, sse, ws = map(number, bars)
    assert min(poll, long_poll) > 2 * max(sse, ws)
    assert min(sse, ws) > 100


def test_a_cut_costs_nobody_a_message(lab):
    verdict, bars = lab.experiment("cut", 0)
    assert "Well judged" in verdict
    assert all(bar.startswith("0 lost") for bar in bars), bars


def test_a_slow_reader_gets_everything_late_and_alone(lab):
    verdict, (quick, slow) = lab.experiment("slow", "late")
    assert verdict.startswith("As you said")
    assert quick.startswith("20 of 20") and slow.startswith("20 of 20")


def test_without_a_cursor_a_cut_costs_messages(lab):
    _, bars = lab.experiment("no-cursor", 12)
    poll, _, sse, ws, right = map(number, bars)
    assert poll == 12
    assert sse >= 3 and ws >= 3
    assert right == 0


def test_behind_a_buffering_proxy_sse_is_silent(lab):
    verdict, bars = lab.experiment("buffering", "all")
    assert verdict == "Not as you said. It was: " \
        "Nothing by SSE; long-polling works"
    assert bars == ["5 of 5", "0 of 5", "5 of 5"]


def test_without_a_heartbeat_a_silent_stream_is_cut(lab):
    verdict, (beat, none) = lab.experiment("no-heartbeat", "late", 90)
    assert verdict.startswith("As you said"), (verdict, beat, none)
    assert number(beat) < number(none)


def test_a_foreign_page_reads_only_where_origin_is_not_checked(lab):
    verdict, bars = lab.experiment("no-origin", "socket")
    assert verdict.startswith("As you said"), (verdict, bars)
    assert bars == ["3 of 3 read", "0 of 3 read", "0 of 3 read"]
    # The browser says in its console what it has refused; ours is clean.
    assert all("foreign.localhost" in line or "foreign" in line
               for line in lab.browser.console())


def test_the_seventh_tab_stalls_and_both_cures_help(lab):
    verdict, bars = lab.experiment("seventh", "nothing")
    assert verdict.startswith("As you said"), (verdict, bars)
    assert bars == ["6 of 7 heard it", "7 of 7 heard it", "7 of 7 heard it"]


def test_an_experiment_borrows_the_rooms_connections_and_returns_them(
        whole, lab):
    card = lab.find("#late")
    lab.browser.run("arguments[0].open = true", card)
    card.find_element(By.CSS_SELECTOR, "[type=submit]").click()
    wait_until(lambda: lab.state("sse") == "resting", 5)
    # lighttpd 1.4.69 does not watch a new connection until its first answer
    # begins: a long-poll that goes before counts until its time is over.
    wait_until(lambda: sum(followers(whole).values()) == 0, 40,
               "the room's release")
    # A page that is hidden ends its experiment; seen again, the room lives.
    lab.driver.switch_to.new_window("tab")
    lab.driver.close()
    lab.driver.switch_to.window(lab.driver.window_handles[0])
    wait_until(lambda: "stopped" in card.text, 10)
    lab.wait_open()


RUN = """
const [file, id, heard, done] = arguments;
const lane = (key, transport = key) => ({ key, transport, state: "broken",
    tally: {}, track: { breaks: [] }, slow: () => {}, cut: () => {} });
const lanes = { late: ["poll", "long-poll", "sse", "ws"],
    cut: ["poll", "long-poll", "sse", "ws"], slow: ["quick", "slow"],
    "no-heartbeat": ["beat", "none"] }[id].map((key) => lane(key));
const stage = { lanes, delays: (key) => heard[key] ?? [] };
const bench = { stage, open: () => stage, publish: () => ["1"],
    all: () => false, until: () => true, sleep: () => {},
    heard: ({ key }) => heard[key] ?? [] };
import(new URL(`lab/${file}.js`, location).href)
    .then((all) => (all.guesses ?? all.wrongs).find((one) => one.id === id))
    .then((experiment) => experiment.run(bench))
    .then(({ value, bars }) => done([value,
        ...bars.map(({ text }) => Array.isArray(text) ? text[0] : text)]))
    .catch((error) => done(error.message));
"""


def outcome(chromium, file, name, **heard):
    """What an experiment says when its lanes have heard just this."""
    return chromium.driver.execute_async_script(RUN, file, name, heard)


@pytest.fixture
def resting(site, chromium):
    """The page's modules, without a room."""
    chromium.driver.get(f"{site.url}/which.html")
    return chromium


def test_what_never_came_is_not_shown_as_quick(resting):
    assert outcome(resting, "wrongs", "no-heartbeat", beat=[3]) \
        == ["late", "3 ms", "not within 15 s"]
    assert outcome(resting, "wrongs", "no-heartbeat", none=[3]) \
        == "the message did not come with a heartbeat"
    assert outcome(resting, "guesses", "late", poll=[900], sse=[2]) \
        == [900, "900 ms", "–", "2 ms", "–"]
    assert outcome(resting, "guesses", "late", sse=[2]) \
        == "polling has brought nothing"
    assert outcome(resting, "guesses", "cut", sse=[70])[1:4:2] \
        == ["12 lost, – late at most", "11 lost, 70 ms late at most"]
    assert outcome(resting, "guesses", "slow", quick=[8] * 20) \
        == ["lost", "20 of 20, the last 8 ms late",
            "0 of 20, the last – late"]


def test_what_is_said_of_heartbeats_and_cookies_holds(resting):
    words = resting.driver.execute_async_script("""
        const done = arguments[0];
        import(new URL("lab/wrongs.js", location).href).then(({ wrongs }) =>
            done(Object.fromEntries(wrongs.map(({ id, run }) =>
                [id, String(run)]))));""")
    # No browser shows comments or Pings to a script.
    assert "no browser shows" in words["no-heartbeat"]
    assert "tells the client" not in words["no-heartbeat"]
    assert words["no-origin"].count("SameSite") == 2
