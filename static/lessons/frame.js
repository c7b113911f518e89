/**
 * WebSocket frames as RFC 6455 5.2 has them: taken apart and put together.
 * Knows no page.
 *
 * @typedef {object} Frame
 * @property {boolean} fin
 * @property {number} rsv       three bits
 * @property {number} opcode
 * @property {boolean} masked
 * @property {number} length    of the payload, in bytes
 * @property {number} extended  bytes that the length takes beyond its 7 bits
 * @property {Uint8Array} key   the mask: four bytes, or none
 * @property {Uint8Array} payload  unmasked; shorter than the length, where
 *     bytes are missing
 * @property {Uint8Array} raw   as it was on the wire
 */

export const OPCODES = {
    0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping",
    10: "pong",
};

/** What a frame's header says; undefined until all of it is there. */
function header(bytes) {
    if (bytes.length < 2) {
        return undefined;
    }
    const short = bytes[1] & 0x7f;
    const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
    const masked = (bytes[1] & 0x80) !== 0;
    const size = 2 + extended + (masked ? 4 : 0);
    if (bytes.length < size) {
        return undefined;
    }
    const length = extended ? number(bytes.subarray(2, 2 + extended)) : short;
    return {
        fin: (bytes[0] & 0x80) !== 0,
        rsv: (bytes[0] >> 4) & 7,
        opcode: bytes[0] & 15,
        masked, length, extended, size,
        key: bytes.slice(2 + extended, size),
    };
}

/** Big-endian: the first byte weighs most. */
function number(bytes) {
    return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}

/** Each byte, exclusive-or one of the key's four in turn: 5.3. */
export function mask(bytes, key) {
    return key.length ? bytes.map((byte, at) => byte ^ key[at % 4])
        : bytes.slice();
}

/**
 * The first frame in the bytes.
 * @param {Uint8Array} bytes
 * @returns {Frame | undefined} undefined until it is whole
 */
export function decode(bytes) {
    const head = header(bytes);
    if (!head || bytes.length < head.size + head.length) {
        return undefined;
    }
    const { size, ...frame } = head;
    const raw = bytes.slice(0, size + head.length);
    return { ...frame, raw, payload: mask(raw.subarray(size), head.key) };
}

/**
 * A frame's bytes; a client has to give a key, a server must not.
 * @param {number} opcode
 * @param {Uint8Array} payload
 * @param {Uint8Array} [key]
 */
export function encode(opcode, payload, key = new Uint8Array()) {
    const { length } = payload;
    const extended = length < 126 ? 0 : length < 65536 ? 2 : 8;
    const frame = new Uint8Array(2 + extended + key.length + length);
    frame[0] = 0x80 | opcode;
    frame[1] = (key.length ? 0x80 : 0)
        | (extended === 0 ? length : extended === 2 ? 126 : 127);
    for (let at = extended, rest = length; at > 0; at--) {
        frame[1 + at] = rest % 256;
        rest = Math.floor(rest / 256);
    }
    frame.set(key, 2 + extended);
    frame.set(mask(payload, key), 2 + extended + key.length);
    return frame;
}

/** Whether a frame may begin so: any text is seen to be none. */
function begins(bytes) {
    const head = header(bytes);
    return head !== undefined && head.rsv === 0 && head.opcode in OPCODES
        && (head.opcode < 8 || head.fin && head.length < 126);
}

/** Takes bytes in any pieces, gives the frames that are whole. */
export class Frames {
    #rest = new Uint8Array();
    #missing = 0;        // bytes to come of a frame that was given already
    #isLost = false;     // where a frame begins is not known

    /** So many bytes to come are the inside of a frame that was given. */
    get inside() {
        return this.#missing;
    }

    /** @returns {Frame[]} */
    feed(bytes) {
        const inside = Math.min(this.#missing, bytes.length);
        this.#missing -= inside;
        const news = bytes.subarray(inside);
        if (this.#isLost && !begins(news)) {
            return [];
        }
        this.#isLost = false;
        let all = new Uint8Array(this.#rest.length + news.length);
        all.set(this.#rest);
        all.set(news, this.#rest.length);
        const frames = [];
        for (let frame = decode(all); frame; frame = decode(all)) {
            frames.push(frame);
            all = all.slice(frame.raw.length);
        }
        this.#rest = all;
        return frames;
    }

    /**
     * So many bytes are missing here. When more than a frame's end is among
     * them, the next frame is looked for at the beginning of what is fed.
     * @returns {Frame[]} the frame that was begun, if its header has come,
     *     with less of a payload than its length says
     */
    skip(count) {
        const inside = Math.min(this.#missing, count);
        this.#missing -= inside;
        if (inside === count) {
            return [];
        }
        const raw = this.#rest;
        const head = header(raw);
        this.#rest = new Uint8Array();
        if (!head) {
            this.#isLost = true;
            return [];
        }
        const { size, ...frame } = head;
        const left = size + head.length - raw.length - (count - inside);
        this.#missing = Math.max(0, left);
        this.#isLost = left < 0;
        return [{ ...frame, raw, payload: mask(raw.subarray(size), head.key) }];
    }
}

/** The code and the reason of a close frame's payload: 5.5.1. */
export function closing(payload) {
    return payload.length < 2 ? { code: 1005, reason: "" }
        : { code: number(payload.subarray(0, 2)),
            reason: new TextDecoder().decode(payload.subarray(2)) };
}

/** "10000001" */
export function bits(byte) {
    return byte.toString(2).padStart(8, "0");
}

/** "81" */
export function hex(byte) {
    return byte.toString(16).padStart(2, "0");
}
