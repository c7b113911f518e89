/** The page's words, and the one switch between its languages. */

import { browser } from "./store.js";

const WORDS = {
    "en": {
        title: "Earshot: the room",
        other: "中文",
        room: "Room",
        connecting: "Connecting…",
        open: "Connected",
        waiting: "Reconnecting…",
        closed: "Closed",
        ways: "How messages reach you",
        sse: "SSE",
        howSse: "One answer that stays open: the server writes each message into it.",
        longPoll: "Long-polling",
        howLongPoll: "The page asks, and the server holds the answer until there is news.",
        poll: "Polling",
        howPoll: "The page asks every three seconds, news or not.",
        change: "Change over in mid-talk: nothing is lost, nothing comes twice.",
        cursor: "Your cursor",
        howCursor: "Up to here you have everything. Whenever this page comes back, it says so, and goes on from there.",
        shell: "Speak from a terminal",
        messages: "Messages",
        pending: "On their way",
        empty: "Nobody has said anything yet. Be the first.",
        newer: "New messages",
        name: "Your name",
        text: "Message",
        send: "Send",
        guest: "guest",
        you: "you",
        sending: "on its way…",
        bytes: "binary, {n} bytes",
        lost: "Some messages are no longer kept; the talk goes on from what there is.",
        refused: "Not sent: {why}",
        noRoom: "There can be no room of that name; this is “{room}”.",
    },
    "zh-CN": {
        title: "Earshot 聊天室",
        other: "English",
        room: "房间",
        connecting: "连接中…",
        open: "已连接",
        waiting: "正在重连…",
        closed: "已关闭",
        ways: "消息怎样到达",
        sse: "SSE",
        howSse: "一个一直开着的响应：服务器把每条消息写进去。",
        longPoll: "长轮询",
        howLongPoll: "页面发问，服务器等到有新消息才回答。",
        poll: "轮询",
        howPoll: "页面每三秒问一次，不管有没有新消息。",
        change: "聊天途中可以随时切换：不丢消息，也不重复。",
        cursor: "你的游标",
        howCursor: "到这里为止的消息你都有了。页面每次重连都会报上游标，从那里继续。",
        shell: "从终端发言",
        messages: "消息",
        pending: "正在发送",
        empty: "还没有人说话，你来说第一句吧。",
        newer: "有新消息",
        name: "你的名字",
        text: "消息",
        send: "发送",
        guest: "访客",
        you: "我",
        sending: "正在发送…",
        bytes: "二进制，{n} 字节",
        lost: "有些消息已不再保存；从现有的消息继续。",
        refused: "未能发送：{why}",
        noRoom: "不能有这个名字的房间；这里是“{room}”。",
    },
};

/** The language at hand: a key of WORDS, and a tag for `lang` and Intl. */
export let language = browser.recall("language") ?? preferred();

function preferred() {
    return navigator.language.startsWith("zh") ? "zh-CN" : "en";
}

/** One word or sentence, with its {gaps} filled in. */
export function word(key, gaps = {}) {
    return WORDS[language][key].replace(/\{(\w+)\}/g, (_, gap) => gaps[gap]);
}

/** Changes to the other language, and remembers it. */
export function changeLanguage() {
    language = otherLanguage();
    browser.keep("language", language);
    translate();
}

/** Puts every marked element of the page into the language at hand. */
export function translate() {
    document.documentElement.lang = language;
    document.title = word("title");
    for (const element of document.querySelectorAll("[data-word]")) {
        element.textContent = word(element.dataset.word);
    }
    for (const element of document.querySelectorAll("[data-word-label]")) {
        element.setAttribute("aria-label", word(element.dataset.wordLabel));
    }
    for (const element of document.querySelectorAll("[data-word-placeholder]")) {
        element.placeholder = word(element.dataset.wordPlaceholder);
    }
    const button = document.querySelector("#language");
    button.textContent = word("other");
    button.lang = otherLanguage();
}

function otherLanguage() {
    return language === "en" ? "zh-CN" : "en";
}
