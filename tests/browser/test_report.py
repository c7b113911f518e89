"""The report that earshot-bench makes, in Chromium: of results that nobody
measured, among them losses and a server's hostile words."""

import json
import re
import subprocess

import bench
import npm
import pytest
from chromium import Chromium
from processes import program
from selenium.webdriver.common.keys import Keys
from test_pages import AXE, CHINESE, WIDE
from wait import slow, wait_until

LANGUAGES = ("en", "zh-CN")
CHARTS = {"curves", "time", "bytes", "requests", "cpu", "memory",
          "publishing", "polling", "recovery"}

SAID = """
return [...document.querySelectorAll(arguments[0])]
    .filter((one) => one.checkVisibility()).map((one) => one.innerText.trim());
"""

# The names of the lines or bars of every chart.
DRAWN = """
return [...document.querySelectorAll("#charts figure")].map((figure) => {
    const canvas = figure.querySelector("canvas");
    const chart = Chart.getChart(canvas);
    const data = chart.data;
    return { chart: figure.dataset.chart, scenario: figure.dataset.scenario,
        name: canvas.getAttribute("aria-label"),
        names: chart.config.type === "bar" ? data.labels
            : data.datasets.map(({ label }) => label),
        points: data.datasets.map(({ data }) => data) };
});
"""

# Are there any pixels in what has been drawn?
BLANK = """
return [...document.querySelectorAll("#charts canvas")].filter((canvas) => {
    const { width, height } = canvas;
    return !width || !height || !canvas.getContext("2d")
        .getImageData(0, 0, width, height).data.some((byte) => byte);
}).length;
"""


def made_up(form):
    """Results that nobody measured, as JSON or as their report."""
    return subprocess.run(
        [program("tests/support/made-up-results"), form], check=True,
        capture_output=True, text=True, timeout=slow(30)).stdout


