/** The front page: four lanes in one room, and what one may do to them. */

import { onLanguage } from "../site.js";
import { buildExperiments } from "./experiments.js";
import { CUT_MS, SLOW_RATE } from "./lane.js";
import { NAMES, both, duration, label, make, plain, say } from "./page.js";
import { Seats } from "./seats.js";
import { Stage } from "./stage.js";
import { Tap } from "./tap.js";
import { LaneTable, Wire } from "./table.js";
import { StageView } from "./view.js";

const $ = (selector) => document.querySelector(selector);

/** ms between two polls, and messages a second: the sliders' stops. */
const INTERVALS = [250, 500, 1000, 2000, 3000, 5000, 10000];
const RATES = [0, 0.2, 0.5, 1, 2, 5, 10];

/** The ticker waits while so many of its messages are on their way. */
const CROWD = 4;

const HELLO = ["Hello", "你好"];

/** The ticker's first message comes soon: an empty drawing says little. */
const FIRST_MS = 700;

/** How long a summary waits for the slowest lane. */
const SUMMARY_MS = 15000;

const HINTS = {
    "poll": ["asks again and again, news or not", "一遍遍地问，不管有没有新消息"],
    "long-poll": ["asks, and the server answers when there is news",
        "问一次，有新消息才答"],
    "sse": ["one answer that never ends", "一个不会结束的响应"],
    "ws": ["one connection, both directions", "一条连接，双向收发"],
};

const LESSONS = {
    "poll": "lessons/polling.html",
    "long-poll": "lessons/long-polling.html",
    "sse": "lessons/sse.html",
    "ws": "lessons/websocket.html",
};

const tap = await Tap.find();

/** The room of the front page; the tests look at it, too. */
export const stage = new Stage("lab", ["poll", "long-poll", "sse", "ws"]
    .map((transport) => ({ key: transport, transport })), tap);
const view = new StageView(stage, $("#stage"), { hints: HINTS, links: LESSONS,
    acts });
const table = new LaneTable(stage, $("#table-head"), $("#table-body"));
const wire = new Wire(stage, $("#wire"));

let ticker;
let ticks = 0;
let resting = false; // while an experiment needs the connections

// Coming and going. ----------------------------------------------------------

const seats = new Seats(comeOrGo);

/** Only a page that is seen holds connections. */
function look() {
    if (document.hidden) {
        seats.leave();
    } else {
        seats.take();
    }
}

function comeOrGo() {
    const wanted = seats.seated && !resting;
    if (wanted && !stage.running) {
        stage.start();
        tick(FIRST_MS);
    } else if (!wanted && stage.running) {
        stage.stop();
        clearTimeout(ticker);
    }
    $("#stage").classList.toggle("resting", !wanted);
    $("#rests").hidden = seats.seated || document.hidden;
}

/** For experiments: the room rests until the given work is done. */
async function rest(work) {
    resting = true;
    seats.alone(true);
    comeOrGo();
    try {
        return await work();
    } finally {
        resting = false;
        seats.alone(false);
        comeOrGo();
    }
}

// Publishing. ----------------------------------------------------------------

function rate() {
    return RATES[$("#rate").value];
}

function tick(wait = 1000 / rate()) {
    clearTimeout(ticker);
    if (rate() > 0 && stage.running) {
        ticker = setTimeout(async () => {
            tick();
            if (stage.publishing < CROWD) {
                await publish(`${++ticks}`, false);
            }
        }, wait);
    }
}

async function publish(text, own) {
    try {
        const id = await stage.publish(text, own);
        $("#summary").classList.remove("bad");
        return id;
    } catch (error) {
        $("#summary").classList.add("bad");
        $("#summary").replaceChildren(...plain([
            `Not published: ${error.message}`, `未能发布：${error.message}`]));
        return undefined;
    }
}

/** Tells when a message of the visitor's own has arrived everywhere. */
async function summarize(id, text) {
    const end = Date.now() + SUMMARY_MS;
    summarized = id;
    while (summarized === id && Date.now() < end && stage.running) {
        const { time, arrivals = {} } = stage.find(id) ?? {};
        const late = stage.lanes.filter(({ key }) => key in arrivals)
            .sort((one, other) => arrivals[one.key] - arrivals[other.key]);
        const done = late.length === stage.lanes.length;
        if (done || Date.now() > end - 200) {
            showSummary(text, late.map(({ key }) =>
                [key, Math.max(0, arrivals[key] - time)]));
            return;
        }
        await new Promise((resolve) => { setTimeout(resolve, 50); });
    }
}

let summarized;

function showSummary(text, delays) {
    const list = (at) => delays.map(([key, ms]) =>
        `${NAMES[key][at]} ${duration(ms)}`);
    $("#summary").replaceChildren(...plain([
        `“${text}” arrived after: ${list(0).join(", ")}.`,
        `“${text}”到达用时：${list(1).join("，")}。`]));
}

// What one may do. -----------------------------------------------------------

