// What the servers in Node share: their command line, their paths, who follows
// which channel.
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

/** The whole body of a request; of one that was cut off, what has come. */
export function bodyOf(request) {
  return new Promise((resolve) => {
    const pieces = [];
    request.on("data", (piece) => pieces.push(piece));
    request.on("close", () => resolve(Buffer.concat(pieces)));
    request.on("end", () => resolve(Buffer.concat(pieces)));
    request.on("error", () => {});
  });
}

/**
 * A server: `post` and `get` have the request, its answer, and what pathOf()
 * says. Connections that a publisher keeps are not closed while it is idle.
 */
export function serve(post, get) {
  const server = createServer({ keepAliveTimeout: 3_600_000 },
    (request, response) => {
      const { channel, rest } = pathOf(request.url);
      (request.method === "POST" ? post : get)(
        request, response, channel, rest);
    });
  server.listen({ port, host: "127.0.0.1", backlog: 4096 });
  return server;
}

/** What a publisher's POST does: `publish(channel, body)`, then 201. */
export function publishing(publish) {
  return async (request, response, channel) => {
    publish(channel, await bodyOf(request));
    response.writeHead(201, { "Content-Type": "application/json" });
    response.end("{}\n");
  };
}

export function notFound(_request, response) {
  response.writeHead(404, { "Content-Type": "text/plain" });
  response.end("Not here.\n");
}
