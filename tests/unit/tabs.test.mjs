/** static/earshot.js: one connection for all tabs of a site. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { until } from "./client.mjs";
import { numbers, sleep } from "./rooms.mjs";
import { Browser } from "./tabs.mjs";

const TRANSPORTS = ["ws", "sse", "long-poll", "poll"];

let browser;
let server;

beforeEach(() => {
    browser = new Browser();
    ({ server } = browser);
});
afterEach(() => browser.close());

const say = (...data) => data.forEach((one) => server.publish(one));
const isOpen = (...tabs) => until(() => tabs.every(({ room }) =>
    room.state === "open"), "the opening of all tabs");
const leaders = (...tabs) => tabs.filter(({ leading }) => leading);
const connections = () => server.streams.size;

/** Each tab waits for the lock, or has it, once. */
const claims = () => [...browser.locks.values()].map(({ holder, queue }) =>
    [holder, ...queue].map(({ tab }) => tab));

async function hear(tabs, ...data) {
    for (const tab of tabs) {
        await until(() => tab.heard.length >= data.length, `${data}`);
    }
    // What would come twice would come now.
    await sleep(10);
    tabs.forEach(({ heard }) => assert.deepEqual(heard, data));
}

async function openTabs(count, options) {
    const tabs = [];
    while (tabs.length < count) {
        tabs.push(await browser.open(options));
    }
    await isOpen(...tabs);
    return tabs;
}

for (const transport of TRANSPORTS) {
    test(`ten tabs have one connection (${transport}) and hear the same`,
        async () => {
            const tabs = await openTabs(10, { transport });
            await until(() => leaders(...tabs).length === 1);
            if (transport === "ws" || transport === "sse") {
                assert.equal(connections(), 1);
            }
            say(...numbers(1, 200));
            await hear(tabs, ...numbers(1, 200));
            assert.equal(server.count("GET", "/ws")
                + server.count("GET", "/sse"),
                Number(transport === "ws" || transport === "sse"));
            const cursors = new Set(tabs.map(({ room }) => room.cursor));
            assert.deepEqual([...cursors], ["200-epoch1"]);
            tabs.forEach(({ room }) =>
                assert.equal(room.transport, transport));
        });

    test(`tabs that come in the middle (${transport}) get what they lack`,
        async () => {
            const tabs = [await browser.open({ transport })];
            await isOpen(...tabs);
            const starts = [0];
            for (let i = 1; i <= 200; i++) {
                say(String(i));
                if (i % 40 === 20) {
                    tabs.push(await browser.open({ transport,
                        after: `${i - 15}-epoch1` }));
                    starts.push(i - 15);
                }
            }
            for (const [i, tab] of tabs.entries()) {
                await hear([tab], ...numbers(starts[i] + 1, 200));
            }
            assert.equal(leaders(...tabs).length, 1);
        });

    for (const end of ["close", "crash", "freeze"]) {
        test(`when the leader (${transport}) is gone (${end}) another leads`,
            async () => {
                browser.answerMs = end === "freeze" && 200;
                const tabs = await openTabs(4, { transport, silence: 100 });
                say("1");
                await hear(tabs, "1");
                const [leader] = leaders(...tabs);
                const others = tabs.filter((tab) => tab !== leader);
                leader[end]();
                say("2", "3");
                await hear(others, "1", "2", "3");
                await until(() => leaders(...others).length === 1);
                await isOpen(...others);
                say("4");
                await hear(others, "1", "2", "3", "4");
                if (end === "freeze") {
                    leader.thaw();
                    await hear(tabs, "1", "2", "3", "4");
                    await until(() => leaders(...tabs).length === 1);
                    say("5");
                    await hear(tabs, "1", "2", "3", "4", "5");
                    await until(() => claims()[0].length === 4, "four claims");
                    assert.equal(new Set(claims()[0]).size, 4);
                }
            });
    }
}

