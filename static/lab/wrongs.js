/**
 * The experiments that show a mistake beside its cure.
 *
 * @typedef {import("./guess.js").Experiment} Experiment
 */

import { bars, cutInTheMidst, four } from "./guesses.js";
import { NAMES, duration, label, make, say } from "./page.js";
import { language } from "../site.js";

/** How long the proxy of the experiment lets a connection be silent. */
const IDLE_S = 20;

/** How long its message is waited for. */
const WAIT_S = 15;

/** @type {Experiment} */
const noCursor = {
    id: "no-cursor",
    title: ["No cursor", "不带游标"],
    question: [["Many a site sends a message to whoever happens to be connected, and that is all: nobody says what he has already. Again twelve messages, and a cut of two seconds in their midst. How many will the WebSocket lose?",
        "不少网站只把消息发给恰好连着的人，仅此而已：谁也不说自己已经收到了哪里。同样十二条消息，中途断开两秒。WebSocket 会丢几条？"]],
    guess: { min: 0, max: 12, step: 1, start: 1, show: String,
        near: (guess, value) => Math.abs(guess - value) <= 1 },
    async run(bench) {
        const names = { ...NAMES, right: ["SSE, with its cursor", "SSE，带游标"] };
        const stage = await bench.open([...four(1000, { forgets: true }),
            { key: "right", transport: "sse" }], names);
        const ids = await cutInTheMidst(bench);
        const missed = (lane) => 12 - bench.heard(lane, ids).length;
        return {
            value: missed(stage.lanes[3]),
            bars: bars(stage, missed, (lane) =>
                [`${missed(lane)} of 12 lost`, `12 条丢 ${missed(lane)} 条`],
            names),
            words: ["All that came while it was away. Polling without a cursor is never there when a message comes, and loses them all; long-polling has a small hole between an answer and the next question. The cure is a number: keep the id of the last message, and say it when you come back.",
                "断开期间来的全部丢失。没有游标的轮询永远不在场，一条也收不到；长轮询在一次回答与下一次提问之间有个小缝。解药是一个数：记住最后一条消息的编号，回来时报上它。"],
        };
    },
};

/** @type {Experiment} */
const buffering = {
    id: "buffering",
    title: ["A proxy that buffers", "会缓冲的代理"],
    needsTap: true,
    question: [["Between server and browser there is a proxy that collects an answer before it hands it on, as some do by default. Five messages come. What arrives?",
        "服务器和浏览器之间有个代理，它把响应攒齐了才往下传，有些代理默认就这样。来了五条消息，哪些能到？"]],
    guess: { choices: {
        "all": ["All of them, by each approach, a little later", "每种方式都能全部收到，只是晚一点"],
        "sse": ["Nothing by SSE; long-polling works", "SSE 什么也收不到；长轮询正常"],
        "none": ["Nothing by either of the two", "两种都什么也收不到"],
    } },
    async run(bench) {
        const names = {
            "direct": ["SSE, direct", "SSE，直连"],
            "sse": ["SSE, by the proxy", "SSE，经代理"],
            "long-poll": ["Long-polling, by the proxy", "长轮询，经代理"],
        };
        const stage = await bench.open([
            { key: "direct", transport: "sse" },
            { key: "sse", transport: "sse", modes: ["buffer"] },
            { key: "long-poll", transport: "long-poll", modes: ["buffer"] }],
        names, { ready: 2 });
        const ids = await bench.publish(5, 800);
        await bench.sleep(1500);
        const count = (lane) => bench.heard(lane, ids).length;
        const [, behind, polls] = stage.lanes;
        return {
            value: count(behind) ? "all" : count(polls) ? "sse" : "none",
            bars: bars(stage, count, (lane) =>
                [`${count(lane)} of 5`, `5 条收到 ${count(lane)} 条`], names),
            words: ["An SSE stream is one answer without an end: the proxy waits for it for ever, and the page does not even learn that it is connected. Nothing fails, nothing is logged; it is just silent. Earshot says `X-Accel-Buffering: no` and `no-transform`, which many proxies heed; where one does not, long-polling gets through, for each of its answers ends. The client library notices, and falls back by itself.",
                "SSE 流是一个没有结尾的响应：代理永远等不到头，页面连“已连接”都不知道。没有报错，没有日志，只是一片寂静。Earshot 会发 `X-Accel-Buffering: no` 和 `no-transform`，许多代理会遵守；不遵守的，长轮询照样能通过，因为它的每个响应都会结束。客户端库会察觉并自动退回。"],
        };
    },
};

