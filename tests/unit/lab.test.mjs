/** The front page's reckoning: clocks, costs, and what was missed. */

import assert from "node:assert";
import { test } from "node:test";

import { load, until } from "./client.mjs";

const { Clock } = await load("lab/clock.js");
const { Tally } = await load("lab/tally.js");
const { isMissed } = await load("lab/news.js");
const { Seats } = await load("lab/seats.js");

test("one_machine_has_one_clock", () => {
    const clock = new Clock();
    // Stored at 1000, sent at 999.5, and both told in whole milliseconds.
    clock.answered(1000, 999, 1003);
    clock.arrived(1000, 1001);
    clock.answered(2000, 2000, 2000);
    assert.equal(clock.ahead, 0);
    assert.equal(clock.here(1000), 1000);
});

test("a_server_whose_clock_is_ahead_is_reckoned_back", () => {
    const clock = new Clock();
    clock.answered(61010, 1000, 1020);
    assert.ok(clock.ahead >= 59990 && clock.ahead <= 60011);
    // A quicker answer tells more.
    clock.answered(62004, 2002, 2005);
    assert.ok(clock.ahead >= 59999 && clock.ahead <= 60003);
    assert.ok(Math.abs(clock.here(63000) - 3000) <= 3);
});

test("a_server_whose_clock_is_behind_is_reckoned_forward", () => {
    const clock = new Clock();
    clock.answered(1010, 61000, 61020);
    assert.ok(clock.ahead <= -59989 && clock.ahead >= -60010);
});

test("a_message_that_arrives_before_its_time_shows_that_the_server_is_ahead",
    () => {
        const clock = new Clock();
        clock.arrived(5000, 4000);
        assert.equal(clock.ahead, 1000);
        // One that arrives late shows nothing.
        clock.arrived(5000, 9000);
        assert.equal(clock.ahead, 1000);
    });

test("a_clock_that_is_set_is_believed_anew", () => {
    const clock = new Clock();
    clock.answered(1000, 1000, 1001);
    clock.answered(101000, 2000, 2001);
    assert.ok(Math.abs(clock.ahead - 99000) <= 2);
    clock.answered(3000, 3000, 3001);
    assert.ok(Math.abs(clock.ahead) <= 2);
});

test("records_are_summed_by_what_they_are", () => {
    const tally = new Tally();
    for (const [kind, size, connection] of [
        ["open", 0, 1], ["request", 200, 1], ["response", 150, 1],
        ["down", 30, 1], ["request", 210, 1], ["response", 150, 1],
        ["close", 0, 1], ["open", 0, 2], ["request", 190, 2],
        ["response", 100, 2], ["up", 6, 2], ["down", 44, 2],
    ]) {
        tally.add({ kind, size, connection });
    }
    assert.equal(tally.requests, 3);
    assert.equal(tally.connections, 2);
    assert.equal(tally.heads, 1000);
    assert.equal(tally.payload, 80);
    assert.equal(tally.bytes, 1080);
});

test("what_a_proxy_holds_back_has_not_been_got", () => {
    const tally = new Tally();
    tally.add({ kind: "response", size: 150, connection: 1, held: true });
    assert.equal(tally.bytes, 0);
});

test("a_frame_costs_two_bytes_or_four_and_an_event_its_lines", () => {
    const message = { id: "7-abc", data: "hello" };
    const { length } = JSON.stringify(message);
    const tally = new Tally();
    tally.computeMessage("ws", message);
    assert.equal(tally.payload, length + 2);
    const long = { id: "7-abc", data: "é".repeat(100) };
    const longer = new Tally();
    longer.computeMessage("ws", long);
    assert.equal(longer.payload,
        new TextEncoder().encode(JSON.stringify(long)).length + 4);
    const event = new Tally();
    event.computeMessage("sse", message);
    assert.equal(event.payload,
        `id: 7-abc\ndata: ${JSON.stringify(message)}\n\n`.length + 6);
});

function lane(more = {}) {
    return { key: "sse", forgets: false, track: { asks: [], held: [] },
        ...more };
}

function message(number, arrivals = {}) {
    return { id: `${number}-e`, number, time: 1000 * number, arrivals };
}

test("a_message_is_missed_once_a_later_one_has_come", () => {
    const all = [message(1), message(2), message(3)];
    assert.equal(isMissed(all[0], lane(), all), false);
    all[1].arrivals.ws = 2001; // another lane's
    assert.equal(isMissed(all[0], lane(), all), false);
    all[1].arrivals.sse = 2001;
    assert.equal(isMissed(all[0], lane(), all), true);
    assert.equal(isMissed(all[1], lane(), all), false);
    assert.equal(isMissed(all[2], lane(), all), false);
});

test("a_lane_that_forgets_misses_what_came_before_it_asked_anew", () => {
    const all = [message(1)];
    const asked = { asks: [{ time: 1500, end: 1501 }], held: [] };
    const opened = { asks: [], held: [{ from: 1500 }] };
    const before = { asks: [{ time: 900, end: 905 }], held: [{ from: 900 }] };
    for (const [track, missed] of [[asked, true], [opened, true],
        [before, false]]) {
        assert.equal(isMissed(all[0], lane({ track, forgets: true }), all),
            missed);
        // Who says where he is will be given it.
        assert.equal(isMissed(all[0], lane({ track }), all), false);
    }
});

/** Windows that are looked at one after another, a moment apart. */
async function windows(count) {
    const all = [];
    for (let number = 0; number < count; number++) {
        all.push(new Seats(() => {}));
        await lookAt(all.at(-1));
    }
    return all;
}

async function lookAt(seats) {
    await new Promise((resolve) => { setTimeout(resolve, 5); });
    seats.take();
}

function seated(all) {
    return all.map((seats) => Number(seats.seated)).join("");
}

test("the_two_windows_that_were_looked_at_last_are_live", async () => {
    const all = await windows(3);
    try {
        await until(() => seated(all) === "011");
        await lookAt(all[0]);
        await until(() => seated(all) === "101");
        all[2].leave();
        await until(() => seated(all) === "110");
    } finally {
        all.forEach((seats) => seats.leave());
    }
    assert.equal(seated(all), "000");
});

test("an_experiment_has_all_seats_until_it_ends", async () => {
    const all = await windows(2);
    try {
        await until(() => seated(all) === "11");
        all[0].alone(true);
        await until(() => seated(all) === "10");
        await lookAt(all[1]);
        await new Promise((resolve) => { setTimeout(resolve, 20); });
        assert.equal(seated(all), "10");
        all[0].alone(false);
        await until(() => seated(all) === "11");
    } finally {
        all.forEach((seats) => seats.leave());
    }
});
