/** What "Which one?" advises: static/which/advice.js. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./client.mjs";

const { advice } = await load("which/advice.js");

const usual = { hold: "yes", delay: "now", send: "rarely", data: "text",
    between: "clear" };
const way = (more) => advice({ ...usual, ...more }).way;

test("the usual page takes SSE", () => {
    assert.equal(way({}), "sse");
});

test("a page that says much, or binary, takes WebSocket", () => {
    assert.equal(way({ send: "often" }), "ws");
    assert.equal(way({ data: "binary" }), "ws");
    assert.equal(way({ data: "binary", delay: "later" }), "ws");
});

test("a proxy that nobody knows speaks for long-polling", () => {
    assert.equal(way({ between: "unknown" }), "long-poll");
});

test("a WebSocket through a proxy that nobody knows needs a way back", () => {
    const { but } = advice({ ...usual, send: "often", between: "unknown" });
    assert.match(but.en, /wss:.*long-polling/);
});

test("who can wait polls", () => {
    assert.equal(way({ delay: "later" }), "poll");
    assert.equal(way({ delay: "later", between: "unknown" }), "poll");
});

test("a server that cannot hold a request leaves polling alone", () => {
    for (const send of ["rarely", "often"]) {
        for (const data of ["text", "binary"]) {
            assert.equal(way({ hold: "no", send, data }), "poll");
        }
    }
    assert.match(advice({ ...usual, hold: "no" }).but.en, /half its interval/);
});

test("each of the 32 answers has its reasons, in both languages", () => {
    const all = [["hold", "yes", "no"], ["delay", "now", "later"],
        ["send", "rarely", "often"], ["data", "text", "binary"],
        ["between", "clear", "unknown"]].reduce((found, [name, ...values]) =>
        found.flatMap((one) => values.map((value) =>
            ({ ...one, [name]: value }))), [{}]);
    assert.equal(all.length, 32);
    for (const answers of all) {
        const { because, but } = advice(answers);
        assert.ok(because.length > 0);
        for (const words of [...because, but]) {
            assert.match(words.en, /^[A-Z“].*\.$/);
            assert.match(words["zh-CN"], /[\u4e00-\u9fff].*。$/);
        }
    }
});
