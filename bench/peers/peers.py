"""Who can be run, by name."""

from peer_earshot import Earshot
from peer_node import BunSse, BunWs, NodeSse, NodeWs, SocketIo

PEERS = {peer.name: peer for peer in (
    Earshot, SocketIo, NodeWs, NodeSse, BunWs, BunSse,
)}
