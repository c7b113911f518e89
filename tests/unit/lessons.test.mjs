/** What the lessons know of the wire: frames, streams, chunks, markup. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./client.mjs";

const { Chunks } = await load("lessons/chunks.js");
const { bits, closing, decode, encode, Frames, hex, mask }
    = await load("lessons/frame.js");
const { pieces, worst } = await load("lessons/markup.js");
const notes = await load("lessons/notes.js");
const { Lines, read } = await load("lessons/stream.js");

const bytes = (text) => Uint8Array.from(text.split(" "),
    (digits) => parseInt(digits, 16));
const text = (payload) => new TextDecoder().decode(payload);
const KEY = bytes("37 fa 21 3d");

// Frames, by the examples of RFC 6455, 5.7. ----------------------------------

test("a masked text frame is taken apart", () => {
    const frame = decode(bytes("81 85 37 fa 21 3d 7f 9f 4d 51 58"));
    assert.equal(text(frame.payload), "Hello");
    assert.deepEqual([frame.fin, frame.rsv, frame.opcode, frame.masked,
        frame.length, frame.extended], [true, 0, 1, true, 5, 0]);
    assert.deepEqual(frame.key, KEY);
});

test("an unmasked frame, a fragment and a ping are taken apart", () => {
    assert.equal(text(decode(bytes("81 05 48 65 6c 6c 6f")).payload), "Hello");
    const fragment = decode(bytes("01 03 48 65 6c"));
    assert.deepEqual([fragment.fin, fragment.opcode], [false, 1]);
    assert.equal(decode(bytes("89 05 48 65 6c 6c 6f")).opcode, 9);
});

test("frames of every kind of length come back as they went in", () => {
    for (const length of [0, 1, 125, 126, 127, 65535, 65536, 70000]) {
        for (const key of [new Uint8Array(), KEY]) {
            const payload = new Uint8Array(length).map((_, at) => at % 251);
            const frame = decode(encode(2, payload, key));
            assert.equal(frame.length, length);
            assert.equal(frame.extended,
                length < 126 ? 0 : length < 65536 ? 2 : 8);
            assert.deepEqual(frame.payload, payload);
        }
    }
    assert.deepEqual(encode(1, new TextEncoder().encode("Hello"), KEY),
        bytes("81 85 37 fa 21 3d 7f 9f 4d 51 58"));
});

test("frames are found in bytes however they are cut", () => {
    const sent = [encode(1, new TextEncoder().encode("one"), KEY),
        encode(9, new Uint8Array()), encode(2, new Uint8Array(300))];
    const all = sent.flatMap((frame) => [...frame]);
    for (const size of [1, 2, 5, 100, all.length]) {
        const frames = new Frames();
        const found = [];
        for (let at = 0; at < all.length; at += size) {
            found.push(...frames.feed(
                Uint8Array.from(all.slice(at, at + size))));
        }
        assert.deepEqual(found.map(({ opcode, length }) => [opcode, length]),
            [[1, 3], [9, 0], [2, 300]]);
    }
});

test("what is not whole yet is no frame", () => {
    const whole = bytes("81 85 37 fa 21 3d 7f 9f 4d 51 58");
    for (let size = 0; size < whole.length; size++) {
        assert.equal(decode(whole.slice(0, size)), undefined);
    }
});

/** Feeds records of which only the first `kept` bytes are there. */
function feedCut(frames, bytes, sizes, kept) {
    const found = [];
    let at = 0;
    for (const size of sizes) {
        const record = Uint8Array.from(bytes.slice(at, at + size));
        found.push(frames.feed(record.slice(0, kept)));
        if (size > kept) {
            found.at(-1).push(...frames.skip(size - kept));
        }
        at += size;
    }
    assert.equal(at, bytes.length);
    return found.map((some) => some.map(({ opcode, length, payload }) =>
        [opcode, length, payload.length]));
}

test("a frame of which bytes are missing is given, and the next one too", () => {
    const long = [...encode(1, new Uint8Array(6000).fill(97), KEY)];
    const next = [...encode(9, new Uint8Array(3))];
    const header = 8;
    assert.deepEqual(feedCut(new Frames(), [...long, ...next],
        [long.length, next.length], 4096),
    [[[1, 6000, 4096 - header]], [[9, 3, 3]]]);
    // Its end comes with the next record, and what follows it.
    assert.deepEqual(feedCut(new Frames(), [...long, ...next, ...long],
        [5000, long.length - 5000 + next.length, 5000, long.length - 5000],
        4096),
    [[[1, 6000, 4096 - header]], [[9, 3, 3]], [[1, 6000, 4096 - header]], []]);
});

test("a frame over many records is given once, and says that it goes on", () => {
    const long = [...encode(2, new Uint8Array(70000))];
    const next = [...encode(1, new Uint8Array(3))];
    const frames = new Frames();
    const sizes = [16384, 16384, 16384, 16384];
    const rest = long.length - 4 * 16384;
    assert.deepEqual(feedCut(frames, long.slice(0, -rest), sizes, 4096),
        [[[2, 70000, 4096 - 10]], [], [], []]);
    assert.equal(frames.inside, rest);
    assert.deepEqual(feedCut(frames, [...long.slice(-rest), ...next],
        [rest, next.length], 4096), [[], [[1, 3, 3]]]);
    assert.equal(frames.inside, 0);
});

