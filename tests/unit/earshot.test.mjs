/** static/earshot.js, over the server and the browser of client.mjs. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { json, until } from "./client.mjs";
import { closeAll, earshot, hears, isOpen, numbers, open, prepare, rooms,
    sleep } from "./rooms.mjs";

let server;

beforeEach(async () => { server = await prepare(); });
afterEach(closeAll);

for (const transport of ["ws", "sse", "long-poll", "poll"]) {
    test(`${transport} hears what is said from now on, in order`, async () => {
        server.publish("before");
        const room = open({ transport });
        await isOpen(room);
        numbers(1, 200).forEach((data) => server.publish(data));
        await hears(room, ...numbers(1, 200));
        assert.equal(room.cursor, "201-epoch1");
        assert.equal(room.transport, transport);
    });

    test(`${transport} goes on from a cursor, page after page`, async () => {
        numbers(1, 150).forEach((data) => server.publish(data));
        const room = open({ transport, after: "20-epoch1", interval: 1e6 });
        await hears(room, ...numbers(21, 150));
    });

    test(`${transport} begins with the newest, or with the earliest`,
        async () => {
            numbers(1, 9).forEach((data) => server.publish(data));
            await hears(open({ transport, last: 2 }), "8", "9");
            const all = open({ transport, after: "earliest" });
            await hears(all, ...numbers(1, 9));
            await isOpen(all);
            server.publish("10");
            await hears(all, ...numbers(1, 10));
        });

    test(`${transport} goes on after a failure, and misses nothing`,
        async () => {
            const room = open({ transport });
            await isOpen(room);
            server.publish("1");
            await hears(room, "1");
            server.refusing = true;
            server.fault = () => new Response("<h1>503</h1>", { status: 503 });
            server.streams.forEach((stream) => stream.refuse());
            server.publish("2");
            await until(() => room.states.includes("waiting"));
            server.publish("3");
            server.refusing = false;
            server.fault = () => undefined;
            await hears(room, "1", "2", "3");
            await isOpen(room);
            server.publish("4");
            await hears(room, "1", "2", "3", "4");
        });

    test(`${transport} is told what is lost, once, and goes on`, async () => {
        numbers(1, 5).forEach((data) => server.publish(data));
        const room = open({ transport, after: "900-epoch1" });
        const told = [];
        room.on("lost", ({ anew }) => told.push(anew));
        await hears(room, ...numbers(1, 5));
        server.publish("6");
        await hears(room, ...numbers(1, 6));
        assert.deepEqual(told, [true]);
        assert.equal(room.cursor, "6-epoch1");
    });

    test(`${transport} follows into another epoch`, async () => {
        const room = open({ transport, after: "3-epoch0" });
        let lost = 0;
        room.on("lost", () => { lost += 1; });
        await isOpen(room);
        server.publish("1");
        await hears(room, "1");
        assert.equal(lost, 1);
    });

    test(`${transport} is not confused by a publisher's event names`,
        async () => {
            const room = open({ transport });
            const names = ["error", "open", "state", "lost", "close", "abort"];
            const heard = [];
            for (const name of ["error", "open", "close"]) {
                room.on(name, (data) => heard.push(data));
            }
            room.on("lost", () => heard.push("lost"));
            await isOpen(room);
            const { length } = room.states;
            names.forEach((event) => server.publish(event, { event }));
            server.publish("end");
            await hears(room, "end");
            assert.deepEqual(heard, ["error", "open", "close"]);
            // What is open stays open, and nothing else was told.
            assert.equal(room.state, "open");
            assert.equal(room.states.length, length);
        });
}

test("a change of transport in the middle loses and repeats nothing",
    async () => {
        const room = open({ transport: "poll" });
        await isOpen(room);
        const ways = ["ws", "sse", "long-poll", "poll"];
        for (let i = 1; i <= 300; i++) {
            server.publish(String(i));
            if (i % 7 === 0) {
                room.use(ways[i % 4]);
            }
            if (i % 5 === 0) {
                await new Promise((resolve) => setTimeout(resolve, 1));
            }
        }
        await hears(room, ...numbers(1, 300));
    });

test("a handler may change the transport in the middle of a page", async () => {
    numbers(1, 30).forEach((data) => server.publish(data));
    const room = open({ transport: "poll", after: "earliest" });
    room.on("message", (data) => {
        if (data === "10") {
            room.use("sse");
        } else if (data === "20") {
            room.use("long-poll");
        }
    });
    await hears(room, ...numbers(1, 30));
});

test("a room closed in the middle of a page hears no more", async () => {
    numbers(1, 30).forEach((data) => server.publish(data));
    const room = open({ transport: "poll", after: "earliest" });
    room.on("message", (data) => data === "10" && room.close());
    await until(() => room.state === "closed");
    await new Promise((resolve) => setTimeout(resolve, 10));
    assert.deepEqual(room.heard, numbers(1, 10));
    assert.equal(room.cursor, "10-epoch1");
});

test("a handler of the first state may change the transport", async () => {
    const room = open({ transport: "poll" });
    await isOpen(room);
    room.on("state", (state, { transport }) =>
        transport === "long-poll" && room.use("sse"));
    room.use("long-poll");
    await until(() => room.state === "open" && room.transport === "sse");
    server.publish("1");
    await hears(room, "1");
    await sleep(50);
    assert.equal(server.streams.size, 1);
    assert.ok(!server.requests.some(({ query }) => query.has("wait")));
});

test("a handler of the first state may close the room", async () => {
    const room = open({ transport: "poll" });
    await isOpen(room);
    room.on("state", (state) => state === "connecting" && room.close());
    room.use("sse");
    const { length } = server.requests;
    await sleep(50);
    assert.equal(room.state, "closed");
    assert.equal(server.streams.size, 0);
    assert.equal(server.requests.length, length);
});

test("a stream that is left is closed", async () => {
    const room = open({ transport: "sse" });
    await isOpen(room);
    room.use("poll");
    await isOpen(room);
    assert.equal(server.streams.size, 0);
    room.use("sse");
    await until(() => server.streams.size === 1);
    room.close();
    await until(() => server.streams.size === 0);
});

test("what comes again is dropped, by number and not by spelling", async () => {
    numbers(1, 9).forEach((data) => server.publish(data));
    const room = open({ transport: "sse", after: "8-epoch1" });
    await hears(room, "9");
    server.publish("10");
    const [stream] = server.streams;
    server.after(0).forEach((message) => stream.deliver(message));
    server.publish("11");
    await hears(room, "9", "10", "11");
    assert.ok(room.seen("11-epoch1"));
    assert.ok(!room.seen("12-epoch1"));
    assert.ok(!room.seen("1-epoch2"));
});

test("a stream that the browser gave up is replaced by a new one", async () => {
    const room = open({ transport: "sse" });
    await isOpen(room);
    server.publish("1");
    await hears(room, "1");
    [...server.streams][0].refuse();
    server.publish("2");
    await hears(room, "1", "2");
    await until(() => server.streams.size === 1);
    const after = server.requests.filter(({ path }) => path.endsWith("/sse"))
        .map(({ query }) => query.get("after"));
    assert.equal(after.length, 2);
    assert.ok(after[1] === "1-epoch1" || after[1] === "2-epoch1");
});

test("a stream that is cut is left to the browser", async () => {
    const room = open({ transport: "sse" });
    await isOpen(room);
    const [stream] = server.streams;
    stream.cut();
    assert.equal(room.state, "connecting");
    stream.connect();
    assert.equal(room.state, "open");
    assert.equal(server.count("GET", "/sse"), 1);
});

test("a stream refused for good tells the server's reason", async () => {
    server.refusing = true;
    server.fault = () => json(403, { error: "no such origin" });
    const room = open({ transport: "sse" });
    const reasons = [];
    room.on("state", (state, { error }) => reasons.push(error?.message));
    await until(() => reasons.includes("no such origin"));
});

test("a stream that keeps messages back is noticed and replaced", async () => {
    const room = open({ transport: "sse", silence: 20 });
    await isOpen(room);
    server.streaming = false;
    server.publish("kept back");
    await hears(room, "kept back");
    server.streaming = true;
    await until(() => server.count("GET", "/sse") === 2);
    await isOpen(room);
    server.publish("heard");
    await hears(room, "kept back", "heard");
});

test("a stream that is merely quiet is kept", async () => {
    const room = open({ transport: "sse", silence: 5 });
    await until(() => server.count("GET", "/poll") >= 5);
    assert.equal(server.count("GET", "/sse"), 1);
    assert.equal(room.state, "open");
    assert.deepEqual(room.states, ["open"]);
});

test("a poll that comes late with a loss that the stream has told is dropped",
    async () => {
        const room = open({ transport: "sse", silence: 20 });
        let lost = 0;
        room.on("lost", () => { lost += 1; });
        await isOpen(room);
        server.publish("1");
        await hears(room, "1");
        let release;
        const held = new Promise((resolve) => { release = resolve; });
        server.fault = ({ path }) => path.endsWith("/poll")
            ? held : undefined;
        await until(() => server.count("GET", "/poll") === 1);
        server.epoch = "epoch2";
        server.messages = [];
        const [stream] = server.streams;
        stream.cut();
        stream.connect();
        server.publish("2");
        await hears(room, "1", "2");
        release();
        await until(() => server.count("GET", "/poll") >= 3);
        assert.deepEqual(room.heard, ["1", "2"]);
        assert.equal(lost, 1);
        assert.equal(room.cursor, "1-epoch2");
    });

test("a name that is listened to later is heard on the open stream",
    async () => {
        const room = open({ transport: "sse" });
        await isOpen(room);
        const heard = [];
        const end = room.on("late", (data) => heard.push(data));
        server.publish("1", { event: "late" });
        assert.deepEqual(heard, ["1"]);
        end();
        server.publish("2", { event: "late" });
        assert.deepEqual(heard, ["1"]);
    });

test("a held request that nobody answers is given up", async () => {
    let held = 0;
    server.fault = ({ query }) => query.has("wait") && ++held === 1
        ? new Promise(() => {}) : undefined;
    const fetch = globalThis.fetch;
    // The server above knows nothing of signals while it is at fault.
    globalThis.fetch = (url, init) => Promise.race([fetch(url, init),
        new Promise((_, reject) => init.signal.addEventListener("abort",
            () => reject(init.signal.reason)))]);
    const room = open({ transport: "long-poll", wait: 0.01, silence: 20,
        patience: 20 });
    await until(() => held > 0);
    server.publish("1");
    await hears(room, "1");
    assert.ok(room.states.includes("waiting"));
});

test("a server that does not hold is not asked in a tight loop", async () => {
    open({ transport: "long-poll", wait: 0.001 });
    await until(() => server.count("GET", "/poll") >= 2);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.ok(server.count("GET", "/poll") <= 3);
});

test("a page that wakes asks at once", async () => {
    globalThis.document = new EventTarget();
    const room = open({ transport: "poll", interval: 1e6 });
    await isOpen(room);
    server.publish("1");
    const now = Date.now;
    Date.now = () => now() + 60000;
    try {
        document.hidden = true;
        document.dispatchEvent(new Event("visibilitychange"));
        await new Promise((resolve) => setTimeout(resolve, 20));
        assert.deepEqual(room.heard, []);
        document.hidden = false;
        document.dispatchEvent(new Event("visibilitychange"));
        await until(() => room.heard.length === 1);
    } finally {
        Date.now = now;
    }
});

test("a page that wakes publishes at once what has to wait", async () => {
    globalThis.document = new EventTarget();
    const room = open({ transport: "poll", interval: 1e6, retry: 1e9,
        retryMax: 1e9 });
    await isOpen(room);
    server.fault = ({ method }) => method === "POST"
        ? json(503, {}, { "Retry-After": "1000000" }) : undefined;
    const emitted = room.emit("message", "hello");
    await until(() => server.count("POST", "/room") === 1);
    // The answer has been read when a later turn of the loop comes.
    await new Promise((resolve) => setTimeout(resolve, 20));
    server.fault = () => undefined;
    const now = Date.now;
    Date.now = () => now() + 60000;
    try {
        document.dispatchEvent(new Event("visibilitychange"));
    } finally {
        Date.now = now;
    }
    assert.equal(await emitted, "1-epoch1");
});

test("the backoff is exponential, with full jitter, and bounded", async (t) => {
    const { random } = Math;
    const { setTimeout: timer } = globalThis;
    const waits = [];
    t.after(() => Object.assign(globalThis, { setTimeout: timer }));
    t.after(() => { Math.random = random; });
    Math.random = () => 0.5;
    // Every wait is written down, and over at once; limits on requests are not.
    globalThis.setTimeout = (act, ms) =>
        timer(act, ms === 10000 ? ms : (waits.push(ms), 0));
    server.fault = () => json(500, {});
    const room = earshot("/earshot/room", { transport: "poll" });
    rooms.push(room);
    while (waits.length < 9) {
        await new Promise((resolve) => timer(resolve, 1));
    }
    assert.deepEqual(waits.slice(0, 9), [250, 500, 1000, 2000, 4000, 8000,
        15000, 15000, 15000]);
    server.fault = () => undefined;
    while (room.state !== "open") {
        await new Promise((resolve) => timer(resolve, 1));
    }
    server.fault = () => json(500, {});
    waits.length = 0;
    while (!waits.includes(500)) {
        await new Promise((resolve) => timer(resolve, 1));
    }
    assert.ok(!waits.includes(15000));
    room.close();
});

test("what is emitted is stored once, under one key, whatever fails",
    async () => {
        const room = open({ transport: "sse" });
        let tries = 0;
        server.fault = (request) => {
            if (request.method !== "POST" || ++tries > 4) {
                return undefined;
            }
            if (tries === 2) {
                server.store(request);
                throw new TypeError("the answer was cut");
            }
            if (tries === 3) {
                // Cut in the middle of the answer.
                return new Response("{\"id\":\"1-ep", { status: 201 });
            }
            return new Response("lighttpd says 503", { status: 503 });
        };
        const id = await room.emit("message", "hello");
        assert.equal(id, "1-epoch1");
        assert.equal(tries, 5);
        assert.equal(server.messages.length, 1);
        assert.equal(server.keys.size, 1);
    });

test("what was emitted before a reload goes on under its key", async () => {
    const room = open({ transport: "sse" });
    const id = await room.emit("message", "hello", { key: "k" });
    assert.equal(await room.emit("message", "hello", { key: "k" }), id);
    assert.equal(server.messages.length, 1);
});

test("what is emitted arrives in the order of the calls", async () => {
    const room = open({ transport: "sse" });
    let tries = 0;
    server.fault = ({ method }) => method === "POST" && ++tries % 3 !== 0
        ? new Response("", { status: 502 }) : undefined;
    await Promise.all(numbers(1, 9).map((data) => room.emit("message", data)));
    await hears(room, ...numbers(1, 9));
});

test("a refusal rejects with the server's words, and is not tried again",
    async () => {
        const room = open({ transport: "poll" });
        let tries = 0;
        server.fault = ({ method }) => method === "POST" && ++tries === 1
            ? json(413, { error: "a message may be 65536 bytes",
                code: "too_large" }) : undefined;
        await assert.rejects(room.emit("message", "x"), (error) =>
            error.message === "a message may be 65536 bytes"
            && error.code === "too_large" && error.status === 413);
        assert.equal(tries, 1);
        // One refusal does not stand in the way of the next.
        await room.emit("message", "y");
        assert.equal(tries, 2);
    });

test("what is emitted comes back as it was, and as one's own", async () => {
    const room = open({ transport: "sse" });
    const got = [];
    room.on("things", (data, message) => got.push([data, message.own]));
    room.on("things", () => got.push("others"), { others: true });
    await isOpen(room);
    await room.emit("things", { hello: ["world", 1] });
    await room.emit("things", "text");
    await room.emit("things");
    server.publish("theirs", { event: "things", from: "another" });
    assert.deepEqual(got, [[{ hello: ["world", 1] }, true], ["text", true],
        ["", true], ["theirs", false], "others"]);
    const { query, headers } = server.requests.find(({ method }) =>
        method === "POST");
    assert.equal(query.get("from"), room.from);
    assert.equal(query.get("event"), "things");
    assert.match(headers["Idempotency-Key"], /^[0-9]+(-[0-9]+){2}$/);
});

test("JSON is parsed, binary is bytes, and what does not parse is text",
    async () => {
        const room = open({ transport: "poll" });
        await isOpen(room);
        server.publish("[1,2]", { type: "json" });
        server.publish("AAH/", { type: "binary" });
        server.publish("{no", { type: "json" });
        await hears(room, [1, 2], new Uint8Array([0, 1, 255]), "{no");
    });

test("a handler's mistake stops neither the others nor the room", async (t) => {
    const reported = [];
    const report = (error) => reported.push(error.message);
    process.prependListener("uncaughtException", report);
    t.after(() => process.removeListener("uncaughtException", report));
    const others = process.listeners("uncaughtException")
        .filter((listener) => listener !== report);
    others.forEach((one) => process.removeListener("uncaughtException", one));
    t.after(() => others.forEach((one) =>
        process.on("uncaughtException", one)));
    const room = earshot("/earshot/room", { transport: "poll", interval: 2 });
    rooms.push(room);
    const heard = [];
    room.on("message", () => { throw new Error("a mistake"); });
    room.on("message", (data) => heard.push(data));
    await isOpen(room);
    server.publish("1");
    server.publish("2");
    await until(() => heard.length === 2);
    await until(() => reported.length === 2);
    assert.deepEqual(reported, ["a mistake", "a mistake"]);
});

test("a closed room asks nothing more and rejects what is not stored",
    async () => {
        const room = open({ transport: "poll" });
        await isOpen(room);
        server.fault = () => new Response("", { status: 503 });
        const emitted = room.emit("message", "never");
        const queued = room.emit("message", "never either");
        await until(() => server.count("POST", "/room") > 1);
        room.close();
        await assert.rejects(emitted, /closed/);
        await assert.rejects(queued, /closed/);
        assert.equal(room.state, "closed");
        assert.equal(room.states.at(-1), "closed");
        const { length } = server.requests;
        await new Promise((resolve) => setTimeout(resolve, 30));
        assert.equal(server.requests.length, length);
    });

test("a transport that there is none of is refused", () => {
    assert.throws(() => open({ transport: "pigeon" }), TypeError);
    const room = open({ transport: "poll" });
    assert.throws(() => room.use("toString"), TypeError);
    assert.equal(room.transport, "poll");
});
