/**
 * Just enough of socket.io's server to run the tutorial's timer in a page:
 * who connects, what is sent to whom, and whether he is still there.
 */
export class FakeServer {
    sent = 0;
    /** Sent to somebody who had gone. */
    toNobody = 0;
    #onConnection = (socket) => {};
    #sockets = new Set();
    #timers = [];
    #changed;

    /** @param {() => void} changed  is called after each message */
    constructor(changed) {
        this.#changed = changed;
    }

    on(_, callback) {
        this.#onConnection = callback;
    }

    /** Somebody comes. */
    connect() {
        let onDisconnect = () => {};
        const socket = {
            on: (_, callback) => { onDisconnect = callback; },
            emit: () => {
                this.sent++;
                this.toNobody += Number(!this.#sockets.has(socket));
                this.#changed();
            },
        };
        this.#sockets.add(socket);
        this.#collect(() => this.#onConnection(socket));
        return {
            disconnect: () => {
                this.#sockets.delete(socket);
                onDisconnect();
            },
        };
    }

    /** The only cure for a timer that nobody can clear. */
    restart() {
        this.#timers.forEach((timer) => clearInterval(timer));
        this.#timers = [];
        this.#sockets.clear();
        this.sent = this.toNobody = 0;
    }

    /** Runs something, and remembers the timers that it starts. */
    #collect(run) {
        const originals = [globalThis.setInterval, globalThis.setTimeout];
        const kept = originals.map((original) => (...what) => {
            const timer = original(...what);
            this.#timers.push(timer);
            return timer;
        });
        [globalThis.setInterval, globalThis.setTimeout] = kept;
        try {
            run();
        } finally {
            [globalThis.setInterval, globalThis.setTimeout] = originals;
        }
    }
}
