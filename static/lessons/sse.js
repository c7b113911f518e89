/** The lesson on Server-Sent Events. */

import { both, make, size } from "../lab/page.js";
import { follow } from "./examples/sse.js";
import { address, channel, Example, isReal, judge, onRecord, publish,
    tap } from "./lesson.js";
import * as notes from "./notes.js";
import { read } from "./stream.js";
import { Wire } from "./wire.js";

const CUT_MS = 0;

/** What the page says of a state, by the example's word for it. */
const STATES = {
    open: ["open", "已连接"],
    connecting: ["cut; the browser is coming back", "断开了；浏览器正在重连"],
    closed: ["given up for good", "永远放弃了"],
};

const $ = (selector) => document.querySelector(selector);

showExample();
showBinary();
exerciseWrite();
exerciseTabs();

function showExample() {
    const wire = new Wire($("#wire"));
    const example = new Example($("#example"), {
        name: "sse", file: "sse.js",
        start: (url, hear, signal) => {
            follow(url, (data, state) => {
                hear(data, data === null ? STATES[state] : undefined);
                if (data === null) {
                    showReady(state);
                }
            }, signal);
            signal.addEventListener("abort", () => showReady("closed"));
            showReady("connecting");
        },
    });
    wire.source(isReal);
    onRecord("sse", (record) => wire.add(record));
    $("#greet").addEventListener("click", () =>
        publish("sse", "good day", "greeting"));
    $("#lines").addEventListener("click", () =>
        publish("sse", "first line\nsecond line"));
    $("#cut").disabled = !isReal;
    $("#cut-hint").hidden = isReal;
    $("#cut").addEventListener("click", () => {
        if (example.isRunning) {
            tap.cut(channel("sse"), CUT_MS);
        }
    });
}

function showReady(state) {
    $("#ready").textContent = { connecting: "0 CONNECTING", open: "1 OPEN",
        closed: "2 CLOSED" }[state];
}

/** What so many bytes are as an event, and as a frame of a server's. */
function showBinary() {
    const show = () => {
        const bytes = Math.max(0, Math.floor($("#bytes").valueAsNumber || 0));
        const header = bytes < 126 ? 2 : bytes < 65536 ? 4 : 10;
        $("#base64").textContent =
            size("data: \n\n".length + 4 * Math.ceil(bytes / 3));
        $("#frame").textContent = size(header + bytes);
    };
    $("#binary").addEventListener("submit", (event) => event.preventDefault());
    $("#bytes").addEventListener("input", show);
    show();
}

// Exercise 1. ----------------------------------------------------------------

function exerciseWrite() {
    const show = () => {
        const stream = read($("#stream").value);
        $("#reading").replaceChildren(
            ...stream.lines.map(({ text, meaning }) => make("div",
                { className: `line ${meaning}` },
                make("code", { textContent: text || "⏎" }),
                make("small", {}, both(notes.ofField(meaning))))),
            ...stream.events.map(shown));
        const [isRight, words] = verdict(stream);
        judge($("#write-verdict"), isRight, words);
    };
    $("#stream").addEventListener("input", show);
    show();
    $("#write-verdict").className = "";
    $("#write-verdict").replaceChildren();
}

/** A dispatched event, as the page would get it. */
function shown({ event, data, id }) {
    return make("p", { className: "dispatched" },
        ...both(["the page gets", "页面得到"]), " ",
        make("code", { textContent: JSON.stringify({ event, data,
            lastEventId: id }) }));
}

/** @returns {[boolean, [string, string]]} */
function verdict({ lines, events, retry, id, pending }) {
    const named = events.find(({ event }) => event === "greeting");
    const bad = lines.find(({ meaning }) => /^(bad|unknown)/.test(meaning));
    if (bad) {
        return [false, [`A browser skips the line “${bad.text}”.`,
            `浏览器会跳过“${bad.text}”这一行。`]];
    }
    if (events.length === 0) {
        return [false, pending
            ? ["Nothing is dispatched yet: a blank line has to end the event, and that line has to be ended, too.",
                "还没有派发任何事件：要用一个空行结束事件，而且这个空行本身也要换行。"]
            : ["Nothing is dispatched: there is no `data:` line.",
                "没有派发任何事件：缺少 `data:` 行。"]];
    }
    if (!named) {
        return [false, ["An event is dispatched, but it is a `message`: give it its name by an `event:` line before the blank one.",
            "派发了一个事件，但它是 `message`：请在空行之前用 `event:` 行给它取名。"]];
    }
    return ofGreeting(named, events, retry, id);
}

function ofGreeting(named, events, retry, id) {
    if (named.data !== "Hello\nWorld") {
        return [false, ["The name is right; the data are not yet two lines. Each line of the data is a `data:` line of its own.",
            "名字对了；数据还不是两行。数据的每一行都要有自己的 `data:`。"]];
    }
    if (events.length > 1) {
        return [false, ["That is there, and another event besides.",
            "有了，但还多派发了一个事件。"]];
    }
    if (id !== "7" || named.id !== "7") {
        return [false, ["Now the id: a line `id: 7` within the event.",
            "还差 id：在事件里加一行 `id: 7`。"]];
    }
    if (retry !== 2000) {
        return [false, retry === 2
            ? ["`retry:` counts milliseconds: that is 0.002 s.",
                "`retry:` 的单位是毫秒：这样是 0.002 秒。"]
            : ["Now the time until it comes back: a `retry:` line, in milliseconds.",
                "还差重连的时间：加一行 `retry:`，单位是毫秒。"]];
    }
    return [true, ["Right. A browser that is cut now comes back in two seconds, and asks with `Last-Event-ID: 7`.",
        "对了。现在断开的话，浏览器两秒后回来，并带上 `Last-Event-ID: 7`。"]];
}

// Exercise 2. ----------------------------------------------------------------

function exerciseTabs() {
    $("#tabs-form").addEventListener("submit", (event) => {
        event.preventDefault();
        const count = $("#tabs-answer").valueAsNumber;
        judge($("#tabs-verdict"), count === 6, count === 6
            ? ["Six. The other three stay CONNECTING without an error, and even the site's pictures and POSTs wait behind them. One tab should hold the stream for all, or the site should speak HTTP/2.",
                "六个。另外三个一直停在 CONNECTING，也不报错，连这个网站的图片和 POST 都排在后面等着。应当由一个标签页替大家保持连接，或者让网站用 HTTP/2。"]
            : ["No: a browser has six connections to a site over HTTP/1.1, for all its tabs together, and each of these streams keeps one.",
                "不对：HTTP/1.1 下浏览器对一个网站总共只有六条连接，所有标签页共用，而每个流都占住一条。"]);
    });
}
