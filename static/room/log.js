/**
 * The room's messages on the page. Whatever a message holds is put there as
 * text; nothing of it is ever read as HTML.
 */

import { continues, hue } from "./line.js";
import { language } from "../site.js";
import { word } from "./words.js";

/**
 * Beyond these the oldest go, from the page and from what is remembered; but
 * not what the reader has asked for while he reads it.
 */
const LINES_MAX = 300;
const CHARS_MAX = 500000;

/** The last millisecond that a Date can be (ECMA-262, 21.4.1.1). */
const TIME_MAX = 8.64e15;

/** Nearer to the end than this, the page follows the talk. */
const END_PX = 48;

const formatters = {};

export class Log {
    #lines = [];
    #ids = new Set();
    #chars = 0;
    /** How many lines stand before those that came by themselves. */
    #asked = 0;
    #following = true;
    /** Where the page itself has scrolled to. */
    #end = 0;
    #list = document.querySelector("#messages");
    /** Apart from the others, that it is not read out as news. */
    #before = document.querySelector("#before");
    #scroller = document.querySelector("#scroller");
    #empty = document.querySelector("#empty");
    #newer = document.querySelector("#newer");
    #frame;

    constructor() {
        this.#scroller.addEventListener("scroll", () => this.#onScroll(),
            { passive: true });
        this.#newer.addEventListener("click", () => {
            this.follow();
            this.#scroller.focus();
        });
        const sizes = new ResizeObserver(() => this.#settle());
        sizes.observe(this.#scroller);
        [...this.#scroller.children].forEach((one) => sizes.observe(one));
    }

    /** What is shown, oldest first. */
    get lines() { return this.#lines; }

    /** Shows a line, once. */
    add(line) {
        if (this.#ids.has(line.id)) {
            return;
        }
        this.#list.append(draw(line, this.#lines.at(-1)));
        this.#lines.push(line);
        this.#ids.add(line.id);
        this.#chars += line.text.length;
        this.#trim();
        this.#empty.hidden = true;
        this.#newer.hidden = this.#following;
        this.#settle();
    }

    /** Puts lines before all others, and leaves the reader where he is. */
    addBefore(lines) {
        const anew = lines.filter(({ id }) => !this.#ids.has(id));
        const { scrollHeight, scrollTop } = this.#scroller;
        const first = this.#before.firstChild
            ?? this.#list.querySelector(".message");
        first?.classList.toggle("more",
            continues(this.#lines[0], anew.at(-1)));
        this.#before.prepend(...anew.map((line, i) =>
            draw(line, anew[i - 1])));
        this.#lines.unshift(...anew);
        this.#asked += anew.length;
        for (const { id, text } of anew) {
            this.#ids.add(id);
            this.#chars += text.length;
        }
        this.#scroller.scrollTop = scrollTop
            + this.#scroller.scrollHeight - scrollHeight;
        this.#keepUp(this.#isAtEnd());
    }

    /** A remark of the page's own, between the messages. */
    remark(...text) {
        const item = document.createElement("li");
        item.className = "remark";
        item.append(...text);
        this.#list.append(item);
        this.#settle();
    }

    clear() {
        this.#lines = [];
        this.#ids.clear();
        this.#chars = 0;
        this.#asked = 0;
        this.#before.replaceChildren();
        this.#list.replaceChildren();
    }

    /**
     * Puts the lines into the language at hand. They stay where they are, and
     * what is the same in both is left alone: nobody has said anything new.
     */
    translate() {
        const items = this.#scroller.querySelectorAll(".message");
        this.#lines.forEach((line, at) => {
            const anew = texts(draw(line, this.#lines[at - 1]));
            texts(items[at]).forEach((node, i) => {
                if (node.data !== anew[i].data) {
                    node.data = anew[i].data;
                }
            });
        });
        this.#settle();
    }

    /** Goes to the end, and stays there. */
    follow() {
        this.#keepUp(true);
        this.#settle();
    }

    /**
     * Only the reader scrolls back. Where new lines have come since the page
     * scrolled by itself, it is not at the end either, but is about to be.
     */
    #onScroll() {
        if (this.#isAtEnd()) {
            this.#keepUp(true);
        } else if (this.#scroller.scrollTop < this.#end) {
            this.#keepUp(false);
        }
    }

    #keepUp(following) {
        this.#following = following;
        this.#scroller.classList.toggle("following", following);
        this.#newer.hidden ||= following;
    }

    #trim() {
        const max = LINES_MAX + (this.#following ? 0 : this.#asked);
        while (this.#lines.length > max
               || (this.#chars > CHARS_MAX && this.#lines.length > 1)) {
            const { id, text } = this.#lines.shift();
            this.#ids.delete(id);
            this.#chars -= text.length;
            this.#drop(this.#asked > 0 ? this.#before : this.#list, id);
            this.#asked = Math.max(0, this.#asked - 1);
        }
    }

    /** Takes out the first line, and the remarks before it. */
    #drop(list, id) {
        while (list.firstChild.dataset.id !== id) {
            list.firstChild.remove();
        }
        list.firstChild.remove();
        (list.firstChild ?? this.#list.firstChild)?.classList.remove("more");
    }

    /** Once a frame, however many messages came in it. */
    #settle() {
        this.#frame ??= requestAnimationFrame(() => {
            this.#frame = undefined;
            if (this.#following) {
                this.#scroller.scrollTop = this.#scroller.scrollHeight;
                this.#end = this.#scroller.scrollTop;
            }
        });
    }

    #isAtEnd() {
        const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
        return scrollHeight - scrollTop - clientHeight < END_PX;
    }
}

