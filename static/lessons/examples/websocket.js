/** One connection, both directions; coming back is our own work. */
export function follow(url, show, signal) {
    let socket, place = "";                        // nothing: from now on
    function connect() {
        socket = new WebSocket(`${url.replace(/^http/, "ws")}/ws${place}`);
        socket.onmessage = (frame) => {
            const { cursor, channel, id, data } = JSON.parse(frame.data);
            place = cursor || channel ? `?after=${cursor ?? id}` : place;
            channel && show(data);
        };
        socket.onclose = () => signal.aborted || setTimeout(connect, 1000);
    }
    connect();
    signal.addEventListener("abort", () => socket.close());
    return (data) => socket.send(JSON.stringify({ data }));
}
