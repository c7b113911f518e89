/**
 * What was said before the first line that the page shows.
 *
 * The wire knows no way back: a reader goes on from a cursor, or begins with
 * the newest so many. So a second, short-lived client begins far enough back
 * and reads up to the line that is there already.
 */

import { earshot } from "../earshot.js";
import { look } from "./here.js";

/** So many more at a time. */
const STEP = 50;

/** The server begins no further back. */
const LAST_MAX = 10000;

/**
 * @param {string} address
 * @param {object} from
 * @param {string} from.id     the oldest message that is there
 * @param {number} from.count  how many are there, at the least
 * @param {string} from.own    the client's own word
 * @returns {Promise<[any, import("../earshot.js").Message][]>} data and
 *     message, oldest first; empty when there is nothing before
 */
export async function earlier(address, { id, count, own }) {
    const { messages } = await look(address);
    // Events that the page does not show are counted too: then it reaches
    // back further, until there is something.
    for (let last = count + STEP; ; last *= 2) {
        const bounded = Math.min(last, LAST_MAX);
        const found = await read(address, id, bounded, own);
        if (found.length || bounded >= Math.min(messages, LAST_MAX)) {
            return found.slice(-STEP);
        }
    }
}

/** Reads from the newest `last` on, up to the message that has this id. */
function read(address, id, last, own) {
    const found = [];
    let met = false;
    return new Promise((resolve, reject) => {
        const reader = earshot(address,
            { last, transport: "poll", share: false, from: own });
        const end = (settle, value) => {
            reader.close();
            settle(value);
        };
        reader.on("message", (data, message) => {
            met ||= message.id === id;
            if (!met) {
                found.push([data, message]);
            }
        });
        reader.on("state", (state, { error }) => {
            if (state === "open") {
                end(resolve, found);
            } else if (state === "waiting") {
                end(reject, error);
            }
        });
    });
}
