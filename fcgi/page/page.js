/**
 * The status page: follows /-/sse, an event a second, and draws what it says.
 */

import { WORDS, beginLanguages, say } from "./words.js";
import { duration, memory, number } from "./numbers.js";
import { perSecond, quantile, since, sum, together } from "./numbers.js";
import { bar, drawBars, drawLines, sample } from "./draw.js";

const SLOTS = 181;         // seconds that are drawn
const WINDOW = 10;         // seconds that a percentile looks back
const MINUTE = 60;
const AGAIN_MS = 3000;
const HIDDEN_MS = 5000;    // a window that nobody sees costs nothing
const TRANSPORTS = ["poll", "sse", "ws"];

/** What came, oldest first; null where it was interrupted. */
const looks = [];
let latest;
let state = "connecting";
let source;
let timer;

const find = (selector) => document.querySelector(selector);

// -- what is computed of what came -------------------------------------------

/** The look SECONDS before the one at AT, with nothing missing in between. */
function lookBack(at, seconds) {
    let found;
    for (let i = at; i >= 0 && i >= at - seconds && looks[i]; i--) {
        found = looks[i];
    }
    return found;
}

/** How fast PICK of a look grows, a second; undefined: nobody knows. */
function rate(at, pick, seconds = 1) {
    const now = looks[at], before = lookBack(at, seconds);
    if (!now || !before || before === now) {
        return undefined;
    }
    return perSecond(pick(now) - pick(before), now.time - before.time);
}

const deliveries = ({ totals }) => together(Object.values(totals.delivery));
const delivered = ({ totals }) => sum(totals.delivered);
const published = ({ totals }) => totals.published;

/** A percentile of what happened in the last seconds. */
function recent(at, pick, q, seconds = WINDOW) {
    const now = looks[at], before = lookBack(at, seconds);
    return now && before && before !== now
        ? quantile(since(pick(now), pick(before)), now.bounds_us, q)
        : undefined;
}

function overTime(of) {
    return looks.map((look, at) => look ? of(at) : undefined);
}

// -- what is written ---------------------------------------------------------

function write(name, text) {
    for (const one of document.querySelectorAll(`[data-figure="${name}"]`)) {
        if (one.textContent !== text) {
            one.textContent = text;
        }
    }
}

function writeFigures(look) {
    const { totals, queue } = look;
    const at = looks.length - 1;
    const all = deliveries(look);
    const of = (histogram, q) =>
        duration(quantile(histogram, look.bounds_us, q));
    for (const name of ["published", "failed", "lost", "behind",
        "connections", "pruned"]) {
        write(name, number(totals[name]));
    }
    for (const name of TRANSPORTS) {
        write(name, number(totals.subscribers[name]));
    }
    write("subscribers", number(sum(totals.subscribers)));
    write("delivered", number(delivered(look)));
    write("requests", number(sum(totals.requests)));
    write("refusals", number(totals.requests[3] + totals.requests[4]));
    write("delivery-p50", of(all, 0.5));
    write("delivery-p99", of(all, 0.99));
    write("commit-p50", of(totals.commit, 0.5));
    write("commit-p99", of(totals.commit, 0.99));
    write("processes", number(look.processes.length));
    for (const name of ["head", "messages", "channels"]) {
        write(name, number(queue[name]));
    }
    write("oldest", queue.oldest
        ? duration(Math.max(0, look.time - queue.oldest) / 1000) : "–");
    write("size", queue.size === undefined ? "–" : memory(queue.size));
    write("wal", queue.wal === undefined ? "–" : memory(queue.wal));
    find("[data-rate=published]").textContent = number(rate(at, published, 3));
    find("[data-rate=delivered]").textContent = number(rate(at, delivered, 3));
    const trouble = find("#trouble");
    trouble.hidden = !queue.trouble;
    trouble.textContent = queue.trouble
        ? `${say(WORDS.trouble)} ${queue.trouble}` : "";
}

/** A row of a table: its first cell is the head of it. */
function row(cells) {
    const made = document.createElement("tr");
    cells.forEach((content, at) => {
        const cell = document.createElement(at ? "td" : "th");
        if (!at) {
            cell.scope = "row";
        }
        if (typeof content === "number" || content?.number !== undefined) {
            cell.className = "number";
        }
        cell.append(content?.number ?? (typeof content === "number"
            ? number(content) : content));
        made.append(cell);
    });
    return made;
}

function fillTable(id, rows) {
    find(id).hidden = rows.length === 0;
    find(`${id} tbody`).replaceChildren(...rows);
}

function writeChannels({ channels, followed }) {
    const most = Math.max(1, ...channels.map(({ subscribers }) =>
        sum(subscribers)));
    fillTable("#channels", channels.map(({ name, subscribers }) => row([
        name, ...subscribers,
        bar(subscribers.map((value, at) =>
            ({ value, ink: `ink-${TRANSPORTS[at]}` })), most),
    ])));
    const more = followed - channels.length;
    find("#more-channels").textContent = more > 0
        ? ` · ${say(WORDS.more)} ${number(more)}` : "";
}

/** How fast a figure of one process grows, by the look before. */
function rateOf(process, pick) {
    const at = looks.length - 1;
    const before = lookBack(at, 3);
    const then = before?.processes.find(({ id, started }) =>
        id === process.id && started === process.started);
    return then && then !== process
        ? perSecond(pick(process) - pick(then), latest.time - before.time)
        : undefined;
}

