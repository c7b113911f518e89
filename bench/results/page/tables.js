/** The tables: what the charts show, and everything besides, in figures. */

import { FIGURES, MACHINE, SCENARIOS, WORDS } from "./words.js";
import { memory, number, range, setting } from "./numbers.js";

export function element(name, properties = {}, ...children) {
    const made = document.createElement(name);
    Object.assign(made, properties);
    made.append(...children.filter((one) => one !== null));
    return made;
}

function heading(text, unit, scope) {
    const made = element("th", { scope }, text);
    if (unit) {
        made.append(element("small", {}, unit));
    }
    return made;
}

/** A wide table scrolls by itself, by keyboard too. */
function framed(table, label) {
    const made = element("div", { className: "table", tabIndex: 0 }, table);
    made.setAttribute("role", "region");
    made.setAttribute("aria-label", label);
    return made;
}

function figureCell(cell, name) {
    const spread = cell.figures[name];
    if (!spread) {
        return element("td", {}, "–");
    }
    const [median, low, high] = spread.map((one) => one * FIGURES[name].scale);
    return element("td", {}, number(median), cell.good > 1
        ? element("small", {}, range(low, high)) : null);
}

/** What differs between the cells of a scenario is a column. */
const VARIES = [
    { words: WORDS.subscribers, of: ({ subscribers }) => setting(subscribers) },
    { words: WORDS.publishers, of: ({ publishers }) => setting(publishers) },
    { words: WORDS.rate, of: ({ scenario, rate_per_s }) =>
        scenario === "ramp" ? "" : rate_per_s ? setting(rate_per_s) : "–" },
    { words: WORDS.size, of: ({ message_bytes }) => setting(message_bytes) },
];

function varying(cells) {
    return VARIES.filter(({ of }) => new Set(cells.map(of)).size > 1);
}

function load(page, cells) {
    const [first] = cells;
    const said = VARIES.filter((one) => !varying(cells).includes(one))
        .map(({ words, of }) => [page.say(words), of(first)])
        .filter(([, text]) => text && text !== "–")
        .map(([word, text]) => `${word}: ${text}`);
    if (first.rate_per_s === 0) {
        said.push(page.say(WORDS.closed));
    }
    const runs = Math.max(...cells.map(({ good }) => good));
    if (runs > 1) {
        said.push(`${page.say(WORDS.runs)}: ${runs}`);
    }
    return said.join(" · ");
}

function shortTable(page, cells) {
    const columns = page.view.scenarios[cells[0].scenario].columns;
    const varies = varying(cells);
    const head = element("tr", {}, heading(page.say(WORDS.approach), "", "col"),
        ...varies.map(({ words }) => heading(page.say(words), "", "col")),
        ...columns.map((name) => heading(page.say(FIGURES[name]),
            FIGURES[name].unit, "col")));
    const rows = cells.map((cell) => element("tr", {},
        heading(page.looks.name(cell), "", "row"),
        ...varies.map(({ of }) => element("td", {}, of(cell))),
        ...columns.map((name) => figureCell(cell, name))));
    return element("table", {}, element("thead", {}, head),
        element("tbody", {}, ...rows));
}

function correctness(page, cells) {
    const names = [["owed", "expected"], ["lost", "lost"],
        ["repeated", "repeated"], ["reordered", "reordered"]];
    return names.map(([word, member]) => element("tr", {},
        heading(page.say(WORDS[word]), "", "row"),
        ...cells.map((cell) => element("td", {}, setting(cell[member])))));
}

/** Every figure that any cell of a scenario says, as rows. */
function longTable(page, cells) {
    const names = Object.keys(FIGURES).filter((name) =>
        cells.some(({ figures }) => figures[name]));
    const varies = varying(cells);
    const title = (cell) => [page.looks.name(cell), varies
        .map(({ words, of }) => `${page.say(words)}: ${of(cell)}`)
        .join(" · ")];
    const head = element("tr", {}, heading(page.say(WORDS.figure), "", "col"),
        ...cells.map((cell) => heading(...title(cell), "col")));
    const rows = names.map((name) => element("tr", {},
        heading(page.say(FIGURES[name]), FIGURES[name].unit, "row"),
        ...cells.map((cell) => figureCell(cell, name))));
    return element("table", {}, element("thead", {}, head),
        element("tbody", {}, ...correctness(page, cells), ...rows));
}

/** A note of earshot-bench's own is English in every language. */
function remark(page, words) {
    const made = element("li", {}, page.say(words));
    if (words["en"] === words["zh-CN"]) {
        made.lang = "en";
        made.dataset.always = "";
    }
    return made;
}

function remarks(page, scenario) {
    const all = page.view.scenarios[scenario].remarks;
    return all.length ? element("ul", { className: "notes" },
        ...all.map((one) => remark(page, one))) : null;
}

/** One scenario. */
export function scenarioTables(page, cells) {
    const [{ scenario }] = cells;
    const title = SCENARIOS[scenario] ? page.say(SCENARIOS[scenario])
        : scenario;
    const isOpen = page.opened.has(scenario);
    const details = element("details", { open: isOpen },
        element("summary", {}, page.say(WORDS.every)),
        framed(longTable(page, cells),
            `${title}: ${page.say(WORDS.every)}`));
    details.addEventListener("toggle", () => {
        page.opened[details.open ? "add" : "delete"](scenario);
    });
    return element("div", {}, element("h3", {}, `${scenario}: ${title}`),
        element("p", { className: "small" }, load(page, cells)),
        framed(shortTable(page, cells), title), remarks(page, scenario), details);
}

function facts(page, { machine, settings }) {
    const { cells } = page.view;
    const urls = [...new Set(cells.map(({ publish_by, publish_url }) =>
        publish_url && `${publish_by === "ws" ? "WebSocket" : "POST"} `
            + publish_url).filter(Boolean))];
    const durable = [...new Set(cells.map(({ target, durability }) =>
        durability && `${target}: ${durability}`).filter(Boolean))];
    const { calibration_cpu_us: us, calibration_deliveries_per_s: most }
        = settings;
    return { ...settings, calibration: us ? `${number(us)} µs`
        + (most ? `, ${setting(Math.round(most))}/s` : "") : "",
    publishing: urls.join(", "),
        durability: machine.disk_system === "tmpfs" && durable.length
            ? page.say(WORDS.notDurable) : durable.join("; "), ...machine };
}

export function machineList(page, results) {
    const known = facts(page, results);
    const text = (name, value) => name === "memory_bytes" ? memory(value)
        : name.endsWith("_us") ? `${number(value / 1e3)} ms` : String(value);
    return Object.entries(MACHINE)
        .filter(([name]) => known[name])
        .flatMap(([name, words]) => [element("dt", {}, page.say(words)),
            element("dd", {}, text(name, known[name]))]);
}
