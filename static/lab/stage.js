/**
 * Lanes that follow one channel, what they have heard, and the tap that
 * watches them. Knows nothing of how it is shown.
 *
 * @typedef {import("./news.js").News} News
 */

import { Clock } from "./clock.js";
import { Lane } from "./lane.js";
import { Tally } from "./tally.js";

/** Where Earshot is mounted. */
const EARSHOT = document.documentElement.dataset.earshot ?? "/earshot";

/** So many messages are remembered. */
const KEEP = 500;

const LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";

/** A random word; crypto.randomUUID would ask for https. */
export function randomWord(length = 8) {
    return Array.from(crypto.getRandomValues(new Uint8Array(length)),
        (byte) => LETTERS[byte % LETTERS.length]).join("");
}

export class Stage extends EventTarget {
    /** @type {News[]} in the order of their ids */
    news = [];
    running = false;
    /** How many messages are on their way to the server. */
    publishing = 0;
    /** The word in all tags and messages of this stage. */
    word = `lab-${randomWord()}`;
    #byId = new Map();
    #clock = new Clock();
    #stopping = new AbortController();
    #next = 0;  // what the tap is asked after
    #seen = -1; // its newest record; they only rise
    #own = new Set();

    /**
     * @param {string} channel
     * @param {object[]} lanes  what makes each: key, transport, modes…
     * @param {import("./tap.js").Tap} [tap]
     */
    constructor(channel, lanes, tap) {
        super();
        this.path = `${EARSHOT}/${channel}`;
        this.tap = tap;
        this.lanes = lanes.map((how) => new Lane({ ...how, tap,
            path: this.path, tag: `${this.word}-${how.key}` },
        (...heard) => this.#hear(...heard)));
    }

    /** Every lane begins at the same place: what is published from now on. */
    async start() {
        this.#stopping = new AbortController();
        const { signal } = this.#stopping;
        this.running = true;
        this.lanes.forEach((lane) => { lane.state = "connecting"; });
        const cursor = await this.#head(signal);
        if (signal.aborted) {
            return;
        }
        this.lanes.forEach((lane) => { lane.start(cursor); });
        this.tap?.watch(`${this.word}*`, this.#next,
            (...news) => this.#record(...news), signal);
    }

    /** Lets all connections go. */
    stop() {
        this.running = false;
        this.#stopping.abort();
        this.lanes.forEach((lane) => lane.stop());
    }

    /**
     * Publishes from this page, by a request to its own site.
     * @returns {Promise<string>} the id; throws in the server's words
     */
    async publish(text, own = false) {
        const sent = Date.now();
        this.publishing++;
        try {
            const answer = await fetch(`${this.path}?from=${this.word}`, {
                method: "POST",
                headers: { "Content-Type": "text/plain; charset=utf-8" },
                body: text,
            });
            const { id, error } = await answer.json().catch(() => ({}));
            if (!answer.ok) {
                throw new Error(error ?? `${answer.status}`);
            }
            this.#answered(id, sent, Date.now(), own);
            return id;
        } finally {
            this.publishing--;
        }
    }

    /** Reads the tap to its end: the figures are whole then. */
    async settle() {
        for (let more = Boolean(this.tap); more;) {
            const page = await this.tap.records(`${this.word}*`, this.#next);
            this.#record(page.records, page.next);
            more = page.more;
        }
    }

    /** Ends it for good. */
    close() {
        this.stop();
        this.tap?.clear(`${this.word}*`);
    }

    /** Forgets what has been, all figures included. */
    async countAnew() {
        await this.settle().catch(() => {}); // what was before is not counted
        this.news.length = 0;
        this.#byId.clear();
        for (const lane of this.lanes) {
            lane.tally = new Tally();
            lane.last = undefined;
        }
    }

    /** What is known of a message. @returns {News | undefined} */
    find(id) {
        return this.#byId.get(id);
    }

    /** How late each message was in a lane, ms, in the order of their ids. */
    delays(key) {
        return this.news.filter(({ arrivals }) => key in arrivals)
            .map(({ time, arrivals }) => Math.max(0, arrivals[key] - time));
    }

    /** The head of the queue, asked for until it is told. */
    async #head(signal) {
        while (!signal.aborted) {
            try {
                const answer = await fetch(`${this.path}/poll`, { signal });
                const { cursor, error } = await answer.json();
                if (!cursor) {
                    throw new Error(error);
                }
                return cursor;
            } catch {
                await new Promise((wake) => { setTimeout(wake, 1000); });
            }
        }
        return undefined;
    }

    #hear(lane, messages, now) {
        for (const message of messages) {
            this.#clock.arrived(message.time, now);
            const news = this.#byId.get(message.id) ?? this.#add(message);
            news.arrivals[lane.key] ??= now;
            lane.last = now - news.time;
        }
        if (messages.length) {
            this.dispatchEvent(new Event("news"));
        }
    }

    /** The first lane to hear of it makes it known. */
    #add({ id, data, type, time }) {
        const news = { id, number: Number(id.split("-")[0]),
            text: type === "binary" ? "…" : data,
            time: this.#clock.here(time), serverTime: time,
            own: this.#own.has(id), arrivals: {} };
        this.#byId.set(id, news);
        const at = this.news.findLastIndex(
            ({ number }) => number < news.number);
        this.news.splice(at + 1, 0, news);
        for (const { id: old } of this.news.splice(0,
            this.news.length - KEEP)) {
            this.#byId.delete(old);
        }
        return news;
    }

    #answered(id, sent, answered, own) {
        const news = this.#byId.get(id);
        if (news) {
            this.#clock.answered(news.serverTime, sent, answered);
            news.own = own;
        } else if (own) {
            this.#own.add(id);
        }
    }

    #record(records, next) {
        for (const record of records) {
            if (record.n > this.#seen) {
                this.#seen = record.n;
                this.lanes.find(({ tag }) => tag === record.tag)
                    ?.record(record);
            }
        }
        this.#next = next;
    }
}