/** Its texts, in their order: a line has as many in each language. */
function texts(item) {
    const walker = document.createTreeWalker(item, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
        found.push(walker.currentNode);
    }
    return found;
}

/** One line as an element; `before` is the line above it. */
function draw(line, before) {
    const item = document.createElement("li");
    item.className = "message";
    item.dataset.id = line.id;
    item.classList.toggle("own", line.own);
    item.classList.toggle("more", continues(line, before));
    item.style.setProperty("--hue", String(hue(line.who)));
    item.append(face(line), speaker(line), clock(line.time), body(line));
    return item;
}

function face({ who }) {
    const element = document.createElement("span");
    element.className = "face";
    element.ariaHidden = "true";
    element.textContent = [...who || word("guest")][0].toLocaleUpperCase();
    return element;
}

function speaker({ who, own }) {
    const element = document.createElement("span");
    element.className = "who";
    const name = document.createElement("bdi");
    name.textContent = who || word("guest");
    element.append(name);
    if (own) {
        const mark = document.createElement("small");
        mark.textContent = word("you");
        element.append(" ", mark);
    }
    return element;
}

function clock(time) {
    // A row from elsewhere may name a time beyond all dates.
    const date = new Date(Math.min(time, TIME_MAX));
    const today = date.toDateString() === new Date().toDateString();
    const element = document.createElement("time");
    element.dateTime = date.toISOString();
    element.textContent = formatter(today).format(date);
    return element;
}

/** Kept, because making one takes longer than all else about a line. */
function formatter(today) {
    const key = `${language()} ${today}`;
    formatters[key] ??= new Intl.DateTimeFormat(language(), {
        ...(today ? {} : { month: "short", day: "numeric" }),
        hour: "2-digit", minute: "2-digit", second: "2-digit",
        hourCycle: "h23",
    });
    return formatters[key];
}

function body({ text, code, bytes }) {
    const element = document.createElement("p");
    element.dir = "auto";
    element.textContent = bytes === undefined ? text
        : word("bytes", { n: bytes.toLocaleString(language()) });
    element.classList.toggle("code", code || bytes !== undefined);
    return element;
}