test("a tab begins where its own options say", async () => {
    say(...numbers(1, 100));
    const first = await browser.open({ transport: "sse",
        after: "earliest" });
    // These come while the first one catches up.
    const newest = await browser.open({ transport: "sse", last: 3 });
    const now = await browser.open({ transport: "sse" });
    const old = await browser.open({ transport: "sse", after: "50-epoch1" });
    await isOpen(first, newest, now, old);
    say("101");
    await hear([first], ...numbers(1, 101));
    await hear([newest], ...numbers(98, 101));
    await hear([now], "101");
    await hear([old], ...numbers(51, 101));
    assert.equal(connections(), 1);
});

test("a tab that hears only now hears no history that the leader reads",
    async () => {
        say(...numbers(1, 500));
        server.pageSize = 5;
        const slow = await browser.open({ transport: "poll",
            after: "earliest" });
        const now = await browser.open({ transport: "poll" });
        await isOpen(slow, now);
        say("501");
        await hear([now], "501");
        await hear([slow], ...numbers(1, 501));
    });

test("a leader listens to what any tab listens to", async () => {
    const [leader, other] = await openTabs(2, { transport: "sse" });
    assert.ok(leader.leading);
    const heard = [];
    other.room.on("greeting", (data) => heard.push(data));
    await sleep(10);
    server.publish("1", { event: "greeting" });
    await until(() => heard.length === 1);
    // Also the next leader, of all that are left.
    const third = await browser.open({ transport: "sse" });
    third.room.on("parting", (data) => heard.push(data));
    await isOpen(third);
    leader.crash();
    await until(() => leaders(other, third).length === 1);
    server.publish("2", { event: "greeting" });
    server.publish("3", { event: "parting" });
    say("end");
    await hear([other, third], "end");
    assert.deepEqual(heard, ["1", "2", "3"]);
});

test("each tab knows its own messages", async () => {
    const [one, two] = await openTabs(2, {});
    const heard = [];
    one.room.on("things", (data, { own }) => heard.push(`one ${data} ${own}`));
    two.room.on("things", (data, { own }) => heard.push(`two ${data} ${own}`));
    one.room.on("things", (data) => heard.push(`one others ${data}`),
        { others: true });
    await sleep(10);
    await one.room.emit("things", "1");
    await two.room.emit("things", "2");
    await until(() => heard.length === 5);
    assert.deepEqual(heard.sort(), ["one 1 true", "one 2 false",
        "one others 2", "two 1 false", "two 2 true"]);
});

test("state and its reason are told in every tab", async () => {
    const tabs = await openTabs(3, { transport: "sse" });
    const reasons = tabs.map(() => new Set());
    tabs.forEach(({ room }, i) => room.on("state", (state, { error }) =>
        error && reasons[i].add(`${error.status} ${error.message}`)));
    server.refusing = true;
    server.fault = () => new Response("{\"error\":\"closed for today\"}",
        { status: 403 });
    [...server.streams][0].refuse();
    await until(() => reasons.every((set) =>
        set.has("403 closed for today")));
    await until(() => tabs.every(({ room }) => room.state === "waiting"));
    say("1");
    server.fault = () => undefined;
    server.refusing = false;
    await isOpen(...tabs);
    await hear(tabs, "1");
});

test("a tab that cannot catch up tries until it can", async () => {
    const [first] = await openTabs(1, { transport: "ws" });
    say("1", "2");
    await hear([first], "1", "2");
    server.fault = () => new Response("", { status: 503 });
    const late = await browser.open({ transport: "ws", after: "1-epoch1" });
    await until(() => late.room.state === "waiting");
    say("3");
    await hear([first], "1", "2", "3");
    assert.deepEqual(late.heard, []);
    server.fault = () => undefined;
    await isOpen(late);
    await hear([late], "2", "3");
    assert.equal(connections(), 1);
});

