// Node's `ws` as a foreign client of earshot-ws. Takes a command a line on
// standard input, as JSON, and answers each with a line:
//
//   {"open": URL, "options"?: {…}}   → {"open": HEADERS} or {"refused": STATUS}
//   {"send": TEXT}, {"binary": BASE64}, {"ping": TEXT}, {"close": CODE}
//   {"next": true}                   → the next thing that came

import { createInterface } from "node:readline";
import { createRequire } from "node:module";

const require = createRequire(`${process.argv[2]}/`);
const { WebSocket } = require("ws");

let socket;
const came = [];
let wanted;

const put = (thing) => {
  came.push(thing);
  if (wanted) {
    wanted();
    wanted = undefined;
  }
};

function open({ open: url, options }) {
  return new Promise((resolve) => {
    let head;
    socket = new WebSocket(url, { perMessageDeflate: false, ...options });
    socket.on("upgrade", (response) => { head = response.headers; });
    socket.on("open", () => resolve({ open: head }));
    socket.on("unexpected-response", (_, response) =>
      resolve({ refused: response.statusCode }));
    socket.on("error", (error) => put({ error: error.message }));
    socket.on("message", (data, isBinary) => put(isBinary
      ? { binary: data.toString("base64") } : { text: data.toString() }));
    socket.on("ping", (data) => put({ ping: data.toString() }));
    socket.on("pong", (data) => put({ pong: data.toString() }));
    socket.on("close", (code, reason) =>
      put({ close: code, reason: reason.toString() }));
  });
}

async function next() {
  if (!came.length) await new Promise((resolve) => { wanted = resolve; });
  return came.shift();
}

function act(command) {
  if ("open" in command) return open(command);
  if ("next" in command) return next();
  if ("send" in command) socket.send(command.send);
  if ("binary" in command) socket.send(Buffer.from(command.binary, "base64"));
  if ("ping" in command) socket.ping(command.ping);
  if ("close" in command) socket.close(command.close);
  return {};
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await act(JSON.parse(line))));
}
process.exit();
