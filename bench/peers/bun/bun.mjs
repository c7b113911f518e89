// Bun's own server: WebSocket by its topics (uWebSockets, no compression), and
// Server-Sent Events by streams.
//
//   bun bun.mjs --port N

import { parseArgs } from "node:util";

const { values } = parseArgs({
  args: Bun.argv.slice(2), options: { port: { type: "string" } },
});
const streams = new Map();    // channel: its streams' controllers
const encoder = new TextEncoder();

function publish(channel, text) {
  server.publish(channel, text);
  const event = encoder.encode(`data: ${text}\n\n`);
  for (const controller of streams.get(channel) ?? []) {
    controller.enqueue(event);
  }
}

function stream(channel) {
  let mine;
  return new ReadableStream({
    start(controller) {
      mine = controller;
      if (!streams.has(channel)) {
        streams.set(channel, new Set());
      }
      streams.get(channel).add(controller);
      controller.enqueue(encoder.encode(": open\n\n"));
    },
    cancel() {
      const controllers = streams.get(channel);
      controllers.delete(mine);
      if (controllers.size === 0) {
        streams.delete(channel);
      }
    },
  });
}

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: Number(values.port),
  idleTimeout: 0,
  async fetch(request, server) {
    const [, channel, rest] = new URL(request.url).pathname.split("/");
    if (request.method === "POST") {
      publish(channel, await request.text());
      return new Response("{}\n", {
        status: 201, headers: { "Content-Type": "application/json" },
      });
    }
    if (rest === "ws" && server.upgrade(request, { data: { channel } })) {
      return undefined;
    }
    if (rest === "sse") {
      return new Response(stream(channel), {
        headers: {
          "Content-Type": "text/event-stream",
          "Cache-Control": "no-cache",
          "X-Accel-Buffering": "no",
        },
      });
    }
    return new Response("Not here.\n", { status: 404 });
  },
  websocket: {
    perMessageDeflate: false,
    idleTimeout: 0,
    backpressureLimit: 16 << 20,
    open(socket) {
      socket.subscribe(socket.data.channel);
    },
    message(socket, text) {
      publish(socket.data.channel, text);
    },
  },
});