for (const transport of TRANSPORTS) {
    test(`what is lost (${transport}) is told once in each tab that lost it`,
        async () => {
            const tabs = await openTabs(3, { transport });
            say("1", "2");
            await hear(tabs, "1", "2");
            // Another queue file, with messages of its own.
            server.epoch = "epoch2";
            server.messages = [];
            server.streams.forEach((stream) => stream.cut());
            say("3", "4");
            // The browser comes back to the same address by itself.
            tabs.forEach(({ streams }) => streams.forEach((stream) =>
                stream.readyState === 0 && stream.connect()));
            await hear(tabs, "1", "2", "3", "4");
            tabs.forEach(({ lost }) => assert.deepEqual(lost, [true]));
            await isOpen(...tabs);
            say("5");
            await hear(tabs, "1", "2", "3", "4", "5");
            tabs.forEach(({ lost }) => assert.deepEqual(lost, [true]));
        });
}

test("what is lost between tabs is asked of the server", async () => {
    const tabs = await openTabs(3, { transport: "ws" });
    say("1");
    await hear(tabs, "1");
    browser.deaf = true;
    say("2");
    await hear(leaders(...tabs), "1", "2");
    browser.deaf = false;
    say("3");
    await hear(tabs, "1", "2", "3");
});

test("tabs that ask for different transports do not share", async () => {
    const [one] = await openTabs(1, { transport: "ws" });
    const [two] = await openTabs(1, { transport: "sse" });
    assert.equal(connections(), 2);
    assert.ok(one.leading && two.leading);
    two.room.use("ws");
    await isOpen(one, two);
    await until(() => connections() === 1);
    say("1");
    await hear([one, two], "1");
    one.room.use("sse");
    await until(() => connections() === 2);
    await isOpen(one, two);
    say("2");
    await hear([one, two], "1", "2");
});

test("with share: false each tab has a connection of its own", async () => {
    await openTabs(3, { share: false });
    assert.equal(connections(), 3);
});

test("on a page that is not secure each tab has its own", async () => {
    browser.secure = false;
    const tabs = await openTabs(3, {});
    assert.equal(connections(), 3);
    say("1");
    await hear(tabs, "1");
});

test("where locks are forbidden each tab has its own", async () => {
    browser.forbidden = true;
    const tabs = await openTabs(3, {});
    assert.equal(connections(), 3);
    say("1");
    await hear(tabs, "1");
});

test("a visible tab takes over from one that is hidden for long", async () => {
    const [one, two] = await openTabs(2, { transport: "ws" });
    assert.ok(one.leading);
    one.hide(true);
    say("1");
    await hear([one, two], "1");
    assert.ok(one.leading, "not at once: tabs are changed often");
    const { now } = Date;
    Date.now = () => now() + 61000;
    try {
        say("2");
        await until(() => two.leading && !one.leading);
        await isOpen(one, two);
        say("3");
        await hear([one, two], "1", "2", "3");
        assert.equal(connections(), 1);
    } finally {
        Date.now = now;
    }
});

test("a lock is stolen once, however much comes while it is waited for",
    async () => {
        const [one, two] = await openTabs(2, { transport: "ws" });
        one.hide(true);
        browser.lockMs = 30;
        const { now } = Date;
        Date.now = () => now() + 61000;
        try {
            say(...numbers(1, 20));
            await until(() => two.leading);
            await hear([one, two], ...numbers(1, 20));
            assert.equal(browser.steals, 1);
        } finally {
            Date.now = now;
        }
    });

test("who hears late that the lead is lost follows all the same", async () => {
    const [one, two] = await openTabs(2, { transport: "ws", retry: 1e6,
        retryMax: 1e6 });
    one.hide(true);
    browser.theftMs = 100;
    const { now } = Date;
    Date.now = () => now() + 61000;
    try {
        say("1");
        server.refusing = true;
        server.fault = () => new Response("", { status: 503 });
        await until(() => two.room.state === "waiting");
        assert.equal(one.room.state, "open");
        await until(() => one.room.state === "waiting");
        await hear([one, two], "1");
    } finally {
        Date.now = now;
    }
});

