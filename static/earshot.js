/**
 * The Earshot client: follows channels and publishes to them.
 *
 *     import { earshot } from "./earshot.js";
 *     const room = earshot("/earshot/room");
 *     room.on("message", (data, message) => console.log(message.id, data));
 *     await room.emit("message", { hello: "world" });
 *
 * One cursor carries over every reconnection, every change of transport and
 * from tab to tab, so nothing is lost and nothing comes twice. README.md tells
 * the whole; ARCHITECTURE.md says how the classes below play together.
 *
 * @typedef {"ws" | "sse" | "long-poll" | "poll"} Transport
 * @typedef {"connecting" | "open" | "waiting" | "closed"} State
 *
 * A message; `time` is ms since 1970 by the server's clock, `data` as it came.
 * @typedef {{id: string, channel: string, event: string, time: number,
 *     type: "text" | "json" | "binary", data: string, from?: string,
 *     own: boolean}} Message
 *
 * Why something failed; status and code as the server gave them.
 * @typedef {Error & {status?: number, code?: string}} Failure
 *
 * @typedef {object} Start
 * @property {string} [after]  a cursor to go on from, or "earliest"
 * @property {number} [last]   begin with the newest so many
 * @property {string} [from]   this client's word, 1 to 64 of A-Za-z0-9_-
 *
 * @typedef {Start & Partial<typeof DEFAULTS>} Options
 */

const DEFAULTS = {
    transport: /** @type {Transport | "auto"} */ ("auto"),
    share: true,      // one connection for all tabs, where that is possible
    interval: 3000,   // ms between two short polls
    wait: 25,         // s that a long-poll may be held
    opening: 5000,    // ms that a stream may take to open
    silence: 45000,   // ms after which a quiet connection is doubted
    patience: 10000,  // ms for a request that is not held
    retry: 500,       // ms, the first bound of the backoff
    retryMax: 30000,  // ms, its last bound
    better: 60000,    // ms until a better transport is tried again; doubles
};

/** The best first: each falls back to the next. */
const LADDER = /** @type {const} */ (["ws", "sse", "long-poll", "poll"]);

/** The longest time until a better transport is tried again. */
const BETTER_MAX_MS = 3600000;

/** A visible page that heard something so lately needs no new connection. */
const FRESH_MS = 5000;

/** A tab hidden for so long, whose timers may stand still, should not lead. */
const HIDDEN_MS = 60000;

/** A tab that leads answers within this time, or another one takes over. */
const ANSWER_MS = 2000;

/** Handlers of these names hear the client, never a publisher. */
const OWN_WORD = /^(state$|lost$|earshot\.)/;

/** readyState of an EventSource and of a WebSocket alike. */
const OPEN = 1;

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

/**
 * What to send for `data`, so that decode() gives it back.
 * @param {any} data
 * @returns {[type: string, body: any]}
 */
function encode(data = "") {
    if (typeof data === "string") {
        return ["text/plain; charset=utf-8", data];
    }
    if (data instanceof ArrayBuffer || ArrayBuffer.isView(data)) {
        return ["application/octet-stream", data];
    }
    return ["application/json", JSON.stringify(data)];
}

/** An error that says what to make of it. */
function failure(why, more) {
    return Object.assign(new Error(why), more);
}

/** The error of an answer that is not 2xx, in the server's own words. */
async function refusal(response) {
    const { status, statusText, headers } = response;
    const { error, code } = await response.json().catch(() => ({}));
    return failure(error ?? `${status} ${statusText}`, {
        status,
        code,
        final: status < 500 && status !== 408 && status !== 429,
        retryAfter: Number(headers.get("Retry-After")) * 1000 || 0,
    });
}

/** Requests to one address, each within its time; and the waits between. */
class Http {
    options;
    #url;
    #pauses = new Set();

    constructor(url, options) {
        this.#url = url;
        this.options = options;
    }

    address(path, query) {
        const search = new URLSearchParams(query).toString();
        return this.#url + path + (search && `?${search}`);
    }

