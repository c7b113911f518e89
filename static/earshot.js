/**
 * The Earshot client: follows channels and publishes to them.
 *
 *     import { earshot } from "./earshot.js";
 *     const room = earshot("/earshot/room");
 *     room.on("message", (data, message) => console.log(message.id, data));
 *     await room.emit("message", { hello: "world" });
 *
 * One cursor carries over every reconnection and every change of transport,
 * so nothing is lost and nothing comes twice. README.md tells the whole.
 *
 * @typedef {"sse" | "long-poll" | "poll"} Transport
 * @typedef {"connecting" | "open" | "waiting" | "closed"} State
 *
 * A message; `time` is ms since 1970 by the server's clock, `data` as it came.
 * @typedef {{id: string, channel: string, event: string, time: number,
 *     type: "text" | "json" | "binary", data: string, from?: string,
 *     own: boolean}} Message
 *
 * @typedef {object} Start
 * @property {Transport} [transport]
 * @property {string} [after]  a cursor to go on from, or "earliest"
 * @property {number} [last]   begin with the newest so many
 * @property {string} [from]   this client's word, 1 to 64 of A-Za-z0-9_-
 *
 * @typedef {Start & Partial<typeof DEFAULTS>} Options
 */

const DEFAULTS = {
    transport: globalThis.EventSource ? "sse" : "long-poll",
    interval: 3000,   // ms between two short polls
    wait: 25,         // s that a long-poll may be held
    silence: 45000,   // ms after which a quiet connection is doubted
    patience: 10000,  // ms for a request that is not held
    retry: 500,       // ms, the first bound of the backoff
    retryMax: 30000,  // ms, its last bound
};

/** A visible page that heard something so lately needs no new connection. */
const FRESH_MS = 5000;

/** Handlers of these names hear the client, never a publisher. */
const OWN_WORD = /^(state$|lost$|earshot\.)/;

/** Above 0: `id` lies after `cursor`. NaN: not of one epoch, or no cursor. */
function compare(id, cursor) {
    const [number, epoch] = String(id).split("-");
    const [other, otherEpoch] = String(cursor).split("-");
    return epoch === otherEpoch ? Number(number) - Number(other) : NaN;
}

/** A random word; crypto.randomUUID would ask for https. */
function randomWord(length) {
    const bytes = crypto.getRandomValues(new Uint8Array(length));
    return Array.from(bytes, (byte) => (byte % 36).toString(36)).join("");
}

/** JSON is kept unchecked by the server: what does not parse stays text. */
function decode({ type, data }) {
    try {
        return type === "json" ? JSON.parse(data)
            : type === "text" ? data
            : Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
    } catch {
        return data;
    }
}

/** What to send for `data`, so that decode() gives it back. */
function encode(data) {
    if (data === undefined || typeof data === "string") {
        return ["text/plain; charset=utf-8", data ?? ""];
    }
    if (data instanceof ArrayBuffer || ArrayBuffer.isView(data)) {
        return ["application/octet-stream", data];
    }
    return ["application/json", JSON.stringify(data)];
}

/** The error of an answer that is not 2xx, in the server's own words. */
async function refusal(response) {
    const { status, statusText, headers } = response;
    const { error, code } = await response.json().catch(() => ({}));
    return Object.assign(new Error(error ?? `${status} ${statusText}`), {
        status,
        code,
        final: status < 500 && status !== 408 && status !== 429,
        retryAfter: Number(headers.get("Retry-After")) * 1000 || 0,
    });
}

class Room {
    #url;
    #options;
    #transport;
    #cursor;
    #state = /** @type {State} */ ("connecting");
    #told; // the transport that the state was last told with
    #handlers = new Map();
    /** Ends the connection at hand, or the wait for the next one. */
    #attempt = new AbortController();
    /** Ends everything, for good. */
    #closing = new AbortController();
    #pauses = new Set();
    #failures = 0;
    #heard = 0;
    /** Tells an open stream a name that it shall listen to, too. */
    #hear = (name) => {};
    #publishing = Promise.resolve();

