/** What an example has cost, as the records of its bytes have it. */

import { duration, make, size, both } from "../lab/page.js";

/** @type {Record<string, import("../lab/page.js").Words>} */
const NAMES = {
    requests: ["requests", "请求数"],
    empty: ["answered with nothing", "空手而归"],
    up: ["bytes up", "上行字节"],
    down: ["bytes down", "下行字节"],
    messages: ["messages heard", "听到的消息"],
    delay: ["mean delay", "平均延迟"],
    worst: ["worst delay", "最长延迟"],
};

export class Figures {
    requests = 0;
    empty = 0;
    up = 0;
    down = 0;
    #delays = [];
    #cells = {};

    /** @param {HTMLElement} [element] a <dl> that shows them */
    constructor(element, names = Object.keys(NAMES)) {
        for (const name of element ? names : []) {
            this.#cells[name] = make("dd", { textContent: "–" });
            this.#cells[name].dataset.figure = name;
            element.append(make("div", {}, make("dt", {}, both(NAMES[name])),
                this.#cells[name]));
        }
    }

    /** @param {import("../lab/tap.js").Record} record */
    add({ kind, size: bytes, bytes: content = "" }) {
        if (kind === "request") {
            this.requests++;
        }
        if (kind === "down" && atob(content).includes('"messages":[]')) {
            this.empty++;
        }
        if (kind === "request" || kind === "up") {
            this.up += bytes;
        } else if (kind === "response" || kind === "down") {
            this.down += bytes;
        }
        this.show();
    }

    /** A message arrived so many ms after it was published. */
    heard(ms) {
        this.#delays.push(ms);
        this.show();
    }

    get messages() { return this.#delays.length; }

    get delay() {
        return this.#delays.reduce((sum, ms) => sum + ms, 0)
            / this.#delays.length;
    }

    get worst() { return Math.max(...this.#delays); }

    reset() {
        Object.assign(this, { requests: 0, empty: 0, up: 0, down: 0 });
        this.#delays = [];
        this.show();
    }

    show() {
        for (const [name, cell] of Object.entries(this.#cells)) {
            cell.textContent = this.#text(name);
        }
    }

    #text(name) {
        switch (name) {
        case "up":
        case "down":
            return size(this[name]);
        case "delay":
        case "worst":
            return this.messages ? duration(this[name]) : "–";
        case "empty":
            return this.requests ? `${this.empty} / ${this.requests}` : "–";
        default:
            return String(this[name]);
        }
    }
}
