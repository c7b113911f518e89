/**
 * A page of another site that tries to read the room. What it can read it
 * shows, and tells the page that holds it in a frame: how many, by each way.
 */

const { open, checked, lang } =
    Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
const heard = { socket: 0, fetched: 0, checked: 0 };
const reading = new AbortController();
const zh = lang === "zh-CN";

document.documentElement.lang = zh ? lang : "en";
document.querySelector("#host").textContent = location.host;

function show(text) {
    const line = document.createElement("li");
    line.textContent = text;
    document.querySelector("#heard").append(line);
    parent.postMessage(heard, "*");
}

function follow(name, address, how) {
    const socket = new WebSocket(`${address.replace(/^http/, "ws")}/ws`);
    socket.onopen = () => show(`${how}: ${zh ? "连上了" : "connected"}`);
    socket.onmessage = ({ data }) => {
        const message = JSON.parse(data);
        if (message.data !== undefined) {
            heard[name]++;
            show(`${how}: “${message.data}”`);
        }
    };
    socket.onclose = ({ code }) =>
        show(`${how}: ${zh ? "被拒绝" : "refused"} (${code})`);
    reading.signal.addEventListener("abort", () => socket.close());
}

async function poll() {
    try {
        const answer = await fetch(`${open}/poll?wait=5`,
            { signal: reading.signal });
        const { messages } = await answer.json();
        heard.fetched += messages.length;
        messages.forEach(({ data }) => show(`fetch(): “${data}”`));
    } catch {
        if (!reading.signal.aborted) {
            show(`fetch(): ${zh ? "浏览器不给看响应"
                : "the browser hides the answer"}`);
        }
    }
}

follow("socket", open, zh ? "WebSocket，不检查" : "WebSocket, unchecked");
follow("checked", checked, zh ? "WebSocket，检查" : "WebSocket, checked");
poll();
addEventListener("message", () => reading.abort());
