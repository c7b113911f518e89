"""Ports to listen at, for peers and for tests."""

import random
import socket

# Below those that the kernel gives to connections: between its finding and its
# use a port must not become the near end of somebody's connection, and a client
# that comes again while the server is away must not be given the server's own.
PORTS = range(10000, 32000)
CHANCE = random.SystemRandom()


def free_port():
    while True:
        port = CHANCE.choice(PORTS)
        with socket.socket() as sock:
            try:
                sock.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
