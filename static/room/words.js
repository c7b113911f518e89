/** What the room says by itself; all else stands in room.html. */

import { say } from "./site.js";

const WORDS = {
    connecting: { "en": "Connecting…", "zh-CN": "连接中…" },
    open: { "en": "Connected", "zh-CN": "已连接" },
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
    noRoom: {
        "en": "There can be no room of that name; this is “{room}”.",
        "zh-CN": "不能有这个名字的房间；这里是“{room}”。",
    },
};

/**
 * A word or sentence in the language at hand, with its {gaps} filled in.
 * @param {keyof typeof WORDS} key
 * @param {Record<string, string>} [gaps]
 */
export function word(key, gaps = {}) {
    return say(WORDS[key]).replace(/\{(\w+)\}/g, (_, gap) => gaps[gap]);
}

/** The same in an element, which keeps up with the language. */
export function spoken(key) {
    return Object.entries(WORDS[key]).map(([lang, text]) =>
        Object.assign(document.createElement("span"),
            { lang, textContent: text }));
}
