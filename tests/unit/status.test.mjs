// What the status page computes of the figures that it is sent.

import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./client.mjs";

const {
    axisEnd, duration, memory, number, perSecond, quantile, since, together,
} = await load("../fcgi/page/numbers.js");

const BOUNDS = [100, 1000, 10000]; // microseconds; the last has none

test("a quantile lies in its bucket, drawn straight", () => {
    assert.equal(quantile([0, 0, 0, 0, 0], BOUNDS, 0.5), undefined);
    assert.equal(quantile([0, 10, 0, 0, 99], BOUNDS, 0.5), 0.00055);
    assert.equal(quantile([10, 10, 0, 0, 0], BOUNDS, 0.5), 0.0001);
    assert.equal(quantile([0, 0, 4, 0, 0], BOUNDS, 1), 0.01);
    assert.equal(quantile([0, 0, 0, 5, 0], BOUNDS, 0.5), 0.01);
});

test("a histogram less an earlier one is what happened between", () => {
    assert.deepEqual(since([5, 6, 7], [1, 6, 2]), [4, 0, 5]);
    assert.deepEqual(since([5, 6, 7]), [5, 6, 7]);
    assert.deepEqual(together([[1, 2], [3, 4], [5, 6]]), [9, 12]);
});

test("a rate is none where what counts began anew or the clock was set", () => {
    assert.equal(perSecond(30, 2000), 15);
    assert.equal(perSecond(0, 1000), 0);
    assert.equal(perSecond(-1, 1000), undefined);
    assert.equal(perSecond(5, 0), undefined);
    assert.equal(perSecond(5, -3600000), undefined);
});

test("durations are told in the units that one would say", () => {
    for (const [seconds, text] of [[0, "0 ms"], [0.00025, "0.25 ms"],
        [0.0164, "16.4 ms"], [1, "1 s"], [59.94, "59.9 s"], [60, "1 min"],
        [3725, "1 h 2 min"], [3 * 86400 + 7200, "3 d 2 h"],
        [undefined, "–"]]) {
        assert.equal(duration(seconds), text);
    }
});

test("numbers and sizes are short", () => {
    assert.equal(number(1234567), "1,234,567");
    assert.equal(number(12.345), "12.3");
    assert.equal(number(0.0412), "0.04");
    assert.equal(number(undefined), "–");
    assert.equal(memory(512), "512 B");
    assert.equal(memory(1536), "1.5 KiB");
    assert.equal(memory(3 * 2 ** 30), "3.0 GiB");
});

test("an axis ends at a round number that all lie below", () => {
    assert.equal(axisEnd(0), 1);
    assert.equal(axisEnd(7), 10);
    assert.equal(axisEnd(20), 20);
    assert.equal(axisEnd(201), 500);
    assert.equal(axisEnd(0.03), 0.05);
});