test("where a frame begins is looked for at the next record's beginning", () => {
    const ping = [...encode(9, new Uint8Array(3))];
    const long = [...encode(1, new Uint8Array(300).fill(97), KEY)];
    // What is missing: the long one's end, a ping, another one's beginning.
    assert.deepEqual(feedCut(new Frames(), [...long, ...ping, ...long, ...ping],
        [long.length + ping.length + 100, long.length - 100, ping.length], 50),
    [[[1, 300, 42]], [], [[9, 3, 3]]]);
    // A whole frame was kept, and of the next one nothing.
    assert.deepEqual(feedCut(new Frames(), [...ping, ...long, ...ping],
        [ping.length + long.length, ping.length], ping.length),
    [[[9, 3, 3]], [[9, 3, 3]]]);
});

test("masking twice gives the bytes back, and no key leaves them", () => {
    const some = bytes("00 ff 10 20 30");
    assert.deepEqual(mask(mask(some, KEY), KEY), some);
    assert.deepEqual(mask(some, new Uint8Array()), some);
});

test("a close frame says why, or that it does not", () => {
    assert.deepEqual(closing(bytes("03 e8 62 79 65")),
        { code: 1000, reason: "bye" });
    assert.deepEqual(closing(new Uint8Array()), { code: 1005, reason: "" });
    assert.equal(bits(0x81), "10000001");
    assert.equal(hex(5), "05");
});

// Event streams, by HTML 9.2.6. ----------------------------------------------

test("a stream's lines mean what the standard says", () => {
    const { lines, events, retry, id } = read(
        ": hi\nretry: 2000\nid: 7\nevent: greeting\ndata: Hello\n"
        + "data: World\n\n");
    assert.deepEqual(lines.map(({ meaning }) => meaning), ["comment", "retry",
        "id", "event", "data", "data", "dispatch"]);
    assert.deepEqual(events, [{ event: "greeting", data: "Hello\nWorld",
        id: "7" }]);
    assert.deepEqual([retry, id], [2000, "7"]);
});

test("without data or a blank line nothing is dispatched", () => {
    assert.deepEqual(read("event: x\nid: 3\n\n").events, []);
    assert.equal(read("event: x\nid: 3\n\n").id, "3");
    assert.equal(read("event: x\n\n").lines[1].meaning, "nothing");
    const begun = read("data: x\n");
    assert.deepEqual([begun.events.length, begun.pending], [0, true]);
    assert.equal(read("data: x\n\n").pending, false);
});

test("one space after the colon is taken off, and no more", () => {
    const { events } = read("data:x\n\ndata: x\n\ndata:  x\n\ndata\n\n");
    assert.deepEqual(events.map(({ data }) => data), ["x", "x", " x", ""]);
});

test("what a browser skips is said to be skipped", () => {
    const meanings = read("retry: soon\nRetry: 1\nid: a\0b\n foo: x\n").lines
        .map(({ meaning }) => meaning);
    assert.deepEqual(meanings, ["bad-retry", "unknown", "bad-id", "unknown"]);
    assert.equal(read("retry: soon\n").retry, undefined);
});

test("lines end by CR, LF or both, and a name lasts for one event", () => {
    const { events } = read("event: a\rdata: 1\r\rdata: 2\r\n\r\n");
    assert.deepEqual(events.map(({ event, data }) => [event, data]),
        [["a", "1"], ["message", "2"]]);
});

test("lines in pieces mean what they mean in one", () => {
    const text = ": hi\nid: 7\nevent: greeting\ndata: Hello\n\n\n";
    for (const size of [1, 2, 7, text.length]) {
        const lines = new Lines();
        const found = [];
        for (let at = 0; at < text.length; at += size) {
            found.push(...lines.feed(text.slice(at, at + size)));
        }
        assert.deepEqual(found, read(text).lines, size);
    }
});

test("after a gap a line's end is not taken for a field", () => {
    const meanings = (lines) => lines.map(({ meaning }) => meaning);
    const lines = new Lines();
    assert.deepEqual(meanings(lines.feed("id: 1\ndata: abc")), ["id"]);
    assert.deepEqual(lines.skip(), [{ text: "data: abc", meaning: "data" }]);
    assert.deepEqual(meanings(lines.feed("1c xyz\n\nid: 2\n")),
        ["goes-on", "dispatch", "id"]);
    // The end itself is missing, or the blank line too.
    lines.feed("data: abc");
    lines.skip();
    assert.deepEqual(meanings(lines.feed("\nid: 3\n")), ["dispatch", "id"]);
    lines.feed("data: abc");
    lines.skip();
    assert.deepEqual(meanings(lines.feed(": beat\n\nid: 4\ndata: d\n\n")),
        ["comment", "nothing", "id", "data", "dispatch"]);
    // A line of many records is no new field in any of them.
    lines.feed("data: abc");
    for (const part of ["def", "ghi"]) {
        lines.skip();
        lines.feed(part);
    }
    assert.deepEqual(lines.skip(), [{ text: "ghi", meaning: "goes-on" }]);
});

