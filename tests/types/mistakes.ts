/** Each line that is marked has to be refused; tsc says which one is not. */

import { earshot } from "../static/earshot.js";

const room = earshot("/earshot/room");

// @ts-expect-error a URL is needed
earshot();
// @ts-expect-error it is no number
earshot(8080);
// @ts-expect-error there is no such transport
earshot("/earshot/room", { transport: "pigeon" });
// @ts-expect-error nor such an option
earshot("/earshot/room", { intervall: 1000 });
// @ts-expect-error ms are a number
earshot("/earshot/room", { silence: "45 s" });
// @ts-expect-error there is no such transport
room.use("websocket");
// @ts-expect-error an event has a name
room.on(() => {});
// @ts-expect-error and somebody who hears it
room.on("message");
// @ts-expect-error a message has no such field
room.on("message", (data, message) => message.sender);
// @ts-expect-error `others` is yes or no
room.on("message", () => {}, { others: "all" });
// @ts-expect-error there is no such state
room.on("state", (state) => state === "offline");
// @ts-expect-error an event has a name
room.emit({ hello: "world" });
// @ts-expect-error a key is a word
room.emit("message", "hello", { key: 1 });
// @ts-expect-error the id comes later
room.emit("message", "hello").length;
// @ts-expect-error before the first answer there is no cursor
room.cursor.length;
// @ts-expect-error this cannot be set
room.transport = "sse";
// @ts-expect-error nor this
room.cursor = "1-epoch";
// @ts-expect-error what is private stays so
room.inbox;
