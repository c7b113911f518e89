/** What lies under the pointer, in words: a message, or a request in vain. */

import { duration, make, plain } from "./page.js";

/** px that the pointer may be off. */
const NEAR = 9;

export class Tip {
    #at;   // where the pointer is: { row, x, y }
    #shown = "";

    /** @param {HTMLElement} root  positioned; the tip lies within */
    constructor(root, rows) {
        this.root = root;
        this.box = make("p", { className: "tip", hidden: true,
            ariaHidden: "true", translate: false });
        root.append(this.box);
        for (const row of rows) {
            const { canvas } = row.strip;
            canvas.addEventListener("pointermove", ({ offsetX }) => {
                this.#at = { row, x: offsetX };
            });
            canvas.addEventListener("pointerleave", () => {
                this.#at = undefined;
            });
        }
    }

    /** @param {import("./chart.js").View} view  what is drawn */
    show(view) {
        const words = this.#at && this.#find(view);
        this.box.hidden = !words;
        if (words && words.join() !== this.#shown) {
            this.#shown = words.join();
            this.box.replaceChildren(...plain(words));
        }
        if (words) {
            this.#place();
        }
    }

    #find(view) {
        const { row, x } = this.#at;
        const { lane, strip } = row;
        const off = (time) => Math.abs(strip.at(time, view) - x);
        const nearest = (things, time) => things
            .filter((thing) => off(time(thing)) < NEAR)
            .sort((one, other) => off(time(one)) - off(time(other)))[0];
        const message = nearest(
            view.news.filter(({ arrivals }) => lane.key in arrivals),
            ({ arrivals }) => arrivals[lane.key]);
        if (message) {
            const { text, time, arrivals } = message;
            const late = duration(Math.max(0, arrivals[lane.key] - time));
            const short = text.split("\n")[0].slice(0, 40);
            return [`“${short}”, ${late} late`, `“${short}”，延迟 ${late}`];
        }
        const ask = nearest(
            lane.track.asks.filter(({ end, count }) => end && count === 0),
            ({ end }) => end);
        return ask && [`asked in vain, ${duration(ask.end - ask.time)}`,
            `白问一次，${duration(ask.end - ask.time)}`];
    }

    /** Above its lane, within the stage. */
    #place() {
        const { row, x } = this.#at;
        const stage = this.root.getBoundingClientRect();
        const strip = row.strip.canvas.getBoundingClientRect();
        const left = strip.left - stage.left + x - this.box.offsetWidth / 2;
        const most = stage.width - this.box.offsetWidth - 4;
        this.box.style.left = `${Math.max(4, Math.min(left, most))}px`;
        this.box.style.top = `${strip.top - stage.top
            - this.box.offsetHeight / 2 + 4}px`;
    }
}
