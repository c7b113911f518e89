/** Asks, and the server holds its answer until there is news. */
export async function follow(url, show, signal, wait = 20) {
    let question = "wait=0";                       // first: where are we?
    while (!signal.aborted) {
        try {
            const answer = await fetch(`${url}/poll?${question}`, { signal });
            const { messages, cursor } = await answer.json();
            messages.forEach(({ data }) => show(data));
            question = `wait=${wait}&after=${cursor}`;
        } catch {
            // Not reached: wait a moment, or this would be a tight loop.
            await new Promise((go) => setTimeout(go, 1000));
        }
    }
}
