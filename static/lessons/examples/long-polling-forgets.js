/** Long-polling without a cursor: each question begins "from now on". */
export async function follow(url, show, signal, busy = 1000) {
    while (!signal.aborted) {
        const answer = await fetch(`${url}/poll?wait=20`, { signal });
        const { messages } = await answer.json();
        messages.forEach(({ data }) => show(data));
        // The page has something else to do before it asks again.
        await new Promise((go) => setTimeout(go, busy));
    }
}
