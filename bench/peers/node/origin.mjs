// The web server behind Pushpin: it lets whoever asks for /{channel}/sse or
// /{channel}/ws follow the channel (GRIP; WebSocket over HTTP), and never hears
// of a message.

import { notFound, serve, bodyOf } from "./common.mjs";

const EVENTS = "application/websocket-events";

function hold(response, channel) {
  response.writeHead(200, {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-cache",
    "Grip-Hold": "stream",
    "Grip-Channel": channel,
  });
  response.end(": open\n\n");
}

function open(response, channel) {
  const subscribe = `c:${JSON.stringify({ type: "subscribe", channel })}`;
  response.writeHead(200, {
    "Content-Type": EVENTS,
    "Sec-WebSocket-Extensions": "grip; message-prefix=\"m:\"",
  });
  response.end(`OPEN\r\nTEXT ${subscribe.length.toString(16)}\r\n`
    + `${subscribe}\r\n`);
}

async function events(request, response, channel) {
  const text = (await bodyOf(request)).toString();
  if (text.startsWith("OPEN\r\n")) {
    open(response, channel);
    return;
  }
  response.writeHead(200, { "Content-Type": EVENTS });
  response.end(text.includes("CLOSE") ? "CLOSE\r\n" : "");
}

serve(
  (request, response, channel, rest) => {
    if (rest === "ws") {
      events(request, response, channel);
    } else {
      notFound(request, response);
    }
  },
  (request, response, channel, rest) => {
    if (rest === "sse") {
      hold(response, channel);
    } else {
      notFound(request, response);
    }
  },
);
