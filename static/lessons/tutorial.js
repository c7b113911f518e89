/** The tutorial's own example, and its faults. */

import { both, duration, make } from "../lab/page.js";
import { earshot } from "../earshot.js";
import { join } from "./examples/tutorial.js";
import { address, channel, isReal, judge, mount, publish, showCode,
    tap, whileSeen } from "./lesson.js";
import { pieces, worst } from "./markup.js";
import { FakeServer } from "./timers.js";

/** Nobody answers a `send` for so long: the program does not run. */
const ANSWER_MS = 4000;

const LINES_MAX = 7;

const $ = (selector) => document.querySelector(selector);

/** Who has left, when, and how: told when the program notices. */
const left = new Map();

const panes = ["ada", "bob"].map((name) => new Pane(name));
watchPage();
showCode($("#code"), "tutorial.js");
faultTimer();
faultInnerHtml();
faultMessage();

/** One of the two who follow the tutorial's channel. */
function Pane(name) {
    const box = $(`#${name}`);
    const list = box.querySelector("ol");
    const join_ = box.querySelector(".join");
    const send = box.querySelector(".send");
    const cable = box.querySelector(".cable");
    const pane = { enter, leave, isIn: () => connection !== undefined };
    let connection;
    let me;
    let waiting;

    function transport() {
        return box.querySelector("select").value;
    }

    function enter() {
        me = `${name}-${Math.random().toString(36).slice(2, 8)}`;
        list.replaceChildren();
        const base = isReal ? tap.address(mount, channel(me))
            : location.origin + mount;
        connection = join(base, me, transport(), hear);
        show();
    }

    function leave(how = "politely") {
        if (connection) {
            left.set(me, { at: Date.now(), how, by: box.dataset.by });
            connection.close();
            end();
        }
    }

    function end() {
        connection = undefined;
        clearTimeout(waiting);
        show();
        state("closed");
    }

    function show() {
        const isIn = connection !== undefined;
        join_.replaceChildren(...both(isIn ? ["Leave", "离开"]
            : ["Join", "加入"]));
        join_.classList.toggle("primary", !isIn);
        send.disabled = !isIn;
        cable.disabled = !isIn || !isReal;
        box.querySelector("select").disabled = isIn;
        box.dataset.by = transport();
    }

    function hear(event, data) {
        if (event === "getMsg") {
            clearTimeout(waiting);
            line("answer", words(data));
        } else if (event === "send") {
            line("other", [`another one sends: ${asText(data)}`,
                `另一位发送：${asText(data)}`]);
        } else if (event === "disconnect") {
            noticed(data, line);
        } else {
            state(data);
        }
    }

    function state(word) {
        box.querySelector(".state").replaceChildren(...both({
            connecting: ["connecting…", "连接中…"],
            open: ["connected", "已连接"],
            waiting: ["coming back…", "正在重连…"],
            closed: ["not there", "不在"],
        }[word]));
        box.dataset.state = word;
    }

    function line(className, pair) {
        list.append(make("li", { className }, both(plain(pair))));
        while (list.children.length > LINES_MAX) {
            list.firstChild.remove();
        }
    }

    join_.addEventListener("click", () => connection ? leave() : enter());
    send.addEventListener("click", () => {
        connection.emit("send", "hello");
        clearTimeout(waiting);
        waiting = setTimeout(() => line("hint", [
            "Nobody answers: start deploy/examples/tutorial.",
            "没有回应：请启动 deploy/examples/tutorial。"]), ANSWER_MS);
    });
    cable.addEventListener("click", async () => {
        await tap.mute(channel(me));
        leave("cable");
    });
    box.querySelector("select").addEventListener("change", show);
    cable.title = isReal ? "" : "earshot-tap";
    show();
    state("closed");
    return pane;
}

/** In both languages, as the program sends them; or whatever was sent. */
function words(data) {
    return typeof data?.en === "string" && typeof data["zh-CN"] === "string"
        ? [data.en, data["zh-CN"]]
        : Array(2).fill(asText(data));
}

/** Whatever anybody has published. */
function asText(data) {
    return typeof data === "string" ? data : JSON.stringify(data);
}

/** A message's text is no text of ours: its back ticks mean nothing. */
function plain(pair) {
    return pair.map((text) => text.replaceAll("`", "ˋ"));
}

/** The program has missed somebody: how late? */
function noticed(data, line) {
    const who = data?.who;
    const gone = left.get(who);
    if (!gone) {
        return;
    }
    left.delete(who);
    const late = duration(Date.now() - gone.at);
    const cell = $(`#late-${gone.by}-${gone.how}`);
    if (cell) {
        cell.textContent = late;
    }
    line("other", [`disconnect: ${who}, noticed after ${late}`,
        `disconnect：${who}，过了 ${late} 才发现`]);
}

