/**
 * Tabs of one browser: each has the client's module to itself, with a window,
 * a BroadcastChannel and Web Locks of its own, so that one can be closed,
 * killed or frozen while the others go on.
 */

import { readFile } from "node:fs/promises";
import { Server } from "./client.mjs";

const CLIENT = new URL("../../static/earshot.js", import.meta.url);

/** Names that the module takes from its tab, not from this process. */
const OWN = ["BroadcastChannel", "EventSource", "WebSocket", "clearTimeout",
    "document", "fetch", "navigator", "setTimeout"];

const real = globalThis;
real.windowsOfTabs = new Map();

const aborted = () => new DOMException("the lock was stolen", "AbortError");

export class Browser {
    server = new Server();
    channels = new Set();
    locks = new Map();
    tabs = [];
    secure = true;
    /** Whether locks are refused, as where nothing may be kept. */
    forbidden = false;
    /** Whether what tabs tell each other is lost on its way. */
    deaf = false;
    /**
     * How long a tab waits for its leader's answer, where not as long as in a
     * browser. On a busy machine a short time makes thieves of all.
     */
    answerMs;
    /** How long a request for a lock takes to come in, and how many stole. */
    lockMs = 0;
    steals = 0;
    /** How long it takes to tell one that its lock was stolen. */
    theftMs = 0;

    /** A tab with a room in it, that writes down what it is told. */
    async open(options = {}) {
        const tab = new Tab(this);
        await tab.load();
        tab.enter(options);
        return tab;
    }

    lock(name) {
        if (!this.locks.has(name)) {
            this.locks.set(name, { holder: undefined, queue: [] });
        }
        return this.locks.get(name);
    }

    /** A request comes in; one that steals is given the lock at once. */
    enqueue(lock, entry, steal) {
        if (steal) {
            this.steals += 1;
            const { holder } = lock;
            setTimeout(() => holder?.reject(aborted()), this.theftMs);
            lock.holder = undefined;
            lock.queue.unshift(entry);
        } else {
            lock.queue.push(entry);
        }
        this.grant(lock);
    }

    grant(lock) {
        if (!lock.holder && lock.queue.length) {
            const entry = lock.queue.shift();
            lock.holder = entry;
            entry.tab.run(() => this.call(lock, entry));
        }
    }

    async call(lock, entry) {
        if (lock.holder === entry) {
            const result = await entry.callback({});
            if (lock.holder === entry) {
                this.release(lock);
            }
            entry.resolve(result);
        }
    }

    release(lock) {
        lock.holder = undefined;
        this.grant(lock);
    }

    close() {
        this.tabs.forEach((tab) => tab.close());
    }
}

export class Tab {
    heard = [];
    states = [];
    lost = [];
    streams = new Set();
    #state = "running";
    #backlog = [];
    #number = real.windowsOfTabs.size;

