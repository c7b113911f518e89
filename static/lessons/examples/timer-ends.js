/** Once, and to nobody who has gone. */
export function serve(io) {
    io.on("connection", (socket) => {
        const timer = setTimeout(() => {
            socket.emit("getMsg", "3 s after the start");
        }, 3000);
        socket.on("disconnect",
            () => clearTimeout(timer));
    });
}