@pytest.fixture(scope="module")
def results():
    return json.loads(made_up("json"))


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Made by the command, of a file: as a user does it."""
    directory = tmp_path_factory.mktemp("report")
    (directory / "results.json").write_text(made_up("json"), "utf-8")
    bench.run(directory, "report", directory / "results.json",
              "-o", directory / "report.html")
    return directory / "report.html"


@pytest.fixture(scope="module")
def watched():
    with Chromium(watch_network=True) as browser:
        yield browser


class Report:
    """Somebody who reads it."""

    def __init__(self, browser, path):
        self.browser = browser
        self.driver = browser.driver
        self.path = path

    def open(self, language="en", scheme="light", width=1200):
        self.browser.prefer(scheme)
        self.browser.size(width, 800)
        self.driver.get("about:blank")
        self.browser.console()
        self.browser.requests()
        self.driver.get(self.path.as_uri())
        self.wait_drawn()
        if self.language != language:
            self.switch_language()
        return self

    def wait_drawn(self):
        wait_until(lambda: self.browser.run(
            "return document.querySelectorAll('#charts canvas').length > 0"
            " && document.readyState === 'complete'"), 20, "the report")

    @property
    def language(self):
        return self.browser.run("return document.documentElement.lang")

    def switch_language(self):
        before = self.language
        self.driver.find_element("id", "language").click()
        wait_until(lambda: self.language != before, what="the language")

    def said(self, selector):
        return self.browser.run(SAID, selector)

    def drawn(self):
        return self.browser.run(DRAWN)

    def view(self):
        return json.loads(self.browser.run(
            "return document.querySelector('#view').textContent"))

    def print(self, on=True):
        self.browser.emulate("setEmulatedMedia",
                             media="print" if on else "", features=[
                                 {"name": "prefers-color-scheme",
                                  "value": "dark"}])


@pytest.fixture
def report(watched, page):
    yield Report(watched, page)
    watched.emulate("setEmulatedMedia", media="", features=[])
    watched.usual_size()


def test_it_is_whole_by_itself_and_asks_for_nothing(report):
    report.open()
    assert report.browser.console() == []
    outside = [url for url in report.browser.requests()
               if not url.startswith(("data:", "chrome:", "about:"))]
    assert outside == [report.path.as_uri()]
    text = report.path.read_text("utf-8")
    assert "default-src 'none'" in text
    assert not re.search(r"<(?:script|link|img)[^>]+(?:src|href)=\"(?!data:)",
                         text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_opens_with_three_findings_in_words_of_the_reader(report, language):
    report.open(language)
    said = report.said("#findings li")
    assert said == [one[language] for one in report.view()["findings"]]
    assert len(said) == 3
    for sentence in said:
        assert bool(CHINESE.search(sentence)) == (language == "zh-CN")
    headings = report.said("h1, h2, h3")
    assert len(headings) > 15
    if language == "en":
        assert not CHINESE.search(report.driver.find_element(
            "tag name", "main").text)
    else:
        assert all(CHINESE.search(one) for one in headings), headings


def test_the_language_is_remembered(report):
    report.open("zh-CN")
    report.driver.refresh()
    report.wait_drawn()
    assert report.language == "zh-CN"
    report.switch_language()
    assert report.language == "en"


def test_what_went_wrong_comes_before_all_else(report):
    report.open()
    warnings = report.said("#warnings li")
    assert warnings[0] == ("LOST slow, ws · lighttpd: 1 of 220,000 deliveries"
                           " that were owed never came")
    assert len(warnings) == 3
    assert report.browser.run(
        "return document.querySelector('#warnings').getBoundingClientRect()"
        ".bottom < document.querySelector('#findings')"
        ".getBoundingClientRect().top")
    assert report.said("#findings li")[0].startswith("1 of ")


def test_a_servers_words_stay_words(report):
    report.open()
    assert "<script>alert(1)</script>\u2028<!--" in \
        report.driver.execute_script(
            "return document.querySelector('#warnings').textContent")
    assert report.browser.run("return document.scripts.length") == 4


def test_every_chart_is_drawn_with_every_approach(report):
    report.open()
    drawn = report.drawn()
    assert {one["chart"] for one in drawn} == CHARTS
    assert report.browser.run(BLANK) == 0
    names = report.said("#shown label")
    assert len(names) == 6
    for one in drawn:
        assert one["name"].strip(), one["chart"]
        if one["chart"] != "polling":
            assert one["names"] == names, one["chart"]


def test_a_curve_is_that_of_the_histogram(report, results):
    report.open()
    curve = next(one for one in report.drawn() if one["chart"] == "curves"
                 and one["scenario"] == "latency")
    at = curve["names"].index("sse · lighttpd")
    points = {round(100 * (1 - 1 / one["x"]), 1): one["y"]
              for one in curve["points"][at]}
    runs = [run for run in results["runs"]
            if (run["scenario"], run["transport"], run["way"])
            == ("latency", "sse", "lighttpd")]
    for percent, name in ((90.0, "p90"), (99.0, "p99")):
        each = [run["latency_us"][name] / 1e3 for run in runs]
        assert min(each) * 0.99 <= points[percent] <= max(each) * 1.01
    # Ten messages of all three runs lie beyond its end.
    assert max(point["x"] for point in curve["points"][at]) <= \
        sum(run["messages_counted"] for run in runs) / 10 * 1.001


def test_polling_stands_on_the_line_of_theory(report):
    report.open()
    polling = next(one for one in report.drawn() if one["chart"] == "polling")
    measured, theory = polling["points"]
    assert len(measured) == len(theory) == 7
    measured.sort(key=lambda point: point["x"])
    for point, expected in zip(measured, theory):
        assert abs(point["x"] / expected["x"] - 1) < 0.05
        assert abs(point["y"] / expected["y"] - 1) < 0.05


def test_an_approach_is_left_out_by_the_keyboard(report):
    report.open()
    box = report.driver.find_element("css selector", "#shown input")
    box.send_keys(Keys.SPACE)
    for one in report.drawn():
        if one["chart"] != "polling":
            assert "poll 1 s · lighttpd" not in one["names"], one["chart"]
            assert len(one["names"]) == 5
    box.send_keys(Keys.SPACE)
    assert len(report.drawn()[0]["names"]) == 6


def test_every_figure_stands_in_a_table(report):
    report.open()
    cells = report.view()["cells"]
    scenarios = {cell["scenario"] for cell in cells}
    assert len(report.said("#figures h3")) == len(scenarios)
    for summary in report.driver.find_elements("tag name", "summary"):
        summary.send_keys(Keys.ENTER)
    rows = report.said("#figures details tbody tr")
    expected = sum(len({name for cell in cells if cell["scenario"] == word
                        for name in cell["figures"]}) + 4
                   for word in scenarios)
    assert len(rows) == expected
    row = report.said("#figures div:first-child .table tbody tr")[2]
    assert row.split()[:4] == ["sse", "·", "lighttpd", "0.419"]


def test_the_results_are_inside_and_can_be_saved(report, results):
    report.open()
    inside = json.loads(report.browser.run(
        "return document.querySelector('#results').textContent"))
    for one in (inside, results):
        one["machine"].clear()
    assert inside["schema"] == 1
    assert inside["settings"] == results["settings"]
    assert len(inside["runs"]) == len(results["runs"])
    for one, other in zip(inside["runs"], results["runs"]):
        assert one["latency_us"]["count"] == other["latency_us"]["count"]
        assert one["lost"] == other["lost"]
    saved = report.driver.execute_async_script("""
        const done = arguments[arguments.length - 1];
        const make = URL.createObjectURL;
        URL.createObjectURL = (blob) => {
            blob.text().then(done);
            return make.call(URL, blob);
        };
        HTMLAnchorElement.prototype.click = () => {};
        document.querySelector("#download").click();
    """)
    assert json.loads(saved)["settings"] == results["settings"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", (320, 360, 1200))
def test_nothing_runs_over_the_edge(report, language, width):
    report.open(language, width=width)
    report.browser.run("document.querySelectorAll('details').forEach("
                       "(one) => { one.open = true; })")
    assert report.browser.run(WIDE) == []
    assert report.browser.run(
        "return document.documentElement.scrollWidth") <= width


COLOURS = """
const style = getComputedStyle(document.documentElement);
const [first] = document.querySelectorAll("#charts canvas");
return [style.backgroundColor,
    Chart.getChart(first).data.datasets[0].borderColor];
