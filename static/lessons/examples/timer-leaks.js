/** It repeats, and nobody ever clears it. */
export function serve(io) {
    io.on("connection", (socket) => {
        setInterval(() => {
            socket.emit("getMsg", "3 s after the start");
        }, 3000);
    });
}