/** @type {Experiment} */
const noHeartbeat = {
    id: "no-heartbeat",
    title: ["No heartbeat", "没有心跳"],
    needsTap: true,
    question: [["Nobody says anything for a while. The proxy takes a connection for dead after 20 seconds of silence. Earshot writes a comment of a few bytes into each stream about every 15 seconds; in the other lane these are taken out. Then a message comes. (This takes half a minute.)",
        "一段时间没人说话。代理认为静默 20 秒的连接已死。Earshot 大约每 15 秒在每个流里写一个几字节的注释；另一行里这些注释被去掉了。然后来了一条消息。（需要半分钟。）"]],
    guess: { choices: {
        "same": ["Both get it at once", "两边都立刻收到"],
        "late": ["Without a heartbeat it comes late", "没有心跳的那边会晚到"],
        "cut": ["Both have been cut", "两边都被切断了"],
    } },
    async run(bench) {
        const names = { beat: ["with a heartbeat", "有心跳"],
            none: ["without one", "没有心跳"] };
        const stage = await bench.open([
            { key: "beat", transport: "sse", modes: [`idle=${IDLE_S}`] },
            { key: "none", transport: "sse",
                modes: ["nobeat", `idle=${IDLE_S}`] }],
        names, { pixelsPerSecond: 20 });
        const [beat, none] = stage.lanes;
        await bench.until(() => none.state === "broken",
            1000 * (IDLE_S + 8));
        const ids = await bench.publish(1, 0, () => "!");
        await bench.all(ids, 1000 * WAIT_S);
        const late = ({ key }) => stage.delays(key)[0] ?? Infinity;
        const [with_, without] = [beat, none].map(late);
        if (with_ === Infinity) {
            throw new Error(say(["the message did not come with a heartbeat",
                "有心跳的一方没收到消息"]));
        }
        return {
            value: beat.track.breaks.length ? "cut"
                : without > with_ + 200 ? "late" : "same",
            bars: bars(stage, (lane) => Math.min(late(lane), 1000 * WAIT_S),
                (lane) => late(lane) < Infinity ? duration(late(lane))
                    : [`not within ${WAIT_S} s`, `${WAIT_S} 秒内没到`], names),
            words: ["The silent connection was cut, and the message had to wait until the browser had come back. That is the harmless case: here the browser was told. A mobile network or a firewall often forgets a silent connection without a word, and then a page waits for ever on a line that is dead. A heartbeat keeps the line known, and the server notices by it when nobody is there any more. A page does not see it: no browser shows comments or pings to a script, so a client has to ask by itself when all has been quiet for long.",
                "安静的连接被切断，消息只能等浏览器重连之后才到。这还算好的：这里浏览器得到了通知。移动网络或防火墙常常一声不吭就忘掉安静的连接，页面便在一条死线上永远等下去。心跳让线路不被忘记，也让服务器察觉对面已经没人了。网页却看不见它：浏览器不把注释和 ping 交给脚本，所以安静太久时，客户端得自己去问一声。"],
        };
    },
};

