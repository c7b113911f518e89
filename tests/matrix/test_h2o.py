"""What h2o does otherwise than the rest: WebSocket at an address of its
own."""

import pytest

from front_h2o import H2o
from websocket import WebSocket

pytestmark = pytest.mark.xdist_group(H2o.name)


@pytest.fixture
def h2o(directory, started):
    front = H2o(directory)
    started.append(front)
    return front.start()


def open_at(front, origin, **more):
    return WebSocket(("127.0.0.1", front.port), "/earshot-ws/room/ws",
                     {"Origin": origin}, host=f"127.0.0.1:{front.port}",
                     **more)


def test_a_page_of_the_site_has_websocket_at_its_address(h2o):
    with open_at(h2o, h2o.site) as socket, h2o.stream("room") as held:
        assert socket.publish("by websocket")
        assert held.next().data == "by websocket"
        h2o.post("/room", b"by post")
        assert socket.take(2)[1]["data"] == "by post"
        # Beyond the idle limit, by its heartbeats.
        for _ in range(5):
            frame = socket.read_frame()
            assert frame is not None, "it was cut"
            socket.send_frame(10, frame.payload)
        h2o.post("/room", b"afterwards")
        assert socket.take(1)[0]["data"] == "afterwards"


def test_a_foreign_page_has_none(h2o):
    with open_at(h2o, "https://evil.example", opened=False) as socket:
        assert socket.head.status == 403
