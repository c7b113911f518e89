/** Everything that a site's own TypeScript may do with the client. */

import { earshot } from "../static/earshot.js";
import type { Failure, Message, Options, Room, State, Transport }
    from "../static/earshot.js";

const options: Required<Options> = {
    transport: "auto",
    after: "earliest",
    last: 50,
    from: "ada",
    share: false,
    interval: 1000,
    wait: 10,
    opening: 3000,
    silence: 30000,
    patience: 5000,
    retry: 100,
    retryMax: 10000,
    better: 60000,
};

const plain: Room = earshot("/earshot/room");
const room: Room = earshot("https://example.org/earshot/a,b", options);

const end: () => void = room.on("greeting", (data, message) => {
    const { id, channel, event, time, type, from, own }: Message = message;
    const text: string = message.data;
    const word: string | undefined = from;
    const facts: [string, number, boolean] = [id + channel + event, time, own];
    const kind: "text" | "json" | "binary" = type;
    console.log(data.anything, text, word, facts, kind);
}, { others: true });
end();

room.on("state", (state, { transport, error }) => {
    const now: State = state;
    const way: Transport = transport;
    const why: Failure | undefined = error;
    console.log(now, way, why?.status, why?.code, why?.message);
});
room.on("lost", ({ anew }) => console.log(anew === true));

const id: Promise<string> = room.emit("greeting", { hello: "world" });
await room.emit("greeting");
await room.emit("bytes", new Uint8Array([1]), { key: "a-key" });

for (const transport of ["auto", "ws", "sse", "long-poll", "poll"] as const) {
    room.use(transport);
}
const where: string | undefined = room.cursor;
const [transport, state, from]: [Transport, State, string] =
    [room.transport, room.state, room.from];
const flags: boolean[] = [room.leading, room.seen(await id)];
earshot("/earshot/room", { after: where });
room.close();
console.log(plain, transport, state, from, flags);
