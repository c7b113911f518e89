/**
 * What the reader has said and the server has not confirmed yet. It survives
 * a reload: said again under its first key, it is not stored twice.
 */

import { tab } from "../store.js";
import { spoken } from "./words.js";

/** What is stored sooner than this is not shown as being on its way. */
const SHOW_AFTER_MS = 250;

export class Outbox {
    #room;
    #key;
    #entries = [];
    #list = document.querySelector("#pending");
    #onShow;
    #onRefused;

    /**
     * @param {object} room the client
     * @param {string} key where to remember
     * @param {{onShow: () => void,
     *          onRefused: (saying: object, error: Error) => void}} listener
     */
    constructor(room, key, { onShow, onRefused }) {
        this.#room = room;
        this.#key = key;
        this.#onShow = onShow;
        this.#onRefused = onRefused;
        for (const { key, saying } of tab.recall(this.#key) ?? []) {
            this.#send(key, saying);
        }
    }

    /** @param {{name: string, text: string}} saying */
    say(saying) {
        const bytes = crypto.getRandomValues(new Uint8Array(16));
        const key = Array.from(bytes, (byte) => byte.toString(36)).join("");
        this.#send(key, saying);
    }

    /** Takes away what has come back as a message. */
    tidy() {
        for (const entry of this.#entries.filter(({ id }) =>
            id && this.#room.seen(id))) {
            this.#drop(entry);
        }
    }

    async #send(key, saying) {
        const entry = { key, saying };
        this.#entries.push(entry);
        this.#keep();
        entry.timer = setTimeout(() => this.#show(entry), SHOW_AFTER_MS);
        try {
            entry.id = await this.#room.emit("message", saying, { key });
            this.#keep();
            this.tidy();
        } catch (error) {
            this.#drop(entry);
            this.#onRefused(saying, error);
        }
    }

    #show(entry) {
        const note = document.createElement("small");
        const text = document.createElement("p");
        text.dir = "auto";
        text.textContent = entry.saying.text;
        note.append(...spoken("sending"));
        entry.element = document.createElement("li");
        entry.element.append(text, note);
        this.#list.append(entry.element);
        this.#onShow();
    }

    #drop(entry) {
        clearTimeout(entry.timer);
        entry.element?.remove();
        this.#entries = this.#entries.filter((other) => other !== entry);
        this.#keep();
    }

    #keep() {
        tab.keep(this.#key, this.#entries.filter(({ id }) => !id)
            .map(({ key, saying }) => ({ key, saying })));
    }
}
