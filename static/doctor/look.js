/**
 * Looks at an installation as far as a page may: asks, publishes and follows
 * on a channel of its own, and says of each finding (words.js) how it is. What
 * a browser cannot see it says so of; `earshot doctor` sees more.
 *
 * @typedef {import("./words.js").Words} Words
 * @typedef {"ok" | "wrong" | "unknown"} Verdict
 *
 * @typedef {object} Visit
 * @property {string} base       URL at which Earshot is mounted
 * @property {number} patience   s to hold what is idle
 * @property {boolean} login     publish with the login that the browser has
 * @property {(code: string, verdict: Verdict, seen?: Words) => void} found
 * @property {(server: string) => void} onServer  what it calls itself
 * @property {(step: Words) => void} onStep       what is being done
 */

import { address, setup } from "./address.js";
import { crowd, going } from "./crowd.js";
import { socket } from "./socket.js";
import { patience, stream } from "./streams.js";
import { publishing } from "./who.js";
import { ask } from "./wire.js";
import { words } from "./words.js";

/** @param {Visit} visit */
export async function look(visit) {
    const doctor = new Doctor(visit);
    if (await address(doctor)) {
        for (const step of [setup, publishing, socket, stream, going, crowd,
            patience]) {
            await step(doctor);
        }
    }
    if (location.protocol === "https:") {
        doctor.say("unknown", "tls-expires",
            words("a browser does not tell", "浏览器不会说"));
    }
}

/** What the steps of one visit know in common. */
class Doctor {
    /** Of /-/status, where it may be seen. */
    setup = {};
    mayPublish = false;
    /** Streams are: what depends on them cannot be seen. */
    heldBack = false;
    /** Held until the patience is over. */
    stream;
    socket;
    #channel;
    #told = new Set();

    /** @param {Visit} visit */
    constructor(visit) {
        this.visit = visit;
        this.credentials = visit.login ? "same-origin" : "omit";
        const random = crypto.getRandomValues(new Uint32Array(1))[0];
        this.#channel = `doctor-${random.toString(16).padStart(8, "0")}`;
    }

    url(tail) {
        return `${this.visit.base}/${this.#channel}${tail}`;
    }

    /** What is wrong stays wrong. */
    say(verdict, code, seen) {
        if (!this.#told.has(code)) {
            this.visit.found(code, verdict, seen);
        }
        if (verdict === "wrong") {
            this.#told.add(code);
        }
    }

    /** HTTP's version by the last answer: "h2", "http/1.1"; "" is not known. */
    get protocol() {
        return performance.getEntriesByName(`${this.visit.base}/-/health`)
            .at(-1)?.nextHopProtocol ?? "";
    }

    post(text, options = {}) {
        return ask(this.url(""), { method: "POST", body: text,
            headers: { "Content-Type": "text/plain" }, ...options });
    }

    /** Whether it was stored. */
    async publish(text) {
        const { status } = await this.post(text,
            { credentials: this.credentials });
        return status === 201;
    }
}
