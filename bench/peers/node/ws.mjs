// WebSocket by the package `ws`, without compression. What a client sends is
// published; what is posted, too.

import {
  Followers, notFound, pathOf, publishing, require, serve,
} from "./common.mjs";

const { WebSocketServer } = require("ws");

const followers = new Followers();

function publish(channel, body) {
  for (const socket of followers.of(channel)) {
    socket.send(body, { binary: false });
  }
}

const server = serve(publishing(publish), notFound);
const sockets = new WebSocketServer({
  server, perMessageDeflate: false, backlog: 4096,
});

sockets.on("connection", (socket, request) => {
  const { channel } = pathOf(request.url);
  followers.add(channel, socket);
  socket.on("message", (data) => publish(channel, data));
  socket.on("close", () => followers.remove(channel, socket));
  socket.on("error", () => socket.terminate());
});
