/** What the room shows of a message: static/room/line.js. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./client.mjs";

const { continues, describe, hue } = await load("room/line.js");

const message = (more) =>
    ({ id: "1-e", time: 5, type: "json", own: false, ...more });

test("the room's own JSON has a name and a text", () => {
    const line = describe({ name: " Ada ", text: "hi" }, message());
    assert.equal(line.who, "Ada");
    assert.equal(line.text, "hi");
    assert.equal(line.code, false);
});

test("plain text is said by its from, or by nobody in particular", () => {
    const text = { type: "text" };
    assert.equal(describe("hi", message({ ...text, from: "ticker" })).who,
        "ticker");
    assert.equal(describe("hi", message(text)).who, "");
});

test("somebody without a name in the room has none", () => {
    assert.equal(describe({ name: "", text: "hi" },
        message({ from: "k3f9x2ab" })).who, "");
});

test("any other JSON is shown as it is, and binary by its size", () => {
    for (const data of [null, 1, [], "x", { text: 1 }, { name: "Ada" }]) {
        const line = describe(data, message());
        assert.equal(line.text, JSON.stringify(data));
        assert.equal(line.code, true);
    }
    const bytes = describe(new Uint8Array(3), message({ type: "binary" }));
    assert.equal(bytes.bytes, 3);
});

test("a name is no longer than the page has room for", () => {
    const { who } = describe({ name: "x".repeat(1000), text: "" }, message());
    assert.equal(who.length, 40);
    assert.equal(describe({ name: 5, text: "" }, message()).who, "");
});

test("a speaker goes on speaking for a while", () => {
    const line = { who: "Ada", own: false, time: 1000 };
    assert.equal(continues({ ...line, time: 2000 }, line), true);
    assert.equal(continues({ ...line, time: 999000 }, line), false);
    assert.equal(continues({ ...line, who: "Bob" }, line), false);
    assert.equal(continues({ ...line, own: true }, line), false);
    assert.equal(continues(line, undefined), false);
});

test("a speaker's colour is always the same", () => {
    assert.equal(hue("小明"), hue("小明"));
    assert.notEqual(hue("Ada"), hue("Bob"));
    assert.ok(hue("x".repeat(40)) < 360);
});
