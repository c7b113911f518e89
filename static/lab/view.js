/** A stage as it is seen: a row for each lane, its drawing and its figures. */

import { Strip, drawAxis, drawLane, drawPublished } from "./chart.js";
import { NAMES, both, duration, make, median, say, size } from "./page.js";
import { Tip } from "./tip.js";

const FRAME_MS = 33;
const CALM_FRAME_MS = 500;
const FIGURES_MS = 250;
const PIXELS_PER_SECOND = 44;

const STATES = {
    resting: ["resting", "休息中"],
    connecting: ["connecting", "连接中"],
    open: ["connected", "已连接"],
    broken: ["cut; comes back by itself", "断开，正在自行恢复"],
};

const FIGURES = [
    ["requests", ["requests", "请求"]],
    ["connections", ["connections", "连接"]],
    ["heads", ["headers", "首部"]],
    ["payload", ["payload", "正文"]],
];

const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class StageView {
    /** Whether the drawing stands still. */
    held = false;
    #frame;
    #view; // what was drawn last
    #drawn = 0;
    #figured = 0;

    /**
     * @param {import("./stage.js").Stage} stage
     * @param {HTMLElement} root  is filled
     * @param {object} [options]
     * @param {Record<string, [string, string]>} [options.names]  of the lanes
     * @param {Record<string, [string, string]>} [options.hints]
     * @param {Record<string, string>} [options.links]  to which names lead
     * @param {(lane: object) => HTMLElement[]} [options.acts]  a lane's buttons
     * @param {number} [options.pixelsPerSecond]
     */
    constructor(stage, root, { names = NAMES, hints = {}, links = {},
        acts = () => [], pixelsPerSecond = PIXELS_PER_SECOND } = {}) {
        this.stage = stage;
        this.pixelsPerMs = pixelsPerSecond / 1000;
        this.rows = stage.lanes.map((lane) =>
            new Row(lane, { name: names[lane.key], hint: hints[lane.key],
                link: links[lane.key], acts: acts(lane) }));
        const published = make("canvas", { className: "published way-own" });
        const axis = make("canvas", { className: "axis" });
        published.ariaHidden = axis.ariaHidden = "true";
        root.replaceChildren(
            make("div", { className: "head" },
                make("p", {}, both(["Published", "发布"])), published),
            make("ol", { className: "lanes" },
                this.rows.map(({ item }) => item)),
            make("div", { className: "foot" }, axis));
        this.published = new Strip(published);
        this.axis = new Strip(axis);
        this.tip = new Tip(root, this.rows);
    }

    /** Draws from now on, until the given signal; then for the last time. */
    run(signal) {
        const step = (at) => {
            if (signal?.aborted) {
                this.#figured = 0;
                this.draw();
                return;
            }
            this.#frame = requestAnimationFrame(step);
            const pause = calm.matches ? CALM_FRAME_MS : FRAME_MS;
            if (at - this.#drawn > pause - 4) {
                this.#drawn = at;
                this.draw();
            }
        };
        cancelAnimationFrame(this.#frame);
        this.#frame = requestAnimationFrame(step);
    }

    draw() {
        const now = Date.now();
        if (!this.held) {
            this.#strips(now);
        }
        this.tip.show(this.#view);
        if (now - this.#figured > FIGURES_MS) {
            this.#figured = now;
            this.rows.forEach((row) => row.show(this.stage));
        }
    }

    #strips(now) {
        const { stage, pixelsPerMs } = this;
        const width = Math.max(this.published.width, 100) / pixelsPerMs;
        const first = stage.news.findIndex(({ time, arrivals }) =>
            Math.max(time, ...Object.values(arrivals)) > now - width - 1000);
        const view = { now, pixelsPerMs,
            news: first < 0 ? [] : stage.news.slice(Math.max(0, first - 20)) };
        this.#view = view;
        const words = { server: say(["server", "服务器"]),
            browser: say(["browser", "浏览器"]) };
        drawPublished(this.published, view);
        this.rows.forEach((row) => drawLane(row.strip, view, row.lane, words));
        drawAxis(this.axis, view, say(["now", "现在"]));
    }
}

/** One lane: its name and state, its drawing, its figures. */
class Row {
    constructor(lane, { name, hint, link, acts }) {
        this.lane = lane;
        this.late = make("strong", { textContent: "–" });
        this.middle = make("span", { translate: false });
        this.state = make("span", { className: "unseen" });
        this.figures = Object.fromEntries(FIGURES.map(([key]) =>
            [key, make("dd", { textContent: "0" })]));
        const canvas = make("canvas", { className: "strip" });
        canvas.ariaHidden = "true";
        this.item = make("li",
            { className: `lane way-${lane.transport}` },
            make("div", { className: "who" },
                make("h3", {}, make("i", { ariaHidden: "true" }),
                    link ? make("a", { href: link }, both(name)) : both(name),
                    this.state),
                hint ? both(hint, "p", { className: "hint" }) : [],
                acts.length ? make("div", { className: "acts" }, acts) : []),
            canvas,
            make("div", { className: "cost" },
                make("p", { className: "late" }, this.late,
                    both(["late", "延迟"], "small")),
                make("p", { className: "middle" }, this.middle),
                make("dl", {}, FIGURES.map(([key, words]) =>
                    make("div", {}, make("dt", {}, both(words)),
                        this.figures[key])))));
        this.item.dataset.lane = lane.key;
        this.strip = new Strip(canvas);
    }

    show(stage) {
        const { lane } = this;
        const { tally } = lane;
        if (this.item.dataset.state !== lane.state) {
            this.item.dataset.state = lane.state;
            this.state.replaceChildren(": ", ...both(STATES[lane.state]));
        }
        put(this.late, lane.last === undefined ? "–"
            : duration(Math.max(0, lane.last)));
        const usual = median(stage.delays(lane.key).slice(-20));
        const each = size(tally.bytes / tally.messages);
        put(this.middle, usual === undefined ? "" : say([
            `median ${duration(usual)}, ${each} a message`,
            `中位数 ${duration(usual)}，每条 ${each}`]));
        put(this.figures.requests, `${tally.requests}`);
        put(this.figures.connections, `${tally.connections}`);
        put(this.figures.heads, size(tally.heads));
        put(this.figures.payload, size(tally.payload));
    }
}

/** Only what has changed is written, so as not to disturb who reads. */
function put(element, text) {
    if (element.textContent !== text) {
        element.textContent = text;
    }
}
