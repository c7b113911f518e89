/**
 * The two languages of the page. Texts stand in it in both, beside each other;
 * the sheet shows those of <html lang>. What the script writes is here.
 *
 * @typedef {"en" | "zh-CN"} Language
 * @typedef {Record<Language, string>} Words
 */

import { browser } from "../../static/store.js";

const NAMES = { "en": "English", "zh-CN": "中文" };

const both = (en, zh) => ({ "en": en, "zh-CN": zh });

/** What the script says. */
export const WORDS = {
    live: both("Live: a look every second.", "实时：每秒更新一次。"),
    connecting: both("Connecting …", "正在连接……"),
    away: both("No answer; trying again. What stands here is old.",
        "没有回应，正在重试。此处是旧数据。"),
    paused: both("Paused while this window is hidden.",
        "窗口隐藏，已暂停。"),
    trouble: both("The queue cannot be used:", "队列无法使用："),
    published: both("published", "发布"),
    delivered: both("delivered", "送达"),
    half: both("half of deliveries within", "一半送达不超过"),
    most: both("99 % within", "99 % 不超过"),
    commit: both("commits: 99 % within", "提交：99 % 不超过"),
    poll: both("polls", "轮询"),
    sse: both("SSE", "SSE"),
    ws: both("WebSocket", "WebSocket"),
    ago: both("3 min ago", "3 分钟前"),
    now: both("now", "现在"),
    none: both("nothing in that time", "这段时间内没有"),
    more: both("more channels:", "其他频道："),
    answers: both("answers this page", "正在应答本页"),
};

const root = document.documentElement;
let current = remembered() ?? preferred();
let callback = () => {};

function remembered() {
    const kept = browser.recall("language");
    return Object.hasOwn(NAMES, kept ?? "") ? kept : undefined;
}

function preferred() {
    const known = navigator.languages
        .map((tag) => /^zh\b/i.test(tag) ? "zh-CN"
            : /^en\b/i.test(tag) ? "en" : undefined);
    return known.find(Boolean) ?? "en";
}

/** @param {Words} words */
export function say(words) {
    return words[current];
}

function show() {
    const other = current === "en" ? "zh-CN" : "en";
    const button = document.querySelector("#language");
    const title = document.querySelector("title");
    root.lang = current;
    title.dataset.en ??= title.textContent;
    title.textContent = current === "en" ? title.dataset.en
        : title.dataset.zh;
    button.hidden = false;
    button.textContent = NAMES[other];
    button.lang = other;
    callback();
}

/** Shows the page in the reader's language; ON_CHANGE writes anew. */
export function beginLanguages(onChange) {
    callback = onChange;
    document.querySelector("#language").addEventListener("click", () => {
        current = current === "en" ? "zh-CN" : "en";
        browser.keep("language", current);
        show();
    });
    show();
}
