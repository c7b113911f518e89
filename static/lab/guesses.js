/**
 * The experiments that ask what an approach costs, and what it endures.
 *
 * @typedef {import("./guess.js").Experiment} Experiment
 * @typedef {import("./guess.js").Bench} Bench
 */

import { NAMES, duration, median, say, size } from "./page.js";

/** The four, polling at the given interval. */
export function four(interval, more = {}) {
    return ["poll", "long-poll", "sse", "ws"].map((transport) =>
        ({ key: transport, transport, interval, ...more }));
}

/** A bar for each lane. */
export function bars(stage, value, text, names = NAMES) {
    return stage.lanes.map((lane) => ({ way: lane.transport,
        name: names[lane.key], value: value(lane), text: text(lane) }));
}

/** How late the latest message was; undefined where none has come. */
function latest(stage, { key }) {
    const delays = stage.delays(key);
    return delays.length ? Math.max(...delays) : undefined;
}

/** So many in the language's own words. */
function times(count) {
    return [count === 1 ? "1 request" : `${count} requests`, `${count} 次`];
}

/** @type {Experiment} */
const late = {
    id: "late",
    title: ["How late is polling?", "轮询会晚多久？"],
    question: [["Polling asks every 3 seconds. Twelve messages come at any moment. How late will they be with polling, in the middle (half of them are earlier, half later)?",
        "轮询每 3 秒问一次，十二条消息在任意时刻发布。用轮询，它们的延迟中位数（一半更早，一半更晚）会是多少？"]],
    guess: { min: 0, max: 4000, step: 100, start: 500, show: duration,
        near: (guess, value) => Math.abs(guess - value) < 400 },
    async run(bench) {
        const stage = await bench.open(four(3000));
        const ids = await bench.publish(12, () => 300 + 1100 * Math.random());
        await bench.all(ids, 8000);
        const middle = ({ key }) => median(stage.delays(key));
        const value = middle(stage.lanes[0]);
        if (value === undefined) {
            throw new Error(say(["polling has brought nothing",
                "轮询一条也没带来"]));
        }
        return {
            value,
            bars: bars(stage, (lane) => middle(lane) ?? 0, (lane) => duration(middle(lane))),
            words: ["About half the interval: a message comes just after a question, or just before the next. To be a second late at most, one has to ask every second, all day long. The other three know within milliseconds, since the server need not be asked.",
                "大约是间隔的一半：消息可能刚好在一次提问之后到来，也可能就在下一次之前。想保证最多晚一秒，就得整天每秒都问。其他三种方式几毫秒内就知道，因为服务器不必等人来问。"],
        };
    },
};

/** @type {Experiment} */
const requests = {
    id: "requests",
    title: ["How many requests does it take?", "要发多少个请求？"],
    question: [["Ten messages, one a second. Polling asks once a second, and SSE and WebSocket open one connection. How many requests will long-polling make?",
        "十条消息，每秒一条。轮询每秒问一次，SSE 和 WebSocket 各开一条连接。长轮询会发出多少个请求？"]],
    guess: { min: 0, max: 30, step: 1, start: 3, show: String,
        near: (guess, value) => Math.abs(guess - value) <= 2 },
    async run(bench) {
        const stage = await bench.open(four(1000));
        const ids = await bench.publish(10, 1000);
        await bench.all(ids, 4000);
        await stage.settle();
        return {
            value: stage.lanes[1].tally.requests,
            bars: bars(stage, ({ tally }) => tally.requests,
                ({ tally }) => times(tally.requests)),
            words: ["Each message ends a long-poll, so it asks anew after each: as many requests as messages, and a few more. Long-polling saves nothing while there is much news; it shines when there is little.",
                "每来一条消息，一次长轮询就结束，于是又要重新问：有多少消息就有多少请求，还要多几个。消息多的时候，长轮询什么也省不下；消息少的时候，它才显出好处。"],
        };
    },
};

/** @type {Experiment} */
const bytes = {
    id: "bytes",
    title: ["How many bytes for a hundred?", "一百个字节要花多少字节？"],
    question: [["Twenty messages of five letters each, a hundred bytes in all, two a second. How many bytes will long-polling move for them, both directions, headers included?",
        "二十条消息，每条五个字母，一共一百字节，每秒两条。算上首部、双向合计，长轮询要搬运多少字节？"]],
    guess: { min: 100, max: 100000, step: 1, start: 300, show: size,
        logarithmic: true,
        near: (guess, value) => Math.abs(Math.log10(guess / value)) < 0.2 },
    async run(bench) {
        const stage = await bench.open(four(1000));
        const ids = await bench.publish(20, 500, () => "hello");
        await bench.all(ids, 4000);
        await stage.settle();
        return {
            value: stage.lanes[1].tally.bytes,
            bars: bars(stage, ({ tally }) => tally.bytes,
                ({ tally }) => size(tally.bytes)),
            words: ["Every request carries its headers again, some hundred bytes up and down, whatever the message weighs. A stream sends them once; then a message costs itself, its id and time, and a few bytes of wrapping: 2 to 4 for a WebSocket frame, some 30 for an SSE event in its chunk. (The scale is logarithmic.)",
                "每个请求都把首部重新带一遍，上下行各几百字节，不管消息本身多轻。流只带一次；之后每条消息只花它自己、它的编号和时间，外加一点包装：WebSocket 帧 2 到 4 字节，SSE 事件连同分块约 30 字节。（比例尺是对数的。）"],
        };
    },
};

