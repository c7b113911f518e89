/** The lesson on WebSocket. */

import { both, make } from "../lab/page.js";
import { follow } from "./examples/websocket.js";
import { connect } from "./examples/websocket-binary.js";
import { bits, encode, hex, OPCODES } from "./frame.js";
import { frameView, headBits } from "./frameview.js";
import { address, Example, isReal, judge, onRecord, pause,
    runs } from "./lesson.js";
import { Wire } from "./wire.js";

/** RFC 6455, 1.3: no other protocol would append just this. */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

const FRAMES_MAX = 12;

const $ = (selector) => document.querySelector(selector);

function showExample() {
    let send = (_) => {};
    const wire = new Wire($("#wire"), { onFrame: addFrame });
    const example = new Example($("#example"), {
        name: "ws", file: "websocket.js",
        start: (url, hear, signal) => {
            send = follow(url, hear, signal);
            signal.addEventListener("abort", () => { send = () => {}; });
        },
        send: (text) => example.isRunning ? send(text)
            : example.hear(null, ["there is no connection yet: press “Run”",
                "还没有连接：请按“运行”"]),
    });
    wire.source(isReal);
    onRecord("ws", (record) => {
        wire.add(record);
        showHandshake(record);
    });
    $("#binary").addEventListener("click", async () => {
        const control = new AbortController();
        runs(control.signal);
        const sendBytes = await connect(address("ws"),
            (data) => example.hear(`[${data.join(", ")}]`), control.signal);
        sendBytes(Uint8Array.of(0, 255, 10, 128));
        await pause(700);
        control.abort();
    });
}

// The handshake. -------------------------------------------------------------

/** Does the browser's sum, and sets it beside the server's answer. */
async function showHandshake({ kind, bytes = "" }) {
    const text = atob(bytes);
    if (kind === "request") {
        const key = /^Sec-WebSocket-Key: (.*?)\r?$/im.exec(text)?.[1];
        $("#key").textContent = key ?? "–";
        $("#sum").textContent = key ? await accept(key) : "–";
    } else if (kind === "response") {
        $("#accept").textContent =
            /^Sec-WebSocket-Accept: (.*?)\r?$/im.exec(text)?.[1] ?? "–";
    }
}

async function accept(key) {
    if (!crypto.subtle) {
        return "–";    // only in a secure context: https, or this machine
    }
    const sum = await crypto.subtle.digest("SHA-1",
        new TextEncoder().encode(key + GUID));
    return btoa(String.fromCharCode(...new Uint8Array(sum)));
}

// The frames. ----------------------------------------------------------------

/** A button for each frame; the newest is taken apart until one is chosen. */
function addFrame(frame, side) {
    const list = $("#frames");
    const name = OPCODES[frame.opcode] ?? frame.opcode;
    const button = make("button", { type: "button",
        className: `button frame-button ${side}` },
    make("span", { ariaHidden: "true", textContent: side === "up" ? "↑ "
        : "↓ " }),
    make("span", { className: "unseen" }, both(side === "up"
        ? ["from the browser: ", "浏览器发出："]
        : ["from the server: ", "服务器发出："])),
    `${name} ${frame.length} B`);
    button.addEventListener("click", () => {
        list.dataset.chosen = "yes";
        showFrame(frame, button);
    });
    list.append(button);
    if (list.children.length > FRAMES_MAX) {
        list.firstChild.remove();
    }
    $("#frames-empty").hidden = true;
    if (!list.dataset.chosen && frame.opcode < 8) {
        showFrame(frame, button);
    }
}

function showFrame(frame, button) {
    for (const other of $("#frames").children) {
        other.setAttribute("aria-pressed", String(other === button));
    }
    $("#frame").replaceChildren(frameView(frame));
}

// The exercise. --------------------------------------------------------------

const WORDS = ["Hello", "earshot", "ping me", "frame", "news", "wire"];

/** @type {{frame: Uint8Array, word: string, key: Uint8Array, step: number}} */
let task;

function exerciseDecode() {
    $("#another").addEventListener("click", newTask);
    $("#number-form").addEventListener("submit", (event) => {
        event.preventDefault();
        answerNumber($("#number").value.trim());
    });
    newTask();
}

