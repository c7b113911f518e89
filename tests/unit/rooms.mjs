/** Rooms of the client over the server of client.mjs, closed at the end. */

import assert from "node:assert/strict";
import { Server, load, until } from "./client.mjs";

/** The module's function, loaded anew for each test. */
export let earshot;
export const rooms = [];

/** A server, and the client with that server's streams in place. */
export async function prepare() {
    const server = new Server();
    ({ earshot } = await load("earshot.js"));
    return server;
}

export function closeAll() {
    rooms.splice(0).forEach((room) => room.close());
    delete globalThis.document;
}

/** A room that writes down what it is told. */
export function open(options = {}) {
    const room = earshot("/earshot/room",
        { retry: 2, interval: 2, ...options });
    room.heard = [];
    room.states = [];
    room.ways = [];
    room.on("message", (data) => room.heard.push(data));
    room.on("state", (state, { transport }) => {
        room.states.push(state);
        room.ways.push(`${transport} ${state}`);
    });
    rooms.push(room);
    return room;
}

export const isOpen = (room) =>
    until(() => room.state === "open", "the opening");

export const hears = (room, ...data) =>
    until(() => room.heard.length >= data.length, `${data}`)
        .then(() => assert.deepEqual(room.heard, data));

export const numbers = (from, to) =>
    Array.from({ length: to - from + 1 }, (_, i) => String(from + i));

export const sleep = (ms) =>
    new Promise((resolve) => setTimeout(resolve, ms));
