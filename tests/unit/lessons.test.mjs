/** What the lessons know of the wire: frames, streams, chunks, markup. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./client.mjs";

const { Chunks } = await load("lessons/chunks.js");
const { bits, closing, decode, encode, Frames, hex, mask }
    = await load("lessons/frame.js");
const { pieces, worst } = await load("lessons/markup.js");
const notes = await load("lessons/notes.js");
const { read } = await load("lessons/stream.js");

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

// Markup. --------------------------------------------------------------------

test("what would run as a script is told from what would not", () => {
    const cases = {
        "<img src=x onerror=\"send()\">": "runs",
        "<IMG SRC=x ONERROR=alert(1)>": "runs",
        "<svg onload='x()'>": "runs",
        "<svg/onload=x()>": "runs",
        "<iframe src=\"javascript:x()\"></iframe>": "runs",
        "<a href=\"javascript:x()\">": "on-click",
        "<b onmouseover=x()>": "on-click",
        "<b onerror=x()>": "on-click",
        "<script>alert(1)</script>": "inert",
        "<b>bold</b>": "tag",
        "2 < 3 and 4 > 3": "text",
        "onerror=alert(1)": "text",
    };
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
});
