/**
 * What every page shares: its header, and the one switch between languages.
 *
 *     <script type="module" src="site.js" blocking="render"></script>
 *     <body><header id="site"></header><main>…</main></body>
 *
 * A page holds its texts in both languages, beside each other, and page.css
 * shows those of the language that <html lang> names:
 *
 *     <p lang="en">Hello</p><p lang="zh-CN">你好</p>
 *
 * Where two elements cannot stand (<title>, <option>, an attribute) `data-zh`
 * holds the Chinese text, and `data-zh-aria-label`, `data-zh-placeholder`,
 * `data-zh-title`, `data-zh-alt`, `data-zh-content` that of the attribute.
 *
 * @typedef {"en" | "zh-CN"} Language
 * @typedef {Record<Language, string>} Words
 */

import { browser } from "./store.js";

/** The navigation: addresses are relative to this file, wherever it lies. */
const PAGES = [
    { path: "index.html", en: "Three ways", "zh-CN": "三种方式" },
    { path: "room.html", en: "Room", "zh-CN": "聊天室" },
    { en: "Lessons", "zh-CN": "课程", pages: [
        { path: "lessons/polling.html", en: "Polling", "zh-CN": "轮询" },
        { path: "lessons/long-polling.html",
            en: "Long-polling", "zh-CN": "长轮询" },
        { path: "lessons/sse.html", en: "SSE", "zh-CN": "SSE" },
        { path: "lessons/websocket.html",
            en: "WebSocket", "zh-CN": "WebSocket" },
        { path: "lessons/tutorial.html", en: "Tutorial", "zh-CN": "教程" },
    ] },
    { path: "which.html", en: "Which one?", "zh-CN": "选哪一种？" },
    { path: "doctor.html", en: "Doctor", "zh-CN": "诊断" },
];

const ATTRIBUTES = ["aria-label", "placeholder", "title", "alt", "content"];

/** What each language is called, in that language. */
const NAMES = { "en": "English", "zh-CN": "中文" };

const listeners = new Set();
const root = document.documentElement;

/** @type {Language} */
let current = remembered() ?? preferred();

/** The language at hand; a tag for `lang` and Intl, too. */
export function language() {
    return current;
}

/**
 * Calls back at once and at every change of the language.
 * @param {(language: Language) => void} callback
 * @returns {() => void} ends it
 */
export function onLanguage(callback) {
    listeners.add(callback);
    callback(current);
    return () => { listeners.delete(callback); };
}

/**
 * The text of the language at hand.
 * @param {Words} words
 */
export function say(words) {
    return words[current];
}

function remembered() {
    const kept = browser.recall("language");
    return Object.hasOwn(NAMES, kept ?? "") ? kept : undefined;
}

/** The first of the reader's own languages that we have. */
function preferred() {
    const known = (navigator.languages ?? [navigator.language])
        .map((tag) => /^zh\b/i.test(tag) ? "zh-CN"
            : /^en\b/i.test(tag) ? "en" : undefined);
    return known.find(Boolean) ?? "en";
}

function other() {
    return current === "en" ? "zh-CN" : "en";
}

function change(to) {
    current = to;
    browser.keep("language", to);
    show();
    listeners.forEach((callback) => callback(to));
}

/** Puts the page into the language at hand. */
function show() {
    root.lang = current;
    for (const one of document.querySelectorAll("[data-zh]")) {
        one.dataset.en ??= one.textContent;
        one.textContent = current === "en" ? one.dataset.en : one.dataset.zh;
    }
    for (const name of ATTRIBUTES) {
        for (const one of document.querySelectorAll(`[data-zh-${name}]`)) {
            const english = `data-en-${name}`;
            if (!one.hasAttribute(english)) {
                one.setAttribute(english, one.getAttribute(name) ?? "");
            }
            one.setAttribute(name, one.getAttribute(current === "en"
                ? english : `data-zh-${name}`));
        }
    }
    const button = document.querySelector("#language");
    if (button) {
        button.textContent = NAMES[other()];
        button.lang = other();
    }
}

// The header. ----------------------------------------------------------------

function element(name, properties = {}, ...children) {
    const made = document.createElement(name);
    Object.assign(made, properties);
    made.append(...children);
    return made;
}

/** The same words in both languages; page.css shows one of them. */
function both(words) {
    return Object.keys(NAMES).map((lang) =>
        element("span", { lang, textContent: words[lang] }));
}

function isHere({ path, pages }) {
    const here = location.pathname.replace(/\/$/, "/index.html");
    return pages ? pages.some(isHere)
        : new URL(path, import.meta.url).pathname === here;
}

function link(page) {
    const { path } = page.pages?.[0] ?? page;
    const made = element("a", { href: new URL(path, import.meta.url).href },
        ...both(page));
    if (isHere(page)) {
        made.ariaCurrent = page.pages ? "true" : "page";
    }
    return made;
}

function list(pages) {
    return element("ul", {},
        ...pages.map((page) => element("li", {}, link(page))));
}

function navigation(pages, words, className) {
    const made = element("nav", { className }, list(pages));
    made.setAttribute("aria-label", words.en);
    made.dataset.zhAriaLabel = words["zh-CN"];
    return made;
}

function skipLink() {
    const main = document.querySelector("main");
    main.id ||= "main";
    main.tabIndex = -1;
    return element("a", { className: "skip", href: `#${main.id}` },
        ...both({ en: "Skip to the content", "zh-CN": "跳到正文" }));
}

function home() {
    const icon = element("img", { alt: "", width: 28, height: 28,
        src: new URL("icon.svg", import.meta.url).href });
    return element("a", { className: "home",
        href: new URL("index.html", import.meta.url).href },
    icon, "Earshot");
}

function languageButton() {
    const button = element("button", { id: "language", type: "button" });
    button.dataset.always = "";
    button.addEventListener("click", () => change(other()));
    return button;
}

function fill(header) {
    header.append(skipLink(), home(),
        navigation(PAGES, { en: "Pages", "zh-CN": "页面" }, "pages"),
        languageButton());
    // The lessons have a line of their own where one of them is open.
    const lessons = PAGES.find(({ pages }) => pages);
    if (isHere(lessons)) {
        header.append(navigation(lessons.pages, lessons, "lessons"));
    }
}

/** The room's address, before there was a front page: links to it go on. */
function sendOnToTheRoom() {
    if (isHere(PAGES[0])
        && new URLSearchParams(location.search).has("room")) {
        location.replace(new URL(`room.html${location.search}`,
            import.meta.url));
    }
}

sendOnToTheRoom();
fill(document.querySelector("#site"));
show();
