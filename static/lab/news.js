/**
 * What is known of a message.
 *
 * @typedef {object} News  one message, and when each lane had it
 * @property {string} id
 * @property {number} number
 * @property {string} text
 * @property {number} time     of publishing, ms by this page's clock
 * @property {boolean} own     published by a person at this page
 * @property {Record<string, number>} arrivals  lane's key to ms
 */

/**
 * Whether a message can no longer come: a later one has, or the lane that
 * does not say where it is has asked anew since.
 * @param {News} news
 * @param {import("./lane.js").Lane} lane
 * @param {News[]} all
 */
export function isMissed(news, lane, all) {
    if (news.arrivals[lane.key] !== undefined) {
        return false;
    }
    if (all.some(({ number, arrivals }) =>
        number > news.number && arrivals[lane.key] !== undefined)) {
        return true;
    }
    return lane.forgets
        && (lane.track.asks.some(({ time, end }) => end && time > news.time)
            || lane.track.held.some(({ from }) => from > news.time));
}
