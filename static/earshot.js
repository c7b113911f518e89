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
    /** One connection for all tabs, where that is possible. */
    share: true,
    /** Ms between two short polls. */
    interval: 3000,
    /** S that a long-poll may be held. */
    wait: 25,
    /** Ms that a stream may take to open. */
    opening: 5000,
    /** Ms after which a quiet connection is doubted. */
    silence: 45000,
    /** Ms for a request that is not held. */
    patience: 10000,
    /** Ms, the first bound of the backoff. */
    retry: 500,
    /** Ms, its last bound. */
    retryMax: 30000,
    /** Ms until a better transport is tried again; doubles. */
    better: 60000,
};

/** The best first: each falls back to the next. */
const LADDER = /** @type {const} */ (["ws", "sse", "long-poll", "poll"]);

/** A tab that leads answers within this time, or another one takes over. */
const ANSWER_MS = 2000;

/** Handlers of these names hear the client, never a publisher. */
const OWN_WORD = /^(state$|lost$|earshot\.)/;

/** Above 0: `id` lies after `cursor`. NaN: not of one epoch, or no cursor. */
function compare(id, cursor) {
    const epoch = (place) => String(place).split("-")[1];
    return epoch(id) === epoch(cursor) ? parseInt(id) - parseInt(cursor) : NaN;
}