/** A hidden page leaves, and comes back when it is seen. */
function watchPage() {
    let rested = [];
    whileSeen(() => {
        rested = panes.filter((pane) => pane.isIn());
        rested.forEach((pane) => pane.leave());
    }, () => rested.forEach((pane) => pane.isIn() || pane.enter()));
}

// Its faults. ----------------------------------------------------------------

function faultTimer() {
    showCode($("#timer-wrong"), "timer-leaks.js");
    showCode($("#timer-right"), "timer-ends.js");
    const show = () => {
        for (const [name, server] of Object.entries(servers)) {
            $(`#timer-${name}-sent`).textContent = String(server.sent);
            $(`#timer-${name}-lost`).textContent = String(server.toNobody);
        }
    };
    const servers = { wrong: new FakeServer(show), right: new FakeServer(show) };
    import("./examples/timer-leaks.js").then(({ serve }) =>
        serve(servers.wrong));
    import("./examples/timer-ends.js").then(({ serve }) =>
        serve(servers.right));
    $("#timer-stay").addEventListener("click", () =>
        Object.values(servers).forEach((server) => server.connect()));
    $("#timer-go").addEventListener("click", () => {
        for (const server of Object.values(servers)) {
            for (let visit = 0; visit < 5; visit++) {
                server.connect().disconnect();
            }
        }
    });
    $("#timer-restart").addEventListener("click", () => {
        Object.values(servers).forEach((server) => server.restart());
        show();
    });
}

function faultInnerHtml() {
    const field = $("#message");
    const show = () => {
        const isWrong = $("#inner").checked;
        $("#line").replaceChildren(...isWrong
            ? pieces(field.value).map(({ kind, text }) =>
                make("span", { className: `piece ${kind}`,
                    textContent: text }))
            : [field.value]);
        $("#line").classList.toggle("marked", isWrong);
        $("#marks").hidden = !isWrong;
    };
    $("#as").addEventListener("change", show);
    field.addEventListener("input", show);
    $("#runs-form").addEventListener("submit", (event) => {
        event.preventDefault();
        judgeRuns($("#runs").value);
    });
    show();
}

/** @type {Record<string, import("../lab/page.js").Words>} */
const RUNS = {
    runs: ["Yes: the browser calls this script the moment the line is added, for everyone in the room, with their cookies.",
        "对：这一行一加上去，浏览器就会调用这段脚本，房间里每个人都中招，用的是各自的 cookie。"],
    unsure: ["This page does not know it: whether anything calls a script here depends on the element, on its other attributes, or on the browser. Write one that is sure: an element that is bound to fail, for instance, and says what is to be done then.",
        "这个本页说不准：这里有没有东西会调用脚本，要看元素、看别的属性，或者看浏览器。请写一个确定的：比如一个注定会失败的元素，并写明失败时做什么。"],
    "on-click": ["Only when somebody clicks or moves the mouse over it. Find one that waits for nobody.",
        "要有人点击或移过鼠标才运行。请找一个不用等人的。"],
    inert: ["A good guess, but no: a script element that comes by innerHTML is not run (HTML, 8.5). That has lulled many into thinking that innerHTML is safe. What else can call a script?",
        "好猜测，但不会：由 innerHTML 放进去的 script 元素不会执行（HTML 标准 8.5）。许多人因此误以为 innerHTML 是安全的。还有什么能调用脚本？"],
    tag: ["That becomes an element, but runs nothing. Elements have attributes that name a script…",
        "它会变成元素，但什么也不运行。元素有些属性可以写脚本……"],
    text: ["That is text in either way.", "这样两种写法都只是文字。"],
};

function judgeRuns(text) {
    const kind = worst(text);
    judge($("#runs-verdict"), kind === "runs", RUNS[kind]);
}

function faultMessage() {
    const heard = { getMsg: 0, message: 0 };
    let room;
    const open = () => new Promise((resolve) => {
        room = earshot(address("names"), { transport: "long-poll",
            share: false });
        for (const name of Object.keys(heard)) {
            room.on(name, () => {
                $(`#heard-${name}`).textContent = String(++heard[name]);
            });
        }
        room.on("state", (state) => state === "open" && resolve());
    });
    let opened;
    for (const name of Object.keys(heard)) {
        $(`#emit-${name}`).addEventListener("click", async () => {
            opened ??= open();
            await opened;
            await publish("names", "hello", name);
        });
    }
    whileSeen(() => {
        room?.close();
        opened = undefined;
    }, () => {});
}
