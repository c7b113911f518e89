/**
 * The framing of an HTTP/1.1 body (RFC 9112 7.1): each chunk is its size in
 * hexadecimal digits, a line's end, so many bytes, a line's end; size 0 is the
 * last one. Knows no page.
 *
 * @typedef {{kind: "size" | "body" | "end" | "lost", text: string}} Piece
 *     size: the line with a chunk's size; end: what closes a chunk; lost:
 *     nobody knows which, for bytes before it are missing
 */

const SIZE_LINE = /^[0-9a-f]+(?:;[^\r\n]*)?\r?\n/i;

export class Chunks {
    #left = 0;           // bytes of the chunk that are to come
    #closing = false;    // its line's end is to come
    #begun = "";         // of a line with a size
    #isLost = false;

    /**
     * Takes bytes in any pieces, each byte as a character.
     * @param {string} text
     * @returns {Piece[]}
     */
    feed(text) {
        if (this.#isLost && !SIZE_LINE.test(text)) {
            return text ? [{ kind: "lost", text }] : [];
        }
        this.#isLost = false;
        const pieces = [];
        let rest = this.#begun + text;
        this.#begun = "";
        while (rest) {
            if (this.#left === 0 && !this.#closing && !rest.includes("\n")) {
                this.#begun = rest;
                break;
            }
            const piece = this.#next(rest);
            pieces.push(piece);
            rest = rest.slice(piece.text.length);
        }
        return pieces;
    }

    /**
     * So many bytes are missing here. Where more than a chunk's end is among
     * them, the next chunk is looked for at the beginning of what is fed.
     */
    skip(count) {
        const inside = Math.min(count, this.#left);
        this.#left -= inside;
        this.#closing ||= inside > 0 && this.#left === 0;
        let after = count - inside;
        if (after > 0 && this.#closing) {
            this.#closing = false;
            after -= "\r\n".length;
        }
        this.#isLost ||= after > 0;
        this.#begun = "";
    }

    #next(text) {
        if (this.#left > 0) {
            const body = text.slice(0, this.#left);
            this.#left -= body.length;
            this.#closing = this.#left === 0;
            return { kind: "body", text: body };
        }
        const line = text.slice(0, text.indexOf("\n") + 1 || undefined);
        if (this.#closing) {
            this.#closing = !line.endsWith("\n");
            return { kind: "end", text: line };
        }
        this.#left = parseInt(line, 16) || 0;
        return { kind: this.#left ? "size" : "end", text: line };
    }
}
