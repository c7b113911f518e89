/**
 * The tap: a relay on this machine that sees the bytes which a script in a
 * page cannot see, and that can cut a connection or make it slow. bench/tap
 * has it; ./demo starts it. A page works without it, with computed figures.
 *
 * @typedef {object} Record  what passed the relay
 * @property {number} n
 * @property {number} connection
 * @property {string} tag
 * @property {number} time  ms since 1970
 * @property {"open"|"request"|"up"|"down"|"response"|"close"} kind
 * @property {number} size  of all of it
 * @property {string} [bytes]  base64, of the first 4 KiB
 * @property {boolean} [held]  kept back by the mode `buffer`
 */

/** The pages' own address of the tap's control. */
const CONTROL = document.documentElement.dataset.tap ?? "/tap";

const EARSHOT = document.documentElement.dataset.earshot ?? "/earshot";

/** ms between two looks at the records. */
const LOOK_MS = 250;

/** How long the relay may take to answer for the first time. */
const PATIENCE_MS = 3000;

export class Tap {
    #relay;

    /**
     * The relay has to be tried: a page that came through a tunnel reaches its
     * own site, but not another port of that machine.
     * @returns {Promise<Tap | undefined>} undefined where there is none
     */
    static async find() {
        try {
            const answer = await fetch(`${CONTROL}/info`);
            const { relay } = await answer.json();
            const tap = new Tap(relay);
            const tried = await fetch(
                tap.address(`${EARSHOT}/lab/poll`, "try"),
                { signal: AbortSignal.timeout(PATIENCE_MS) });
            return tried.ok ? tap : undefined;
        } catch {
            return undefined;
        }
    }

    constructor(relay) {
        this.#relay = relay;
    }

    /** A path of this site, by the relay, under a tag and in some modes. */
    address(path, tag, modes = []) {
        return `${this.#relay}/~${[tag, ...modes].join(";")}${path}`;
    }

    /** Resets the tag's connections, and refuses new ones for so long. */
    cut(tag, ms) {
        return this.#command("cut", { tag, for: ms });
    }

    /** Passes nothing more, in either direction, and closes nothing. */
    mute(tag) {
        return this.#command("mute", { tag });
    }

    /** Lets so many bytes a second pass down; 0: as fast as they go. */
    slow(tag, rate) {
        return this.#command("slow", { tag, rate });
    }

    /** Takes such orders back. */
    clear(tag) {
        return this.#command("clear", { tag });
    }

    /**
     * Tells what passes under a tag (a `*` at its end: under those that begin
     * so), until the signal.
     * @param {number} after  the number of the last record that is known
     * @param {(records: Record[], next: number) => void} tell
     */
    async watch(tag, after, tell, signal) {
        while (!signal.aborted) {
            try {
                const { records, next } =
                    await this.records(tag, after, signal);
                after = next;
                tell(records, next);
            } catch {
                // It is away for a moment, or for good: the next look tells.
            }
            await new Promise((resolve) => { setTimeout(resolve, LOOK_MS); });
        }
    }

    /** One page of them; `more` says that there is another. */
    async records(tag, after, signal) {
        const query = new URLSearchParams({ tag, after });
        const answer = await fetch(`${CONTROL}/log?${query}`, { signal });
        if (!answer.ok) {
            throw new Error(`the tap answered ${answer.status}`);
        }
        return answer.json();
    }

    /** @returns {Promise<boolean>} whether it was done */
    async #command(verb, query) {
        try {
            const answer = await fetch(
                `${CONTROL}/${verb}?${new URLSearchParams(query)}`,
                { method: "POST" });
            return answer.ok;
        } catch {
            return false; // it has gone
        }
    }
}

/** The beginning of a record's bytes as text, each byte a character. */
export function text({ bytes = "" }) {
    return atob(bytes);
}
