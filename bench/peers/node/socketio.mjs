// A server with Koa and socket.io 4 that does what the tutorial's does: whoever
// sends is answered, and he alone; who was there when somebody goes is told; and
// every 3 s something is said to all who came by the tutorial's page. Besides,
// for measuring: who comes with ?channel=NAME hears, as `message`, what is
// posted to /NAME. Its adapter is the one in memory, its transport WebSocket.

import { createServer } from "node:http";

import { bodyOf, pathOf, port, require } from "./common.mjs";

const Koa = require("koa");
const { Server } = require("socket.io");

const TUTORIAL = "tutorial";
const EVERY_MS = 3000;

const app = new Koa();
app.use(async (context) => {
  if (context.method !== "POST") {
    return;
  }
  const { channel } = pathOf(context.url);
  const body = await bodyOf(context.req);
  io.to(channel).emit("message", body.toString());
  context.status = 201;
  context.body = {};
});

const server = createServer({ keepAliveTimeout: 3_600_000 }, app.callback());
const io = new Server(server, {
  transports: ["websocket"],
  serveClient: false,
  perMessageDeflate: false,
});

io.on("connection", (socket) => {
  socket.join(socket.handshake.query.channel ?? TUTORIAL);
  socket.on("send", (data) => {
    socket.emit("getMsg", `You sent “${data}”. This answer is for you alone.`);
    socket.broadcast.to(TUTORIAL).emit("send", data);
  });
  socket.on("disconnect", () => {
    io.to(TUTORIAL).emit("disconnected", socket.id);
  });
});

setInterval(() => {
  io.to(TUTORIAL).emit("getMsg", "Still here.");
}, EVERY_MS);

server.listen({ port, host: "127.0.0.1", backlog: 4096 });