function acts(lane) {
    const [en, zh] = NAMES[lane.key];
    const cut = make("button", { type: "button", className: "act" },
        both(["Cut", "断开"]));
    const slow = make("button", { type: "button", className: "act",
        ariaPressed: "false", disabled: !tap }, both(["Slow", "变慢"]));
    label(cut, [`Cut: ${en}, for 2 s`, `断开${zh} 2 秒`]);
    label(slow, [`Slow: ${en}, ${SLOW_RATE} bytes a second`,
        `${zh}变慢，每秒 ${SLOW_RATE} 字节`]);
    cut.addEventListener("click", () => lane.cut(CUT_MS));
    slow.addEventListener("click", () => {
        slow.ariaPressed = `${!lane.slowed}`;
        lane.slow(lane.slowed ? 0 : SLOW_RATE);
    });
    return [cut, slow];
}

const WRONGS = {
    nocursor: ["No lane says what it has. Polling now hears nothing at all, and the others lose what comes while they are away: cut one.",
        "各行都不再说明自己收到了哪里。轮询什么也听不到，其他方式会丢掉断开期间的消息：断开一行试试。"],
    buffer: ["A proxy keeps each answer until it is whole. An SSE stream is never whole: silence. Polls come through.",
        "代理把响应攒齐了才放行。SSE 流永远攒不齐，于是一片寂静；轮询照样通过。"],
    nobeat: ["Stop the ticker, and within 20 s the proxy takes the silent streams for dead.",
        "停掉自动发布，20 秒内代理就会把安静的流当作已死而切断。"],
};

function goWrong() {
    const wrongs = [...document.querySelectorAll("#wrongs :checked")]
        .map(({ value }) => value);
    for (const lane of stage.lanes) {
        lane.forgets = wrongs.includes("nocursor");
        lane.modes = [
            ...(wrongs.includes("buffer") && lane.transport !== "ws"
                ? ["buffer"] : []),
            ...(wrongs.includes("nobeat") ? ["nobeat", "idle=20"] : []),
        ];
        lane.restart();
    }
    $("#wrong-words").replaceChildren(...wrongs.flatMap((wrong) =>
        both(WRONGS[wrong])));
}

function showSliders() {
    const every = INTERVALS[$("#interval").value];
    stage.lanes[0].interval = every;
    $("#interval-value").textContent = every < 1000
        ? say([`${1000 / every} times a second`, `每秒 ${1000 / every} 次`])
        : say([`every ${every / 1000} s`, `每 ${every / 1000} 秒`]);
    const often = rate();
    $("#rate-value").textContent = often === 0 ? say(["nothing", "关"])
        : often < 1 ? say([`every ${1 / often} s`, `每 ${1 / often} 秒一条`])
            : say([`${often} a second`, `每秒 ${often} 条`]);
    for (const name of ["interval", "rate"]) {
        $(`#${name}`).ariaValueText = $(`#${name}-value`).textContent;
    }
}

function listen() {
    $("#say").addEventListener("submit", async (event) => {
        event.preventDefault();
        const text = $("#words").value.trim() || say(HELLO);
        const id = await publish(text, true);
        if (id) {
            summarize(id, text);
        }
    });
    $("#interval").addEventListener("input", () => {
        showSliders();
        stage.lanes[0].wake();
    });
    $("#rate").addEventListener("input", () => {
        showSliders();
        tick();
    });
    $("#cut-all").addEventListener("click", () =>
        stage.lanes.forEach((lane) => lane.cut(CUT_MS)));
    $("#anew").addEventListener("click", () => stage.countAnew());
    $("#hold").addEventListener("click", () => {
        view.held = !view.held;
        $("#hold").ariaPressed = `${view.held}`;
    });
    $("#wrongs").addEventListener("change", goWrong);
    document.addEventListener("visibilitychange", look);
    addEventListener("focus", look);
    addEventListener("pagehide", () => seats.leave());
    addEventListener("pageshow", look);
}

function sayHowItIsMeasured() {
    for (const id of tap ? ["measured-tap", "measured-tap-zh"]
        : ["computed", "computed-zh"]) {
        $(`#${id}`).hidden = false;
    }
    for (const wrong of document.querySelectorAll(
        '#wrongs [value="buffer"], #wrongs [value="nobeat"]')) {
        wrong.disabled = !tap;
    }
}

/** Where this site's own client library lies, for a shell. */
function sayWhereTheClientIs() {
    $("#take-files").textContent = ["earshot.js", "earshot.d.ts"].reduce(
        (line, name) => `${line} -O ${new URL(name, document.baseURI)}`, "curl");
}

$("#interval").value = INTERVALS.indexOf(3000);
$("#rate").value = RATES.indexOf(0.5);
onLanguage(() => {
    showSliders();
    if (HELLO.includes($("#words").value)) {
        $("#words").value = say(HELLO);
    }
});
sayHowItIsMeasured();
sayWhereTheClientIs();
listen();
goWrong(); // a browser may have kept what was switched on before a reload
buildExperiments($("#guesses"), $("#wrong-ways"), { tap, rest });
look();
view.run();
setInterval(() => {
    if ($("#as-table").open) {
        table.show();
    }
    if ($("#on-the-wire").open) {
        wire.show();
    }
}, 500);
