/** What the room says by itself; all else stands in room.html. */

import { say } from "../site.js";

/** @typedef {import("../site.js").Words} Words */

const WORDS = {
    connecting: { "en": "Connecting…", "zh-CN": "连接中…" },
    open: { "en": "Connected by {way}", "zh-CN": "已连接：{way}" },
    waiting: { "en": "Reconnecting…", "zh-CN": "正在重连…" },
    closed: { "en": "Closed", "zh-CN": "已关闭" },
    guest: { "en": "guest", "zh-CN": "访客" },
    you: { "en": "you", "zh-CN": "我" },
    sending: { "en": "on its way…", "zh-CN": "正在发送…" },
    bytes: { "en": "binary, {n} bytes", "zh-CN": "二进制，{n} 字节" },
    lost: {
        "en": "Some messages are no longer kept; "
            + "the talk goes on from what there is.",
        "zh-CN": "有些消息已不再保存；从现有的消息继续。",
    },
    refused: { "en": "Not sent: {why}", "zh-CN": "未能发送：{why}" },
    noEarlier: {
        "en": "What was said before could not be fetched: {why}",
        "zh-CN": "没能取到更早的消息：{why}",
    },
    noRoom: {
        "en": "There can be no room of that name; this is “{room}”.",
        "zh-CN": "不能有这个名字的房间；这里是“{room}”。",
    },
};

/** The approaches, as the reader calls them. */
export const WAYS = {
    "ws": { "en": "WebSocket", "zh-CN": "WebSocket" },
    "sse": { "en": "SSE", "zh-CN": "SSE" },
    "long-poll": { "en": "long-polling", "zh-CN": "长轮询" },
    "poll": { "en": "polling", "zh-CN": "轮询" },
};

function fill(text, lang, gaps) {
    return text.replace(/\{(\w+)\}/g, (_, gap) =>
        gaps[gap][lang] ?? gaps[gap]);
}

/**
 * A word or sentence in the language at hand, with its {gaps} filled in.
 * @param {keyof typeof WORDS} key
 * @param {Record<string, string>} [gaps]
 */
export function word(key, gaps = {}) {
    return fill(say(WORDS[key]), "", gaps);
}

/**
 * The same as elements, one of which the page shows: they keep up with the
 * language by themselves.
 * @param {keyof typeof WORDS} key
 * @param {Record<string, string | Words>} [gaps]
 * @returns {HTMLElement[]}
 */
export function spoken(key, gaps = {}) {
    return Object.entries(WORDS[key]).map(([lang, text]) =>
        Object.assign(document.createElement("span"),
            { lang, textContent: fill(text, lang, gaps) }));
}