    /** JSON or an error. */
    async request(path, query, init, signal, time) {
        signal.throwIfAborted();
        const control = new AbortController();
        const end = () => control.abort(signal.reason);
        const late = new Error("no answer in time");
        const timer = setTimeout(() => control.abort(late), time);
        signal.addEventListener("abort", end);
        try {
            const response = await fetch(this.address(path, query),
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
    backOff(failures, { final, retryAfter = 0 }, signal) {
        const { retry, retryMax } = this.options;
        const bound = final ? retryMax : retry * 2 ** failures;
        const ms = Math.max(Math.random() * Math.min(bound, retryMax),
            Math.min(retryAfter, retryMax));
        return this.pause(ms, signal);
    }

    /** Waits, unless the page wakes or `signal` ends it before. */
    pause(ms, signal) {
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

    /** Ends every wait. */
    wake() {
        this.#pauses.forEach((end) => end());
    }
}

/** What has been received, up to the cursor, and who hears it. */
class Inbox {
    cursor;
    /** When there was a sign of life, by Date.now(). */
    heard = 0;
    /** Told of every name that is listened to for the first time. */
    onName = (name) => {};
    /** Told of every step; `lost`: there is a gap before it. */
    onMove = (before, { message = undefined, lost = false }) => {};
    #http;
    #handlers = new Map();

    constructor(http) {
        this.#http = http;
        this.cursor = http.options.after;
    }

    get names() { return [...this.#handlers.keys()]; }

    seen(id) { return compare(id, this.cursor) <= 0; }

    /** The handlers of a name, of which there may be none so far. */
    listen(name) {
        if (!this.#handlers.has(name)) {
            this.#handlers.set(name, new Set());
            this.onName(name);
        }
        return this.#handlers.get(name);
    }

    tell(name, data, message) {
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
    }

    /** @returns {boolean} whether it is new, and somebody listens to it */
    take(message) {
        this.heard = Date.now();
        if (this.seen(message.id)) {
            return false;
        }
        this.#move(message.id, { message });
        if (OWN_WORD.test(message.event)) {
            return false;
        }
        message.own = message.from === this.#http.options.from;
        this.tell(message.event, decode(message), message);
        return this.#handlers.has(message.event);
    }

    /** Goes on, past nothing that anybody would hear. */
    skip(cursor) {
        this.heard = Date.now();
        if (!this.seen(cursor)) {
            this.#move(cursor, {});
        }
    }

    /**
     * Goes on from another place, since what lay between is not kept.
     * `anew`: what was received before may come again, under other ids.
     */
    lose(cursor, next = cursor) {
        const before = this.cursor;
        this.#move(cursor, { lost: true });
        this.tell("lost", { anew: !(compare(next, before) > 0) });
    }

    #move(cursor, step) {
        const before = this.cursor;
        this.cursor = cursor;
        this.onMove(before, step);
    }

    /** Where to go on, as query parameters. */
    position() {
        const { last } = this.#http.options;
        return this.cursor ? { after: this.cursor } : last ? { last } : {};
    }

    /**
     * Asks for what lies after the cursor, to the end of it.
     * @returns {Promise<number>} how many messages somebody listens to
     */
    async ask(wait, signal) {
        const { silence, patience } = this.#http.options;
        const held = Math.max(silence, wait * 1000 + patience);
        let heard = 0;
        let answer;
        do {
            const { cursor } = this;
            const query = { ...this.position(), ...(wait && { wait }) };
            answer = await this.#http.request("/poll", query, {}, signal,
                wait ? held : patience);
            if (answer.lost && this.cursor !== cursor) {
                answer.more = true; // a stream was quicker, and has told of it
            } else {
                heard += this.#takeAll(answer, signal);
            }
        } while (answer.more);
        return heard;
    }

    #takeAll({ messages, cursor, lost }, signal) {
        let heard = 0;
        if (lost) {
            this.lose("earliest", messages[0]?.id ?? cursor);
        }
        for (const message of messages) {
            heard += Number(this.take(message));
            // A handler may have changed the transport or closed the room.
            signal.throwIfAborted();
        }
        this.skip(cursor);
        return heard;
    }
}

/** Follows over the network: one connection after another. */
class Line {
    #http;
    #inbox;
    #show;
    /** The transports to choose from, which of them it is, and for how long. */
    #ladder;
    #rung = 0;
    #climbs = 0;
    #climbing;
    #failures = 0;
    /** Ends the connection at hand, or the wait for the next one. */
    #attempt = new AbortController();
    /** Tells an open stream a name that it shall listen to, too. */
    hear = (name) => {};
    /** Where there is an open socket, and who waits for its answers. */
    #socket;
    #answers = new Map();

    #transports = {
        "ws": (signal) => this.#stream(signal, this.#connectWs),
        "sse": (signal) => this.#stream(signal, this.#connectSse),
        "long-poll": (signal) => this.#longPoll(signal),
        "poll": (signal) => this.#poll(signal),
    };

    constructor(http, inbox, ladder, show) {
        this.#http = http;
        this.#inbox = inbox;
        this.#ladder = ladder;
        this.#show = show;
    }

    /** Goes on until `signal` ends it. */
    async run(signal) {
        signal.addEventListener("abort", () => this.#attempt.abort());
        while (!signal.aborted) {
            const attempt = this.#renew();
            this.#enter("connecting");
            try {
                await this.#transports[this.#transport](attempt);
            } catch (error) {
                if (!attempt.aborted) {
                    await this.#recover(error, this.#renew());
                }
            }
        }
        clearTimeout(this.#climbing);
    }

    /** Connects anew; with the best, when the network may be another one. */
    restart(climb) {
        if (climb) {
            this.#rung = this.#climbs = 0;
        }
        this.#failures = 0;
        this.#attempt.abort();
    }

    /**
     * Publishes over the socket.
     * @returns {Promise<string | undefined>} the id; nothing when there is no
     *     socket, or it gave no good answer: then a POST tells more
     */
    async send(frame) {
        let timer;
        const { id } = await new Promise((resolve) => {
            timer = setTimeout(resolve, this.#http.options.patience, {});
            this.#answers.set(frame.key, resolve);
            this.#socket ? this.#socket.send(JSON.stringify(frame))
                : resolve({});
        });
        clearTimeout(timer);
        this.#answers.delete(frame.key);
        return id;
    }

    get #transport() { return this.#ladder[this.#rung]; }

    #enter(state, error) {
        this.#show(state, this.#transport, error);
    }

    #renew() {
        this.#attempt.abort();
        this.#attempt = new AbortController();
        return this.#attempt.signal;
    }

    /**
     * What could not be opened while a poll can be answered does not work
     * here: the next best has its turn. When the poll fails as well, the
     * server is away, and that is no reason to think less of a transport.
     */
    async #recover(error, signal) {
        if (error.unfit && this.#rung < this.#ladder.length - 1) {
            try {
                await this.#inbox.ask(0, signal);
                this.#stepDown(error);
                return;
            } catch (reason) {
                error = reason;
            }
        }
        if (!signal.aborted) {
            this.#enter(error.planned ? "connecting" : "waiting", error);
            await this.#http.backOff(this.#failures++, error, signal);
        }
    }

    #stepDown(error) {
        const { better } = this.#http.options;
        this.#rung++;
        this.#failures = 0;
        this.#enter("connecting", error);
        clearTimeout(this.#climbing);
        this.#climbing = setTimeout(() => {
            this.#climbs++;
            this.#rung = 0;
            this.restart();
        }, Math.min(better * 2 ** this.#climbs, BETTER_MAX_MS));
    }

    #open(cursor) {
        this.#failures = 0;
        if (cursor) {
            this.#inbox.skip(cursor);
        }
        this.#enter("open");
    }

    /**
     * Takes what a stream brings, until it is of no more use. A web server
     * answers 500 or 503 by itself while the program behind it is away, and
     * neither EventSource nor WebSocket tells why: so after a failure a poll
     * knocks first. It catches up, or learns the error.
     */
    async #stream(signal, connect) {
        if (this.#failures > 0) {
            await this.#inbox.ask(0, signal);
        }
        const { opening, silence } = this.#http.options;
        let unfit = true; // until it has opened
        let lives = 0;
        let source = /** @type {any} */ (undefined);
        let timer;
        try {
            await new Promise((_, reject) => {
                signal.throwIfAborted();
                signal.addEventListener("abort", () => reject(signal.reason));
                const fail = (why, more) => reject(failure(why, more));
                const live = () => {
                    clearTimeout(timer);
                    timer = setTimeout(() => this.#doubt(source, () => lives,
                        signal).then(live, reject), silence);
                };
                timer = setTimeout(fail, opening, "it did not open in time");
                source = connect.call(this, (frame) => {
                    if (!signal.aborted) {
                        lives++;
                        live();
                        unfit = false;
                        this.#take(frame, source);
                    }
                }, fail);
            });
        } catch (error) {
            throw Object.assign(error, { unfit: unfit || error.unfit });
        } finally {
            clearTimeout(timer);
            source?.close();
            this.#socket = undefined;
            this.#answers.forEach((answer) => answer({}));
            this.hear = () => {};
        }
    }

    #take(frame, source) {
        const { channel, event, cursor, key } = frame;
        if (channel) {
            this.#inbox.take(frame);
        } else if (event === "earshot.open") {
            this.#socket = this.#transport === "ws" && source;
            this.#open(cursor);
        } else if (event === "earshot.lost") {
            this.#inbox.lose(cursor);
            this.#open();
        } else {
            this.#answers.get(key)?.(frame);
        }
    }

    /**
     * No browser shows the server's heartbeats, so silence alone proves
     * nothing. After a while of it a poll asks whether something has been
     * missed: a stream that kept it back, or is not open, is given up.
     */
    async #doubt(source, lives, signal) {
        const before = lives();
        const missed = await this.#inbox.ask(0, signal);
        if (missed) {
            await this.#http.pause(1000, signal); // it may be on its way
        }
        const unfit = missed > 0 && lives() === before;
        if (unfit || source.readyState !== OPEN) {
            throw failure("the stream fell silent", { unfit });
        }
    }

    #connectWs(hear, fail) {
        const url = this.#http.address("/ws", this.#inbox.position());
        const socket = new WebSocket(url.replace(/^http/, "ws"));
        socket.onmessage = ({ data }) => hear(JSON.parse(data));
        socket.onclose = ({ code, reason }) => {
            // The server asks to come back: not all at the same moment.
            const planned = code === 1001 || code === 1012;
            fail(`the socket was closed: ${code} ${reason}`, {
                planned,
                retryAfter: planned ? Math.random() * ANSWER_MS : 0,
                final: code === 1013, // try again later
            });
        };
        return socket;
    }

    #connectSse(hear, fail) {
        const query = { ...this.#inbox.position(), format: "json" };
        const source = new EventSource(this.#http.address("/sse", query));
        const on = (event) => source.addEventListener(event, (
            /** @type {any} */ { data }) => {
            // A publisher may call an event "error", as the browser does.
            if (typeof data === "string") {
                hear({ event, ...JSON.parse(data) });
            }
        });
        this.hear = (name) => OWN_WORD.test(name) || on(name);
        ["earshot.open", "earshot.lost"].forEach(on);
        this.#inbox.names.forEach(this.hear);
        source.addEventListener("error", (/** @type {any} */ { data }) => {
            if (source.readyState > OPEN) {
                fail("the stream was refused");
            } else if (data === undefined) {
                this.#enter("connecting"); // the browser does it
            }
        });
        return source;
    }

    async #longPoll(signal) {
        await this.#inbox.ask(0, signal);
        for (let unfit = true; ; unfit = false) {
            this.#open();
            const asked = Date.now();
            const before = this.#inbox.cursor;
            await this.#inbox.ask(this.#http.options.wait, signal)
                .catch((error) => { throw Object.assign(error, { unfit }); });
            if (this.#inbox.cursor === before && Date.now() - asked < 1000) {
                // Nobody held the request: never ask in a tight loop.
                await this.#http.pause(1000, signal);
            }
        }
    }

    async #poll(signal) {
        for (;;) {
            await this.#inbox.ask(0, signal);
            this.#open();
            await this.#http.pause(this.#http.options.interval, signal);
        }
    }
}

