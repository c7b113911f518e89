// Server-Sent Events by Node's own http, as its users write them: a Set of
// responses for each channel, and one buffer for all of them.

import { Followers, notFound, publishing, serve } from "./common.mjs";

const followers = new Followers();

function publish(channel, body) {
  const event = Buffer.from(`data: ${body}\n\n`);
  for (const response of followers.of(channel)) {
    response.write(event);
  }
}

serve(publishing(publish), (request, response, channel, rest) => {
  if (rest !== "sse") {
    notFound(request, response);
    return;
  }
  response.writeHead(200, {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-cache",
    "X-Accel-Buffering": "no",
  });
  response.write(": open\n\n");
  followers.add(channel, response);
  response.on("close", () => followers.remove(channel, response));
});
