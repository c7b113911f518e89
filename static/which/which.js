/** "Which one?": takes the answers, and shows the advice. */

import { onLanguage, say } from "../site.js";
import { tab } from "../store.js";
import { advice } from "./advice.js";

const WAYS = {
    "poll": { "en": "Polling", "zh-CN": "轮询" },
    "long-poll": { "en": "Long-polling", "zh-CN": "长轮询" },
    "sse": { "en": "SSE", "zh-CN": "SSE" },
    "ws": { "en": "WebSocket", "zh-CN": "WebSocket" },
};

const LESSONS = {
    "poll": "lessons/polling.html",
    "long-poll": "lessons/long-polling.html",
    "sse": "lessons/sse.html",
    "ws": "lessons/websocket.html",
};

const LEFT = {
    "en": "{answered} of {all} answered.",
    "zh-CN": "已回答 {answered} / {all}。",
};

const $ = (selector) => document.querySelector(selector);
const form = $("#questions");
const names = [...new Set([...form.elements].map(({ name }) => name)
    .filter(Boolean))];

recall();
form.addEventListener("change", () => {
    tab.keep("which", answers());
    show();
});
form.addEventListener("reset", () => {
    tab.keep("which", {});
    // The fields are empty after this event only.
    setTimeout(show);
});
onLanguage(show);

function answers() {
    return Object.fromEntries(new FormData(form));
}

function recall() {
    for (const [name, value] of Object.entries(tab.recall("which") ?? {})) {
        if (names.includes(name)) {
            form.elements[name].value = value;
        }
    }
}

function show() {
    const given = answers();
    const answered = names.filter((name) => name in given).length;
    const whole = answered === names.length;
    $("#left").textContent = say(LEFT).replace("{answered}", String(answered))
        .replace("{all}", String(names.length));
    $("#left").hidden = whole;
    $("#again").hidden = answered === 0;
    $("#advice").hidden = !whole;
    const found = whole ? advice(given) : {};
    mark(found.way);
    if (whole) {
        tell(found);
    }
}

function tell({ way, because, but, code, taking }) {
    $("#advice").className = `card way-${way}`;
    $("#way").textContent = say(WAYS[way]);
    $("#because").replaceChildren(...because.map((words) =>
        Object.assign(document.createElement("li"),
            { textContent: say(words) })));
    $("#but").textContent = but ? say(but) : "";
    $("#lesson").href = LESSONS[way];
    $("#code").textContent = code;
    $("#taking").textContent = say(taking);
    $("#take").hidden = way === "ws"; // the browser has it
}

/** The advised column of the table. */
function mark(way) {
    for (const cell of document.querySelectorAll("#table [data-way]")) {
        cell.classList.toggle("advised", cell.dataset.way === way);
    }
}
