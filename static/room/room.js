/** One room of Earshot: wires the client to the page. */

import { earshot } from "../earshot.js";
import { onLanguage } from "../site.js";
import { browser, tab } from "../store.js";
import { Here } from "./here.js";
import { earlier } from "./history.js";
import { describe } from "./line.js";
import { Log } from "./log.js";
import { Outbox } from "./outbox.js";
import { WAYS, spoken, word } from "./words.js";

/** What a new visitor sees of the talk so far. */
const HISTORY = 50;

/** How often, at most, the page remembers what it shows. */
const SAVE_MS = 1000;

const CHANNEL = /^[A-Za-z0-9][A-Za-z0-9._~-]{0,127}$/;

let troubled = false;
let shown;
let saving;
/** The oldest id that the channel keeps, as far as we know. */
let oldest;

const $ = (selector) => document.querySelector(selector);

const wanted = new URLSearchParams(location.search).get("room") ?? "room";
const channel = CHANNEL.test(wanted) ? wanted : "room";
const address = `${document.documentElement.dataset.earshot}/${channel}`;
const log = new Log();
const room = open();
const here = new Here(address, showChannel);
const outbox = new Outbox(room, `outbox.${channel}`, {
    onShow: () => log.follow(),
    onRefused: giveBack,
});

showFrame();
onLanguage(() => log.translate());
followRoom();
watchHistory();
watchForm();
watchPage();

/** Goes on where this tab was, or begins with the newest messages. */
function open() {
    const { cursor, lines = [] } = tab.recall(`room.${channel}`) ?? {};
    lines.forEach((line) => log.add(line));
    const client = earshot(address, {
        after: cursor,
        last: HISTORY,
        transport: chosen(),
        from: tab.recall("from"),
    });
    tab.keep("from", client.from);
    return client;
}

/** What the reader wants; room.transport says what it has become. */
function chosen() {
    const choice = tab.recall("transport");
    return [...$("#ways").elements].some(({ value }) => value === choice)
        ? choice : "auto";
}

function showFrame() {
    $("#room").textContent = channel;
    $("#name").value = tab.recall("name") ?? browser.recall("name") ?? "";
    $("#shell").textContent = `curl -d 'Hello' ${location.origin}${address}`;
    $(`[value="${chosen()}"]`).checked = true;
    showState();
    if (wanted !== channel) {
        notice(word("noRoom", { room: channel }));
    }
}

function followRoom() {
    room.on("message", (data, message) => {
        log.add(describe(data, message));
        outbox.tidy();
        saveSoon();
    });
    room.on("lost", ({ anew }) => {
        if (anew) {
            log.clear();
        }
        log.remark(...spoken("lost"));
    });
    room.on("state", showState);
    room.on("state", () => here.soon());
    // A poll's answer may move the cursor without a message.
    setInterval(showCursor, 500);
}

function showState(_, { error } = {}) {
    // Between two attempts nothing changes for the reader.
    troubled = room.state === "waiting"
        || (troubled && room.state === "connecting");
    const state = troubled ? "waiting" : room.state;
    const way = WAYS[room.transport];
    $("#state").dataset.state = state;
    $("#state").title = error?.message ?? "";
    // What is said again is read out again.
    if (shown !== state + way.en) {
        shown = state + way.en;
        $("#state-text").replaceChildren(...spoken(state, { way }));
    }
    // A refusal says what to change; it is asked again all the same.
    if (error?.status < 500) {
        notice(error.message, "state");
    } else if (state === "open" && $("#notice").dataset.about === "state") {
        notice("");
    }
    saveSoon();
}

function showChannel({ first }) {
    oldest = first;
    offerEarlier();
}

/** Where something is kept that lies before the first line. */
function offerEarlier() {
    const line = log.lines[0];
    $("#earlier").hidden = !line || !oldest || line.id === oldest;
}

function showCursor() {
    if ($("#cursor").textContent !== room.cursor) {
        $("#cursor").textContent = room.cursor ?? "–";
    }
}

function watchHistory() {
    const button = $("#earlier");
    button.addEventListener("click", async () => {
        button.ariaDisabled = "true";
        try {
            await showEarlier();
        } catch (error) {
            notice(word("noEarlier", { why: error.message }));
        }
        button.ariaDisabled = null;
    });
}

async function showEarlier() {
    const [line] = log.lines;
    const found = await earlier(address,
        { id: line.id, count: log.lines.length, own: room.from });
    log.addBefore(found.map(([data, message]) => describe(data, message)));
    if (found.length === 0) {
        oldest = line.id; // the rest is of other events
    }
    offerEarlier();
    saveSoon();
}

function watchForm() {
    $("#form").addEventListener("submit", (event) => {
        event.preventDefault();
        const text = $("#text").value.trim();
        if (text) {
            $("#text").value = "";
            notice("");
            log.follow();
            outbox.say({ name: $("#name").value.trim(), text });
        }
        $("#text").focus();
    });
    $("#text").addEventListener("keydown", (event) => {
        // Enter also ends the input of a Chinese word: that sends nothing.
        if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
            event.preventDefault();
            $("#form").requestSubmit();
        }
    });
    $("#name").addEventListener("change", () => {
        tab.keep("name", $("#name").value);
        browser.keep("name", $("#name").value);
    });
}

function watchPage() {
    $("#ways").addEventListener("change", ({ target }) => {
        tab.keep("transport", target.value);
        room.use(target.value);
    });
    addEventListener("pagehide", save);
}

/** The server's own words, and the text back where it can be mended. */
function giveBack({ text }, error) {
    notice(word("refused", { why: error.message }));
    $("#text").value ||= text;
}

function notice(text, about = "") {
    $("#notice").textContent = text;
    $("#notice").dataset.about = about;
    $("#notice").hidden = !text;
}

function saveSoon() {
    saving ??= setTimeout(save, SAVE_MS);
}

/** Cursor and lines in one piece: they can only be right together. */
function save() {
    clearTimeout(saving);
    saving = undefined;
    const { cursor } = room;
    for (let lines = log.lines; ; lines = lines.slice(lines.length / 2)) {
        if (tab.keep(`room.${channel}`, { cursor, lines }) || !lines.length) {
            return;
        }
    }
}
