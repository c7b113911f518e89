/**
 * What the doctor asks by: a request with its time limit, an event stream, a
 * WebSocket. Each remembers what came and when, and none of them judges.
 */

/** ms */
export const PROMPT = 3000;
const ANSWER = 8000;

/** Waits until something is true, for so many ms; gives what it is then. */
export async function until(condition, ms, every = 20) {
    const end = performance.now() + ms;
    for (;;) {
        const now = condition();
        if (now || performance.now() >= end) {
            return now;
        }
        await new Promise((done) => { setTimeout(done, every); });
    }
}

/**
 * @typedef {object} Answer
 * @property {number} status  0: none came
 * @property {Headers} headers
 * @property {string} url
 * @property {boolean} redirected
 * @property {string} text
 * @property {any} json  {} when it is none
 */

/** @returns {Promise<Answer>} */
export async function ask(url, options = {}) {
    try {
        const response = await fetch(url, { cache: "no-store",
            credentials: "omit", signal: AbortSignal.timeout(ANSWER),
            ...options });
        const text = await response.text();
        return { status: response.status, headers: response.headers,
            url: response.url, redirected: response.redirected, text,
            json: parsed(text) };
    } catch {
        return { status: 0, headers: new Headers(), url, redirected: false,
            text: "", json: {} };
    }
}

function parsed(text) {
    try {
        return Object(JSON.parse(text));
    } catch {
        return {};
    }
}

/** An event stream by fetch, which sees what EventSource hides. */
export class Stream {
    text = "";
    /** ms since it began; undefined: not yet */
    first;
    last;
    ended;
    /** @type {Response | undefined} */
    response;
    #began = performance.now();
    #leave = new AbortController();

    constructor(url, credentials) {
        this.#read(url, credentials).finally(() => {
            this.ended = this.age;
        });
    }

    get age() {
        return performance.now() - this.#began;
    }

    get isOpen() {
        return this.text.includes("event: earshot.open")
            && this.ended === undefined;
    }

    async #read(url, credentials) {
        try {
            this.response = await fetch(url, { cache: "no-store", credentials,
                headers: { "Accept": "text/event-stream" },
                signal: this.#leave.signal });
            const reader = this.response.body
                .pipeThrough(new TextDecoderStream()).getReader();
            for (;;) {
                const { value, done } = await reader.read();
                if (done) {
                    return;
                }
                this.first ??= this.age;
                this.last = this.age;
                this.text = (this.text + value).slice(-65536);
            }
        } catch {
            // It is over; what came before says enough.
        }
    }

    /** Gives up the connection. */
    leave() {
        this.#leave.abort();
    }
}

/** A WebSocket. */
export class Socket {
    text = "";
    ended;
    code;
    wasOpen = false;
    #began = performance.now();
    #socket;

    constructor(url) {
        this.#socket = new WebSocket(url.replace(/^http/, "ws"));
        this.#socket.onopen = () => { this.wasOpen = true; };
        this.#socket.onmessage = ({ data }) => {
            this.text = (this.text + String(data)).slice(-65536);
        };
        this.#socket.onclose = ({ code }) => {
            this.code = code;
            this.ended = performance.now() - this.#began;
        };
    }

    get isOpen() {
        return this.text.includes("earshot.open") && this.ended === undefined;
    }

    send(data) {
        this.#socket.send(data);
    }

    leave() {
        this.#socket.close();
    }
}
