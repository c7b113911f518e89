/** The lesson on polling. */

import { follow } from "./examples/polling.js";
import { follow as followAndLose } from "./examples/polling-loses.js";
import { Figures } from "./figures.js";
import { address, Example, isReal, judge, onRecord, pause, publish, runs,
    showCode } from "./lesson.js";
import { Wire } from "./wire.js";

const $ = (selector) => document.querySelector(selector);

showExample();
exerciseFind();
exerciseChoose();

function showExample() {
    const interval = $("#interval");
    const figures = new Figures($("#figures"));
    const wire = new Wire($("#wire"));
    const sent = new Map();    // text: when it was published
    const example = new Example($("#example"), {
        name: "poll", file: "polling.js",
        start: (url, hear, signal) => follow(url, (data) => {
            hear(data);
            if (sent.has(data)) {
                figures.heard(Date.now() - sent.get(data));
            }
        }, signal, () => interval.valueAsNumber),
        send: (text) => {
            sent.set(text, Date.now());
            return publish("poll", text);
        },
    });
    wire.source(isReal);
    onRecord("poll", (record) => {
        figures.add(record);
        wire.add(record);
    });
    interval.addEventListener("input", () => {
        $("#interval-shown").value =
            `${(interval.valueAsNumber / 1000).toFixed(1)} s`;
        figures.reset();
        if (example.isRunning) {
            example.stop();
            example.run();
        }
    });
}

/** Line 5 asks for the newest message instead of all after a cursor. */
function exerciseFind() {
    const words = {
        5: ["Yes. `last=1` asks for the newest message, whatever has been seen: of three that came since, two are never asked for. Ask `?after=` the cursor of the last answer.",
            "对。`last=1` 要的是最新的一条，不管看过什么：期间来了三条，有两条就永远不会被要到。应当用 `?after=` 加上次回答的游标。"],
        8: ["Not here: this only keeps the same message from being shown twice. What is lost never reaches this line.",
            "不是这里：它只是不让同一条消息显示两次。丢失的消息根本到不了这一行。"],
        11: ["Not here. Remembering the id is right; it is only never used where it would matter.",
            "不是这里。记住 id 是对的，只是没有用在该用的地方。"],
        13: ["Not here. A shorter pause loses fewer and still loses: two messages can always come between two questions.",
            "不是这里。停顿短一些会少丢一些，但还是会丢：两次发问之间总可能来两条。"],
    };
    const other = ["Not this line. Think of what comes between two questions.",
        "不是这一行。想想两次发问之间来了什么。"];
    showCode($("#find-code"), "polling-loses.js", (line) =>
        judge($("#find-verdict"), line === 5, words[line] ?? other));
    $("#find-run").addEventListener("click", async ({ currentTarget }) => {
        const button = currentTarget;
        const control = new AbortController();
        const heard = [];
        button.disabled = true;
        runs(control.signal);
        followAndLose(address("find"), (data) => {
            heard.push(data);
            $("#find-heard").textContent = heard.join(", ");
        }, control.signal).catch(() => {});
        await pause(300);
        for (const word of ["one", "two", "three"]) {
            await publish("find", word);
        }
        await pause(2200);
        control.abort();
        button.disabled = false;
    });
}

function exerciseChoose() {
    $("#choose-form").addEventListener("submit", (event) => {
        event.preventDefault();
        const seconds = $("#choose-answer").valueAsNumber;
        const rate = Math.round(400 / seconds);
        const verdict = $("#choose-verdict");
        if (seconds > 2.5) {
            judge(verdict, false, [
                `Too long: a message that just misses a question waits ${seconds} s for the next.`,
                `太长：刚好错过一次发问的消息，要等 ${seconds} 秒才有下一次。`]);
        } else if (seconds < 2) {
            judge(verdict, false, [
                `Too short: 400 pages every ${seconds} s are ${rate} questions a second.`,
                `太短：400 个页面每 ${seconds} 秒一次，就是每秒 ${rate} 个问题。`]);
        } else {
            judge(verdict, true, [
                `Right: at worst ${seconds} s late, ${rate} questions a second, and nearly all of them for nothing. With 500 pages there would be no answer left.`,
                `对：最坏晚 ${seconds} 秒，每秒 ${rate} 个问题，而且几乎都白问了。要是页面超过 500 个，就没有合适的答案了。`]);
        }
    });
}
