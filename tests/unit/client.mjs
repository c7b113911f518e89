/**
 * What the client's tests stand on: an Earshot of a few lines that lives in
 * this process, and a browser's EventSource and WebSocket over it. Time is
 * real but short.
 */

import { readFile } from "node:fs/promises";
import { webcrypto } from "node:crypto";

globalThis.crypto ??= webcrypto;
globalThis.location ??= { href: "http://test/" };

/** The pages are ES modules named .js, which Node takes by their type only. */
export async function load(name) {
    const url = new URL(`../../static/${name}`, import.meta.url);
    const text = await readFile(url, "base64");
    return import(`data:text/javascript;base64,${text}`);
}

export async function until(condition, what = "the condition") {
    const end = Date.now() + 10000;
    while (!await condition()) {
        if (Date.now() > end) {
            throw new Error(`${what} did not come`);
        }
        await new Promise((resolve) => setTimeout(resolve, 2));
    }
}

/** Answers like Earshot; `fault` may answer, or throw, in its stead. */
export class Server {
    epoch = "epoch1";
    messages = [];
    requests = [];
    streams = new Set();
    keys = new Map();
    /** What GETs held are woken by. */
    #news = new EventTarget();
    fault = () => undefined;
    pageSize = 64;
    /** Whether streams bring messages, or fall silent. */
    streaming = true;
    /** Streams of these kinds, "/sse" or "/ws", are refused; or never open. */
    without = new Set();
    stalling = new Set();
    /** May answer a frame that is published, in the server's stead. */
    onFrame = (frame, socket) => undefined;

    constructor() {
        globalThis.fetch = (url, init) => this.fetch(url, init);
        globalThis.EventSource = eventSourceOver(this);
        globalThis.WebSocket = webSocketOver(this);
    }

    cursor(number) {
        return `${number}-${this.epoch}`;
    }

    publish(data, more = {}) {
        const number = (this.messages.at(-1)?.number ?? 0) + 1;
        const message = { id: this.cursor(number), channel: "room",
            event: "message", type: "text", time: 0, data, ...more };
        this.messages.push({ number, message });
        if (this.streaming) {
            this.streams.forEach((stream) => stream.deliver(message));
        }
        this.#news.dispatchEvent(new Event("news"));
        return message.id;
    }

    /** Where a request starts, and whether its cursor is lost. */
    position(query) {
        const head = this.messages.at(-1)?.number ?? 0;
        const after = query.get("after");
        if (after === "earliest") {
            return { start: 0, lost: false };
        }
        if (after !== null) {
            const [number, epoch] = after.split("-");
            const lost = epoch !== this.epoch || Number(number) > head;
            return { start: lost ? 0 : Number(number), lost };
        }
        const last = Number(query.get("last") ?? 0);
        return { start: Math.max(0, head - last), lost: false };
    }

    after(start) {
        return this.messages.filter(({ number }) => number > start)
            .map(({ message }) => ({ ...message }));
    }

    async fetch(target, { method = "GET", headers, body, signal } = {}) {
        const url = new URL(target, "http://test");
        const request = { method, path: url.pathname, query: url.searchParams,
            headers, body };
        this.requests.push(request);
        signal.throwIfAborted();
        const answer = await this.fault(request)
            ?? (method === "POST" ? this.store(request)
                : await this.poll(url.searchParams, signal));
        signal.throwIfAborted();
        return answer;
    }

    store({ query, headers, body }) {
        const key = headers["Idempotency-Key"];
        if (this.keys.has(key)) {
            return json(200, { id: this.keys.get(key), repeated: true });
        }
        const id = this.publish(String(body), {
            event: query.get("event"), from: query.get("from"),
            type: headers["Content-Type"].includes("json") ? "json" : "text",
        });
        this.keys.set(key, id);
        return json(201, { id, channel: "room" });
    }

    async poll(query, signal) {
        let { start, lost } = this.position(query);
        if (query.has("wait") && !lost && !this.after(start).length) {
            const cursor = this.cursor(start);
            await this.news(Number(query.get("wait")) * 1000, signal);
            // Judged anew: the queue may have become another one.
            ({ start, lost } = this.position(
                new URLSearchParams({ after: cursor })));
        }
        const found = this.after(start);
        const messages = found.slice(0, this.pageSize);
        return json(200, {
            messages, lost, cursor: messages.at(-1)?.id ?? this.cursor(start),
            ...(found.length > messages.length && { more: true }),
        });
    }

