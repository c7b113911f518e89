/**
 * One approach, with a connection of its own: it follows the channel, and
 * notes for the drawing and the figures what happens when.
 *
 * @typedef {"resting" | "connecting" | "open" | "broken"} State
 *
 * @typedef {object} Track  what the drawing shows; all times by this clock, ms
 * @property {{from: number, to?: number}[]} held  connections that wait
 * @property {{time: number, end?: number, count?: number}[]} asks  count: of
 *     messages in the answer; a stream that is opened has none
 * @property {{from: number, to?: number}[]} breaks
 * @property {{time: number, text: string}[]} notes
 */

import { followers } from "./followers.js";
import { Tally } from "./tally.js";
import { text } from "./tap.js";

/** How long the drawing may look back. */
const KEEP_MS = 120000;

/** So many ids are remembered. */
const KEEP = 10000;

/** About as long as EventSource waits before it comes back; after some
 * failures twice as long each time, up to eight times. */
const RETRY_MS = 1000;
const PATIENT = 3;
const RETRY_DOUBLINGS = 3;

/** Why a connection is given up that will be made again at once. */
const RESTART = Symbol("restart");

/** How long a cut lasts. */
export const CUT_MS = 2000;

/** Bytes a second that a slow client takes. */
export const SLOW_RATE = 150;

export class Lane {
    /** @type {State} */
    state = "resting";
    cursor;
    tally = new Tally();
    slowed = false;
    /** Ids in the order of their coming. */
    order = [];
    /** The newest head of a request and of an answer, by the tap. */
    wire = {};
    /** Ends everything, until the next start. */
    #running = new AbortController();
    /** Ends the connection at hand. */
    #attempt = new AbortController();
    #wake = () => {};
    #failures = 0;
    #cutUntil = 0;
    /** When the connection broke, until it is known how the lane came back. */
    #brokeAt;

    /**
     * @param {object} how
     * @param {string} how.key  its name among the lanes of a stage
     * @param {keyof followers} how.transport
     * @param {string} how.path  of the channel: "/earshot/lab"
     * @param {string} how.tag
     * @param {import("./tap.js").Tap} [how.tap]
     * @param {string[]} [how.modes]  the tap's
     * @param {number} [how.interval]  ms between two polls
     * @param {boolean} [how.forgets]  it never says where it is
     * @param {(lane: Lane, messages: object[], now: number) => void} hear
     */
    constructor(how, hear) {
        this.key = how.key;
        this.transport = how.transport;
        this.path = how.path;
        this.tag = how.tag;
        this.tap = how.tap;
        this.modes = how.modes ?? [];
        this.interval = how.interval ?? 3000;
        this.forgets = how.forgets ?? false;
        this.tell = hear;
        /** @type {Track} */
        this.track = { held: [], asks: [], breaks: [],
            notes: [] };
    }

    // Life.