/**
 * One connection for all tabs of a site. The tab that holds a lock leads: it
 * has the connection, and passes on each step of its cursor with the place
 * before it. A step that does not begin where another tab is (for it came
 * late, is ahead, or has lost something) is not taken: that tab asks the server
 * for itself and goes on from there. So nobody keeps anything for anybody, and
 * any tab can lead at any moment, from its own cursor.
 */
class Tabs {
    #http;
    #inbox;
    #name;
    #room;
    #channel;
    /** Ends the wait for the lock, or the leading. */
    #turn;
    #stealing = false;
    #me = randomWord(8);
    /** The word of this tab's own time as a leader. */
    #term;
    /** The time of another's that this tab has met, and that it follows. */
    #met;
    #joined;
    #failures = 0;
    #timer;
    #hearing = Promise.resolve();

    /** @param room what it needs of the room besides */
    constructor(http, inbox, name, room) {
        this.#http = http;
        this.#inbox = inbox;
        this.#name = name;
        this.#room = room;
        this.#channel = new BroadcastChannel(name);
        this.#channel.onmessage = ({ data }) => this.#hear(data);
        this.#queue();
    }

    get leading() { return this.#term !== undefined; }

    /** Passes on what the leader has learnt. */
    tell(before, more) {
        if (this.leading) {
            this.#channel.postMessage({ term: this.#term, before,
                cursor: this.#inbox.cursor, ...this.#room.status(), ...more });
        }
    }

    /**
     * Tells the leader to which names its stream has to listen, and asks
     * whether it is there at all: one who does not answer is frozen.
     */
    greet() {
        if (this.#turn && !this.leading) {
            this.#later(() => this.#queue(true),
                ANSWER_MS * (1 + Math.random()));
            this.#channel.postMessage(
                { greeting: this.#me, names: this.#inbox.names });
        }
    }

    close() {
        this.#turn.abort();
        this.#turn = undefined;
        clearTimeout(this.#timer);
        this.#channel.close();
    }

    #later(act, ms) {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(act, ms);
    }

    /** Waits for the lock, or takes it away from whoever has it. */
    async #queue(steal = false) {
        this.#turn?.abort();
        const turn = this.#turn = new AbortController();
        const { signal } = turn;
        const lead = () => this.#lead(signal);
        this.#stealing = steal;
        this.greet();
        try {
            await navigator.locks.request(this.#name,
                steal ? { steal } : { signal }, lead);
        } catch (error) {
            if (error.name !== "AbortError") {
                await lead(); // locks are forbidden: each has a connection
            }
        }
        if (turn === this.#turn) {
            this.#queue(); // somebody has stolen it
        }
    }

