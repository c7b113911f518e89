/**
 * The drawing: time runs to the left, the server is above, the browser below.
 * A message waits along the server's line until it may go down. Everything
 * here is seen only; the same is said in words and in a table beside it.
 *
 * @typedef {import("./lane.js").Lane} Lane
 *
 * @typedef {import("./news.js").News} News
 *
 * @typedef {object} View
 * @property {number} now
 * @property {number} pixelsPerMs
 * @property {News[]} news     in the order of their ids
 */

import { isMissed } from "./news.js";

const SERVER = 12;      // px from the upper edge
const BROWSER = 12;     // px from the lower edge
const WAIT_STEP = 4;    // px between two messages that wait at once
const ROOM_FOR_WORDS = 36;
const PULSE_MS = 700;
const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** A canvas as sharp as the screen, in the colours of its place. */
export class Strip {
    #context;
    #colours = {};

    constructor(canvas) {
        this.canvas = canvas;
        this.#context = canvas.getContext("2d");
        new ResizeObserver(() => this.fit()).observe(canvas);
        matchMedia("(prefers-color-scheme: dark)")
            .addEventListener("change", () => this.fit());
    }

    get width() {
        return this.canvas.clientWidth;
    }

    get height() {
        return this.canvas.clientHeight;
    }

    /** Where a moment lies. */
    at(time, { now, pixelsPerMs }) {
        return this.width - 14 - (now - time) * pixelsPerMs;
    }

    /** Takes size and colours anew. */
    fit() {
        const scale = devicePixelRatio || 1;
        this.canvas.width = Math.round(this.width * scale);
        this.canvas.height = Math.round(this.height * scale);
        const style = getComputedStyle(this.canvas);
        for (const name of ["sheet", "ink", "soft", "line", "edge", "bad",
            "way"]) {
            this.#colours[name] = style.getPropertyValue(`--${name}`);
        }
        this.#colours.font = style.fontFamily;
    }

