/**
 * The report's page: what stands in it as JSON is put into words, charts and
 * tables, anew whenever the language, the colours or the choice change.
 */

import { SCENARIOS, WORDS } from "./words.js";
import { Looks, approachOf, drawSample } from "./look.js";
import { charts, draw, setDefaults } from "./charts.js";
import { element, machineList, scenarioTables } from "./tables.js";
import { setting } from "./numbers.js";

const NAMES = { "en": "English", "zh-CN": "中文" };
const SHOWN_AT_FIRST = 8;

const at = (selector) => document.querySelector(selector);
const read = (selector) => JSON.parse(at(selector).textContent);

const view = read("#view");
const results = read("#results");

const page = {
    view,
    looks: new Looks(view.cells),
    language: remembered(),
    hidden: new Set(),
    opened: new Set(),
    get isNarrow() {
        return innerWidth < 640;
    },
    say(words) {
        return words[page.language];
    },
};

// The language. --------------------------------------------------------------

function remembered() {
    try {
        const kept = localStorage.getItem("earshot.report.language");
        if (kept in NAMES) {
            return kept;
        }
    } catch {
        // A page from a file may have no storage.
    }
    const known = navigator.languages.find((tag) => /^(zh|en)\b/i.test(tag));
    return /^zh/i.test(known ?? "") ? "zh-CN" : "en";
}

function other() {
    return page.language === "en" ? "zh-CN" : "en";
}

function changeLanguage() {
    page.language = other();
    try {
        localStorage.setItem("earshot.report.language", page.language);
    } catch {
        // Then it is asked again.
    }
    show();
}

function showLanguage() {
    document.documentElement.lang = page.language;
    const title = at("title");
    title.dataset.en ??= title.textContent;
    title.textContent = page.language === "en" ? title.dataset.en
        : title.dataset.zh;
    at("#language").textContent = NAMES[other()];
    at("#language").lang = other();
}

// What went wrong, and what was found. ---------------------------------------

function warning(cell, word, text, isEnglish) {
    const said = element("span", isEnglish ? { lang: "en" } : {}, text);
    if (isEnglish) {
        said.dataset.always = "";
    }
    return element("li", {}, element("strong", {}, word),
        ` ${cell.scenario}, ${page.looks.name(cell)}: `, said);
}

function warningsOf(cell) {
    const found = [];
    if (cell.lost) {
        found.push(warning(cell, page.say(WORDS.lost).toUpperCase(),
            `${setting(cell.lost)} ${page.say(WORDS.of)} `
            + `${setting(cell.expected)} ${page.say(WORDS.neverCame)}`));
    }
    for (const problem of cell.problems) {
        found.push(warning(cell, page.say(WORDS.noResult), problem, true));
    }
    if (cell.cut) {
        found.push(warning(cell, "", page.say(WORDS.cut)));
    } else if (cell.good < cell.runs && cell.good) {
        found.push(warning(cell, "", page.say(WORDS.partly)));
    }
    return found;
}

function showWarnings() {
    const all = view.cells.flatMap(warningsOf);
    at("#warnings").hidden = !all.length;
    at("#warnings ul").replaceChildren(...all);
}

function showFindings() {
    at("#findings").hidden = !view.findings.length;
    at("#findings ol").replaceChildren(...view.findings.map((finding) =>
        element("li", {}, page.say(finding))));
    at("#when").textContent = [results.settings.began, results.machine.cpu,
        results.machine.distribution].filter(Boolean).join(" · ");
}

// Which approaches are shown. ------------------------------------------------

/** One cell of each approach; poll-interval's many intervals are none. */
function approaches() {
    const found = new Map();
    for (const cell of view.cells) {
        if (cell.scenario !== "poll-interval" && cell.good
            && !found.has(approachOf(cell))) {
            found.set(approachOf(cell), cell);
        }
    }
    return found;
}

function choice(key, cell) {
    const box = element("input", { type: "checkbox",
        checked: !page.hidden.has(key) });
    const sample = element("canvas", {});
    sample.setAttribute("aria-hidden", "true");
    box.addEventListener("change", () => {
        page.hidden[box.checked ? "delete" : "add"](key);
        showCharts();
    });
    drawSample(sample, page.looks.of(cell));
    return element("label", {}, box, sample, page.looks.name(cell));
}

function showChoices() {
    const legend = at("#shown legend");
    at("#shown").replaceChildren(legend, ...[...approaches()].map(
        ([key, cell]) => choice(key, cell)));
    at("#shown").hidden = approaches().size < 2;
}

function shownCells(scenario) {
    return view.cells.filter((cell) => cell.scenario === scenario && cell.good
        && !page.hidden.has(approachOf(cell)));
}

// Charts and tables. ---------------------------------------------------------

function sidesList(sides) {
    return element("ul", { className: "sides" }, ...sides.map(
        ({ label, colour }) => {
            const item = element("li", {}, label);
            item.style.setProperty("--of", colour);
            return item;
        }));
}

function figure({ key, scenario, words, how, isWide, make }) {
    const chart = make(page, shownCells(scenario));
    if (!chart) {
        return null;
    }
    const about = SCENARIOS[scenario] ? page.say(SCENARIOS[scenario])
        : scenario;
    const canvas = element("canvas", {});
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label",
        `${page.say(words)} (${scenario}: ${about})`);
    const made = element("figure", { className: isWide ? "wide" : "" },
        element("h2", {}, page.say(words)),
        element("figcaption", {}, `${scenario}: ${about}`
            + `${page.say(WORDS.stop)}${page.say(how)}`),
        chart.sides ? sidesList(chart.sides) : null,
        element("div", { className: "plot" }, canvas));
    made.dataset.chart = key;
    made.dataset.scenario = scenario;
    return { made, canvas, chart };
}

function showCharts() {
    setDefaults();
    const all = charts(view.cells).map(figure).filter(Boolean);
    at("#charts").querySelectorAll("canvas").forEach((canvas) =>
        Chart.getChart(canvas)?.destroy());
    at("#charts").replaceChildren(...all.map(({ made }) => made));
    all.forEach(({ canvas, chart }) => draw(canvas, chart));
}

function showFigures() {
    const scenarios = [...new Set(view.cells.map(({ scenario }) => scenario))];
    at("#figures").replaceChildren(...scenarios.map((word) => scenarioTables(
        page, view.cells.filter(({ scenario }) => scenario === word))));
    at("#machine").replaceChildren(...machineList(page, results));
}

function show() {
    showLanguage();
    showWarnings();
    showFindings();
    showChoices();
    showCharts();
    showFigures();
}

function showColours() {
    showChoices();
    showCharts();
}

function download() {
    const text = at("#results").textContent.trim();
    const url = URL.createObjectURL(new Blob([`${text}\n`],
        { type: "application/json" }));
    element("a", { href: url, download: "earshot-bench.json" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

function begin() {
    [...approaches().keys()].slice(SHOWN_AT_FIRST)
        .forEach((key) => page.hidden.add(key));
    show();
    at("#language").addEventListener("click", changeLanguage);
    at("#download").addEventListener("click", download);
    for (const media of ["(prefers-color-scheme: dark)", "print"]) {
        matchMedia(media).addEventListener("change", showColours);
    }
}

begin();
