/** One request; its answer has no end. The browser does the rest. */
export function follow(url, show, signal) {
    const source = new EventSource(`${url}/sse`);
    source.onmessage = ({ data, lastEventId }) => show(data, lastEventId);
    source.addEventListener("greeting",
        ({ data }) => show(`greeting: ${data}`));
    source.onopen = () => show(null, "open");
    source.onerror = () => {
        // CONNECTING: it comes back by itself. CLOSED: it never will.
        const gaveUp = source.readyState === EventSource.CLOSED;
        show(null, gaveUp ? "closed" : "connecting");
    };
    signal.addEventListener("abort", () => source.close());
}
