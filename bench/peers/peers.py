"""Who can be run, by name."""

from peer_bare import BareFastcgi, BareSse
from peer_earshot import Earshot
from peer_nchan import Nchan, NchanRedis
from peer_node import BunSse, BunWs, NodeSse, NodeWs, SocketIo
from peer_pushpin import Pushpin

PEERS = {peer.name: peer for peer in (
    Earshot, Nchan, NchanRedis, SocketIo, NodeWs, NodeSse, BunWs, BunSse,
    Pushpin, BareSse, BareFastcgi,
)}