test("a hidden tab does not take over from a hidden one", async () => {
    const [one, two] = await openTabs(2, { transport: "ws" });
    one.hide(true);
    two.hide(true);
    const { now } = Date;
    Date.now = () => now() + 61000;
    try {
        say("1");
        await hear([one, two], "1");
        await sleep(50);
        assert.ok(one.leading && !two.leading);
    } finally {
        Date.now = now;
    }
});

test("a leader that is frozen is noticed by the one who looks", async () => {
    // With the usual 45 s of silence.
    browser.answerMs = 200;
    const [one, two] = await openTabs(2, { transport: "ws" });
    one.freeze();
    say("1");
    const { now } = Date;
    Date.now = () => now() + 6000;
    try {
        two.hide(true);
        two.hide(false);
        await hear([two], "1");
        assert.ok(two.leading);
    } finally {
        Date.now = now;
    }
});

for (const [gone, back] of [["freeze", "resume"], ["pagehide", "pageshow"]]) {
    test(`a page that is put away (${gone}) gives up the lead at once`,
        async () => {
            const [one, two] = await openTabs(2, { transport: "ws" });
            const fire = (name) => [one.window, one.document].forEach((target) =>
                target.dispatchEvent(Object.assign(new Event(name),
                    { persisted: true })));
            fire(gone);
            await until(() => two.leading);
            say("1");
            await hear([two], "1");
            assert.deepEqual(one.heard, []);
            fire(back);
            await isOpen(one);
            await hear([one, two], "1");
            assert.ok(!one.leading);
            assert.equal(connections(), 1);
        });
}

/** Reproducible chance: a seed's own row of numbers. */
function chance(seed) {
    let state = seed;
    return (bound) => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return Math.floor(state / 2 ** 32 * bound);
    };
}

for (let seed = 1; seed <= 8; seed++) {
    test(`whatever becomes of tabs and server, nothing is lost (${seed})`,
        async () => {
            browser.answerMs = 200;
            const pick = chance(seed);
            const tabs = [];
            const starts = new Map();
            const frozen = new Set();
            const deeds = [
                async () => {
                    const start = pick(said + 1);
                    const tab = await browser.open({ silence: 40,
                        transport: ["auto", "auto", "sse", "poll"][pick(4)],
                        after: `${start}-epoch1` });
                    starts.set(tab, start);
                    tabs.push(tab);
                },
                () => tabs.splice(pick(tabs.length), 1)[0]?.close(),
                () => tabs.splice(pick(tabs.length), 1)[0]?.crash(),
                () => {
                    const tab = tabs[pick(tabs.length)];
                    tab?.freeze();
                    frozen.add(tab);
                },
                () => {
                    frozen.forEach((tab) => tab?.thaw());
                    frozen.clear();
                },
                () => [...server.streams].forEach((stream) => {
                    stream.cut();
                    setTimeout(() => stream.readyState === 0
                        && stream.connect?.(), 5);
                }),
                () => {
                    const tab = tabs[pick(tabs.length)];
                    if (!frozen.has(tab)) {
                        tab?.room.use(["auto", ...TRANSPORTS][pick(5)]);
                    }
                },
                () => { server.fault = pick(2) ? () => new Response("",
                    { status: 503 }) : () => undefined; },
                () => server.without.add("/ws"),
                () => server.without.clear(),
            ];
            let said = 0;
            await deeds[0]();
            await deeds[0]();
            for (let turn = 0; turn < 120; turn++) {
                for (let n = pick(4); n > 0; n--) {
                    say(String(++said));
                }
                if (pick(3) === 0) {
                    await deeds[pick(deeds.length)]();
                }
                if (tabs.length < 4 && pick(5) === 0) {
                    await deeds[0]();
                }
                await sleep(pick(4));
            }
            server.fault = () => undefined;
            server.without.clear();
            frozen.forEach((tab) => tab?.thaw());
            say(String(++said));
            for (const tab of tabs) {
                await hear([tab], ...numbers(starts.get(tab) + 1, said));
                assert.deepEqual(tab.lost, []);
            }
        });
}
