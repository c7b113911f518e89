/**
 * What a lane has cost: counted from the tap's records of the very bytes, or,
 * where there is no tap, computed from what a script can see.
 */

/** What Chromium sends with a request, less the address and the Host. */
const REQUEST_HEADERS = ["Connection: keep-alive", "Accept: */*",
    "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: cors",
    "Sec-Fetch-Dest: empty", "Accept-Encoding: gzip, deflate, br, zstd"];

/** What Earshot answers where the page cannot read it. */
const RESPONSE_HEAD = {
    sse: "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
        + "Cache-Control: no-cache, no-transform\r\nX-Accel-Buffering: no\r\n"
        + "Transfer-Encoding: chunked\r\n\r\n",
    ws: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
        + "Connection: Upgrade\r\n"
        + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
};

const UPGRADE = "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    + "Sec-WebSocket-Extensions: permessage-deflate\r\n";

export class Tally {
    requests = 0;
    /** Bytes of the heads of requests and of answers. */
    heads = 0;
    /** Bytes of all else: messages, and what they are wrapped in. */
    payload = 0;
    connections = 0;
    messages = 0;
    #seen = new Set();

    get bytes() {
        return this.heads + this.payload;
    }

    /** @param {import("./tap.js").Record} record */
    add({ kind, connection, size, held }) {
        if (held) {
            return; // the page has not got it
        }
        if (!this.#seen.has(connection)) {
            this.#seen.add(connection);
            this.connections++;
        }
        this.requests += Number(kind === "request");
        if (kind === "request" || kind === "response") {
            this.heads += size;
        } else if (kind === "up" || kind === "down") {
            this.payload += size;
        }
    }

    // Where there is no tap.

    /** A request for this address. */
    computeRequest(address) {
        const { host, pathname, search } = new URL(address);
        this.requests++;
        this.heads += `GET ${pathname}${search} HTTP/1.1\r\n`.length
            + `Host: ${host}\r\n`.length
            + `User-Agent: ${navigator.userAgent}\r\n`.length
            + `Accept-Language: ${navigator.languages}\r\n`.length
            + `Referer: ${location.href}\r\n`.length
            + REQUEST_HEADERS.join("\r\n").length + 4;
    }

    /** The answer to fetch(), with its body. */
    computeAnswer(headers, body) {
        this.heads += "HTTP/1.1 200 OK\r\n\r\n".length;
        for (const [name, value] of headers) {
            this.heads += `${name}: ${value}\r\n`.length;
        }
        this.payload += new TextEncoder().encode(body).length;
    }

    /** A stream has been opened. @param {"sse" | "ws"} transport */
    computeOpening(transport, address) {
        this.computeRequest(address);
        this.connections++;
        this.heads += RESPONSE_HEAD[transport].length
            + (transport === "ws" ? UPGRADE.length : 0);
    }

    /** A message has come by a stream. */
    computeMessage(transport, message) {
        const { length } = new TextEncoder().encode(JSON.stringify(message));
        if (transport === "sse") {
            this.payload += length + `id: ${message.id}\ndata: \n\n`.length
                + 6; // the chunk's size and two line ends, RFC 9112 7.1
        } else if (transport === "ws") {
            this.payload += length + (length < 126 ? 2 : 4); // RFC 6455 5.2
        }
    }
}