// Chunks, by RFC 9112, 7.1. --------------------------------------------------

test("chunks are cut where their sizes say, however the bytes come", () => {
    const body = "5\r\nhello\r\n6\r\n a\r\nb \r\n0\r\n\r\n";
    const joined = (pieces) => pieces.filter(({ kind }) => kind === "body")
        .map((piece) => piece.text).join("");
    const whole = new Chunks().feed(body);
    assert.deepEqual(whole.map(({ kind }) => kind),
        ["size", "body", "end", "size", "body", "end", "end", "end"]);
    assert.equal(joined(whole), "hello a\r\nb ");
    const chunks = new Chunks();
    const halves = [...chunks.feed(body.slice(0, 5)),
        ...chunks.feed(body.slice(5))];
    assert.equal(joined(halves), "hello a\r\nb ");
});

test("a chunk's size may come in two pieces", () => {
    const chunks = new Chunks();
    assert.deepEqual(chunks.feed("1"), []);
    assert.deepEqual(chunks.feed("0\r\n0123456789abcdef\r\n")
        .map(({ kind, text }) => `${kind} ${text.trim()}`),
    ["size 10", "body 0123456789abcdef", "end "]);
});

test("bytes that are missing are counted, and the next chunk is found", () => {
    const kinds = (pieces) => pieces.map(({ kind, text }) =>
        `${kind} ${text.trim()}`);
    const next = "3\r\nabc\r\n";
    const found = ["size 3", "body abc", "end "];
    const begun = () => {
        const chunks = new Chunks();
        chunks.feed("64\r\nbegin");    // 95 of its 100 bytes are to come
        return chunks;
    };
    for (const [missing, before] of [[97, ""], [95, "\r\n"], [96, "\n"],
        [90, "12345\r\n"]]) {
        const chunks = begun();
        chunks.skip(missing);
        assert.deepEqual(kinds(chunks.feed(before + next)).slice(-3), found,
            missing);
    }
    // Others were among what is missing.
    const chunks = begun();
    chunks.skip(200);
    assert.deepEqual(kinds(chunks.feed("1c of another")),
        ["lost 1c of another"]);
    assert.deepEqual(kinds(chunks.feed(next)), found);
    chunks.skip(1);
    assert.deepEqual(kinds(chunks.feed(next)), found);
});

// Markup. --------------------------------------------------------------------

test("what would run as a script is told from what would not", () => {
    // tests/browser/test_tutorial_page.py asks Chromium itself.
    const cases = {
        "<img src=x onerror=\"send()\">": "runs",
        "Hi <b>you</b> <IMG SRC=x ONERROR=alert(1)>": "runs",
        "<iframe src=\"javascript:x()\"></iframe>": "runs",
        "<a href=\"javascript:x()\">": "on-click",
        "<b onmouseover=x()>": "on-click",
        "<script>alert(1)</script>": "inert",
        "<b>bold</b>": "tag",
        "2 < 3 and 4 > 3": "text",
        "onerror=alert(1)": "text",
    };
    // What does not run, or not everywhere, is not said to run.
    for (const message of ["<img onerror=x()>", "<svg onload=x()>",
        "<b onerror=x()>", "<textarea><img src=x onerror=x()></textarea>",
        "<!-- <img src=x onerror=x()> -->", "<img src=x onerror=>",
        "<img src=x alt=a alt=b onerror=x()>", "</img src=x onerror=x()>",
        "<img src=x onerror=x()", "<iframe sandbox src=javascript:x()>",
        "<a href=java&#115;cript:x()>"]) {
        cases[message] = "unsure";
    }
    for (const [message, expected] of Object.entries(cases)) {
        assert.equal(worst(message), expected, message);
    }
});

test("the pieces of a message are all of it", () => {
    for (const message of ["Hello <img src=x onerror=\"a > b\"> there",
        "<b >x</b>", "<a/b=c>", "a < b", "<<b>>"]) {
        assert.equal(pieces(message).map((piece) => piece.text).join(""),
            message);
    }
});

// The words. -----------------------------------------------------------------

test("every line that a browser or a server sends here has its words", () => {
    for (const line of ["Host: a", "sec-ch-ua-mobile: ?0",
        "Sec-Fetch-Site: same-site", "Last-Event-ID: 3-x",
        "Sec-WebSocket-Accept: x", "transfer-encoding: chunked"]) {
        assert.equal(notes.ofHeader(line)?.length, 2, line);
    }
    assert.equal(notes.ofHeader("X-Nobody: knows"), undefined);
    for (const { meaning } of read(": c\nretry: 1\nid: 1\nevent: a\ndata: b\n"
        + "\n\nfoo\nretry: x\nid: \0\n").lines) {
        assert.equal(notes.ofField(meaning)?.length, 2, meaning);
    }
    assert.equal(notes.ofField("goes-on")?.length, 2);
});
