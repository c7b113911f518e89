/** What the drawing shows, in words: the newest messages, and the bytes. */

import { NAMES, both, duration, make, size } from "./page.js";

const ROWS = 12;

/** A line for each of the newest messages: how late it was in each lane. */
export class LaneTable {
    #shown = "";

    constructor(stage, head, body) {
        this.stage = stage;
        this.body = body;
        head.replaceChildren(
            make("th", { scope: "col" }, both(["Message", "消息"])),
            ...stage.lanes.map(({ key }) => make("th", { scope: "col",
                className: `number way-${key}` },
            make("span", { className: "way-name" }, both(NAMES[key])))));
    }

    show() {
        const news = this.stage.news.slice(-ROWS).reverse();
        const rows = news.map(({ text, time, arrivals }) => [text,
            ...this.stage.lanes.map(({ key }) => key in arrivals
                ? duration(Math.max(0, arrivals[key] - time)) : "–")]);
        const shown = JSON.stringify(rows);
        if (shown !== this.#shown) {
            this.#shown = shown;
            this.body.replaceChildren(...rows.map(([text, ...late]) =>
                make("tr", {},
                    make("th", { scope: "row", textContent: text,
                        translate: false }),
                    late.map((words) => make("td", { className: "number",
                        textContent: words })))));
        }
    }
}

/** The heads of each lane's newest request and answer, as they were. */
export class Wire {
    #shown = "";

    constructor(stage, root) {
        this.stage = stage;
        this.root = root;
    }

    show() {
        const heads = this.stage.lanes.map(({ wire }) =>
            [wire.request ?? "", wire.response ?? ""]);
        const shown = JSON.stringify(heads);
        if (shown !== this.#shown) {
            this.#shown = shown;
            this.root.replaceChildren(...this.stage.lanes.map(({ key }, at) =>
                heading(key, ...heads[at])));
        }
    }
}

function heading(key, request, response) {
    const [up, down] = [size(request.length), size(response.length)];
    return make("div", { className: `way-${key}` },
        make("h3", { className: "way-name" }, both(NAMES[key])),
        make("pre", { translate: false, tabIndex: 0 },
            make("code", { textContent: request + response || "–" })),
        make("p", { className: "small" }, both([
            `${up} up, ${down} down`, `上行 ${up}，下行 ${down}`])));
}