    async #lead(signal) {
        if (!signal.aborted) {
            clearTimeout(this.#timer);
            this.#stealing = false;
            this.#term = randomWord(8);
            this.tell(this.#inbox.cursor);
            await this.#room.lead(signal);
            this.#term = this.#joined = undefined;
            this.greet(); // whoever leads now may have told it before
        }
    }

    #hear(data) {
        if (!data.greeting) {
            this.#hearing = this.#hearing.then(() => this.#follow(data));
            if (this.leading || this.#stealing) {
                return;
            }
            if (data.hidden > HIDDEN_MS && !this.#room.status().hidden) {
                this.#queue(true);
            } else {
                this.#later(() => this.greet(), this.#http.options.silence);
            }
        } else if (this.leading) {
            data.names.forEach((name) => this.#inbox.listen(name));
            this.tell(this.#inbox.cursor, { to: data.greeting });
        }
    }

    /** Takes a leader's news, once it has answered a greeting. */
    async #follow(news) {
        const { term, to, state, transport, error } = news;
        if (!this.#turn || this.leading) {
            return;
        }
        if (term !== this.#joined && to !== this.#me) {
            if (term !== this.#met) {
                this.#met = term;
                this.greet();
            }
            return;
        }
        const { signal } = this.#turn;
        try {
            await this.#step(news, signal);
            this.#failures = 0;
            if (!signal.aborted && !this.leading) {
                this.#room.show(state, transport,
                    error && failure(error.message, error));
            }
        } catch (reason) {
            if (!signal.aborted) {
                this.#joined = undefined;
                this.#room.show("waiting", transport, reason);
                await this.#http.backOff(this.#failures++, reason, signal);
                this.greet();
            }
        }
    }