function processRow(process, look) {
    const busy = rateOf(process, ({ cpu_us: us }) => us / 1e6);
    const name = document.createElement("span");
    name.textContent = `${process.program} ${process.id}`;
    if (process.own) {
        const note = document.createElement("span");
        note.className = "small";
        note.textContent = ` ${say(WORDS.answers)}`;
        name.append(note);
    }
    return row([
        name,
        duration(Math.max(0, look.time - process.started) / 1000),
        sum(process.subscribers),
        { number: number(rateOf(process, (one) => sum(one.delivered))) },
        { number: busy === undefined ? "–"
            : `${(busy * 100).toFixed(busy < 0.1 ? 1 : 0)} %` },
        { number: process.memory ? memory(process.memory) : "–" },
        bar([{ value: busy ?? 0, ink: "ink-other" }], 1),
    ]);
}

function writeProcesses(look) {
    fillTable("#processes", look.processes.map((process) =>
        processRow(process, look)));
}

// -- what is drawn -----------------------------------------------------------

/** Lines, and a legend with what they are at now. */
function chart(name, series, format) {
    const last = (values) => {
        const value = values.at(-1);
        return value === undefined ? "–" : format(value);
    };
    const told = series.map(({ word, values }) =>
        `${say(word)} ${last(values)}`);
    find(`#${name}-legend`).replaceChildren(...series.map((one) => {
        const item = document.createElement("li");
        const value = document.createElement("b");
        value.textContent = last(one.values);
        item.append(sample(one), `${say(one.word)} `, value);
        return item;
    }));
    drawLines(find(`#${name}-chart`), series, { slots: SLOTS, format,
        from: say(WORDS.ago), to: say(WORDS.now),
        label: told.join(", ") });
}

function drawRates() {
    chart("rate", [
        { word: WORDS.delivered, ink: "ink-sse",
            values: overTime((at) => rate(at, delivered)) },
        { word: WORDS.published, ink: "ink-ws", dash: "6 3",
            values: overTime((at) => rate(at, published)) },
    ], number);
}

function drawDelays() {
    chart("delay", [
        { word: WORDS.half, ink: "ink-sse",
            values: overTime((at) => recent(at, deliveries, 0.5)) },
        { word: WORDS.most, ink: "ink-ws", dash: "6 3",
            values: overTime((at) => recent(at, deliveries, 0.99)) },
        { word: WORDS.commit, ink: "ink-poll", dash: "2 3",
            values: overTime((at) =>
                recent(at, ({ totals }) => totals.commit, 0.99)) },
    ], duration);
}

function drawHeld() {
    const dashes = { poll: "2 3", sse: undefined, ws: "6 3" };
    chart("held", TRANSPORTS.map((name) => ({
        word: WORDS[name], ink: `ink-${name}`, dash: dashes[name],
        values: overTime((at) => looks[at].totals.subscribers[name]),
    })), number);
}

function drawSpread() {
    const at = looks.length - 1;
    const look = looks[at], before = lookBack(at, MINUTE);
    if (!look) {
        return;
    }
    const counts = since(deliveries(look), deliveries(before));
    const bars = look.bounds_us.map((bound, i) => ({ value: counts[i],
        word: `≤ ${duration(bound / 1e6).replace(" ", " ")}` }));
    bars.push({ value: counts[look.bounds_us.length],
        word: `> ${duration(look.bounds_us.at(-1) / 1e6)}` });
    // Rows have milliseconds: the first bounds lie below them.
    const [low, rest] = [bars.slice(0, 4), bars.slice(4)];
    const first = { value: sum(low.map(({ value }) => value)),
        word: low.at(-1).word };
    const shown = [first, ...rest];
    drawBars(find("#spread-chart"), shown, { format: number,
        none: say(WORDS.none),
        label: shown.filter(({ value }) => value > 0)
            .map(({ word, value }) => `${word}: ${number(value)}`)
            .join(", ") || say(WORDS.none) });
}

function draw() {
    find("#state").hidden = false;
    find("#state").className = state === "live" ? "live" : "";
    const text = find("#state span");
    if (text.textContent !== say(WORDS[state])) {
        text.textContent = say(WORDS[state]);
    }
    if (!latest) {
        return;
    }
    find("#charts").hidden = false;
    writeFigures(latest);
    writeChannels(latest);
    writeProcesses(latest);
    drawRates();
    drawDelays();
    drawHeld();
    drawSpread();
}

// -- the stream --------------------------------------------------------------

function take(look) {
    looks.push(look);
    looks.splice(0, looks.length - SLOTS);
}

function change(to) {
    state = to;
    draw();
}

function stop() {
    clearTimeout(timer);
    source?.close();
    source = undefined;
}

function interrupt(to) {
    if (looks.at(-1)) {
        take(null); // the last figures stay; the lines have a gap
    }
    change(to);
}

function open() {
    stop();
    source = new EventSource("sse");
    source.addEventListener("figures", ({ data }) => {
        state = "live";
        latest = JSON.parse(data);
        take(latest);
        draw();
    });
    source.addEventListener("error", () => {
        if (state === "live") {
            interrupt("away");
        } else {
            change("away");
        }
        // What a web server answers while nobody is behind it ends an
        // EventSource for good.
        if (source?.readyState === EventSource.CLOSED) {
            stop();
            timer = setTimeout(open, AGAIN_MS);
        }
    });
}

function onVisibility() {
    clearTimeout(timer);
    if (!document.hidden) {
        if (!source) {
            open();
        }
    } else {
        timer = setTimeout(() => {
            stop();
            interrupt("paused");
        }, HIDDEN_MS);
    }
}

beginLanguages(draw);
document.addEventListener("visibilitychange", onVisibility);
addEventListener("resize", draw);
addEventListener("pagehide", stop);
addEventListener("pageshow", ({ persisted }) => { if (persisted) open(); });
open();
