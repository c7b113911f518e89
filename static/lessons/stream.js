/**
 * An event stream line by line, as HTML 9.2.6 tells a browser to read it.
 * Knows no page.
 *
 * @typedef {"comment" | "data" | "event" | "id" | "retry" | "dispatch"
 *     | "nothing" | "unknown" | "bad-retry" | "bad-id"} Meaning
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