    #transports = {
        "sse": this.#followBySse,
        "long-poll": this.#followByLongPoll,
        "poll": this.#followByPoll,
    };

    constructor(url, options) {
        this.#url = url;
        this.#options = { ...DEFAULTS, ...options };
        this.#options.from ??= randomWord(12);
        if (options.after !== "earliest") {
            this.#cursor = options.after;
        }
        this.use(options.transport ?? DEFAULTS.transport);
        this.#watchPage(this.#closing.signal);
        this.#follow(this.#closing.signal);
    }

    /** @returns {Transport} */
    get transport() { return this.#transport; }
    /** @returns {State} */
    get state() { return this.#state; }
    /** What to give as `after` to go on from here. */
    get cursor() { return this.#cursor; }
    /** The word by which this client knows its own messages. */
    get from() { return this.#options.from; }

    /** Whether what has this id, and all before it, has been received. */
    seen(id) { return compare(id, this.#cursor) <= 0; }

    /**
     * Hears an event: a publisher's, or the client's own `state` and `lost`.
     * @param {string} name
     * @param {(data: any, message: Message) => void} callback
     * @param {{others?: boolean}} [options] others: not this client's own
     * @returns {() => void} ends it
     */
    on(name, callback, { others = false } = {}) {
        const handler = { callback, others };
        if (!this.#handlers.has(name)) {
            this.#handlers.set(name, new Set());
            this.#hear(name);
        }
        this.#handlers.get(name).add(handler);
        return () => { this.#handlers.get(name).delete(handler); };
    }

    /**
     * Publishes; one after another, in the order of the calls. A refusal
     * (4xx) rejects with the server's words. Everything else is tried again,
     * until it is stored or the room is closed, and always under the same
     * key: so what was stored before its answer was cut is not stored twice.
     * @param {string} event
     * @param {any} [data]
     * @param {{key?: string}} [options] key: a first try's, to go on with it
     * @returns {Promise<string>} the id, once the message is stored
     */
    async emit(event, data, { key = randomWord(24) } = {}) {
        const [type, body] = encode(data);
        const query = { from: this.from, event };
        const headers = { "Content-Type": type, "Idempotency-Key": key };
        const init = { method: "POST", headers, body };
        const stored = this.#publishing.then(() =>
            this.#publish(query, init, this.#closing.signal));
        this.#publishing = stored.catch(() => {});
        return (await stored).id;
    }

    /** Changes the transport; goes on from the cursor. */
    use(transport) {
        if (!Object.hasOwn(this.#transports, transport)) {
            throw new TypeError(`no transport is called "${transport}"`);
        }
        if (transport !== this.#transport) {
            this.#transport = transport;
            this.#restart();
        }
    }

    /** Ends the connection and rejects what is not stored yet. */
    close() {
        this.#closing.abort(new Error("the room was closed"));
        this.#attempt.abort();
        this.#enter("closed");
    }

    #restart() {
        this.#failures = 0;
        this.#attempt.abort();
    }

    #renew() {
        this.#attempt.abort();
        this.#attempt = new AbortController();
        return this.#attempt.signal;
    }

    /** A page that wakes, or whose network returns, may hold a dead socket. */
    #watchPage(signal) {
        const wake = () => {
            this.#pauses.forEach((end) => end());
            this.#restart();
        };
        globalThis.addEventListener?.("online", wake, { signal });
        globalThis.document?.addEventListener("visibilitychange", () => {
            const quiet = Date.now() - this.#heard > FRESH_MS;
            if (!document.hidden && (quiet || this.#state !== "open")) {
                wake();
            }
        }, { signal });
    }

    /** One connection after another, as long as the room is open. */
    async #follow(closing) {
        while (!closing.aborted) {
            const signal = this.#renew();
            this.#enter("connecting");
            try {
                await this.#transports[this.#transport].call(this, signal);
            } catch (error) {
                if (!signal.aborted) {
                    const pausing = this.#renew();
                    this.#enter("waiting", error);
                    await this.#backOff(this.#failures++, error, pausing);
                }
            }
        }
    }

    /**
     * A web server answers 500 or 503 by itself while the program behind it
     * is away, and EventSource then gives up for good without telling why. So
     * after a failure a poll knocks first: it catches up, or learns the error.
     */
    async #followBySse(signal) {
        if (this.#failures > 0) {
            await this.#ask(0, signal);
        }
        const query = { ...this.#position(), format: "json" };
        const source = new EventSource(this.#address("/sse", query));
        try {
            await this.#listen(source, signal);
        } finally {
            source.close();
            this.#hear = () => {};
        }
    }

    /** Takes what a stream brings, until it is of no more use. */
    #listen(source, signal) {
        return new Promise((_, reject) => {
            signal.throwIfAborted();
            const alive = this.#doubt(source, signal, reject);
            const on = (name, act) => source.addEventListener(name, (event) => {
                // A publisher may call an event "error", as the browser does.
                if (typeof event.data === "string" && !signal.aborted) {
                    alive();
                    act(JSON.parse(event.data));
                }
            });
            this.#hear = (name) => !OWN_WORD.test(name)
                && on(name, (message) => this.#take(message));
            this.#handlers.forEach((_, name) => this.#hear(name));
            on("earshot.open", ({ cursor }) => this.#open(cursor));
            on("earshot.lost", ({ cursor }) => {
                const before = this.#cursor;
                this.#cursor = cursor;
                this.#open();
                this.#tellLost(cursor, before);
            });
            source.addEventListener("error", ({ data }) => {
                if (source.readyState === EventSource.CLOSED) {
                    reject(new Error("the stream was refused"));
                } else if (data === undefined) {
                    this.#enter("connecting"); // the browser does it
                }
            });
            signal.addEventListener("abort", () => reject(signal.reason));
        });
    }

    /**
     * EventSource does not show the server's heartbeats, so silence alone
     * proves nothing. After a while of it a poll asks whether something has
     * been missed: a stream that kept it back, or is not open, is given up.
     * @returns {() => void} to be called at every sign of life
     */
    #doubt(source, signal, reject) {
        let timer;
        const check = () => this.#ask(0, signal).then((missed) => {
            if (missed || source.readyState !== EventSource.OPEN) {
                throw new Error("the stream fell silent");
            }
            alive();
        }).catch(reject);
        const alive = () => {
            clearTimeout(timer);
            timer = setTimeout(check, this.#options.silence);
        };
        alive();
        signal.addEventListener("abort", () => clearTimeout(timer));
        return alive;
    }

    async #followByLongPoll(signal) {
        await this.#ask(0, signal);
        for (;;) {
            this.#open();
            const asked = Date.now();
            const before = this.#cursor;
            await this.#ask(this.#options.wait, signal);
            if (this.#cursor === before && Date.now() - asked < 1000) {
                // Nobody held the request: never ask in a tight loop.
                await this.#pause(1000, signal);
            }
        }
    }

    async #followByPoll(signal) {
        for (;;) {
            await this.#ask(0, signal);
            this.#open();
            await this.#pause(this.#options.interval, signal);
        }
    }

    /**
     * Asks for what lies after the cursor, to the end of it.
     * @returns {Promise<number>} how many messages somebody listens to
     */
    async #ask(wait, signal) {
        const { silence, patience } = this.#options;
        const held = Math.max(silence, wait * 1000 + patience);
        let heard = 0;
        let answer;
        do {
            const query = { ...this.#position(), ...(wait && { wait }) };
            answer = await this.#request("/poll", query, {}, signal,
                wait ? held : patience);
            heard += this.#takeAll(answer, signal);
        } while (answer.more);
        return heard;
    }

    #takeAll({ messages, cursor, lost }, signal) {
        let heard = 0;
        if (lost) {
            this.#tellLost(messages[0]?.id ?? cursor, this.#cursor);
        }
        for (const message of messages) {
            // A handler may have changed the transport or closed the room.
            signal.throwIfAborted();
            heard += Number(this.#take(message, lost));
        }
        this.#cursor = cursor;
        return heard;
    }

    /** @returns {boolean} whether somebody listens to it */
    #take(message, lost = false) {
        this.#heard = Date.now();
        if (this.seen(message.id) && !lost) {
            return false;
        }
        this.#cursor = message.id;
        if (OWN_WORD.test(message.event)) {
            return false;
        }
        message.own = message.from === this.from;
        return this.#tell(message.event, decode(message), message);
    }

    #open(cursor) {
        this.#heard = Date.now();
        this.#failures = 0;
        if (cursor && !this.seen(cursor)) {
            this.#cursor = cursor;
        }
        this.#enter("open");
    }

    #enter(state, error) {
        const transport = this.#transport;
        if (state !== this.#state || transport !== this.#told) {
            this.#state = state;
            this.#told = transport;
            this.#tell("state", state, { transport, error });
        }
    }

    /** `anew`: what was received before may come again, under other ids. */
    #tellLost(next, before) {
        this.#tell("lost", { anew: !(compare(next, before) > 0) });
    }

    #tell(name, data, message) {
        const handlers = [...this.#handlers.get(name) ?? []];
        for (const { callback, others } of handlers) {
            try {
                if (!others || !message.own) {
                    callback(data, message);
                }
            } catch (error) {
                // A handler's mistake is reported, but stops no message.
                setTimeout(() => { throw error; });
            }
        }
        return handlers.length > 0;
    }

    async #publish(query, init, signal) {
        for (let tries = 0; ; tries++) {
            try {
                return await this.#request("", query, init, signal);
            } catch (error) {
                if (error.final || signal.aborted) {
                    throw error;
                }
                await this.#backOff(tries, error, signal);
            }
        }
    }

    /** Where to go on, as query parameters. */
    #position() {
        const { after, last } = this.#options;
        const from = this.#cursor ?? after;
        return from ? { after: from } : last ? { last } : {};
    }

    #address(path, query) {
        const search = new URLSearchParams(query).toString();
        return this.#url + path + (search && `?${search}`);
    }

    /** One request within its time; JSON or an error. */
    async #request(path, query, init, signal, time = this.#options.patience) {
        signal.throwIfAborted();
        const control = new AbortController();
        const end = () => control.abort(signal.reason);
        const late = new Error("no answer in time");
        const timer = setTimeout(() => control.abort(late), time);
        signal.addEventListener("abort", end);
        try {
            const response = await fetch(this.#address(path, query),
                { cache: "no-store", ...init, signal: control.signal });
            if (!response.ok) {
                throw await refusal(response);
            }
            return await response.json();
        } finally {
            clearTimeout(timer);
            signal.removeEventListener("abort", end);
        }
    }

    /** Exponential, with full jitter: clients of one server spread out. */
    #backOff(failures, { final, retryAfter = 0 }, signal) {
        const { retry, retryMax } = this.#options;
        const bound = final ? retryMax : retry * 2 ** failures;
        const ms = Math.max(Math.random() * Math.min(bound, retryMax),
            Math.min(retryAfter, retryMax));
        return this.#pause(ms, signal);
    }

    /** Waits, unless the page wakes or `signal` ends it before. */
    #pause(ms, signal) {
        return new Promise((resolve) => {
            const end = () => {
                clearTimeout(timer);
                this.#pauses.delete(end);
                signal.removeEventListener("abort", end);
                resolve(undefined);
            };
            const timer = setTimeout(end, signal.aborted ? 0 : ms);
            this.#pauses.add(end);
            signal.addEventListener("abort", end);
        });
    }
}

/**
 * Follows a channel, or several: `earshot("/earshot/news,weather")`.
 * @param {string} url where Earshot is mounted, and the channel
 * @param {Options} [options]
 */
export function earshot(url, options = {}) {
    return new Room(url, options);
}
