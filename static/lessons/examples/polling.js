/** Asks every `pause()` milliseconds, news or not. */
export async function follow(url, show, signal, pause = () => 3000) {
    let place = "";                                // nothing: from now on
    while (!signal.aborted) {
        try {
            const answer = await fetch(`${url}/poll${place}`, { signal });
            const { messages, cursor } = await answer.json();
            messages.forEach(({ data }) => show(data));
            place = `?after=${cursor}`;            // "I have all up to here"
        } catch {
            // Not reached this time: the next question comes anyway.
        }
        await new Promise((go) => setTimeout(go, pause()));
    }
}
