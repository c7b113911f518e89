/**
 * An event stream line by line, as HTML 9.2.6 tells a browser to read it.
 * Knows no page.
 *
 * @typedef {"comment" | "data" | "event" | "id" | "retry" | "dispatch"
 *     | "nothing" | "unknown" | "bad-retry" | "bad-id" | "goes-on"} Meaning
 *     goes-on: the end of a line whose beginning is missing
 * @typedef {{text: string, meaning: Meaning}} Line
 * @typedef {{event: string, data: string, id: string}} Dispatched
 */

/**
 * What a browser makes of a stream that has come so far.
 * @param {string} text
 * @returns {{lines: Line[], events: Dispatched[], retry?: number, id: string,
 *     pending: boolean}} pending: an event was begun and never dispatched
 */
export function read(text) {
    const state = { data: [], event: "", id: "", retry: undefined, events: [] };
    const whole = text.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/);
    const rest = whole.pop();    // a line that has not ended means nothing yet
    const lines = whole.map((line) => ({ text: line,
        meaning: take(line, state) }));
    const { events, retry, id, data, event } = state;
    return { lines, events, retry, id,
        pending: data.length > 0 || event !== "" || rest !== "" };
}

const FIELD = /^(?:event|data|id|retry)?:|^$/;

/** The lines of a stream that comes in pieces, of which some may be missing. */
export class Lines {
    #state = { data: [], event: "", id: "", retry: undefined, events: [] };
    #begun = "";
    #isAfterGap = false;

    /** @returns {Line[]} those that have come to their end */
    feed(text) {
        const lines = (this.#begun + text).split(/\r\n|\r|\n/);
        this.#begun = lines.pop();
        return lines.map((line) => this.#line(line));
    }

    /**
     * Something is missing here.
     * @returns {Line[]} the line that was begun, if one was
     */
    skip() {
        const lines = this.#begun ? [this.#line(this.#begun)] : [];
        this.#begun = "";
        this.#isAfterGap = true;
        return lines;
    }

    /** After a gap a line may be the end of one whose begin is not known. */
    #line(text) {
        const state = this.#state;
        const isAfterGap = this.#isAfterGap;
        this.#isAfterGap = false;
        state.events = [];
        if (isAfterGap && !FIELD.test(text)) {
            return { text, meaning: "goes-on" };
        }
        if (isAfterGap && text !== "") {
            state.data = [];
        }
        return { text, meaning: take(text, state) };
    }
}

/** @returns {Meaning} */
function take(line, state) {
    if (line === "") {
        return dispatch(state);
    }
    if (line.startsWith(":")) {
        return "comment";
    }
    const [, name, value] = /^([^:]*)(?:: ?(.*))?$/s.exec(line);
    return field(name, value ?? "", state);
}

function field(name, value, state) {
    switch (name) {
    case "data":
        state.data.push(value);
        return "data";
    case "event":
        state.event = value;
        return "event";
    case "id":
        if (value.includes("\0")) {
            return "bad-id";
        }
        state.id = value;
        return "id";
    case "retry":
        if (!/^[0-9]+$/.test(value)) {
            return "bad-retry";
        }
        state.retry = Number(value);
        return "retry";
    default:
        return "unknown";
    }
}

/** A blank line: without data nothing is dispatched, whatever else came. */
function dispatch(state) {
    const { data, event, id, events } = state;
    const is = data.length > 0;
    if (is) {
        events.push({ event: event || "message", data: data.join("\n"), id });
    }
    state.data = [];
    state.event = "";
    return is ? "dispatch" : "nothing";
}