    async #step({ term, before, cursor, message, lost }, signal) {
        const inbox = this.#inbox;
        const fits = () => !lost && inbox.seen(before);
        if (term !== this.#joined || !(inbox.seen(cursor) || fits())) {
            await inbox.ask(0, signal);
            this.#joined = term;
        }
        if (fits()) {
            message ? inbox.take(message) : inbox.skip(cursor);
        }
    }
}

class Room {
    #http;
    #inbox;
    #wanted;
    #transport;
    #state = /** @type {State} */ ("connecting");
    #hidden; // since when
    /** The connection of this tab, and what ends it; or the one of all. */
    #line;
    #run;
    #tabs;
    /** Ends everything, for good. */
    #closing = new AbortController();
    #publishing = Promise.resolve();

    constructor(url, options) {
        const given = Object.entries(options).filter(([, value]) =>
            value !== undefined);
        const { document, location } = globalThis;
        this.#http = new Http(
            String(new URL(url, document?.baseURI ?? location?.href)), {
                ...DEFAULTS, from: randomWord(12),
                ...Object.fromEntries(given) });
        this.#inbox = new Inbox(this.#http);
        this.#inbox.onMove = (before, step) => this.#tabs?.tell(before, step);
        this.#inbox.onName = (name) => {
            this.#line?.hear(name);
            this.#tabs?.greet();
        };
        this.use(this.#http.options.transport);
        this.#watchPage(this.#closing.signal);
    }

    /** The transport at hand. @returns {Transport} */
    get transport() { return this.#transport; }
    /** @returns {State} */
    get state() { return this.#state; }
    /**
     * What to give as `after` to go on from here.
     * @returns {string | undefined}
     */
    get cursor() { return this.#inbox.cursor; }
    /**
     * The word by which this client knows its own messages.
     * @returns {string}
     */
    get from() { return this.#http.options.from; }
    /**
     * Whether the connection is this tab's, and not another's.
     * @returns {boolean}
     */
    get leading() { return this.#tabs?.leading ?? true; }

    /**
     * Whether what has this id, and all before it, has been received.
     * @param {string} id
     * @returns {boolean}
     */
    seen(id) { return this.#inbox.seen(id); }

    /**
     * Hears the client's own `state`…
     * @overload
     * @param {"state"} name
     * @param {(state: State, more: {transport: Transport, error?: Failure})
     *     => void} callback
     * @returns {() => void} ends it
     */
    /**
     * … or `lost`…
     * @overload
     * @param {"lost"} name
     * @param {(loss: {anew: boolean}) => void} callback
     * @returns {() => void} ends it
     */
    /**
     * … or a publisher's event.
     * @overload
     * @param {string} name
     * @param {(data: any, message: Message) => void} callback
     * @param {{others?: boolean}} [options] others: not this client's own
     * @returns {() => void} ends it
     */
    /**
     * @param {string} name
     * @param {(data: any, message: any) => void} callback
     * @param {{others?: boolean}} [options]
     */
    on(name, callback, { others = false } = {}) {
        const handler = { callback, others };
        const handlers = this.#inbox.listen(name);
        handlers.add(handler);
        return () => { handlers.delete(handler); };
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
        // Bytes have no place in a frame of JSON.
        const frame = typeof body === "string" && { ...query, key,
            data: type.endsWith("json") ? JSON.parse(body) : body };
        const stored = this.#publishing.then(() =>
            this.#publish(frame, query, init, this.#closing.signal));
        this.#publishing = stored.catch(() => {});
        return stored;
    }

    /**
     * Changes the transport; goes on from the cursor.
     * @param {Transport | "auto"} transport
     */
    use(transport) {
        if (transport !== "auto" && !LADDER.includes(transport)) {
            throw new TypeError(`no transport is called "${transport}"`);
        }
        if (transport !== this.#wanted) {
            this.#wanted = transport;
            this.#start();
        }
    }

    /** Ends the connection and rejects what is not stored yet. */
    close() {
        this.#closing.abort(new Error("the room was closed"));
        this.#stop();
        this.#show("closed", this.#transport);
    }

    #start() {
        const { isSecureContext, navigator, BroadcastChannel } = globalThis;
        this.#stop();
        if (this.#state === "closed") {
            return;
        }
        this.#show("connecting", this.#ladder()[0]);
        if (this.#http.options.share && isSecureContext && navigator?.locks
            && BroadcastChannel) {
            this.#tabs = new Tabs(this.#http, this.#inbox,
                `earshot 1 ${this.#wanted} ${this.#http.address("")}`, {
                    lead: this.#lead,
                    show: this.#show,
                    status: this.#status,
                });
        } else {
            this.#run = new AbortController();
            this.#lead(this.#run.signal);
        }
    }

    #stop() {
        this.#run?.abort();
        this.#tabs?.close();
        this.#run = this.#tabs = undefined;
    }

    #ladder() {
        const has = { ws: globalThis.WebSocket, sse: globalThis.EventSource };
        return this.#wanted !== "auto" ? [this.#wanted]
            : LADDER.filter((name) => name in has ? has[name] : true);
    }

    #lead = (signal) => {
        this.#line = new Line(this.#http, this.#inbox, this.#ladder(),
            this.#show);
        return this.#line.run(signal);
    };

    #show = (state, transport, error) => {
        if (state !== this.#state || transport !== this.#transport) {
            this.#state = state;
            this.#transport = transport;
            this.#tabs?.tell(this.cursor, error
                && { error: { ...error, message: error.message } });
            this.#inbox.tell("state", state, { transport, error });
        }
    };

    /** What other tabs are told of this one, besides what it receives. */
    #status = () => ({
        state: this.#state,
        transport: this.#transport,
        hidden: this.#hidden && Date.now() - this.#hidden,
    });

    /** A page that wakes, or whose network returns, may hold a dead socket. */
    #watchPage(signal) {
        const { document } = globalThis;
        const on = (target, name, act) =>
            target?.addEventListener?.(name, act, { signal });
        const wake = (climb) => {
            this.#http.wake();
            this.#tabs?.greet();
            if (this.leading) {
                this.#line?.restart(climb);
            }
        };
        const look = () => {
            const quiet = Date.now() - this.#inbox.heard > FRESH_MS;
            this.#hidden = document.hidden && Date.now();
            if (!document.hidden && (quiet || this.#state !== "open")) {
                wake();
            }
        };
        this.#hidden = document?.hidden && Date.now();
        on(document, "visibilitychange", look);
        on(globalThis, "online", () => wake(true));
        // What is frozen shall hold neither a lock nor a connection.
        on(globalThis, "pagehide", () => this.#stop());
        on(document, "freeze", () => this.#stop());
        on(document, "resume", () => this.#start());
        on(globalThis, "pageshow", (event) =>
            event.persisted && this.#start());
    }

    async #publish(frame, query, init, signal) {
        const id = frame && await this.#line?.send(frame);
        for (let tries = 0; !id; tries++) {
            try {
                return (await this.#http.request("", query, init, signal,
                    this.#http.options.patience)).id;
            } catch (error) {
                if (error.final || signal.aborted) {
                    throw error;
                }
                await this.#http.backOff(tries, error, signal);
            }
        }
        return id;
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
