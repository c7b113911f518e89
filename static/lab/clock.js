/**
 * When something was published, by the page's clock. The server says it by its
 * own; on one machine that is the same. Where it is another machine, what is
 * known is this: a message was stored after it was sent and before its answer
 * came, and it was stored before it arrived anywhere. That bounds how far the
 * server's clock is ahead, and the page assumes no more than it must.
 */
export class Clock {
    #least = -Infinity; // ms that the server's clock is ahead, at least…
    #most = Infinity;   // …and at most

    /** A message with the server's time was sent and answered then. */
    answered(serverTime, sent, answered) {
        this.#bound(serverTime - answered, serverTime - sent + 1);
    }

    /** A message with the server's time arrived then. */
    arrived(serverTime, arrived) {
        this.#bound(serverTime - arrived, Infinity);
    }

    /** The server's time by the page's clock. */
    here(serverTime) {
        return serverTime - this.ahead;
    }

    get ahead() {
        return Math.min(Math.max(0, this.#least), this.#most);
    }

    #bound(least, most) {
        this.#least = Math.max(this.#least, least);
        this.#most = Math.min(this.#most, most);
        if (this.#least > this.#most) {
            // A clock was set: what was known of it is worth nothing.
            [this.#least, this.#most] = [least, most];
        }
    }
}
