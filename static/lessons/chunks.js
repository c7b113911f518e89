/**
 * The framing of an HTTP/1.1 body (RFC 9112 7.1): each chunk is its size in
 * hexadecimal digits, a line's end, so many bytes, a line's end; size 0 is the
 * last one. Knows no page.
 *
 * @typedef {{kind: "size" | "body" | "end", text: string}} Piece
 *     size: the line with a chunk's size; end: what closes a chunk
 */
export class Chunks {
    #left = 0;           // bytes of the chunk that are to come
    #closing = false;    // its line's end is to come

    /**
     * Takes bytes in any pieces, each byte as a character.
     * @param {string} text
     * @returns {Piece[]}
     */
    feed(text) {
        const pieces = [];
        while (text) {
            const piece = this.#next(text);
            pieces.push(piece);
            text = text.slice(piece.text.length);
        }
        return pieces;
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
