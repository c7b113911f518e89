/** A frame, bit by bit: RFC 6455 5.2, as the table of the standard draws it. */

import { both, label, make } from "../lab/page.js";
import { bits, closing, hex, OPCODES } from "./frame.js";

/** Bytes of the payload that are shown one by one. */
const PAYLOAD_SHOWN = 12;

/**
 * The parts of the first two bytes: which bits, and what they are called.
 * @typedef {{name: string, byte: number, from: number, count: number,
 *     words: import("../lab/page.js").Words}} Part
 * @type {Part[]}
 */
export const PARTS = [
    { name: "fin", byte: 0, from: 0, count: 1, words: ["FIN", "FIN"] },
    { name: "rsv", byte: 0, from: 1, count: 3, words: ["RSV", "RSV"] },
    { name: "opcode", byte: 0, from: 4, count: 4, words: ["opcode", "opcode"] },
    { name: "mask", byte: 1, from: 0, count: 1, words: ["MASK", "MASK"] },
    { name: "length", byte: 1, from: 1, count: 7,
        words: ["length", "长度"] },
];

/**
 * The first two bytes as groups of bits.
 * @param {Uint8Array} raw
 * @param {(part: Part, element: HTMLElement) => void} [onPart] makes each
 *     bit a button, and the groups have no names
 */
export function headBits(raw, onPart) {
    return make("div", { className: "bits" }, ...[0, 1].map((byte) =>
        make("div", { className: "byte" },
            make("span", { className: "hex", textContent: hex(raw[byte]) }),
            ...PARTS.filter((part) => part.byte === byte).map((part) =>
                group(raw, part, onPart)))));
}

function group(raw, part, onPart) {
    const { byte, from, count, words } = part;
    const digits = [...bits(raw[byte]).slice(from, from + count)];
    const cells = digits.map((digit, at) => {
        const cell = make(onPart ? "button" : "span",
            { className: "bit", textContent: digit });
        if (onPart) {
            cell.type = "button";
            label(cell, [`byte ${byte + 1}, bit ${from + at}: ${digit}`,
                `第 ${byte + 1} 个字节，第 ${from + at} 位：${digit}`]);
            cell.addEventListener("click", () => onPart(part, cell));
        }
        return cell;
    });
    const row = make("span", { className: "cells" }, ...cells);
    return make("div", { className: `part ${onPart ? "bare" : part.name}` },
        row, ...onPart ? [] : [make("span", { className: "name" },
            both(words))]);
}

/**
 * The whole frame: its bits, and a word on each part.
 * @param {import("./frame.js").Frame} frame
 */
export function frameView(frame) {
    return make("div", { className: "frame-view" },
        headBits(frame.raw), make("dl", {}, ...rows(frame)));
}

function rows(frame) {
    const { fin, rsv, opcode, masked, length, extended, raw, key } = frame;
    const made = [
        row(`FIN = ${Number(fin)}`, fin
            ? ["the last (here: the only) frame of a message",
                "消息的最后一帧（这里也是唯一的一帧）"]
            : ["more frames of this message follow (5.4)",
                "这条消息后面还有帧（5.4）"]),
        row(`RSV = ${rsv}`, ["kept for extensions, such as compression",
            "留给扩展用，例如压缩"]),
        row(`opcode = ${opcode}`, kind(opcode)),
        row(`MASK = ${Number(masked)}`, masked
            ? ["masked, as every frame from a browser must be (5.3)",
                "已掩码；浏览器发出的每一帧都必须这样（5.3）"]
            : ["not masked, as no frame from a server may be",
                "未掩码；服务器发出的帧一律不许掩码"]),
        row(`length = ${raw[1] & 0x7f}`, lengthWords(frame)),
    ];
    if (extended) {
        made.push(row(dump(raw.subarray(2, 2 + extended)),
            [`the length in ${extended} bytes: ${length}`,
                `用 ${extended} 个字节表示长度：${length}`]));
    }
    if (masked) {
        made.push(row(dump(key), ["the key: four bytes, new for each frame",
            "掩码密钥：四个字节，每帧都换"]));
    }
    return [...made, payloadRow(frame)];
}

function row(text, words) {
    return make("div", {}, make("dt", {}, make("code", { textContent: text })),
        make("dd", {}, both(words)));
}

function kind(opcode) {
    const name = OPCODES[opcode] ?? "?";
    const chinese = { 0: "延续帧", 1: "文本", 2: "二进制", 8: "关闭",
        9: "ping（心跳）", 10: "pong（回应心跳）" }[opcode] ?? "未知";
    return [`${name}${opcode > 7 ? ": a control frame (5.5)" : ""}`,
        `${chinese}${opcode > 7 ? "，控制帧（5.5）" : ""}`];
}

function lengthWords({ extended, length }) {
    return extended
        ? [`126 and 127 say: the length comes in the next ${extended} bytes`,
            `126 和 127 表示：长度在后面 ${extended} 个字节里`]
        : [`${length} bytes of payload; up to 125 fit in these seven bits`,
            `内容 ${length} 字节；这七位最多表示 125`];
}

function dump(bytes) {
    return [...bytes].map(hex).join(" ");
}

/** What is on the wire, and what it means once the key has been taken off. */
function payloadRow({ raw, payload, key, opcode, length }) {
    const start = raw.length - payload.length;
    const table = make("table", { className: "payload" });
    const shown = payload.slice(0, PAYLOAD_SHOWN);
    const line = (words, cells) => table.append(make("tr", {},
        make("th", { scope: "row" }, both(words)),
        ...cells.map((text) => make("td", { textContent: text }))));
    line(["on the wire", "线上"], [...raw.slice(start, start + PAYLOAD_SHOWN)]
        .map(hex));
    if (key.length) {
        line(["⊕ key", "⊕ 密钥"], [...shown].map((_, at) => hex(key[at % 4])));
        line(["= payload", "= 内容"], [...shown].map(hex));
    }
    if (opcode === 1) {
        line(["as text", "文字"], [...shown].map((byte) =>
            byte > 31 && byte < 127 ? String.fromCharCode(byte) : "·"));
    }
    const more = length > PAYLOAD_SHOWN ? [make("p", { className: "hint" },
        both([`… and ${length - PAYLOAD_SHOWN} bytes more`,
            `……还有 ${length - PAYLOAD_SHOWN} 字节`]))] : [];
    const { code, reason } = opcode === 8 ? closing(payload) : {};
    const close = code === undefined ? [] : [make("p", { className: "hint" },
        both([`close code ${code} ${reason}`, `关闭代码 ${code} ${reason}`]))];
    return make("div", { className: "wide" },
        make("div", { className: "scroll" }, table), ...more, ...close);
}
