/** The lesson on long-polling. */

import { follow } from "./examples/long-polling.js";
import { follow as forget } from "./examples/long-polling-forgets.js";
import { follow as poll } from "./examples/polling.js";
import { Figures } from "./figures.js";
import { address, Example, isReal, judge, onRecord, pause, publish, runs,
    showCode } from "./lesson.js";
import { Wire } from "./wire.js";

const COMPARE_MS = 15000;

/** When the comparison publishes. */
const SAID_MS = [2000, 6200, 11500];

const $ = (selector) => document.querySelector(selector);

showExample();
compare();
exerciseGap();
exerciseChoose();

function showExample() {
    const figures = new Figures($("#figures"));
    const wire = new Wire($("#wire"));
    const sent = new Map();
    new Example($("#example"), {
        name: "long", file: "long-polling.js",
        start: (url, hear, signal) => follow(url, (data) => {
            hear(data);
            if (sent.has(data)) {
                figures.heard(Date.now() - sent.get(data));
            }
        }, signal),
        send: (text) => {
            sent.set(text, Date.now());
            return publish("long", text);
        },
    });
    wire.source(isReal);
    onRecord("long", (record) => {
        figures.add(record);
        wire.add(record);
    });
}

/** Both at once: the data of a message is the time when it was published. */
function compare() {
    const names = ["requests", "up", "down", "messages", "delay"];
    const lanes = [
        { name: "cpoll", follow: poll,
            figures: new Figures($("#compare-poll"), names) },
        { name: "clong", follow,
            figures: new Figures($("#compare-long"), names) },
    ];
    for (const { name, figures } of lanes) {
        onRecord(name, (record) => figures.add(record));
    }
    $("#compare-run").addEventListener("click", async () => {
        const control = new AbortController();
        runs(control.signal);
        $("#compare-run").disabled = true;
        for (const { name, figures, follow: start } of lanes) {
            figures.reset();
            start(address(name), (data) =>
                figures.heard(Date.now() - Number(data)), control.signal);
        }
        for (const at of SAID_MS) {
            setTimeout(() => lanes.forEach(({ name }) =>
                publish(name, String(Date.now()))), at);
        }
        for (let left = COMPARE_MS / 1000; left > 0; left--) {
            $("#compare-left").textContent = `${left} s`;
            await pause(1000);
        }
        control.abort();
        $("#compare-left").textContent = "";
        $("#compare-run").disabled = false;
    });
}

function exerciseGap() {
    showCode($("#gap-code"), "long-polling-forgets.js");
    $("#gap-form").addEventListener("submit", async (event) => {
        event.preventDefault();
        const guess = new FormData(event.target).getAll("heard").join(" ");
        const button = event.target.querySelector("button");
        button.disabled = true;
        $("#gap-verdict").replaceChildren();
        await runGap();
        button.disabled = false;
        const heard = $("#gap-forgets").textContent;
        judge($("#gap-verdict"), guess === heard, guess === heard
            ? ["Just so. What is said while nobody waits, a question without a cursor never learns of. With the cursor the next question brings it.",
                "正是这样。没人等的时候说的话，不带游标的问题永远不会知道；带上游标，下一个问题就取回来了。"]
            : [`Not quite: it heard “${heard}”. While it was busy nobody waited at the server, and its next question began “from now on”.`,
                `不完全对：它听到的是“${heard}”。它忙的时候没人在服务器那里等，而下一个问题又是“从现在起”。`]);
    });
}

async function runGap() {
    const control = new AbortController();
    const hear = (selector) => {
        $(selector).textContent = "";
        return (data) => {
            $(selector).textContent = `${$(selector).textContent} ${data}`.trim();
        };
    };
    runs(control.signal);
    forget(address("gapa"), hear("#gap-forgets"), control.signal)
        .catch(() => {});
    follow(address("gapb"), hear("#gap-keeps"), control.signal);
    const say = (word) => Promise.all([publish("gapa", word),
        publish("gapb", word)]);
    await pause(500);
    await say("one");
    await pause(300);
    await say("two");
    await say("three");
    await pause(1300);
    await say("four");
    await pause(400);
    control.abort();
}

function exerciseChoose() {
    $("#choose-form").addEventListener("submit", (event) => {
        event.preventDefault();
        const seconds = $("#choose-answer").valueAsNumber;
        const hourly = Math.round(3600 / Math.max(seconds, 0.1));
        const verdict = $("#choose-verdict");
        if (seconds > 55) {
            judge(verdict, false, [
                `Too long: ${seconds} s and 5 on the way are more than 60. The proxy answers 504 in your place, and the page takes it for an error.`,
                `太长：${seconds} 秒再加路上 5 秒就超过 60 秒了。代理会替你回答 504，页面就当成出错了。`]);
        } else if (seconds < 20) {
            judge(verdict, false, [
                `It works, but a quiet page asks ${hourly} times an hour; with 50 s it would be 72.`,
                `能用，但没消息的页面一小时要问 ${hourly} 次；50 秒的话只要 72 次。`]);
        } else {
            judge(verdict, true, [
                `Right: ${hourly} questions an hour from a page where nothing happens, and the proxy never loses patience. Earshot's own limit is 25 s, for there are proxies that cut at 30.`,
                `对：没有消息时一小时只问 ${hourly} 次，代理也不会失去耐心。Earshot 自己的上限是 25 秒，因为有的代理 30 秒就断。`]);
        }
    });
}