function newTask() {
    const word = WORDS[Math.floor(Math.random() * WORDS.length)];
    const key = crypto.getRandomValues(new Uint8Array(4));
    const frame = encode(1, new TextEncoder().encode(word), key);
    task = { frame, word, key, step: 0 };
    $("#task-bytes").textContent = [...frame].map(hex).join(" ");
    $("#task-bits").replaceChildren(headBits(frame, answerBit));
    $("#decode-verdict").replaceChildren();
    $("#decode-verdict").className = "";
    showStep();
}

/** The questions: a part whose bits are to be clicked, or a text. */
const STEPS = [
    { part: "opcode", words: [
        "1. Click one of the bits that say what kind of frame it is.",
        "1. 点击说明帧类型的任意一位。"] },
    { part: "mask", words: [
        "2. Click the bit that says who sent it.",
        "2. 点击能看出是谁发的那一位。"] },
    { part: "fin", words: [
        "3. Click the bit that says whether the message goes on in another frame.",
        "3. 点击说明消息是否还有后续帧的那一位。"] },
    { text: () => String(task.word.length), words: [
        "4. How many bytes of payload are there? Read it from the last seven bits.",
        "4. 内容有多少字节？从最后七位读出来。"] },
    { text: () => task.word[0], words: [
        "5. Take the mask off the first byte: which letter is it?",
        "5. 去掉第一个字节的掩码：是哪个字母？"] },
];

function showStep() {
    const step = STEPS[task.step];
    $("#question").replaceChildren(...step ? both(step.words) : both([
        `Done: the frame says “${task.word}”.`,
        `完成：这一帧说的是“${task.word}”。`]));
    $("#number-form").hidden = !step?.text;
    $("#number").value = "";
    $("#xor").hidden = task.step !== 4;
    const first = task.frame[6];
    $("#xor").textContent = `${hex(first)} ⊕ ${hex(task.key[0])}   =   `
        + `${bits(first)} ⊕ ${bits(task.key[0])}`;
}

const RIGHT = {
    opcode: ["Right: the last four bits of the first byte are the opcode, `0001`, text.",
        "对：第一个字节的后四位是 opcode，`0001` 表示文本。"],
    mask: ["Right: it is 1. A browser has to mask every frame, a server must not mask any; so this one went up.",
        "对：它是 1。浏览器的每一帧都必须掩码，服务器一律不许；所以这是往上发的。"],
    fin: ["Right: FIN is 1, so the message ends with this frame.",
        "对：FIN 是 1，消息到这一帧为止。"],
};

const NOT = {
    fin: ["That is FIN: whether this is the message's last frame.",
        "那是 FIN：是不是消息的最后一帧。"],
    rsv: ["That is one of three bits kept for extensions.",
        "那是留给扩展的三位之一。"],
    opcode: ["That belongs to the opcode: what kind of frame it is.",
        "那属于 opcode：帧的类型。"],
    mask: ["That is MASK: whether the payload is masked.",
        "那是 MASK：内容是否掩码。"],
    length: ["That belongs to the length.", "那属于长度。"],
};

function answerBit(part) {
    const wanted = STEPS[task.step]?.part;
    if (!wanted) {
        return;
    }
    const isRight = part.name === wanted;
    judge($("#decode-verdict"), isRight,
        isRight ? RIGHT[wanted] : NOT[part.name]);
    if (isRight) {
        task.step++;
        showStep();
    }
}

function answerNumber(text) {
    const step = STEPS[task.step];
    if (!step?.text) {
        return;
    }
    const isRight = text === step.text();
    judge($("#decode-verdict"), isRight, isRight
        ? ["Right.", "对。"] : hint(task.step));
    if (isRight) {
        task.step++;
        showStep();
    }
}

function hint(step) {
    const first = task.frame[6];
    return step === 3
        ? [`Not quite: take the second byte, ${bits(task.frame[1])}, without its first bit, as a binary number.`,
            `不对：取第二个字节 ${bits(task.frame[1])}，去掉第一位，按二进制读。`]
        : [`Not quite. After the two bytes come four of key, then the payload. A bit of the result is 1 where the two differ: ${hex(first)} ⊕ ${hex(task.key[0])} = ${hex(first ^ task.key[0])}, and now look that up in ASCII.`,
            `不对。两个字节之后是四个字节的密钥，再后面才是内容。两者不同的位，结果是 1：${hex(first)} ⊕ ${hex(task.key[0])} = ${hex(first ^ task.key[0])}，再查一下 ASCII。`];
}

showExample();
exerciseDecode();
