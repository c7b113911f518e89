/**
 * What passes on the wire, shown line by line, with a word on what each line
 * is for. The bytes come from the tap, or are computed where there is none.
 *
 * @typedef {import("../lab/tap.js").Record} Record
 */

import { both, label, make, size } from "../lab/page.js";
import { Chunks } from "./chunks.js";
import { closing, Frames, OPCODES } from "./frame.js";
import * as notes from "./notes.js";
import { Lines } from "./stream.js";

/** Beyond these the oldest go. */
const SHOWN_MAX = 60;

const KINDS = {
    request: ["asks", "请求"],
    response: ["answers", "响应"],
    up: ["sends", "发送"],
    down: ["sends", "发送"],
    close: ["the connection is closed", "连接已关闭"],
};

/** Who it is that speaks, or ends the connection. */
const SPEAKERS = {
    browser: ["browser", "浏览器"],
    server: ["server", "服务器"],
    relay: ["relay", "中继"],
};

/** What is known of one connection. */
class Connection {
    protocol = "http";
    chunks;
    lines = new Lines();
    up = new Frames();
    down = new Frames();
}

export class Wire {
    #element;
    #list;
    #connections = new Map();
    #started;
    #onFrame;
    #filter;

    /**
     * @param {HTMLElement} element   is filled
     * @param {{onFrame?: Function, filter?: (record: Record) => boolean}} [how]
     */
    constructor(element, { onFrame = () => {}, filter = () => true } = {}) {
        this.#element = element;
        this.#onFrame = onFrame;
        this.#filter = filter;
        this.#list = make("ol", { className: "records", tabIndex: 0 });
        this.#list.setAttribute("role", "region");
        label(this.#list, ["The bytes that pass", "经过的字节"]);
        this.#empty = make("p", { className: "hint empty" },
            both(["Nothing has passed yet: press “Run”.",
                "还没有字节经过：请按“运行”。"]));
        element.classList.add("wire");
        element.append(this.#list, this.#empty);
    }

    #empty;

    /** Says where the bytes come from. */
    source(isReal) {
        this.#element.append(make("p", { className: "hint source" }, both(isReal
            ? ["Real bytes, as a relay on this machine (`earshot-tap`) saw them pass.",
                "真实的字节，由本机的中继（`earshot-tap`）看到。"]
            : ["No relay runs here: these bytes are computed from what the script sees.",
                "这里没有运行中继：这些字节是根据脚本所见计算出来的。"])));
        this.#element.dataset.source = isReal ? "real" : "computed";
    }

    clear() {
        this.#list.replaceChildren();
        this.#empty.hidden = false;
        this.#started = undefined;
    }

    /** @param {Record} record */
    add(record) {
        const text = atob(record.bytes ?? "");
        const lines = this.#lines(record, text);
        if (lines.length === 0 || !this.#filter(record)) {
            return;
        }
        this.#started ??= record.time;
        const item = make("li", { className: `record ${side(record)}` },
            this.#caption(record), ...lines);
        const atEnd = this.#list.scrollHeight - this.#list.scrollTop
            - this.#list.clientHeight < 60;
        this.#list.append(item);
        this.#empty.hidden = true;
        while (this.#list.children.length > SHOWN_MAX) {
            this.#list.firstChild.remove();
        }
        if (atEnd) {
            this.#list.scrollTop = this.#list.scrollHeight;
        }
    }

    #caption(record) {
        const up = side(record) === "up";
        const seconds = ((record.time - this.#started) / 1000).toFixed(2);
        return make("p", { className: "caption" },
            make("span", { className: "arrow", ariaHidden: "true",
                textContent: up ? "↑" : "↓" }),
            make("b", {}, both(SPEAKERS[speaker(record)])), " ",
            ...both(KINDS[record.kind] ?? ["", ""]),
            make("span", { className: "when",
                textContent: `${seconds} s · ${size(record.size)}` }));
    }

    /** The record's lines as elements; none when it shows nothing. */
    #lines(record, text) {
        const known = this.#connections.get(record.connection)
            ?? new Connection();
        this.#connections.set(record.connection, known);
        switch (record.kind) {
        case "request":
            known.protocol = "http";
            known.chunks = undefined;
            return headLines(text, notes.ofRequestLine);
        case "response":
            learn(known, text);
            return headLines(text, notes.ofStatusLine);
        case "up":
        case "down":
            return this.#passed(known, record, text);
        case "close":
            this.#connections.delete(record.connection);
            return [make("span", { className: "unseen" })];
        default:
            return [];
        }
    }

    /** What came after a head; of a long record not all bytes are kept. */
    #passed(known, record, text) {
        const missing = record.size - text.length;
        const lines = known.protocol === "ws"
            ? this.#frames(known[record.kind], record, text, missing)
            : bodyLines(known, text, missing);
        return missing > 0 ? [...lines, hint(notes.ofMissing(missing))]
            : lines;
    }

    #frames(frames, record, text, missing) {
        const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
        const inside = Math.min(frames.inside, bytes.length);
        const goesOn = inside > 0 ? [hint(notes.ofFrameGoingOn(inside))] : [];
        const whole = frames.feed(bytes);
        const begun = missing > 0 ? frames.skip(missing) : [];
        return [...goesOn, ...[...whole, ...begun].map((frame) => {
            this.#onFrame(frame, side(record), record);
            return frameLine(frame);
        })];
    }
}