/** Publishes twelve, and cuts all connections in the midst of it. */
export async function cutInTheMidst(bench) {
    const publishing = bench.publish(12, 300);
    await bench.sleep(900);
    bench.stage.lanes.forEach((lane) => lane.cut(2000));
    const ids = await publishing;
    await bench.all(ids, 8000,
        bench.stage.lanes.filter(({ forgets }) => !forgets));
    await bench.sleep(1500);
    return ids;
}

/** @type {Experiment} */
const cut = {
    id: "cut",
    title: ["What does a cut cost?", "断线会丢什么？"],
    question: [["Twelve messages in four seconds. In the midst of them all connections are cut for two seconds. How many will SSE lose?",
        "四秒内十二条消息，中途把所有连接切断两秒。SSE 会丢几条？"]],
    guess: { min: 0, max: 12, step: 1, start: 6, show: String,
        near: (guess, value) => guess === value },
    async run(bench) {
        const stage = await bench.open(four(1000));
        const ids = await cutInTheMidst(bench);
        const missed = (lane) => 12 - bench.heard(lane, ids).length;
        return {
            value: missed(stage.lanes[2]),
            bars: bars(stage, missed, (lane) => [
                `${missed(lane)} lost, ${
                    duration(latest(stage, lane))} late at most`,
                `丢 ${missed(lane)} 条，最多晚 ${
                    duration(latest(stage, lane))}`]),
            words: ["None. Every message has an id; whoever comes back says the last one that he has, and the server goes on from there. An EventSource does both by itself: it reconnects, and sends `Last-Event-ID`. For the others it is a few lines of your own: `?after=`. Look for these words in the drawing.",
                "一条也不丢。每条消息都有编号；重连的一方说出自己收到的最后一个，服务器就从那里继续。EventSource 两件事都自己做：重连，并发送 `Last-Event-ID`。其他方式要自己写几行：`?after=`。在图里可以找到这些字样。"],
        };
    },
};

/** @type {Experiment} */
const slow = {
    id: "slow",
    title: ["What becomes of a slow reader?", "读得慢的人会怎样？"],
    needsTap: true,
    question: [["Two pages read the same room by SSE. One of them has a bad line: 2 kB a second. Twenty messages come at once, 8 kB in all. What happens?",
        "两个页面用 SSE 读同一个房间，其中一个线路很差：每秒 2 kB。二十条消息一下子涌来，共 8 kB。会怎样？"]],
    guess: { choices: {
        "lost": ["The slow one loses what it cannot take in time", "慢的一方丢掉来不及接收的"],
        "both": ["Both get them late, since the server waits", "服务器要等，两边都晚"],
        "late": ["The slow one gets all of them, late; the other at once", "慢的一方晚些收到，但一条不少；另一方立刻收到"],
    } },
    async run(bench) {
        const names = { quick: ["quick", "快"], slow: ["slow", "慢"] };
        const stage = await bench.open([
            { key: "quick", transport: "sse" },
            { key: "slow", transport: "sse" }], names);
        const [quick, slowed] = stage.lanes;
        await slowed.slow(2000);
        const ids = await bench.publish(20, 20, 
            (number) => `${number}\n${"x".repeat(250)}`);
        await bench.all(ids, 30000);
        const count = (lane) => bench.heard(lane, ids).length;
        return {
            value: count(slowed) < 20 ? "lost"
                : latest(stage, quick) > 1000 ? "both" : "late",
            bars: bars(stage, (lane) => latest(stage, lane) ?? 0, (lane) => [
                `${count(lane)} of 20, the last ${
                    duration(latest(stage, lane))} late`,
                `20 条收到 ${count(lane)} 条，最后一条晚 ${
                    duration(latest(stage, lane))}`], names),
            words: ["The queue is the buffer. When a socket takes no more, the server puts nothing aside for it in memory: it remembers how far this reader is, and reads on from the queue when there is room again. Nobody else notices.",
                "队列就是缓冲区。套接字收不下时，服务器不会在内存里替它囤积：只记住这位读者读到哪里，等有空位了再从队列往下读。别人毫无察觉。"],
        };
    },
};

export const guesses = [late, requests, bytes, cut, slow];
