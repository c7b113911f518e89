/**
 * What a browser would make of a message that is given to innerHTML: which
 * parts become elements, and which of them would run as a script. A sketch,
 * for showing; nobody should guard a page by it. Knows no page.
 *
 * @typedef {object} Piece
 * @property {"text" | "tag" | "attribute" | "runs" | "on-click" | "inert"} kind
 *     inert: a script element, which innerHTML does not run (HTML 8.5.4)
 * @property {string} text
 */

const TAG = /<\/?([a-z][^\s/>]*)((?:[^"'>]|"[^"]*"|'[^']*')*)>/gi;
const ATTRIBUTE = /\s*([^\s=/>"']+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s>]+))?|\s+|\//g;

/** Their loading, or failing to load, calls a handler at once. */
const LOADS = /^(img|image|svg|video|audio|source|object|embed|iframe|input|link|details|marquee)$/i;

/**
 * @param {string} text
 * @returns {Piece[]} the whole text in pieces
 */
export function pieces(text) {
    const found = [];
    let end = 0;
    for (const match of text.matchAll(TAG)) {
        add(found, "text", text.slice(end, match.index));
        tag(found, match);
        end = match.index + match[0].length;
    }
    add(found, "text", text.slice(end));
    return found;
}

/** What is the worst that the message would do. */
export function worst(text) {
    const kinds = pieces(text).map(({ kind }) => kind);
    return ["runs", "on-click", "inert", "tag"].find((kind) =>
        kinds.includes(kind)) ?? "text";
}

function add(found, kind, text) {
    if (text) {
        found.push({ kind, text });
    }
}

function tag(found, [whole, name, attributes]) {
    const start = whole.slice(0, whole.length - attributes.length - 1);
    add(found, /^script$/i.test(name) ? "inert" : "tag", start);
    for (const [part, attribute = "", value = ""] of
        attributes.matchAll(ATTRIBUTE)) {
        add(found, kindOf(name, attribute, value), part);
    }
    add(found, "tag", ">");
}

function kindOf(name, attribute, value) {
    if (/^on(error|load|loadstart|toggle|begin|start|focus)$/i.test(attribute)
        && LOADS.test(name)) {
        return "runs";
    }
    const script = /^["']?\s*javascript:/i.test(value);
    if (/^on./i.test(attribute) || script) {
        return script && /^iframe$/i.test(name) ? "runs" : "on-click";
    }
    return "attribute";
}