    /** A clean sheet. @param {View} view */
    begin(view) {
        const context = this.#context;
        const scale = devicePixelRatio || 1;
        if (this.canvas.width !== Math.round(this.width * scale)) {
            this.fit();
        }
        context.setTransform(scale, 0, 0, scale, 0, 0);
        context.clearRect(0, 0, this.width, this.height);
        const x = (time) => this.at(time, view);
        const first = view.now - this.width / view.pixelsPerMs;
        return { context, colours: this.#colours, x, first };
    }

    /** Lines at full seconds. */
    grid(pen, view, every) {
        const { context, colours, x, first } = pen;
        context.strokeStyle = colours.line;
        context.globalAlpha = 0.6;
        context.lineWidth = 1;
        const from = Math.ceil(first / every) * every;
        for (let time = from; time < view.now; time += every) {
            vertical(context, x(time), 0, this.height);
        }
        context.globalAlpha = 1;
    }
}

/** The first row: what is published, and when. */
export function drawPublished(strip, view) {
    const pen = strip.begin(view);
    const { context, colours, x, first } = pen;
    strip.grid(pen, view, 1000);
    const seen = view.news.filter(({ time }) => time > first - 1000);
    const taken = [];
    // The visitor's own words have the first choice of a place.
    for (const { time, text, own } of [...seen.filter(({ own }) => own),
        ...seen.filter(({ own }) => !own)]) {
        const at = x(time);
        moment(context, colours, at, strip.height - 12, strip.height);
        context.fillStyle = own ? colours.way : colours.ink;
        diamond(context, at, strip.height - 12);
        context.font = `${own ? "600 12px" : "11px"} ${colours.font}`;
        const words = short(text);
        const half = context.measureText(words).width / 2 + 3;
        const middle = Math.min(at, strip.width - half);
        if (taken.every((place) =>
            Math.abs(place.middle - middle) > place.half + half)) {
            taken.push({ middle, half });
            context.fillStyle = own ? colours.way : colours.soft;
            context.textAlign = "center";
            context.fillText(words, middle, strip.height - 21);
        }
    }
}

/** The beginning of the first line. */
function short(text) {
    const [line] = text.split("\n");
    return line.length > 16 ? `${line.slice(0, 15)}…` : line;
}

/** How long ago. */
export function drawAxis(strip, view, now) {
    const { context, colours, x, first } = strip.begin(view);
    context.fillStyle = colours.soft;
    context.font = `11px ${colours.font}`;
    context.textAlign = "center";
    const seconds = Math.floor((view.now - first) / 1000);
    for (let ago = 5; ago <= seconds; ago += 5) {
        const at = x(view.now - ago * 1000);
        if (at > 20) {
            context.fillText(`−${ago} s`, at, 12);
        }
    }
    context.textAlign = "right";
    context.fillText(now, strip.width - 4, 12);
}

/**
 * One lane's row.
 * @param {Strip} strip
 * @param {View} view
 * @param {Lane} lane
 * @param {{server: string, browser: string}} words
 */
export function drawLane(strip, view, lane, words) {
    const pen = strip.begin(view);
    const place = { ...pen, view, lane, server: SERVER,
        browser: strip.height - BROWSER, height: strip.height,
        width: strip.width };
    strip.grid(pen, view, 1000);
    drawHeld(place);
    drawRails(place);
    drawMoments(place);
    drawAsks(place);
    drawBreaks(place);
    drawMessages(place);
    drawNotes(place);
    if (place.browser - place.server > ROOM_FOR_WORDS) {
        drawWords(place, words);
    }
}

function drawRails({ context, colours, server, browser, width }) {
    context.strokeStyle = colours.edge;
    context.lineWidth = 1;
    context.globalAlpha = 0.7;
    for (const y of [server, browser]) {
        context.beginPath();
        context.moveTo(0, y + 0.5);
        context.lineTo(width, y + 0.5);
        context.stroke();
    }
    context.globalAlpha = 1;
}

/** Connections that are open and wait: a wash between server and browser. */
function drawHeld({ context, colours, x, first, view, lane, server, browser }) {
    context.fillStyle = colours.way;
    for (const { from, to = view.now } of lane.track.held) {
        if (to > first) {
            context.globalAlpha = 0.13;
            context.fillRect(x(from), server, Math.max(x(to) - x(from), 1),
                browser - server);
        }
    }
    context.globalAlpha = 1;
}

function drawMoments({ context, colours, x, first, view, height }) {
    for (const { time } of view.news) {
        if (time > first) {
            moment(context, colours, x(time), 0, height);
        }
    }
}

/** Requests: up to the server, and down with what there is, or nothing. */
function drawAsks({ context, colours, x, first, view, lane, server, browser }) {
    for (const { time, end = view.now, count } of lane.track.asks) {
        if (end < first) {
            continue;
        }
        context.strokeStyle = colours.way;
        context.fillStyle = colours.sheet;
        context.globalAlpha = count ? 1 : 0.6;
        context.lineWidth = 1.25;
        vertical(context, x(time), server, browser);
        if (x(end) - x(time) > 2) {
            vertical(context, x(end), server, browser);
        }
        if (count === 0) {
            context.globalAlpha = 1;
            ring(context, x(end), browser, 3);
        }
        context.globalAlpha = 1;
    }
}

function drawBreaks({ context, colours, x, first, view, lane, server,
    browser }) {
    const middle = (server + browser) / 2;
    context.strokeStyle = colours.bad;
    context.lineWidth = 2;
    for (const { from, to = view.now } of lane.track.breaks) {
        if (to < first) {
            continue;
        }
        context.setLineDash([3, 5]);
        context.beginPath();
        context.moveTo(x(from) + 8, middle);
        context.lineTo(Math.max(x(to), x(from) + 8), middle);
        context.stroke();
        context.setLineDash([]);
        cross(context, x(from), middle, 5);
    }
}

/** Each message: its wait along the server's line, and its way down. */
function drawMessages(place) {
    const { context, colours, x, first, view, lane, server, browser } = place;
    const levels = [];
    for (const news of view.news) {
        const arrival = news.arrivals[lane.key];
        const end = arrival ?? (isMissed(news, lane, view.news)
            ? news.time : view.now);
        if (end < first) {
            continue;
        }
        const level = levels.findIndex((free) => free <= news.time);
        const row = level < 0 ? levels.length : level;
        levels[row] = end;
        const y = server + 4 + Math.min(row, 9) * WAIT_STEP;
        context.fillStyle = colours.way;
        context.globalAlpha = arrival ? 0.85 : 0.5;
        context.fillRect(x(news.time), y - 1.5, x(end) - x(news.time), 3);
        context.globalAlpha = 1;
        if (arrival) {
            context.strokeStyle = colours.way;
            context.lineWidth = 2;
            vertical(context, x(arrival), server, browser);
            dot(context, x(arrival), browser, 4.5);
            pulse(context, x(arrival), browser, view.now - arrival);
        } else if (end === news.time) {
            context.strokeStyle = colours.bad;
            context.lineWidth = 2;
            cross(context, x(news.time), browser, 4);
        }
    }
}

function drawNotes({ context, colours, x, first, lane, server, browser,
    width }) {
    context.font = `600 11px ${colours.font}`;
    context.textAlign = "left";
    for (const { time, text } of lane.track.notes) {
        if (time > first - 5000) {
            // Beside the line, and never beyond the edge.
            const room = width - 4 - context.measureText(text).width;
            outlined(context, colours, text, Math.min(x(time) + 5, room),
                (server + browser) / 2 + 4, colours.way);
        }
    }
}

function drawWords({ context, colours, server, browser }, words) {
    context.font = `10px ${colours.font}`;
    context.textAlign = "left";
    outlined(context, colours, words.server, 4, server + 12, colours.soft);
    outlined(context, colours, words.browser, 4, browser - 5, colours.soft);
}

// Strokes. -------------------------------------------------------------------

function vertical(context, x, from, to) {
    context.beginPath();
    context.moveTo(x, from);
    context.lineTo(x, to);
    context.stroke();
}

/** When something was published, through all rows. */
function moment(context, colours, x, from, to) {
    context.strokeStyle = colours.ink;
    context.globalAlpha = 0.35;
    context.lineWidth = 1;
    context.setLineDash([2, 3]);
    vertical(context, x, from, to);
    context.setLineDash([]);
    context.globalAlpha = 1;
}

function dot(context, x, y, radius) {
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fill();
}

function ring(context, x, y, radius) {
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
}

function pulse(context, x, y, age) {
    if (age < PULSE_MS && !calm.matches) {
        context.globalAlpha = 0.4 * (1 - age / PULSE_MS);
        dot(context, x, y, 5 + 7 * age / PULSE_MS);
        context.globalAlpha = 1;
    }
}

function cross(context, x, y, arm) {
    context.beginPath();
    context.moveTo(x - arm, y - arm);
    context.lineTo(x + arm, y + arm);
    context.moveTo(x - arm, y + arm);
    context.lineTo(x + arm, y - arm);
    context.stroke();
}

function diamond(context, x, y) {
    context.beginPath();
    context.moveTo(x, y - 5);
    context.lineTo(x + 5, y);
    context.lineTo(x, y + 5);
    context.lineTo(x - 5, y);
    context.fill();
}

/** Words that can be read whatever they lie upon. */
function outlined(context, colours, text, x, y, colour) {
    context.strokeStyle = colours.sheet;
    context.lineWidth = 3;
    context.lineJoin = "round";
    context.strokeText(text, x, y);
    context.fillStyle = colour;
    context.fillText(text, x, y);
}
