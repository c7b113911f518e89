/**
 * The approaches, each in the few lines that it takes without a library. A
 * lane gives each of them the address, with its cursor in it, hears what has
 * come, and begins anew when it throws. The signal says when to give up.
 *
 * @typedef {import("./lane.js").Lane} Lane
 */

/** Asks, news or not, and asks again after a while. */
async function poll(lane, signal) {
    while (!signal.aborted) {
        const { messages, cursor, more } = await lane.ask();
        lane.hear(messages, cursor);
        if (!more) {
            await lane.pause(lane.interval);
        }
    }
}

/** Asks, and the server holds the answer until there is news. */
async function longPoll(lane, signal) {
    while (!signal.aborted) {
        const wait = lane.state === "open" ? { wait: 20 } : {};
        const { messages, cursor } = await lane.ask(wait);
        lane.hear(messages, cursor);
    }
}

/** One answer without an end. The browser itself comes back after a cut. */
function sse(lane, signal) {
    return new Promise((_, reject) => {
        const source = new EventSource(lane.address("sse", { format: "json" }));
        source.addEventListener("earshot.open", ({ data }) =>
            lane.opened(JSON.parse(data).cursor));
        source.onmessage = ({ data }) => lane.hear([JSON.parse(data)]);
        source.onerror = () => {
            lane.broke();
            if (source.readyState === EventSource.CLOSED || lane.forgets) {
                source.close();
                reject(new Error("the stream is closed"));
            }
        };
        signal.addEventListener("abort", () => source.close());
    });
}

/** One connection, both directions. Coming back is the page's own work. */
function webSocket(lane, signal) {
    return new Promise((_, reject) => {
        const socket = new WebSocket(lane.address("ws")
            .replace(/^http/, "ws"));
        socket.onmessage = ({ data }) => {
            const message = JSON.parse(data);
            if (message.event === "earshot.open") {
                lane.opened(message.cursor);
            } else if (message.event !== "earshot.lost") {
                lane.hear([message]);
            }
        };
        socket.onclose = () => reject(new Error("the socket is closed"));
        signal.addEventListener("abort", () => socket.close());
    });
}

export const followers = {
    "poll": poll,
    "long-poll": longPoll,
    "sse": sse,
    "ws": webSocket,
};
