/**
 * What the lessons share: a channel of one's own, the way to it through the
 * tap, examples that are shown and run from one text, and exercises.
 *
 * @typedef {import("../lab/page.js").Words} Words
 * @typedef {import("../lab/tap.js").Record} Record
 */

import { both, make } from "../lab/page.js";
import { Tap } from "../lab/tap.js";
import { compute } from "./computed.js";

/** Where Earshot is, and the channels of this page: nobody else is in them. */
export const mount = document.documentElement.dataset.earshot;
const own = `lesson-${crypto.getRandomValues(new Uint32Array(1))[0]
    .toString(36)}`;

/** The tap goes on telling for so long after the last example has ended. */
const AFTER_MS = 1500;

/** A page is hidden for so long before it rests. */
const GLANCE_MS = 3000;

export const tap = await Tap.find();

/** Whether the bytes shown are real ones. */
export const isReal = tap !== undefined;

const hearers = new Set();
let running = 0;
let watching = false;
let known = 0;

if (!isReal) {
    compute((url) => url.match(`/(${own}-[a-z]+)/`)?.[1],
        (record) => hearers.forEach((hear) => hear(record)));
}

/** An example's channel; it is its tag at the tap, too. */
export function channel(name) {
    return `${own}-${name}`;
}

/** An example's channel as an address, through the tap where there is one. */
export function address(name, modes = []) {
    const path = `${mount}/${channel(name)}`;
    return isReal ? tap.address(path, channel(name), modes)
        : location.origin + path;
}

/** Publishes straight to this page's own site; a refusal rejects. */
export async function publish(name, data, event = "message") {
    const answer = await fetch(`${mount}/${channel(name)}?event=${event}`,
        { method: "POST", body: data });
    if (!answer.ok) {
        const { error } = await answer.json().catch(() => ({}));
        throw new Error(error ?? `${answer.status} ${answer.statusText}`);
    }
}

/** Tells the records of an example, as long as one is running. */
export function onRecord(name, hear) {
    hearers.add((record) => {
        if (record.tag === channel(name)) {
            hear(record);
        }
    });
}

/** While anything runs, the tap is asked for what has passed. */
export function runs(signal) {
    running++;
    signal.addEventListener("abort", () => setTimeout(() => running--,
        AFTER_MS));
    if (isReal && !watching) {
        watch();
    }
}

function watch() {
    watching = true;
    const control = new AbortController();
    tap.watch(`${own}*`, known, (records, next) => {
        known = next;
        records.forEach((record) => hearers.forEach((hear) => hear(record)));
        if (running === 0) {
            watching = false;
            control.abort();
        }
    }, control.signal);
}

// Code. ----------------------------------------------------------------------

const TOKEN = /(\/\*[^]*?\*\/|\/\/.*)|("[^"]*"|`[^`]*`)|\b(async|await|catch|const|export|from|function|for|if|import|let|new|of|return|try|while)\b/g;

/**
 * Shows a file of examples/, the same that runs.
 * @param {HTMLElement} element
 * @param {string} file
 * @param {(line: number, element: HTMLElement) => void} [onLine] makes each
 *     line a button; the first is 1
 */
export async function showCode(element, file, onLine) {
    const answer = await fetch(new URL(`examples/${file}`, import.meta.url));
    const code = make("code");
    const lines = (await answer.text()).trimEnd().split("\n");
    lines.forEach((text, at) => {
        const line = onLine ? make("button", { type: "button" })
            : make("span");
        line.className = "code-line";
        line.append(...highlighted(text));
        line.addEventListener("click", () => onLine?.(at + 1, line));
        code.append(line, "\n");
    });
    const pre = make("pre", { tabIndex: 0 }, code);
    pre.setAttribute("aria-label", file);
    pre.setAttribute("role", "region");
    element.replaceChildren(make("figcaption", {},
        make("code", { textContent: `lessons/examples/${file}` })), pre);
}

function highlighted(text) {
    const parts = [];
    let end = 0;
    for (const match of text.matchAll(TOKEN)) {
        parts.push(text.slice(end, match.index));
        parts.push(make("span", { textContent: match[0], className: match[1]
            ? "comment" : match[2] ? "string" : "keyword" }));
        end = match.index + match[0].length;
    }
    return [...parts, text.slice(end)];
}

// Examples that run. ---------------------------------------------------------

/**
 * An example: its code, a button that runs it, a field to publish, and what it
 * has heard. While the page is hidden it rests.
 */
export class Example {
    #control;
    #button;
    #list;
    #start;
    #rests = false;
    name;