/** @type {Experiment} */
const noOrigin = {
    id: "no-origin",
    title: ["No Origin check", "不检查 Origin"],
    needsTap: true,
    question: [["Below, a page of another site is shown: `foreign.localhost`. Its script tries to read your room: by WebSocket from a server that asks nobody where he comes from, by `fetch()` from the same server, and by WebSocket from Earshot, which checks `Origin`. What can it read?",
        "下面打开的是另一个网站的页面：`foreign.localhost`。它的脚本试图读你的房间：从不问来处的服务器，用 WebSocket 和 `fetch()` 各读一次；再从检查 `Origin` 的 Earshot 用 WebSocket 读一次。它能读到什么？"]],
    guess: { choices: {
        "nothing": ["Nothing: the browser keeps sites apart", "什么也读不到：浏览器把网站隔开了"],
        "all": ["Everything, in each of the three ways", "三种方式都能全部读到"],
        "socket": ["By WebSocket, where the server does not check", "服务器不检查时，用 WebSocket 能读到"],
    } },
    async run(bench) {
        const stage = await bench.open([{ key: "ws", transport: "ws" }]);
        const foreign = openForeign(bench, stage);
        try {
            if (!await bench.until(() => foreign.ready, 8000)) {
                throw new Error(say(
                    ["this browser does not find foreign.localhost",
                        "这个浏览器找不到 foreign.localhost"]));
            }
            const ids = await bench.publish(3, 500,
                (number) => say([`a secret ${number}`, `秘密 ${number}`]));
            await bench.sleep(1200);
            const { socket, fetched, checked } = foreign.heard;
            const bar = (way, name, value) => ({ way, name, value,
                text: [`${value} of ${ids.length} read`,
                    `${ids.length} 条读到 ${value} 条`] });
            return {
                value: checked || fetched ? "all"
                    : socket ? "socket" : "nothing",
                bars: [
                    bar("ws", ["WebSocket, unchecked", "WebSocket，不检查"], socket),
                    bar("poll", ["fetch(), unchecked", "fetch()，不检查"], fetched),
                    bar("ws", ["WebSocket, checked", "WebSocket，检查"], checked),
                ],
                words: ["The same-origin rule keeps a foreign script from reading the answer to `fetch()` or an EventSource. It does not hold for WebSocket: any page may connect to any server, and the visitor's cookies go along, unless `SameSite` keeps them back (in Chromium it does unless the server says otherwise; not everywhere). Only the server can refuse, by the `Origin` of the handshake, which a browser does not let a script forge. Earshot answers a foreign one with 403.",
                    "同源策略不让外站脚本读取 `fetch()` 或 EventSource 的响应，但它管不到 WebSocket：任何页面都可以连任何服务器，访客的 cookie 也会一并带上，除非 `SameSite` 拦住（Chromium 默认会拦，别的浏览器不一定）。只有服务器能拒绝，依据是握手里的 `Origin`，浏览器不让脚本伪造它。对外来者，Earshot 回答 403。"],
            };
        } finally {
            foreign.close();
        }
    },
};

/** The foreign page, in a frame beneath the stage. */
function openForeign(bench, stage) {
    const { port } = location;
    const origin = `http://foreign.localhost${port && `:${port}`}`;
    const page = new URL("foreign.html", import.meta.url);
    const target = `${stage.word}-foreign`;
    const [open, checked] = [["origin=none"], []].map((modes) =>
        bench.tap.address(stage.path, target, modes));
    const frame = make("iframe", { className: "foreign",
        src: `${origin}${page.pathname}#${new URLSearchParams({
            open, checked, lang: language() })}` });
    label(frame, ["The foreign page", "外站的页面"], "title");
    const foreign = { ready: false,
        heard: { socket: 0, fetched: 0, checked: 0 }, close };
    function hear(event) {
        if (event.origin === origin && event.source === frame.contentWindow) {
            foreign.ready = true;
            foreign.heard = event.data;
        }
    }
    function close() {
        removeEventListener("message", hear);
        frame.contentWindow?.postMessage("close", origin);
    }
    addEventListener("message", hear);
    bench.signal.addEventListener("abort", close);
    bench.root.append(frame);
    return foreign;
}

const TABS = 7;

function tabs(transport) {
    return Array.from({ length: TABS }, (_, at) =>
        ({ key: `tab-${at + 1}`, transport }));
}