/** A random word of 96 bits; crypto.randomUUID would ask for https. */
function randomWord() {
    return crypto.getRandomValues(new Uint32Array(3)).join("-");
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
 * What to send for `data`, so that decode() gives it back: in the body of a
 * POST, and in a frame, which is JSON and has no place for bytes.
 * @param {any} data
 * @returns {[type: string, body: any, plain?: any]}
 */
function encode(data) {
    if (data instanceof ArrayBuffer || ArrayBuffer.isView(data)) {
        // A copy: the caller may go on to use what he gave.
        return ["application/octet-stream",
            new Blob([/** @type {any} */ (data)])];
    }
    const json = JSON.stringify(data);
    // What becomes a string, as a Date does, is text by every transport.
    const plain = JSON.parse(json);
    return typeof plain === "string" ? ["text/plain", plain, plain]
        : ["application/json", json, plain];
}

/** An error that says what to make of it. */
function failure(why, more) {
    return Object.assign(new Error(why), more);
}

/** What ends with `signal`, after a time, or before by itself. */
function within(ms, signal) {
    const control = new AbortController();
    const timer = setTimeout(() =>
        control.abort(new Error("no answer in time")), ms);
    signal.addEventListener("abort", () => control.abort(signal.reason),
        { signal: control.signal });
    const ended = new Promise((resolve) =>
        control.signal.addEventListener("abort", () =>
            resolve(control.signal.reason)));
    ended.then(() => clearTimeout(timer));
    return Object.assign(control, { ended });
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
    async request(path, query, init, signal,
        time = this.options.patience) {
        signal.throwIfAborted();
        const control = within(time, signal);
        try {
            const response = await fetch(this.address(path, query),
                { cache: "no-store", ...init, signal: control.signal });
            if (response.ok) {
                return await response.json();
            }
            const { status } = response;
            // Not 2xx: an error in the server's own words.
            const { error, code } = await response.json().catch(() => ({}));
            throw failure(error ?? `HTTP ${status}`, {
                status,
                code,
                final: status < 500 && ![408, 429].includes(status),
                retryAfter: Number(response.headers.get("Retry-After")) * 1000,
            });
        } finally {
            control.abort();
        }
    }

    /** Exponential, with full jitter: clients of one server spread out. */
    backOff(failures, { final, retryAfter }, signal) {
        const { retry, retryMax } = this.options;
        const bound = final ? retryMax
            : Math.min(retryMax, retry * 2 ** failures);
        return this.pause(Math.min(retryMax,
            Math.max(retryAfter || 0, Math.random() * bound)), signal);
    }

    /** Waits, unless the page wakes or `signal` ends it before. */
    async pause(ms, signal) {
        const control = within(signal.aborted ? 0 : ms, signal);
        this.#pauses.add(control);
        await control.ended;
        this.#pauses.delete(control);
    }

    /** Ends every wait. */
    wake() {
        this.#pauses.forEach((control) => control.abort());
    }
}

/** What has been received, up to the cursor, and who hears it. */
class Inbox extends Http {
    cursor = this.options.after;
    /** When there was a sign of life, by Date.now(). */
    heard = 0;
    /** Told of every name that is listened to for the first time. */
    onName = (name) => {};
    /**
     * Told of every step; `lost`: there is a gap before it.
     * @type {(before: string, step: {message?: Message, lost?: boolean})
     *     => void}
     */
    onMove = () => {};
    #handlers = new Map();

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
        for (const handler of [...this.#handlers.get(name) ?? []]) {
            try {
                handler(data, message);
            } catch (error) {
                // A handler's mistake is reported, but stops no message.
                setTimeout(() => { throw error; });
            }
        }
    }

    /** @returns {boolean} whether it is new, and somebody listens to it */
    take(message) {
        if (!this.skip(message.id, { message })
            || OWN_WORD.test(message.event)) {
            return false;
        }
        message.own = message.from === this.options.from;
        this.tell(message.event, decode(message), message);
        return this.#handlers.has(message.event);
    }

    /**
     * Goes on; with no message, past nothing that anybody would hear.
     * @returns {boolean} whether that is news
     */
    skip(cursor, step = {}) {
        this.heard = Date.now();
        if (this.seen(cursor)) {
            return false;
        }
        this.#move(cursor, step);
        return true;
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
        const { last } = this.options;
        return this.cursor ? { after: this.cursor } : last ? { last } : {};
    }

    /**
     * Asks for what lies after the cursor, to the end of it.
     * @returns {Promise<string[]>} the events that somebody has heard
     */
    async ask(wait, signal) {
        const time = wait * 1000 + this.options.patience;
        const heard = [];
        for (let more = true; more;) {
            const before = this.cursor;
            const query = { ...this.position(), ...(wait && { wait }) };
            const answer = await this.request("/poll", query, {}, signal, time);
            const { messages, cursor, lost } = answer;
            if (lost && this.cursor !== before) {
                continue; // a stream was quicker, and has told of it
            }
            more = answer.more;
            if (lost) {
                heard.push("lost");
                this.lose("earliest", messages[0]?.id ?? cursor);
            }
            for (const message of messages) {
                if (this.take(message)) {
                    heard.push(message.event);
                }
                // A handler may have changed the transport or closed the room.
                signal.throwIfAborted();
            }
            this.skip(cursor);
        }
        return heard;
    }
}

/** Follows over the network: one connection after another. */
class Line {
    #inbox;
    #show;
    /** The transports to choose from, and which of them it is. */
    #ladder;
    #rung = 0;
    /** When the best is tried again, and how often that was in vain. */
    #timer;
    #climbs = 0;
    #failures = 0;
    /** Ends the connection at hand, or the wait for the next one. */
    #attempt = new AbortController();
    /** Tells an open stream a name that it shall listen to, too. */
    hear = (name) => {};
    /** The stream at hand. @type {any} */
    #source;
    /** Signs of life of this attempt; with none it may not work here. */
    #lives = 0;
    /** The names that were listened to at the last one. @type {any} */
    #known;
    /** What waits for the answer to the one frame that is under way. */
    #sent;

    constructor(inbox, ladder, show) {
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
                await this[this.#transport](attempt);
            } catch (error) {
                if (!attempt.aborted) {
                    await this.#recover(error, this.#renew());
                }
            }
        }
        clearTimeout(this.#timer);
    }

    /** Connects anew. */
    restart() {
        this.#failures = 0;
        this.#attempt.abort();
    }

    /** Connects anew with the best; after so many trials in vain. */
    climb(climbs) {
        clearTimeout(this.#timer);
        this.#climbs = climbs;
        this.#rung = 0;
        this.restart();
    }

    /**
     * Publishes over the socket.
     * @returns {Promise<string | undefined>} the id; nothing when there is no
     *     socket, or it gave no good answer: then a POST tells more
     */
    async send(frame) {
        if (this.#lives && this.#source?.send) {
            const attempt = this.#attempt;
            this.#sent = within(this.#inbox.options.patience, attempt.signal);
            this.#source.send(JSON.stringify(frame));
            const { key, id } = await this.#sent.ended;
            if (!key) {
                attempt.abort(); // no answer: the socket is dead
            }
            return id;
        }
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
        const { better } = this.#inbox.options;
        try {
            const unfit = error.unfit
                || this.#lives < (this.#failures > 4 ? 2 : 1);
            if (unfit && this.#ladder[this.#rung + 1]) {
                await this.#inbox.ask(0, signal);
                this.#rung++;
                this.#failures = 0;
                this.#enter("connecting", error);
                clearTimeout(this.#timer);
                this.#timer = setTimeout(() => this.climb(this.#climbs + 1),
                    // An hour at most.
                    Math.min(better * 2 ** this.#climbs, 3600000));
                return;
            }
        } catch (reason) {
            error = reason;
        }
        if (!signal.aborted) {
            this.#enter(error.planned ? "connecting" : "waiting", error);
            await this.#inbox.backOff(this.#failures++, error, signal);
        }
    }

    /**
     * Takes what a stream brings, until it is of no more use. A web server
     * answers 500 or 503 by itself while the program behind it is away, and
     * neither EventSource nor WebSocket tells why: so after a failure a poll
     * knocks first. It catches up, or learns the error.
     */
    async #stream(signal, connect) {
        this.#lives = 0;
        if (this.#failures) {
            await this.#knock(signal);
        }
        const { opening, silence } = this.#inbox.options;
        let timer;
        try {
            await new Promise((_, reject) => {
                signal.throwIfAborted();
                signal.addEventListener("abort", reject);
                const fail = (why, more) => reject(failure(why, more));
                const live = (frame) => {
                    this.#known = this.#inbox.names;
                    clearTimeout(timer);
                    timer = setTimeout(() =>
                        this.#doubt(signal).then(live, reject), silence);
                    // What opens and is cut at once has not proved itself.
                    frame?.cursor ? this.#lives ||= 1 : this.#prove();
                };
                timer = setTimeout(fail, opening, "no answer in time");
                this.#source = connect((frame) => {
                    if (!signal.aborted) {
                        live(frame);
                        this.#take(frame);
                    }
                }, fail);
            });
        } finally {
            clearTimeout(timer);
            this.#source?.close();
            this.#source = undefined;
        }
    }

    /** The connection is of use: what was in vain before it counts no more. */
    #prove() {
        this.#lives++;
        this.#failures = 0;
        if (!this.#rung) {
            this.#climbs = 0;
        }
    }

    /** A poll, whose failure says nothing of the transport. */
    async #knock(signal) {
        this.#lives = 2;
        await this.#inbox.ask(0, signal);
        this.#lives = 0;
    }

    #take(frame) {
        const { channel, event, cursor, key } = frame;
        if (channel) {
            this.#inbox.take(frame);
        } else if (cursor) {
            event === "earshot.lost" ? this.#inbox.lose(cursor)
                : this.#inbox.skip(cursor);
            this.#enter("open");
        } else if (key) {
            this.#sent?.abort(frame);
        }
    }

    /**
     * No browser shows the server's heartbeats, so silence alone proves
     * nothing. After a while of it a poll asks whether something has been
     * missed: a stream that kept it back, or is not open, is given up.
     */
    async #doubt(signal) {
        const before = this.#lives;
        const heard = await this.#inbox.ask(0, signal);
        // A stream from before a loss would tell of it, and all, once more.
        const lost = heard.includes("lost");
        // Of a name that was added since, the stream may know nothing.
        const missed = !lost
            && heard.some((name) => this.#known.includes(name));
        if (missed) {
            await this.#inbox.pause(1000, signal); // it may be on its way
        }
        signal.throwIfAborted(); // these are another stream's by now
        const unfit = missed && this.#lives === before;
        if (unfit || lost || this.#source.readyState !== /* OPEN */ 1) {
            throw failure("the stream fell silent", { unfit });
        }
    }

    ws(signal) {
        return this.#stream(signal, (hear, fail) => {
            const url = this.#inbox.address("/ws", this.#inbox.position());
            const socket = new WebSocket(url.replace("http", "ws"));
            socket.onmessage = ({ data }) => hear(JSON.parse(data));
            socket.onclose = ({ code, reason }) => {
                // The server asks to come back: not all at the same moment.
                const planned = code === 1001 || code === 1012;
                fail(`the socket was closed: ${code} ${reason}`, {
                    planned,
                    retryAfter: planned && Math.random() * ANSWER_MS,
                    final: code === 1013, // try again later
                });
            };
            return socket;
        });
    }

    sse(signal) {
        return this.#stream(signal, (hear, fail) => {
            const query = { ...this.#inbox.position(), format: "json" };
            const source = new EventSource(this.#inbox.address("/sse", query));
            // A publisher may call an event "error", as the browser does.
            const on = (event) => source.addEventListener(event,
                (/** @type {any} */ { data }) =>
                    data && hear({ event, ...JSON.parse(data) }));
            this.hear = (name) => OWN_WORD.test(name) || on(name);
            ["earshot.open", "earshot.lost"].forEach(on);
            this.#inbox.names.forEach(this.hear);
            source.addEventListener("error", (/** @type {any} */ { data }) => {
                if (data) {
                    return;
                }
                if (source.readyState === /* CLOSED */ 2
                    || ++this.#failures > 5) {
                    fail("the stream was closed");
                } else {
                    this.#lives &&= 1; // the browser opens it again
                    this.#enter("connecting");
                }
            });
            return source;
        });
    }

    async "long-poll"(signal) {
        await this.#knock(signal);
        for (;;) {
            this.#enter("open");
            const asked = Date.now();
            const before = this.#inbox.cursor;
            await this.#inbox.ask(this.#inbox.options.wait, signal);
            this.#prove();
            if (this.#inbox.cursor === before && Date.now() - asked < 1000) {
                // Nobody held the request: never ask in a tight loop.
                await this.#inbox.pause(1000, signal);
            }
        }
    }

    async poll(signal) {
        for (;;) {
            await this.#inbox.ask(0, signal);
            this.#prove();
            this.#enter("open");
            await this.#inbox.pause(this.#inbox.options.interval, signal);
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
    #inbox;
    #room;
    #channel;
    /** Ends the wait for the lock, or the leading. */
    #turn;
    #stealing = false;
    #me = randomWord();
    /** The word of this tab's own time as a leader. */
    #term;
    /** The time of another's that this tab has met, and that it follows. */
    #met;
    #joined;
    #failures = 0;
    #timer;
    #hearing = Promise.resolve();

    /** @param room what it needs of the room besides */
    constructor(inbox, name, room) {
        this.#inbox = inbox;
        this.#room = room;
        if (inbox.options.share && globalThis.isSecureContext) {
            this.#channel = new BroadcastChannel(name);
            this.#channel.onmessage = ({ data }) => this.#hear(data);
        }
        this.#queue();
    }

    get leading() { return !!this.#term; }

    /** Passes on what the leader has learnt. */
    tell(before, more) {
        if (this.leading) {
            this.#channel?.postMessage({ term: this.#term, before,
                cursor: this.#inbox.cursor, ...this.#room.status(), ...more });
        }
    }

    /**
     * Tells the leader to which names its stream has to listen, and asks
     * whether it is there at all: one who does not answer is frozen.
     */
    greet() {
        if (this.#channel && !this.leading) {
            this.#later(() => this.#queue(true),
                ANSWER_MS * (1 + Math.random()));
            this.#channel.postMessage(
                { greeting: this.#me, names: this.#inbox.names });
        }
    }

    close() {
        this.#turn.abort();
        clearTimeout(this.#timer);
        this.#channel?.close();
        this.#channel = undefined;
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
            await (!this.#channel ? lead()
                : navigator.locks.request(this.#channel.name,
                    steal ? { steal } : { signal }, lead));
        } catch (error) {
            if (error.name !== "AbortError") {
                await lead(); // there are no locks: each has a connection
            }
        }
        if (turn === this.#turn && this.#channel) {
            this.#queue(); // somebody has stolen it
        }
    }

    async #lead(signal) {
        if (!signal.aborted) {
            clearTimeout(this.#timer);
            this.#stealing = false;
            this.#term = randomWord();
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
            // Hidden for long, its timers may stand still.
            if (data.hidden > 60000 && !this.#room.status().hidden) {
                this.#queue(true);
            } else {
                this.#later(() => this.greet(), this.#inbox.options.silence);
            }
        } else if (this.leading) {
            data.names.forEach((name) => this.#inbox.listen(name));
            this.tell(this.#inbox.cursor, { to: data.greeting });
        }
    }

    /** Takes a leader's news, once it has answered a greeting. */
    async #follow(news) {
        const { term, to, state, transport, error } = news;
        if (!this.#channel || this.leading) {
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
                await this.#inbox.backOff(this.#failures++, reason, signal);
                this.greet();
            }
        }
    }

    async #step({ term, before, cursor, message, lost }, signal) {
        const inbox = this.#inbox;
        const fits = () => !lost && inbox.seen(before);
        if (term !== this.#joined || !inbox.seen(cursor) && !fits()) {
            await inbox.ask(0, signal);
            this.#joined = term;
        }
        if (fits()) {
            message ? inbox.take(message) : inbox.skip(cursor);
        }
    }
}

class Room {
    #inbox;
    /** The transports to choose from. @type {any} */
    #ladder;
    #transport;
    #state = /** @type {State} */ ("connecting");
    #hidden; // since when
    /** The connection of this tab, and how it is shared. */
    #line;
    #tabs;
    /** Ends everything, for good. */
    #closing = new AbortController();
    #publishing = Promise.resolve();

    constructor(url, options) {
        const { document, location } = globalThis;
        const all = { ...DEFAULTS, from: randomWord() };
        for (const name in options) {
            all[name] = options[name] ?? all[name];
        }
        this.#inbox = new Inbox(
            new URL(url, document?.baseURI ?? location?.href).href, all);
        this.#inbox.onMove = (before, step) => this.#tabs?.tell(before, step);
        this.#inbox.onName = (name) => {
            this.#line?.hear(name);
            this.#tabs?.greet();
        };
        this.use(all.transport);
        this.#watch(this.#closing.signal);
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
    get from() { return this.#inbox.options.from; }
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
    on(name, callback, { others } = {}) {
        const handler = (data, message) =>
            (others && message.own) || callback(data, message);
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
    async emit(event, data = "", { key = randomWord() } = {}) {
        const [type, body, plain] = encode(data);
        const query = { from: this.from, event };
        const init = { method: "POST", body,
            headers: { "Content-Type": type, "Idempotency-Key": key } };
        const frame = plain !== undefined && { ...query, key, data: plain };
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
        const ladder = LADDER.filter((name) =>
            transport === name || transport === "auto");
        if (!ladder[0]) {
            throw new TypeError(`no transport is called "${transport}"`);
        }
        if (String(ladder) !== String(this.#ladder)) {
            this.#ladder = ladder;
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
        this.#stop();
        this.#show("connecting", this.#ladder[0]);
        // Who is told of it may close the room, or choose anew.
        if (this.#state !== "closed" && !this.#tabs) {
            this.#tabs = new Tabs(this.#inbox,
                `earshot 1 ${this.#ladder} ${this.#inbox.address("")}`, {
                    lead: this.#lead,
                    show: this.#show,
                    status: this.#status,
                });
        }
    }

    #stop() {
        this.#tabs?.close();
        this.#tabs = undefined;
    }

    #lead = (signal) => {
        this.#line = new Line(this.#inbox, this.#ladder, this.#show);
        return this.#line.run(signal);
    };

    #show = (state, transport, error) => {
        if (this.#state !== "closed"
            && (state !== this.#state || transport !== this.#transport)) {
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
    #watch(signal) {
        const { document } = globalThis;
        const on = (target, name, act) =>
            target?.addEventListener?.(name, act, { signal });
        const wake = (connect = "restart") => {
            this.#inbox.wake();
            this.#tabs?.greet();
            this.#line?.[connect](0); // of no effect on one that has ended
        };
        const look = () => {
            // Who heard something just now needs no new connection.
            const quiet = Date.now() - this.#inbox.heard > 5000;
            this.#hidden = document.hidden && Date.now();
            if (!document.hidden && (quiet || this.#state !== "open")) {
                wake();
            }
        };
        this.#hidden = document?.hidden && Date.now();
        on(document, "visibilitychange", look);
        on(globalThis, "online", () => wake("climb"));
        // What is frozen shall hold neither a lock nor a connection.
        on(globalThis, "pagehide", () => this.#stop());
        on(document, "freeze", () => this.#stop());
        on(document, "resume", () => this.#start());
        on(globalThis, "pageshow", (event) =>
            event.persisted && this.#start());
    }

    async #publish(frame, query, init, signal) {
        let id = frame && await this.#line?.send(frame);
        for (let tries = 0; !id; tries++) {
            try {
                ({ id } = await this.#inbox.request("", query, init, signal));
            } catch (error) {
                if (error.final || signal.aborted) {
                    throw error;
                }
                await this.#inbox.backOff(tries, error, signal);
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
