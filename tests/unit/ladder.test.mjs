/** static/earshot.js: WebSocket, and falling back to what works. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { json, until } from "./client.mjs";
import { closeAll, hears, isOpen, numbers, open, prepare, sleep }
    from "./rooms.mjs";

let server;

beforeEach(async () => { server = await prepare(); });
afterEach(closeAll);

const [socket, away] = [
    () => [...server.streams].find(({ frames }) => frames),
    () => new Response("<h1>503</h1>", { status: 503 }),
];
const opened = (room, transport) => until(() =>
    room.state === "open" && room.transport === transport, transport);

test("the best transport is taken when all work", async () => {
    const room = open({ transport: "auto" });
    await opened(room, "ws");
    server.publish("1");
    await hears(room, "1");
    assert.deepEqual(server.requests.map(({ path }) => path),
        ["/earshot/room/ws"]);
});

const lacks = {
    "no such thing in the browser": (name) => {
        delete globalThis[name === "/ws" ? "WebSocket" : "EventSource"];
    },
    "refused": (name) => server.without.add(name),
    "never opened": (name) => server.stalling.add(name),
};
for (const [lack, make] of Object.entries(lacks)) {
    test(`without WebSocket (${lack}) it is SSE`, async () => {
        make("/ws");
        server.publish("1");
        const room = open({ transport: "auto", last: 1, opening: 20 });
        await opened(room, "sse");
        server.publish("2");
        await hears(room, "1", "2");
        assert.ok(!room.states.includes("waiting"));
    });

    test(`without SSE (${lack}) as well it is long-polling`, async () => {
        make("/ws");
        make("/sse");
        server.publish("1");
        const room = open({ transport: "auto", last: 1, opening: 20 });
        await opened(room, "long-poll");
        server.publish("2");
        await hears(room, "1", "2");
    });
}

test("where no request may be held it is polling", async () => {
    server.without = new Set(["/ws", "/sse"]);
    server.fault = ({ query }) => query.has("wait") ? away() : undefined;
    const room = open({ transport: "auto" });
    await opened(room, "poll");
    server.publish("1");
    await hears(room, "1");
    assert.deepEqual(room.ways.filter((way) => way.endsWith("open")),
        ["long-poll open", "poll open"]);
});

test("a page that is not allowed a socket takes what it may", async () => {
    globalThis.WebSocket = class {
        constructor() { throw new DOMException("no", "SecurityError"); }
    };
    await opened(open({ transport: "auto" }), "sse");
});

test("why a transport is left is told with the state", async () => {
    server.without.add("/ws");
    const room = open({ transport: "auto" });
    const told = [];
    room.on("state", (state, { transport, error }) =>
        told.push([state, transport, error?.message]));
    await opened(room, "sse");
    assert.deepEqual(told, [
        ["connecting", "sse", "the socket was closed: 1006 "],
        ["open", "sse", undefined]]);
});

test("a server that is merely away costs nobody the better transport",
    async () => {
        server.refusing = true;
        server.fault = away;
        const room = open({ transport: "auto" });
        await until(() => server.count("GET", "/poll") >= 4);
        assert.equal(room.transport, "ws");
        server.fault = () => undefined;
        server.refusing = false;
        await opened(room, "ws");
        assert.equal(server.count("GET", "/sse"), 0);
    });

test("a socket that is cut is opened again, for it has worked here",
    async () => {
        const room = open({ transport: "auto" });
        for (const data of numbers(1, 5)) {
            await opened(room, "ws");
            const { length } = room.states;
            socket().cut();
            server.publish(data);
            await until(() => room.states.length > length);
            await hears(room, ...numbers(1, Number(data)));
        }
        assert.equal(server.count("GET", "/sse"), 0);
    });

test("a socket's program that is away costs no message", async () => {
    const room = open({ transport: "auto" });
    await opened(room, "ws");
    server.without.add("/ws");
    socket().cut();
    server.publish("1");
    await opened(room, "sse");
    server.publish("2");
    await hears(room, "1", "2");
});

test("a better transport is tried again, later and later", async () => {
    server.without.add("/ws");
    const room = open({ transport: "auto", better: 10 });
    await until(() => server.count("GET", "/ws") >= 4);
    await opened(room, "sse");
    server.without.clear();
    numbers(1, 9).forEach((data) => server.publish(data));
    await opened(room, "ws");
    await hears(room, ...numbers(1, 9));
    const { length } = server.requests;
    await sleep(50);
    assert.equal(server.requests.length, length);
});

test("a network that returns may be one on which more works", async () => {
    server.without.add("/ws");
    const target = new EventTarget();
    globalThis.addEventListener = target.addEventListener.bind(target);
    try {
        const room = open({ transport: "auto" });
        await opened(room, "sse");
        server.without.clear();
        target.dispatchEvent(new Event("online"));
        await opened(room, "ws");
    } finally {
        delete globalThis.addEventListener;
    }
});

test("a transport that is asked for is not left", async () => {
    server.without.add("/ws");
    const room = open({ transport: "ws" });
    await until(() => server.count("GET", "/ws") >= 3);
    assert.deepEqual([...new Set(room.ways.map((way) => way.split(" ")[0]))],
        ["ws"]);
    room.use("auto");
    await opened(room, "sse");
    room.use("ws");
    server.without.clear();
    await opened(room, "ws");
});

test("a socket that keeps messages back is left for the next best", async () => {
    const room = open({ transport: "auto", silence: 20 });
    await opened(room, "ws");
    server.streaming = false;
    server.publish("kept back");
    await hears(room, "kept back");
    await until(() => room.transport === "sse");
    server.streaming = true;
    await isOpen(room);
    server.publish("heard");
    await hears(room, "kept back", "heard");
});

test("a message that a poll finds before its stream is no reason to leave",
    async () => {
        const room = open({ transport: "auto", silence: 20 });
        await opened(room, "ws");
        let late;
        server.streaming = false;
        server.fault = ({ path }) => {
            if (path.endsWith("/poll") && !late) {
                late = server.publish("slow");
                const [message] = server.after(0);
                setTimeout(() => socket().deliver(message), 50);
            }
        };
        await hears(room, "slow");
        server.streaming = true;
        await sleep(1100);
        assert.equal(room.transport, "ws");
        assert.equal(server.count("GET", "/ws"), 1);
        assert.deepEqual(room.heard, ["slow"]);
    });

for (const [code, why] of [[1001, "goes away"], [1012, "restarts"]]) {
    test(`a server that ${why} is no failure`, async (t) => {
        const { random } = Math;
        t.after(() => { Math.random = random; });
        Math.random = () => 0.01;
        const room = open({ transport: "auto" });
        await opened(room, "ws");
        const { length } = room.states;
        socket().end(code, "going");
        server.publish("1");
        await hears(room, "1");
        await opened(room, "ws");
        assert.deepEqual(room.states.slice(length), ["connecting", "open"]);
    });
}

test("a server that is full is asked again at the longest bound", async (t) => {
    const { setTimeout: timer } = globalThis;
    const { random } = Math;
    t.after(() => Object.assign(globalThis, { setTimeout: timer }));
    t.after(() => { Math.random = random; });
    const room = open({ transport: "ws", retryMax: 7000 });
    await opened(room, "ws");
    const waits = [];
    Math.random = () => 1;
    globalThis.setTimeout = (act, ms) => (waits.push(ms), timer(act, 0));
    socket().end(1013, "try again later");
    await until(() => waits.includes(7000));
});

test("what is emitted goes over the open socket", async () => {
    const room = open({ transport: "auto" });
    await opened(room, "ws");
    const got = [];
    room.on("things", (data, { own, type }) => got.push([data, own, type]));
    const ids = [
        await room.emit("things", "text"),
        await room.emit("things", { hello: ["world", 1, "\u0000"] }),
        await room.emit("things"),
        await room.emit("things", null),
    ];
    assert.equal(server.count("POST", "/room"), 0);
    assert.deepEqual(ids, numbers(1, 4).map((n) => `${n}-epoch1`));
    await until(() => got.length === 4);
    assert.deepEqual(got, [["text", true, "text"],
        [{ hello: ["world", 1, "\u0000"] }, true, "json"],
        ["", true, "text"], [null, true, "json"]]);
    const [{ key, from }] = socket().frames;
    assert.match(key, /^[0-9]+(-[0-9]+){2}$/);
    assert.equal(from, room.from);
});

test("bytes have no place in a frame of JSON: they are posted", async () => {
    const room = open({ transport: "auto" });
    await opened(room, "ws");
    await room.emit("message", new Uint8Array([1, 2]));
    assert.equal(server.count("POST", "/room"), 1);
});

test("a socket that dies between a message and its answer stores it once",
    async () => {
        const room = open({ transport: "auto" });
        await opened(room, "ws");
        server.onFrame = (frame, to) => {
            to.store(frame);
            to.cut();
            return {};
        };
        assert.equal(await room.emit("message", "hello"), "1-epoch1");
        assert.equal(server.messages.length, 1);
        const { headers } = server.requests.find(({ method }) =>
            method === "POST");
        assert.deepEqual([...server.keys.keys()],
            [headers["Idempotency-Key"]]);
        await hears(room, "hello");
    });

test("a socket that does not answer is not waited for", async () => {
    const room = open({ transport: "auto", patience: 30 });
    await opened(room, "ws");
    server.onFrame = () => ({});
    assert.equal(await room.emit("message", "hello"), "1-epoch1");
    assert.ok(server.count("POST", "/room") > 0);
});

test("what a socket refuses is asked by POST, which tells why", async () => {
    const room = open({ transport: "auto" });
    await opened(room, "ws");
    server.onFrame = ({ key }) => ({ event: "earshot.error", key,
        error: "too large", code: "too_large" });
    server.fault = ({ method }) => method === "POST"
        ? json(413, { error: "a message may be 65536 bytes",
            code: "too_large" }) : undefined;
    await assert.rejects(room.emit("message", "x"), (error) =>
        error.code === "too_large" && error.status === 413);
    server.onFrame = () => undefined;
    assert.equal(await room.emit("message", "y"), "1-epoch1");
});

test("what is emitted arrives in the order of the calls, by whichever way",
    async () => {
        const room = open({ transport: "auto" });
        await opened(room, "ws");
        let count = 0;
        server.onFrame = (frame, to) => ++count % 4 === 0
            ? (to.cut(), {}) : undefined;
        await Promise.all(numbers(1, 20).map((data) =>
            room.emit("message", data)));
        await hears(room, ...numbers(1, 20));
    });

test("a closed room rejects what waits for a socket's answer", async () => {
    const room = open({ transport: "auto" });
    await opened(room, "ws");
    server.onFrame = () => ({});
    const emitted = room.emit("message", "never");
    await until(() => socket().frames.length === 1);
    room.close();
    await assert.rejects(emitted, /closed/);
});

test("a socket's address is made of the page's", async () => {
    const addresses = [];
    const Socket = globalThis.WebSocket;
    globalThis.WebSocket = class extends Socket {
        constructor(target) {
            addresses.push(target);
            super(target);
        }
    };
    const { earshot } = await import("./rooms.mjs");
    for (const url of ["/earshot/room", "https://else:81/~tag/earshot/room",
        "http://else:81/earshot/a,b"]) {
        earshot(url, { transport: "ws", after: "1-epoch1" }).close();
    }
    assert.deepEqual(addresses, [
        "ws://test/earshot/room/ws?after=1-epoch1",
        "wss://else:81/~tag/earshot/room/ws?after=1-epoch1",
        "ws://else:81/earshot/a,b/ws?after=1-epoch1"]);
});

test("a climb that has worked is followed by the first bound again",
    async () => {
        const room = open({ transport: "auto", better: 80 });
        await opened(room, "ws");
        for (let round = 0; round < 4; round++) {
            server.publish(`proof ${round}`);
            server.without.add("/ws");
            socket().cut();
            await opened(room, "sse");
            server.without.clear();
            const left = Date.now();
            await opened(room, "ws");
            // In vain, the fourth would wait for 640 ms.
            assert.ok(Date.now() - left < 400, `round ${round}`);
        }
    });

test("a stream that opens and is cut at once is backed off from", async () => {
    const room = open({ transport: "ws", retry: 20, retryMax: 5000 });
    let cuts = 0;
    room.on("state", (state) => {
        if (state === "open") {
            queueMicrotask(() => socket()?.cut());
            cuts++;
        }
    });
    await until(() => cuts >= 3);
    await sleep(1000);
    assert.ok(cuts < 20, `${cuts} in a second`);
});

for (const [first, next] of [["ws", "sse"], ["sse", "long-poll"]]) {
    test(`${first} that opens and dies each time is left for ${next}`,
        async () => {
            if (first === "sse") {
                server.without.add("/ws");
            }
            const room = open({ transport: "auto" });
            const dying = setInterval(() => server.streams.forEach((stream) =>
                (first === "ws") === !!stream.frames && stream.cut()), 1);
            // The browser opens its own again.
            const { EventSource } = globalThis;
            const { cut } = EventSource.prototype;
            EventSource.prototype.cut = function cutAndReturn() {
                cut.call(this);
                queueMicrotask(() => this.connect());
            };
            try {
                await opened(room, next);
                assert.ok(room.ways.filter((way) =>
                    way === `${first} open`).length >= 5, "it had its chances");
                server.publish("1");
                await hears(room, "1");
            } finally {
                clearInterval(dying);
            }
        });
}

test("a stream that brings something is not left, however often it dies",
    async () => {
        const room = open({ transport: "auto" });
        for (const data of numbers(1, 12)) {
            await opened(room, "ws");
            server.publish(data);
            await hears(room, ...numbers(1, Number(data)));
            const { length } = room.states;
            socket().cut();
            await until(() => room.states.length > length);
        }
        assert.equal(server.count("GET", "/sse"), 0);
    });

test("a server that was away for long costs nobody the better transport",
    async () => {
        const room = open({ transport: "auto", retryMax: 5 });
        await opened(room, "ws");
        for (let outage = 0; outage < 3; outage++) {
            const polls = server.count("GET", "/poll");
            server.refusing = true;
            server.fault = away;
            socket()?.cut();
            await until(() => server.count("GET", "/poll") > polls + 12);
            server.fault = () => undefined;
            server.refusing = false;
            await opened(room, "ws");
        }
        assert.equal(server.count("GET", "/sse"), 0);
    });

test("a name that is added late condemns no healthy stream", async () => {
    server.without.add("/ws");
    const room = open({ transport: "auto", silence: 30 });
    await opened(room, "sse");
    // The stream does not hear it, so the poll after the silence does.
    server.publish("before", { event: "late" });
    const late = [];
    room.on("late", (data) => late.push(data));
    await until(() => late.length === 1);
    await sleep(1200);
    assert.equal(room.transport, "sse");
    assert.equal(server.count("GET", "/sse"), 1);
    server.publish("after", { event: "late" });
    assert.deepEqual(late, ["before", "after"]);
});

test("a loss that a poll tells first is told once, and nothing comes twice",
    async () => {
        const room = open({ transport: "sse", silence: 30 });
        let lost = 0;
        room.on("lost", () => { lost += 1; });
        await isOpen(room);
        server.publish("1");
        await hears(room, "1");
        const [stream] = server.streams;
        server.streaming = false;
        server.epoch = "epoch2";
        server.messages = [];
        numbers(2, 3).forEach((data) => server.publish(data));
        await hears(room, "1", "2", "3");
        server.streaming = true;
        // The browser comes back by the place that it knows.
        if (stream.readyState === 1) {
            stream.cut();
            stream.connect();
        }
        await until(() => server.count("GET", "/sse") === 2);
        await isOpen(room);
        server.publish("4");
        await hears(room, "1", "2", "3", "4");
        assert.equal(lost, 1);
    });

test("a socket that does not answer is given up, and the next one is used",
    async () => {
        const room = open({ transport: "ws", patience: 100 });
        await opened(room, "ws");
        server.onFrame = () => ({});
        const dead = socket();
        assert.equal(await room.emit("message", "1"), "1-epoch1");
        await until(() => server.count("GET", "/ws") === 2);
        assert.equal(dead.readyState, 3);
        server.onFrame = () => undefined;
        await opened(room, "ws");
        const { length } = server.requests;
        await room.emit("message", "2");
        assert.equal(server.requests.length, length);
        await hears(room, "1", "2");
    });

test("what a caller does to his bytes after emit() changes no message",
    async () => {
        const room = open({ transport: "poll" });
        const sent = [];
        server.fault = async ({ method, body }) => {
            if (method === "POST") {
                sent.push([...new Uint8Array(await body.arrayBuffer())]);
            }
        };
        const bytes = new Uint8Array([0, 1, 2, 3, 4]);
        const view = bytes.subarray(1, 4);
        const all = [room.emit("message", view),
            room.emit("message", bytes.buffer)];
        bytes.fill(9);
        await Promise.all(all);
        assert.deepEqual(sent, [[1, 2, 3], [0, 1, 2, 3, 4]]);
    });

test("what JSON makes a string of is text by every transport", async () => {
    const date = new Date(0);
    for (const transport of ["ws", "poll"]) {
        const room = open({ transport });
        const got = [];
        room.on("date", (data, { type }) => got.push([data, type]));
        await opened(room, transport);
        await room.emit("date", date);
        await until(() => got.length === 1);
        assert.deepEqual(got, [[date.toJSON(), "text"]]);
        room.close();
    }
    await assert.rejects(open().emit("date", () => {}), SyntaxError);
});