const TAB_NAMES = Object.fromEntries(tabs("sse").map(({ key }, at) =>
    [key, [`Tab ${at + 1}`, `标签页 ${at + 1}`]]));

const EACH_SSE = ["SSE, each its own", "SSE，各开各的"];
const EACH_SOCKET = ["WebSocket, each its own", "WebSocket，各开各的"];
const SHARED = ["One SSE, shared", "一条 SSE，大家共用"];

/** @type {Experiment} */
const seventh = {
    id: "seventh",
    title: ["The seventh tab", "第七个标签页"],
    needsTap: true,
    question: [["Somebody opens the same page in seven tabs, each with an SSE stream of its own, over HTTP/1.1. A message comes. What does the seventh tab hear?",
        "有人在七个标签页里打开同一个页面，各开一条 SSE 流，走 HTTP/1.1。来了一条消息，第七个标签页听到什么？"]],
    guess: { choices: {
        "same": ["The same as the others", "和别的一样"],
        "nothing": ["Nothing, as long as the others are open", "只要别的开着，就什么也听不到"],
        "error": ["An error, and it tries again", "收到错误，然后重试"],
    } },
    async run(bench) {
        const phase = async (caption, lanes, names, ready) => {
            const stage = await bench.open(lanes, names,
                { ready, caption, thin: true });
            const shared = shareWith(stage, lanes.length === 1);
            const ids = await bench.publish(2, 700);
            await bench.sleep(1000);
            const heard = shared?.() ?? stage.lanes.filter((lane) =>
                bench.heard(lane, ids).length === ids.length).length;
            return { heard, broken: stage.lanes.some(
                ({ track }) => track.breaks.length) };
        };
        const own = await phase(EACH_SSE, tabs("sse"), TAB_NAMES, TABS - 1);
        const sockets = await phase(EACH_SOCKET, tabs("ws"), TAB_NAMES, TABS);
        const shared = await phase(SHARED, [{ key: "one", transport: "sse" }],
            { one: ["All tabs", "所有标签页"] }, 1);
        const bar = (way, name, { heard }) => ({ way, name, value: heard,
            text: [`${heard} of ${TABS} heard it`,
                `${TABS} 个中 ${heard} 个听到`] });
        return {
            value: own.heard === TABS ? "same"
                : own.broken ? "error" : "nothing",
            bars: [
                bar("sse", EACH_SSE, own),
                bar("ws", EACH_SOCKET, sockets),
                bar("sse", SHARED, shared),
            ],
            words: ["Over HTTP/1.1 a browser opens six connections to one server, for all tabs together; the seventh stream stands in line until a tab is closed, without an error, and so does every other request to that server. Three cures: let the tabs share one connection (`BroadcastChannel`; the client library does it by itself), take WebSocket, which is not counted among the six, or serve HTTP/2, which carries all streams on one connection.",
                "在 HTTP/1.1 下，浏览器对一台服务器总共只开六个连接，所有标签页共用；第七条流只能排队，直到有标签页关掉，没有任何报错，发往这台服务器的其他请求也一样要等。三种解法：让标签页共用一条连接（`BroadcastChannel`；客户端库会自动这样做）；改用 WebSocket，它不计入这六个；或者用 HTTP/2，一条连接承载所有的流。"],
        };
    },
};

/** Seven listeners on one stream: gives how many have heard anything. */
function shareWith(stage, wanted) {
    if (!wanted) {
        return undefined;
    }
    const heard = new Set();
    const ears = Array.from({ length: TABS }, (_, at) => {
        const ear = new BroadcastChannel(stage.word);
        ear.onmessage = () => heard.add(at);
        return ear;
    });
    const mouth = new BroadcastChannel(stage.word);
    stage.addEventListener("news", () => mouth.postMessage("news"));
    return () => {
        [mouth, ...ears].forEach((channel) => channel.close());
        return heard.size;
    };
}

export const wrongs = [noCursor, buffering, noHeartbeat, noOrigin, seventh];
