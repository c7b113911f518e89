/** The tutorial's page: `me` is its own word, `transport` its approach. */
import { earshot } from "../../earshot.js";

export function join(mount, me, transport, hear) {
    const room = earshot(`${mount}/tutorial,tutorial.${me}`,
        { transport, from: me, share: false });
    const emit = (event, data) => fetch(
        `${mount}/tutorial?event=${event}&from=${me}`,
        { method: "POST", body: data }).catch(() => {});

    room.on("getMsg", (data) => hear("getMsg", data));
    room.on("disconnect", (data) => hear("disconnect", data));
    // To everyone but the sender: socket.io's broadcast.
    room.on("send", (data) => hear("send", data), { others: true });
    room.on("state", (state) => {
        hear("state", state);
        state === "open" && emit("connect", transport);
    });
    // Who polls holds no connection: he has to say that he is there.
    const beat = transport === "poll"
        && setInterval(() => emit("here", transport), 5000);
    return { emit, close: () => { clearInterval(beat); room.close(); } };
}