    /** Follows, from this cursor on, until it is stopped. */
    async start(cursor) {
        this.cursor = cursor;
        this.#running = new AbortController();
        const { signal } = this.#running;
        this.state = "connecting";
        while (!signal.aborted) {
            const attempt = new AbortController();
            this.#attempt = attempt;
            try {
                await this.#follow(attempt.signal);
            } catch (error) {
                attempt.abort();
                if (!signal.aborted && error !== RESTART) {
                    this.broke();
                    await this.pause(this.#retry());
                }
            }
        }
    }

    /** Lets its connection go. */
    stop() {
        this.#running.abort();
        this.#attempt.abort();
        this.#wake();
        this.#brokeAt = undefined;
        close(this.track.held);
        close(this.track.breaks);
        this.state = "resting";
    }

    /** Makes its connection anew, in another mode for instance. */
    restart() {
        close(this.track.held);
        // What the new mode makes of it is not known yet.
        if (this.state === "open") {
            this.state = "connecting";
        }
        this.#attempt.abort(RESTART);
        this.#wake();
    }

    /** Cuts the connection, and lets none be made for a while. */
    async cut(ms = CUT_MS) {
        if (!await this.tap?.cut(this.tag, ms)) {
            this.#cutUntil = Date.now() + ms;
            this.#attempt.abort();
        }
    }

    /** Takes only so many bytes a second; 0: as they come. */
    async slow(rate) {
        this.slowed = rate > 0;
        await this.tap?.slow(this.tag, rate);
    }

    // What the followers need.

    /** The address of a verb, with the cursor in it. */
    address(verb, query = {}) {
        const search = new URLSearchParams({
            ...(this.cursor && !this.forgets && { after: this.cursor }),
            ...query });
        const path = `${this.path}/${verb}?${search}`;
        const modes = this.forgets ? [...this.modes, "nocursor"] : this.modes;
        return this.tap ? this.tap.address(path, this.tag, modes)
            : new URL(path, location.href).href;
    }

    /** One poll; `{ wait: S }` lets the server hold it. */
    async ask(query = {}) {
        const address = this.address("poll", query);
        const ask = { time: Date.now() };
        this.track.asks.push(ask);
        if (query.wait) {
            this.#hold();
        }
        try {
            const answer = await fetch(address, { cache: "no-store",
                signal: this.#attempt.signal });
            const body = await answer.text();
            if (!answer.ok) {
                throw new Error(`${answer.status}`);
            }
            if (!this.tap) {
                this.tally.computeRequest(address);
                this.tally.computeAnswer(answer.headers, body);
                this.tally.connections ||= 1;
            }
            const page = JSON.parse(body);
            ask.count = page.messages.length;
            this.#alive();
            return page;
        } finally {
            ask.end = Date.now();
            close(this.track.held);
        }
    }

    /** A stream is open, and this is where it begins. */
    opened(cursor) {
        this.cursor ??= cursor;
        const now = Date.now();
        this.track.asks.push({ time: now, end: now });
        this.#hold();
        if (!this.tap) {
            this.tally.computeOpening(this.transport,
                this.address(this.transport));
        }
        this.#alive();
    }

    /** Messages have come, and with a poll the cursor to go on with. */
    hear(messages, cursor) {
        const now = Date.now();
        for (const message of messages) {
            this.order.push(message.id);
            this.tally.messages++;
            this.cursor = message.id;
            if (!this.tap) {
                this.tally.computeMessage(this.transport, message);
            }
        }
        this.order.splice(0, this.order.length - KEEP);
        this.cursor = cursor ?? this.cursor;
        this.tell(this, messages, now);
        this.#forget(now);
    }

    /** The connection is gone. */
    broke() {
        if (this.state !== "broken" && this.state !== "resting") {
            close(this.track.held);
            this.track.breaks.push({ from: Date.now() });
            this.#brokeAt = Date.now();
            this.state = "broken";
        }
    }

    /** Waits; wake() ends it. */
    pause(ms) {
        const left = Math.max(ms, this.#cutUntil - Date.now());
        return new Promise((resolve) => {
            const timer = setTimeout(resolve, left);
            this.#wake = () => {
                clearTimeout(timer);
                resolve();
            };
        });
    }

    wake() {
        this.#wake();
    }

    // What the tap has seen.

    /** @param {import("./tap.js").Record} record */
    record(record) {
        this.tally.add(record);
        if (record.kind === "request" || record.kind === "response") {
            this.wire[record.kind] = text(record);
        }
        if (record.kind === "request" && record.time > this.#brokeAt) {
            this.#noteReturn(record.time);
        }
    }

    /** In which words it said where it was, when it came back. */
    #noteReturn(time) {
        const [words] = /^last-event-id: *[^\r]*/im.exec(this.wire.request)
            ?? /after=[^& ]*/.exec(this.wire.request) ?? [];
        if (words) {
            this.track.notes.push({ time, text: words });
        }
        this.#brokeAt = undefined;
    }

    // Within.

    #follow(signal) {
        if (Date.now() < this.#cutUntil) {
            throw new Error("there is no network");
        }
        return Promise.race([aborted(signal),
            followers[this.transport](this, signal)]);
    }

    #retry() {
        const doublings = Math.max(0, ++this.#failures - PATIENT);
        return RETRY_MS * 2 ** Math.min(doublings, RETRY_DOUBLINGS)
            * (0.5 + Math.random());
    }

    #hold() {
        close(this.track.held);
        this.track.held.push({ from: Date.now() });
    }

    #alive() {
        close(this.track.breaks);
        this.#failures = 0;
        this.state = "open";
    }

    #forget(now) {
        for (const marks of Object.values(this.track)) {
            const first = marks.findIndex((mark) =>
                (mark.to ?? mark.end ?? mark.time ?? now) > now - KEEP_MS);
            if (first > 0) {
                marks.splice(0, first);
            }
        }
    }
}

function close(spans) {
    const last = spans.at(-1);
    if (last) {
        last.to ??= Date.now();
    }
}

function aborted(signal) {
    return new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
    });
}
