// What the peers in Node share: their command line, and a server that takes
// POST /{channel} as a message for everyone who follows the channel.
//
//   node FILE.mjs --port N [--modules DIRECTORY]

import { createServer } from "node:http";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { parseArgs } from "node:util";

const { values: options } = parseArgs({
  options: { port: { type: "string" }, modules: { type: "string" } },
});

export const port = Number(options.port);

// Packages lie beside the build, not beside this file.
export const require = createRequire(resolve(options.modules ?? ".", "x"));

/** The channel and the rest of "/{channel}/{rest}". */
export function pathOf(url) {
  const [, channel, rest = ""] = url.split("?", 1)[0].split("/");
  return { channel, rest };
}

/** Sets of followers by channel; a channel that nobody follows is none. */
export class Followers {
  #channels = new Map();

  add(channel, follower) {
    const followers = this.#channels.get(channel);
    if (followers) {
      followers.add(follower);
    } else {
      this.#channels.set(channel, new Set([follower]));
    }
  }

  remove(channel, follower) {
    const followers = this.#channels.get(channel);
    if (followers?.delete(follower) && followers.size === 0) {
      this.#channels.delete(channel);
    }
  }

  of(channel) {
    return this.#channels.get(channel) ?? [];
  }
}

/** The whole body of a request. */
export function bodyOf(request) {
  return new Promise((resolve, reject) => {
    const pieces = [];
    request.on("data", (piece) => pieces.push(piece));
    request.on("end", () => resolve(Buffer.concat(pieces)));
    request.on("error", reject);
  });
}

/**
 * A server for `publish(channel, body)` and for whatever else `get` answers.
 * Connections that a publisher keeps are not closed while it is idle.
 */
export function serve(publish, get) {
  const server = createServer({ keepAliveTimeout: 3_600_000 },
    (request, response) => {
      const { channel, rest } = pathOf(request.url);
      if (request.method !== "POST") {
        get(request, response, channel, rest);
        return;
      }
      bodyOf(request).then((body) => {
        publish(channel, body);
        response.writeHead(201, { "Content-Type": "application/json" });
        response.end("{}\n");
      }, () => response.destroy());
    });
  server.listen({ port, host: "127.0.0.1", backlog: 4096 });
  return server;
}

export function notFound(_request, response) {
  response.writeHead(404, { "Content-Type": "text/plain" });
  response.end("Not here.\n");
}