"""


def test_charts_follow_the_readers_colours(report):
    report.open(scheme="light")
    light = report.browser.run(COLOURS)
    report.browser.prefer("dark")
    wait_until(lambda: report.browser.run(COLOURS)[1] != light[1],
               what="dark charts")
    dark = report.browser.run(COLOURS)
    assert dark[0] != light[0]
    report.browser.prefer("light")
    wait_until(lambda: report.browser.run(COLOURS) == light,
               what="light charts")


def test_it_is_printed_in_ink_on_paper(report):
    report.open(scheme="dark", width=718)
    dark = report.browser.run(COLOURS)
    report.print()
    wait_until(lambda: report.browser.run(COLOURS)[1] != dark[1],
               what="charts for paper")
    assert report.browser.run(COLOURS)[0] == "rgba(0, 0, 0, 0)"
    assert report.browser.run(WIDE) == []
    assert report.said("#download, #language, #shown input") == []
    report.print(False)


@pytest.mark.parametrize("scheme, language",
                         [("light", "en"), ("dark", "zh-CN")])
def test_axe_finds_nothing_serious(report, scheme, language):
    report.open(language, scheme)
    report.browser.run("document.querySelectorAll('details').forEach("
                       "(one) => { one.open = true; })")
    axe = npm.node_modules() / "axe-core/axe.min.js"
    report.browser.run(axe.read_text("utf-8"))
    report.driver.set_script_timeout(60)
    found = report.driver.execute_async_script(AXE)
    assert found.get("passes", 0) > 10, found
    serious = [one for one in found["violations"]
               if one[0] in ("serious", "critical")]
    assert serious == [], json.dumps(serious, indent=1, ensure_ascii=False)


def test_results_of_several_files_are_one_report(tmp_path):
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text(made_up("json"), "utf-8")
    bench.run(tmp_path, "report", tmp_path / "a.json", tmp_path / "b.json",
              "-o", tmp_path / "both.html")
    text = (tmp_path / "both.html").read_text("utf-8")
    view = json.loads(re.search(
        r'<script type="application/json" id="view">(.*?)</script>', text,
        re.DOTALL)[1])
    assert {cell["runs"] for cell in view["cells"]} == {2, 6}


def test_what_is_no_result_is_refused_by_name(tmp_path):
    (tmp_path / "other.json").write_text('{"hello": 1}')
    done = bench.run(tmp_path, "report", tmp_path / "other.json",
                     "-o", tmp_path / "report.html", expect=1)
    assert "other.json: these are no results of earshot-bench" in done.stderr
    assert not (tmp_path / "report.html").exists()