    news(ms, signal) {
        return new Promise((resolve, reject) => {
            setTimeout(resolve, ms).unref();
            this.#news.addEventListener("news", resolve, { once: true });
            signal.addEventListener("abort", () => reject(signal.reason));
        });
    }

    /** How many requests of one kind have come. */
    count(method, ending) {
        return this.requests.filter(({ method: name, path }) =>
            name === method && path.endsWith(ending)).length;
    }
}

export function json(status, value, headers = {}) {
    return new Response(JSON.stringify(value), { status, headers });
}

/** An EventSource whose server can cut it, refuse it, and keep it silent. */
function eventSourceOver(server) {
    return class extends EventTarget {
        static CONNECTING = 0;
        static OPEN = 1;
        static CLOSED = 2;
        readyState = 0;

        constructor(target) {
            super();
            this.url = new URL(target, "http://test");
            server.requests.push({ method: "GET", path: this.url.pathname,
                query: this.url.searchParams });
            queueMicrotask(() => this.connect());
        }

        connect() {
            if (this.readyState === 2 || server.stalling.has("/sse")) {
                return;
            }
            if (server.refusing || server.without.has("/sse")) {
                this.refuse();
                return;
            }
            this.readyState = 1;
            server.streams.add(this);
            // The browser comes back by the last id, which wins.
            const { start, lost } = server.position(this.last
                ? new URLSearchParams({ after: this.last })
                : this.url.searchParams);
            const cursor = server.cursor(start);
            if (lost) {
                this.dispatch("earshot.lost", { cursor });
            }
            this.dispatch("earshot.open", { cursor });
            server.after(start).forEach((message) => this.deliver(message));
        }

        deliver(message) {
            this.dispatch(message.event, message);
        }

        dispatch(name, value) {
            if (this.readyState === 1) {
                this.last = value.id ?? value.cursor;
                this.dispatchEvent(new MessageEvent(name,
                    { data: JSON.stringify(value), lastEventId: value.id }));
            }
        }

        /** The connection breaks; the browser is going to come back. */
        cut() {
            this.readyState = 0;
            server.streams.delete(this);
            this.dispatchEvent(new Event("error"));
        }

        /** What a browser does after an answer that is not 200. */
        refuse() {
            this.readyState = 2;
            server.streams.delete(this);
            this.dispatchEvent(new Event("error"));
        }

        close() {
            this.readyState = 2;
            server.streams.delete(this);
        }
    };
}

/** A WebSocket, likewise. */
function webSocketOver(server) {
    return class {
        readyState = 0;
        onmessage = (event) => {};
        onclose = (event) => {};
        frames = [];

        constructor(target) {
            this.url = new URL(target);
            if (!this.url.protocol.startsWith("ws")) {
                throw new SyntaxError(`${target} is no address of a socket`);
            }
            server.requests.push({ method: "GET", path: this.url.pathname,
                query: this.url.searchParams });
            queueMicrotask(() => this.connect());
        }

        connect() {
            if (this.readyState > 1 || server.stalling.has("/ws")) {
                return;
            }
            if (server.refusing || server.without.has("/ws")) {
                this.refuse();
                return;
            }
            this.readyState = 1;
            server.streams.add(this);
            const { start, lost } = server.position(this.url.searchParams);
            const cursor = server.cursor(start);
            if (lost) {
                this.bring({ event: "earshot.lost", cursor });
            }
            this.bring({ event: "earshot.open", cursor });
            server.after(start).forEach((message) => this.bring(message));
        }

        /** What the page sends: one message, published. */
        send(text) {
            const frame = JSON.parse(text);
            this.frames.push(frame);
            const answer = server.onFrame(frame, this);
            queueMicrotask(() => this.bring(answer ?? this.store(frame)));
        }

        store({ event, data, key, from }) {
            const repeated = server.keys.has(key);
            const [type, body] = typeof data === "string" ? ["text", data]
                : ["json", JSON.stringify(data)];
            const id = server.keys.get(key)
                ?? server.publish(body, { event, from, type });
            server.keys.set(key, id);
            return { event: "earshot.published", id, key,
                ...(repeated && { repeated }) };
        }

        bring(frame) {
            if (this.readyState === 1) {
                this.onmessage({ data: JSON.stringify(frame) });
            }
        }

        /** The server ends it, or the network does. */
        end(code, reason = "") {
            if (this.readyState < 3) {
                this.readyState = 3;
                server.streams.delete(this);
                this.onclose({ code, reason });
            }
        }

        refuse() { this.end(1006); }
        cut() { this.end(1006); }
        deliver(message) { this.bring(message); }
        close() {
            this.readyState = 3;
            server.streams.delete(this);
        }
    };
}
