/**
 * Which windows of this page may hold connections. Three of the four lanes
 * take one of the six that a browser opens to one server over HTTP/1.1, so two
 * windows may be live at a time: those that were looked at last. An experiment
 * has all six to itself.
 */

const SEATS = 2;
const TELL_MS = 3000;
/** A window that has not told for so long has gone without a word. */
const GONE_MS = 8000;

export class Seats {
    /** Whether this window may hold connections. */
    seated = false;
    #channel;
    #me = crypto.getRandomValues(new Uint32Array(2)).join("-");
    /** The others: when they were looked at, and when they told it. */
    #others = new Map();
    #since = 0;
    #alone = false;
    #changed;
    #timer;

    /** @param {() => void} changed  is called when `seated` has changed */
    constructor(changed) {
        this.#changed = changed;
    }

    /** This window is looked at. */
    take() {
        if (!this.#channel) {
            this.#channel = new BroadcastChannel("earshot.lab");
            this.#channel.onmessage = ({ data }) => this.#hear(data);
            this.#timer = setInterval(() => this.#tell(), TELL_MS);
        }
        this.#since = Date.now();
        this.#tell();
        this.#judge();
    }

    /** It is no longer seen. */
    leave() {
        this.#tell({ gone: true });
        clearInterval(this.#timer);
        this.#channel?.close();
        this.#channel = undefined;
        this.#others.clear();
        this.#judge();
    }

    /** All seats, or no longer all. */
    alone(wanted) {
        this.#alone = wanted;
        this.#tell();
        this.#judge();
    }

    #tell(more) {
        this.#channel?.postMessage({ id: this.#me, since: this.#since,
            alone: this.#alone, ...more });
        this.#judge();
    }

    #hear({ id, gone, ...other }) {
        const isNew = !this.#others.has(id);
        if (gone) {
            this.#others.delete(id);
        } else {
            this.#others.set(id, { ...other, told: Date.now() });
        }
        if (isNew && !gone) {
            this.#tell(); // it does not know us
        }
        this.#judge();
    }

    #judge() {
        for (const [id, { told }] of this.#others) {
            if (told < Date.now() - GONE_MS) {
                this.#others.delete(id);
            }
        }
        const others = [...this.#others.values()];
        const seated = Boolean(this.#channel)
            && !others.some(({ alone, since }) =>
                alone && !(this.#alone && this.#since > since))
            && others.filter(({ since }) => since > this.#since).length
                < SEATS;
        if (seated !== this.seated) {
            this.seated = seated;
            this.#changed();
        }
    }
}
