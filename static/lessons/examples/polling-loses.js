/** Asks once a second, and loses messages. Where? */
export async function follow(url, show, signal) {
    let seen = "";
    while (!signal.aborted) {
        const answer = await fetch(`${url}/poll?last=1`, { signal });
        const { messages } = await answer.json();
        for (const { id, data } of messages) {
            if (id !== seen) {
                show(data);
            }
            seen = id;
        }
        await new Promise((go) => setTimeout(go, 1000));
    }
}
