/**
 * What the room shows of a message. Knows no page.
 *
 * @typedef {object} Line
 * @property {string} id
 * @property {string} who     "" for somebody without a name
 * @property {string} text
 * @property {boolean} code   whether the text is data rather than speech
 * @property {number} [bytes] of something that is no text
 * @property {number} time    ms since 1970
 * @property {boolean} own
 */

/** The same speaker's next line within this time needs no new name. */
const TOGETHER_MS = 120000;

/**
 * Whoever published the message, and however: the room's own JSON, plain text
 * from a shell, or anything else.
 * @returns {Line}
 */
export function describe(data, { id, type, time, from = "", own }) {
    const line = { id, who: from, text: "", code: false, time, own };
    if (type === "binary") {
        return { ...line, bytes: data.length };
    }
    if (type === "text") {
        return { ...line, text: data };
    }
    if (typeof data?.text === "string") {
        const who = typeof data.name === "string" ? data.name.slice(0, 40) : "";
        return { ...line, who: who.trim(), text: data.text };
    }
    return { ...line, text: JSON.stringify(data), code: true };
}

/** Whether the same one goes on speaking. */
export function continues(line, before) {
    return before !== undefined
        && before.who === line.who
        && before.own === line.own
        && line.time - before.time < TOGETHER_MS;
}

/** A speaker's colour: always the same, for everyone. */
export function hue(name) {
    let hash = 0;
    for (const char of name) {
        hash = (hash * 31 + char.codePointAt(0)) % 360;
    }
    return hash;
}