function speaker({ kind, by }) {
    if (kind === "close") {
        return { client: "browser", server: "server" }[by] ?? "relay";
    }
    return kind === "request" || kind === "up" ? "browser" : "server";
}

function side(record) {
    return speaker(record) === "browser" ? "up" : "down";
}

/** What a response's head says of what follows. */
function learn(connection, text) {
    const stream = /^content-type: *text\/event-stream/im.test(text);
    connection.protocol = /^HTTP\/1\.1 101/.test(text) ? "ws"
        : stream ? "sse" : "http";
    connection.chunks = /^transfer-encoding: *chunked/im.test(text)
        ? new Chunks() : undefined;
    connection.lines = new Lines();
}

function line(text, words, className = "") {
    const made = make("div", { className: `line ${className}` },
        make("code", { textContent: text }));
    if (words) {
        made.append(make("small", {}, both(words)));
    }
    return made;
}

function hint(words) {
    return make("p", { className: "hint missing" }, both(words));
}

function headLines(text, ofFirst) {
    const [first, ...rest] = text.replace(/\r\n\r\n$/, "").split("\r\n");
    return [line(first, ofFirst(first), "first"),
        ...rest.map((header) => line(header, notes.ofHeader(header)))];
}

function bodyLines(connection, text, missing) {
    const { chunks, lines, protocol } = connection;
    const made = (chunks?.feed(text) ?? [{ kind: "body", text }])
        .flatMap((piece) => pieceLines(connection, piece));
    if (missing > 0) {
        chunks?.skip(missing);
        made.push(...protocol === "sse" ? lines.skip().map(fieldLine) : []);
    }
    return made;
}

function pieceLines({ lines, protocol }, { kind, text }) {
    if (kind === "body" && protocol === "sse") {
        return lines.feed(text).map(fieldLine);
    }
    const shown = utf8(text).trim();
    if (kind === "body") {
        return [line(shown, messageWords(shown))];
    }
    return shown === "" ? [] : [kind === "lost" ? line(shown, notes.GOES_ON)
        : line(shown, kind === "size" ? notes.CHUNK : notes.LAST_CHUNK,
            "framing")];
}

function fieldLine({ text, meaning }) {
    return line(utf8(text) || "⏎", notes.ofField(meaning), meaning);
}

function messageWords(text) {
    try {
        const { messages } = JSON.parse(text);
        return messages.length ? ["news, and the cursor to ask with next",
            "有新消息，还有下次要用的游标"]
            : ["nothing new; the cursor to ask with next",
                "没有新消息；还有下次要用的游标"];
    } catch {
        return undefined;
    }
}

function utf8(text) {
    return decoded(Uint8Array.from(text, (char) => char.charCodeAt(0)));
}

/** Where bytes are missing, the last letter may have been cut. */
function decoded(bytes) {
    return new TextDecoder().decode(bytes).replace(/\uFFFD+$/, "");
}

/** A frame in one line. */
function frameLine(frame) {
    const { opcode, length, payload } = frame;
    const name = OPCODES[opcode] ?? `opcode ${opcode}`;
    const shown = opcode === 1 || opcode === 0 ? decoded(payload)
        : opcode === 8 ? closeText(payload)
            : [...payload.slice(0, 24)].map((byte) =>
                byte.toString(16).padStart(2, "0")).join(" ");
    const made = line(`${name} ${length} B`, undefined, "frame");
    made.append(make("code", { className: "payload", textContent: shown }));
    return made;
}

function closeText(payload) {
    const { code, reason } = closing(payload);
    return payload.length ? `${code} ${reason}` : "";
}
