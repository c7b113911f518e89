/** The doctor's page: begins a visit, and shows what it finds as it comes. */

import { onLanguage, say } from "../site.js";
import { SERVERS, fixFor } from "./fixes.js";
import { look } from "./look.js";
import { FINDINGS, LIMITS, words } from "./words.js";

/** In this order they are shown. */
const VERDICTS = ["wrong", "note", "unknown", "ok"];

const MARKS = {
    "wrong": words("wrong", "有问题"),
    "note": words("to know", "要知道"),
    "unknown": words("not known", "不清楚"),
};

const SUM = {
    busy: words("Found so far", "目前的结果"),
    wrong: words("Wrong: {wrong}", "有问题：{wrong} 处"),
    good: words("Nothing is wrong", "一切正常"),
};

const CHANGE = words("To change:", "要改：");
const NOT_KNOWN = words("{good}?", "{good}？");
const CALLED = words("it calls itself {name}", "它自称 {name}");
const NO_PATH = words("A page may look at its own site only: give a path of "
    + "it, such as /earshot. For another site, run the command below there.",
"页面只能检查自己的网站：请填本站的路径，例如 /earshot。"
    + "别的网站请用下面的命令检查。");

const $ = (selector) => document.querySelector(selector);

/** code → { verdict, seen }; of the last visit. */
let found = new Map();
let software = "";
let step;
let isBusy = false;

$("#base").value = document.documentElement.dataset.earshot;
for (const [value, textContent] of Object.entries(SERVERS)) {
    $("#server").lastElementChild.before(
        Object.assign(document.createElement("option"),
            { value, textContent, translate: false }));
}
$("#server").value = "";
$("#server").addEventListener("change", show);
$("#ask").addEventListener("submit", (event) => {
    event.preventDefault();
    visit();
});
onLanguage(show);

async function visit() {
    const base = new URL($("#base").value.trim(), location.href);
    if (isBusy) {
        return;
    }
    if (base.origin !== location.origin) {
        step = NO_PATH;
        show();
        return;
    }
    begin();
    try {
        await look({
            base: base.href.replace(/[?#].*/, "").replace(/\/+$/, ""),
            patience: Number($("#hold").value),
            login: $("#login").checked,
            found: take, onServer: meet,
            onStep: (now) => { step = now; show(); },
        });
    } finally {
        isBusy = false;
        step = undefined;
        show();
        $("#sum").focus();
    }
}

function begin() {
    isBusy = true;
    found = new Map();
    software = "";
    // The button keeps the focus: it is not disabled, only without effect.
    $("#result").hidden = false;
    show();
}

function meet(name) {
    software = name;
    const known = Object.keys(SERVERS).find((server) =>
        name.toLowerCase().startsWith(server));
    $("#server").value = known ?? "";
}

function take(code, verdict, seen) {
    const isLimit = LIMITS[code]?.includes($("#server").value);
    const isNote = verdict === "wrong" && (FINDINGS[code].note || isLimit);
    found.set(code, { verdict: isNote ? "note" : verdict, seen });
    show();
}

// What is shown. -------------------------------------------------------------

function element(name, properties, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
}

function show() {
    $("#ask").ariaBusy = String(isBusy);
    $("#start").ariaDisabled = String(isBusy);
    $("#step").textContent = step ? say(step) : "";
    $("#software").textContent = software
        ? say(CALLED).replace("{name}", software) : "";
    $("#software").translate = false;
    $("#command").textContent = `earshot doctor ${location.origin}`
        + new URL($("#base").value, location.href).pathname;
    $("#sum").textContent = sum();
    const codes = Object.keys(FINDINGS).filter((code) => found.has(code));
    const of = (verdict) => codes.filter((code) =>
        found.get(code).verdict === verdict);
    $("#found").replaceChildren(...VERDICTS.slice(0, 3).flatMap((verdict) =>
        of(verdict).map(item)));
    $("#good").replaceChildren(...of("ok").map(goodItem));
    $("#rest").hidden = of("ok").length === 0;
}

function sum() {
    const wrong = [...found.values()]
        .filter(({ verdict }) => verdict === "wrong").length;
    return isBusy ? say(SUM.busy)
        : wrong ? say(SUM.wrong).replace("{wrong}", String(wrong))
            : say(SUM.good);
}

function name(code) {
    return element("code", { className: "name", textContent: code });
}

function item(code) {
    const { verdict, seen } = found.get(code);
    const { title, good, why } = FINDINGS[code];
    const isUnknown = verdict === "unknown";
    const text = isUnknown
        ? say(NOT_KNOWN).replace("{good}", say(good)) : say(title);
    const made = element("li", { className: `card ${verdict}` },
        element("h3", {}, element("span", { className: "mark",
            textContent: say(MARKS[verdict]) }),
        element("span", { textContent: text }), name(code)));
    made.dataset.code = code;
    if (seen) {
        made.append(element("p",
            { className: "seen hint", textContent: say(seen) }));
    }
    if (!isUnknown) {
        made.append(element("p", { textContent: say(why) }),
            ...change(fixFor(code, $("#server").value)));
    }
    return made;
}

/** Lines of a configuration, or words where there is none to write. */
function change(fix) {
    if (typeof fix !== "string") {
        return [element("p", { textContent: `${say(CHANGE)} ${say(fix)}` })];
    }
    return [element("p", { textContent: say(CHANGE) }),
        element("pre", { tabIndex: 0 },
            element("code", { textContent: fix }))];
}

function goodItem(code) {
    const { seen } = found.get(code);
    const text = say(FINDINGS[code].good) + (seen ? ` (${say(seen)})` : "");
    const made = element("li", {}, `${text} `, name(code));
    made.dataset.code = code;
    return made;
}
