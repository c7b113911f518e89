/**
 * Who is here, by approach: what the server counts of the channel's readers,
 * looked at now and then while somebody looks at the page. A short poll is
 * over before it can be counted.
 */

/** Between two looks, and how soon after a change of our own connection. */
const LOOK_MS = 5000;
const SOON_MS = 400;

/**
 * What the server knows of a channel.
 * @typedef {object} Channel
 * @property {number} messages     that are kept
 * @property {string | null} first the oldest one's id
 * @property {string | null} last
 * @property {{poll: number, sse: number, ws: number}} subscribers
 */

/** @returns {Promise<Channel>} */
export async function look(address) {
    const response = await fetch(address, { cache: "no-store" });
    if (!response.ok) {
        throw new Error(`${response.status} ${response.statusText}`);
    }
    return response.json();
}

export class Here {
    #address;
    #onLook;
    #timer;
    #looking = false;

    /**
     * @param {string} address of the channel
     * @param {(channel: Channel) => void} onLook
     */
    constructor(address, onLook) {
        this.#address = address;
        this.#onLook = onLook;
        document.addEventListener("visibilitychange", () => this.soon());
        this.soon();
    }

    /** Looks again shortly: something has changed. */
    soon() {
        this.#plan(SOON_MS);
    }

    #plan(ms) {
        clearTimeout(this.#timer);
        if (!document.hidden && !this.#looking) {
            this.#timer = setTimeout(() => this.#look(), ms);
        }
    }

    async #look() {
        this.#looking = true;
        try {
            const channel = await look(this.#address);
            show(channel.subscribers);
            this.#onLook(channel);
        } catch {
            // The connection's own state says what is wrong.
            show({});
        }
        this.#looking = false;
        this.#plan(LOOK_MS);
    }
}

function show(subscribers) {
    for (const item of document.querySelectorAll("#here [data-counts]")) {
        const count = subscribers[item.dataset.counts] ?? 0;
        item.hidden = count === 0;
        item.querySelector(".count").textContent = String(count);
    }
}
