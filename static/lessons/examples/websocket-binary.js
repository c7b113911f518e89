/** Bytes as they are: with ?format=raw no JSON is around them. */
export function connect(url, show, signal) {
    const socket = new WebSocket(`${url.replace(/^http/, "ws")}/ws?format=raw`);
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => // text: what became of them
        typeof data === "string" || show(new Uint8Array(data));
    signal.addEventListener("abort", () => socket.close());
    return new Promise((resolve, reject) => {
        socket.onopen = () => resolve((bytes) => socket.send(bytes));
        socket.onerror = reject;
    });
}
