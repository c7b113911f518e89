/**
 * Making parts of the page. A text is a pair, [English, 中文]: both stand in
 * the page beside each other, and page.css shows the one of the language.
 *
 * @typedef {[string, string]} Words
 */

import { language, onLanguage } from "../site.js";

/** An element, with properties (or attributes, by name), and children. */
export function make(name, properties = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) {
        if (key in made) {
            made[key] = value;
        } else {
            made.setAttribute(key, value);
        }
    }
    made.append(...children.flat(Infinity));
    return made;
}

/**
 * The same words in both languages. `code` in back ticks becomes <code>.
 * @param {Words} words
 */
export function both([en, zh], name = "span", properties = {}) {
    return [["en", en], ["zh-CN", zh]].map(([lang, words]) =>
        make(name, { lang, ...properties }, ...withCode(words)));
}

/**
 * The same in both languages, with words of others in it: what they hold
 * stays as it is, ticks too.
 * @param {Words} words
 */
export function plain(words) {
    return words.map((textContent, at) =>
        make("span", { lang: at ? "zh-CN" : "en", textContent }));
}

function withCode(words) {
    return words.split("`").map((part, at) =>
        at % 2 ? make("code", { textContent: part }) : part);
}

/** The words of the language at hand. @param {Words} words */
export function say([en, zh]) {
    return language() === "en" ? en : zh;
}

/** An attribute in the language at hand. @param {Words} words */
export function label(element, words, attribute = "aria-label") {
    onLanguage(() => element.setAttribute(attribute, say(words)));
    return element;
}

/** What each approach is called. @type {Record<string, Words>} */
export const NAMES = {
    "poll": ["Polling", "轮询"],
    "long-poll": ["Long-polling", "长轮询"],
    "sse": ["SSE", "SSE"],
    "ws": ["WebSocket", "WebSocket"],
};

/** 842 ms, 1.8 s; a dash for what has never come */
export function duration(ms) {
    return !Number.isFinite(ms) ? "–" : ms < 999.5 ? `${Math.round(ms)} ms`
        : `${(ms / 1000).toFixed(ms < 9950 ? 1 : 0)} s`;
}

/** 812 B, 8.4 kB */
export function size(bytes) {
    return bytes < 1000 ? `${Math.round(bytes)} B`
        : bytes < 999500 ? `${(bytes / 1000).toFixed(bytes < 99500 ? 1 : 0)} kB`
            : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** The middle one; undefined where there is none. */
export function median(numbers) {
    const sorted = [...numbers].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 ? sorted[middle]
        : sorted.length ? (sorted[middle - 1] + sorted[middle]) / 2
            : undefined;
}
