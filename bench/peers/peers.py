"""Who can be run, by name."""

from peer_earshot import Earshot

PEERS = {peer.name: peer for peer in (
    Earshot,
)}