    /**
     * @param {HTMLElement} element  is filled
     * @param {object} what
     * @param {string} what.name
     * @param {string} what.file
     * @param {(url: string, hear: Function, signal: AbortSignal) => any}
     *     what.start
     * @param {(text: string) => any} [what.send]  instead of publish
     */
    constructor(element, { name, file, start, send }) {
        this.name = name;
        this.#start = start;
        const code = make("div", { className: "code" });
        this.#button = make("button", { type: "button",
            className: "button primary run" });
        this.#button.addEventListener("click", () => this.toggle());
        this.#list = make("ol", { className: "heard" });
        this.#list.setAttribute("aria-live", "polite");
        element.classList.add("example");
        element.append(code, make("div", { className: "stage" },
            make("div", { className: "controls" }, this.#button),
            publisher((text) => this.#publish(send
                ?? (() => publish(name, text)), text)),
            make("p", { className: "hint" },
                both(["What the page has heard:", "页面听到的："])),
            this.#list));
        this.#show();
        showCode(code, file);
        whileSeen(() => this.#rest(), () => this.#wake());
    }

    get isRunning() {
        return this.#control !== undefined;
    }

    toggle() {
        this.isRunning ? this.stop() : this.run();
    }

    run() {
        this.#control = new AbortController();
        const { signal } = this.#control;
        runs(signal);
        this.#start(address(this.name), (...what) => {
            if (!signal.aborted) {
                this.hear(...what);
            }
        }, signal);
        this.#show();
    }

    stop() {
        this.#control?.abort();
        this.#control = undefined;
        this.#show();
    }

    async #publish(send, text) {
        try {
            await send(text);
        } catch ({ message }) {
            this.hear(null, [`not published: ${message}`,
                `没有发布成功：${message}`]);
        }
    }

    /** Adds a line: text, or words of the page's own. */
    hear(text, words) {
        const item = text === null
            ? make("li", { className: "remark" }, both(words))
            : make("li", { textContent: text });
        item.prepend(make("time", {
            textContent: new Date().toLocaleTimeString("en-GB") }));
        this.#list.append(item);
        while (this.#list.children.length > 8) {
            this.#list.firstChild.remove();
        }
    }

    #rest() {
        this.#rests = this.isRunning;
        this.stop();
    }

    #wake() {
        if (this.#rests && !this.isRunning) {
            this.run();
        }
        this.#rests = false;
    }

    #show() {
        this.#button.replaceChildren(...both(this.isRunning
            ? ["Stop", "停止"] : ["Run", "运行"]));
        this.#button.setAttribute("aria-pressed", String(this.isRunning));
    }
}

/** A field and a button that publishes what is in it. */
function publisher(send) {
    const field = make("input", { value: "hello" });
    const words = make("span", { className: "unseen" },
        both(["Message", "消息"]));
    const button = make("button", { type: "submit", className: "button" },
        both(["Publish", "发布"]));
    const form = make("form", { className: "publisher" },
        make("label", {}, words, field), button);
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        send(field.value);
    });
    return form;
}

// Exercises. -----------------------------------------------------------------

/**
 * Says whether an answer was right, and why.
 * @param {HTMLElement} element  a <p role="status">
 * @param {boolean} isRight
 * @param {Words} words
 */
export function judge(element, isRight, words) {
    element.className = `verdict ${isRight ? "right" : "wrong"}`;
    element.replaceChildren(make("span", { ariaHidden: "true",
        textContent: isRight ? "✓ " : "✗ " }), ...both(words));
}

/**
 * A page that is hidden lets go of its connections, for a browser has few; but
 * not at once: a glance at another tab costs nothing.
 * @param {() => void} rest
 * @param {() => void} wake  only after a rest
 */
export function whileSeen(rest, wake) {
    let timer;
    let isResting = false;
    document.addEventListener("visibilitychange", () => {
        clearTimeout(timer);
        if (document.hidden) {
            timer = setTimeout(() => {
                isResting = true;
                rest();
            }, GLANCE_MS);
        } else if (isResting) {
            isResting = false;
            wake();
        }
    });
}

/** Waits. */
export function pause(ms) {
    return new Promise((resolve) => { setTimeout(resolve, ms); });
}

// The server's files. --------------------------------------------------------

/** How a page names the repository's root, that lies above the site's. */
const REPOSITORY = "../../";

linkSources(document.querySelectorAll(`a.source[href^="${REPOSITORY}"]`));

/** Where the site lets the repository's files be read: ./demo does. */
async function sources() {
    const place = new URL("../source/", import.meta.url);
    // Nobody else has a tap; to ask there would only make an error to be told.
    const answer = isReal && await fetch(new URL("README.md", place),
        { method: "HEAD" }).catch(() => undefined);
    return answer?.ok ? place : undefined;
}

/** Their links lead there; or they are names, with a word on where to look. */
async function linkSources(links) {
    links.forEach((link) => {
        link.dataset.path = link.getAttribute("href")
            .slice(REPOSITORY.length);
        link.removeAttribute("href");
    });
    const place = await sources();
    if (place) {
        links.forEach((link) => {
            link.href = new URL(link.dataset.path, place).href;
        });
        return;
    }
    for (const text of new Set([...links].map((link) =>
        link.closest(".prose")))) {
        text?.append(make("p", { className: "hint in-repository" }, both([
            "The files that are named here are in Earshot's repository.",
            "这里提到的文件都在 Earshot 的仓库里。"])));
    }
}
