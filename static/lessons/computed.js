/**
 * Where no tap runs, a page can still say what must have passed: this wraps
 * the browser's three doors and notes it as the tap would. What a script
 * cannot see is made up as the standards have it, and the page says so.
 *
 * @typedef {import("../lab/tap.js").Record} Record
 */

import { encode } from "./frame.js";

const CRLF = "\r\n";
let connections = 0;

/**
 * From now on tells what passes to the addresses that have a tag.
 * @param {(url: string) => string | undefined} tagOf
 * @param {(record: Record) => void} tell
 */
export function compute(tagOf, tell) {
    const wraps = (url) => tagOf(String(url)) !== undefined;
    const tagged = (url) => (record) => tell({
        ...record, tag: tagOf(String(url)) });
    wrapFetch(wraps, tagged);
    wrapEventSource(wraps, tagged);
    wrapWebSocket(wraps, tagged);
}

function bytesOf(text) {
    return new TextEncoder().encode(text);
}

function note(tell, connection, kind, content) {
    const bytes = typeof content === "string" ? bytesOf(content) : content;
    tell({ connection, kind, time: Date.now(), size: bytes.length,
        bytes: btoa(String.fromCharCode(...bytes.slice(0, 4096))) });
}

function head(method, url, headers) {
    const { pathname, search, host } = new URL(url, location.href);
    const lines = [`${method} ${pathname}${search} HTTP/1.1`, `Host: ${host}`,
        ...Object.entries({
            "User-Agent": navigator.userAgent,
            "Accept-Language": navigator.languages.join(","),
            "Accept-Encoding": "gzip, deflate, br",
            ...headers,
        }).map(([name, value]) => `${name}: ${value}`)];
    return lines.join(CRLF) + CRLF + CRLF;
}

function wrapFetch(wraps, tagged) {
    const original = globalThis.fetch;
    globalThis.fetch = async (url, init = {}) => {
        if (!wraps(url) || (init.method ?? "GET") !== "GET") {
            return original(url, init);
        }
        const tell = tagged(url);
        const connection = ++connections;
        note(tell, connection, "request", head("GET", url, {
            "Connection": "keep-alive", "Accept": "*/*",
            "Referer": location.href, "Sec-Fetch-Site": "same-origin" }));
        const answer = await original(url, init);
        const lines = [...answer.headers].map(([name, value]) =>
            `${name}: ${value}`);
        note(tell, connection, "response", [
            `HTTP/1.1 ${answer.status} ${answer.statusText}`, ...lines, "", "",
        ].join(CRLF));
        answer.clone().text().then((body) =>
            note(tell, connection, "down", body), () => {});
        return answer;
    };
}

function wrapEventSource(wraps, tagged) {
    const NAMES = ["message", "earshot.open", "earshot.lost", "greeting"];
    globalThis.EventSource = class extends EventSource {
        #last = "";

        constructor(url, init) {
            super(url, init);
            if (wraps(url)) {
                this.#watch(url, tagged(url));
            }
        }

        #watch(url, tell) {
            let connection = ++connections;
            const ask = () => note(tell, connection, "request", head("GET",
                url, { "Connection": "keep-alive",
                    "Accept": "text/event-stream", "Cache-Control": "no-cache",
                    ...(this.#last && { "Last-Event-ID": this.#last }) }));
            ask();
            this.addEventListener("open", () => note(tell, connection,
                "response", ["HTTP/1.1 200 OK",
                    "Content-Type: text/event-stream",
                    "Cache-Control: no-cache, no-transform", "", ""]
                    .join(CRLF)));
            this.addEventListener("error", () => {
                connection = ++connections;
                ask();
            });
            for (const name of NAMES) {
                this.addEventListener(name, ({ data, lastEventId }) => {
                    this.#last = lastEventId;
                    const event = name === "message" ? "" : `event: ${name}\n`;
                    const lines = data.split("\n").map((line) =>
                        `data: ${line}\n`).join("");
                    note(tell, connection, "down",
                        `id: ${lastEventId}\n${event}${lines}\n`);
                });
            }
        }
    };
}

function wrapWebSocket(wraps, tagged) {
    globalThis.WebSocket = class extends WebSocket {
        #connection = 0;
        #tell = (record) => {};

        constructor(url, protocols) {
            super(url, protocols);
            if (wraps(url)) {
                this.#connection = ++connections;
                this.#tell = tagged(url);
                this.#watch(url, this.#connection, this.#tell);
            }
        }

        #watch(url, connection, tell) {
            note(tell, connection, "request", head("GET", url, {
                "Connection": "Upgrade", "Upgrade": "websocket",
                "Origin": location.origin, "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": btoa(String.fromCharCode(
                    ...crypto.getRandomValues(new Uint8Array(16)))),
            }));
            this.addEventListener("open", () => note(tell, connection,
                "response", ["HTTP/1.1 101 Switching Protocols",
                    "Upgrade: websocket", "Connection: Upgrade", "", ""]
                    .join(CRLF)));
            this.addEventListener("message", ({ data }) => {
                const binary = typeof data !== "string";
                note(tell, connection, "down", encode(binary ? 2 : 1,
                    binary ? new Uint8Array(data) : bytesOf(data)));
            });
        }

        send(data) {
            super.send(data);
            if (this.#connection) {
                const binary = typeof data !== "string";
                note(this.#tell, this.#connection, "up", encode(binary ? 2 : 1,
                    binary ? new Uint8Array(data) : bytesOf(data),
                    crypto.getRandomValues(new Uint8Array(4))));
            }
        }
    };
}
