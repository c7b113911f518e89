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

test("the code offered does what the reasons say", () => {
    const code = (more) => advice({ ...usual, ...more }).code;
    // The client sends one at a time, and bytes by POST: no code for these.
    for (const more of [{ send: "often" }, { data: "binary" }]) {
        assert.match(code(more), /new WebSocket/);
        assert.doesNotMatch(code(more), /earshot\(/);
        assert.match(advice({ ...usual, ...more }).taking.en,
            /browser's own WebSocket/);
    }
    assert.match(code({ data: "binary", send: "often" }), /format=raw/);
    assert.doesNotMatch(code({ send: "often" }), /format=raw/);
    // Bare bytes have no id to come back by.
    assert.match(advice({ ...usual, data: "binary" }).but.en, /without an id/);
    for (const more of [{}, { between: "unknown" }, { hold: "no" }]) {
        assert.match(code(more), /^import .*from "\/earshot.js";/);
        assert.match(code(more), new RegExp(`transport: "${way(more)}"`));
        assert.doesNotMatch(code(more), /interval/);
    }
    assert.match(code({ delay: "later" }), /interval: 30000/);
    assert.match(code({ delay: "later", hold: "no" }), /interval: 30000/);
});

test("each of the 32 answers has its reasons, in both languages", () => {
    const all = [["hold", "yes", "no"], ["delay", "now", "later"],
        ["send", "rarely", "often"], ["data", "text", "binary"],
        ["between", "clear", "unknown"]].reduce((found, [name, ...values]) =>
        found.flatMap((one) => values.map((value) =>
            ({ ...one, [name]: value }))), [{}]);
    assert.equal(all.length, 32);
    for (const answers of all) {
        const { because, but, taking } = advice(answers);
        assert.ok(because.length > 0);
        for (const words of [...because, but, taking]) {
            assert.match(words.en, /^[A-Z“].*\.$/);
            assert.match(words["zh-CN"], /[\u4e00-\u9fff].*。$/);
        }
    }
});