    constructor(browser) {
        this.browser = browser;
        this.document = Object.assign(new EventTarget(), { hidden: false,
            baseURI: "http://test/page" });
        this.window = Object.assign(new EventTarget(), {
            location: { href: "http://test/page" },
            document: this.document,
            isSecureContext: browser.secure,
            navigator: { locks: { request: (...more) =>
                this.request(...more) } },
            BroadcastChannel: channelOf(this),
            EventSource: streamOf(this, real.EventSource),
            WebSocket: streamOf(this, real.WebSocket),
            fetch: (...more) => this.fetch(...more),
            setTimeout: (act, ms, ...more) =>
                setTimeout(() => this.run(() => act(...more)), ms).unref(),
            clearTimeout,
        });
        real.windowsOfTabs.set(this.#number, this.window);
        browser.tabs.push(this);
    }

    async load() {
        const text = await readFile(CLIENT, "utf8");
        const { answerMs } = this.browser;
        const timed = answerMs
            ? text.replace(/(?<=const ANSWER_MS = )\d+/, answerMs) : text;
        if (answerMs && timed === text) {
            throw new Error("the client has no ANSWER_MS");
        }
        const from = "const globalThis = (0, eval)('globalThis')"
            + `.windowsOfTabs.get(${this.#number});\n`
            + `const { ${OWN.join(", ")} } = globalThis;\n`;
        const coded = Buffer.from(from + timed).toString("base64");
        this.module = await import(`data:text/javascript;base64,${coded}`);
    }

    /** Opens the room. */
    enter(options) {
        const room = this.room = this.module.earshot("/earshot/room",
            { retry: 2, retryMax: 20, interval: 2, ...options });
        room.on("message", (data) => this.heard.push(data));
        room.on("state", (state) => this.states.push(state));
        room.on("lost", ({ anew }) => this.lost.push(anew));
    }

    get leading() { return this.#state === "running" && this.room.leading; }

    /** As the browser runs its tasks: later, when it is frozen. */
    run(act) {
        if (this.#state === "running") {
            act();
        } else if (this.#state === "frozen") {
            this.#backlog.push(act);
        }
    }

    hide(hidden) {
        this.document.hidden = hidden;
        this.document.dispatchEvent(new Event("visibilitychange"));
    }

    close() {
        this.thaw();
        this.room.close();
        this.crash();
    }

    /** Ends without a word; the browser gives its locks away. */
    crash() {
        this.#state = "crashed";
        this.streams.forEach((stream) =>
            this.browser.server.streams.delete(stream));
        this.browser.channels.forEach((channel) =>
            channel.tab === this && channel.close());
        for (const lock of this.browser.locks.values()) {
            lock.queue = lock.queue.filter(({ tab }) => tab !== this);
            if (lock.holder?.tab === this) {
                this.browser.release(lock);
            }
        }
    }

    freeze() { this.#state = "frozen"; }

    thaw() {
        if (this.#state === "frozen") {
            this.#state = "running";
            this.#backlog.splice(0).forEach((act) => this.run(act));
        }
    }

    request(name, { signal, steal }, callback) {
        const lock = this.browser.lock(name);
        return new Promise((resolve, reject) => {
            const entry = { tab: this, callback,
                resolve: (value) => this.run(() => resolve(value)),
                reject: (error) => this.run(() => reject(error)) };
            if (this.browser.forbidden) {
                reject(new DOMException("no locks here", "SecurityError"));
                return;
            }
            if (signal && steal) {
                reject(new DOMException("not both", "NotSupportedError"));
                return;
            }
            const asking = setTimeout(() => this.#state !== "crashed"
                && this.browser.enqueue(lock, entry, steal),
            this.browser.lockMs);
            signal?.addEventListener("abort", () => {
                if (lock.holder !== entry) {
                    clearTimeout(asking);
                    lock.queue = lock.queue.filter((one) => one !== entry);
                    entry.reject(aborted());
                }
            });
        });
    }

    async fetch(url, init) {
        const answer = await this.browser.server.fetch(url, init);
        await new Promise((resolve) => this.run(resolve));
        return answer;
    }
}

function channelOf(tab) {
    return class {
        onmessage = (event) => {};
        constructor(name) {
            Object.assign(this, { name, tab });
            tab.browser.channels.add(this);
        }

        postMessage(data) {
            if (!tab.browser.channels.has(this)) {
                throw new DOMException("closed", "InvalidStateError");
            }
            const copy = structuredClone(data);
            if (tab.browser.deaf) {
                return;
            }
            for (const other of tab.browser.channels) {
                if (other !== this && other.name === this.name) {
                    setImmediate(() => other.tab.run(() =>
                        tab.browser.channels.has(other)
                            && other.onmessage({ data: copy })));
                }
            }
        }

        close() { tab.browser.channels.delete(this); }
    };
}

/** What comes to a frozen tab waits, and what to a dead one is gone. */
function streamOf(tab, Stream) {
    return class extends Stream {
        constructor(url) {
            super(url);
            tab.streams.add(this);
        }

        connect() { tab.run(() => super.connect()); }
        deliver(message) { tab.run(() => super.deliver(message)); }
    };
}
