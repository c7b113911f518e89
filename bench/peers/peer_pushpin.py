"""Pushpin: a hub in front of a web server of one's own (node/origin.mjs), which
is asked whom to let follow what; and zurl, by which it asks."""

import pathlib

from members import HERE, Member, Trouble, need
from peer import Peer
from ports import free_port

INTERNAL = pathlib.Path("/usr/lib/pushpin/internal.conf")

# As Debian installs it, but for its places, and without message_rate: with the
# 2,500 that it is given there, even fifty messages a second come late by up to
# a second.
CONFIGURATION = """\
[global]
include={run}/internal.conf
rundir={run}
ipc_prefix=p-
port_offset=0
stats_connection_ttl=120

[runner]
services=condure,pushpin-proxy,pushpin-handler
http_port=127.0.0.1:{port}
logdir={run}
log_level=1
client_buffer_size=8192
client_maxconn=12000

[proxy]
routesfile={run}/routes
debug=false
auto_cross_origin=false
sig_key=unused
updates_check=off

[handler]
push_in_spec=ipc://{run}/p-push-in
push_in_sub_specs=ipc://{run}/p-push-in-sub
push_in_http_addr=127.0.0.1
push_in_http_port={publish_port}
push_in_http_max_headers_size=10000
push_in_http_max_body_size=1000000
stats_spec=ipc://{run}/p-stats
command_spec=ipc://{run}/p-command
message_wait=5000
id_cache_ttl=60
connection_subscription_max=20
subscription_linger=60
stats_subscription_ttl=60
stats_report_interval=10
stats_format=tnetstring
"""

ZURL = """\
[General]
instance_id=
in_spec=ipc://{run}/zurl-in
in_stream_spec=ipc://{run}/zurl-in-stream
out_spec=ipc://{run}/zurl-out
in_req_spec=ipc://{run}/zurl-req
ipc_file_mode=660
defpolicy=allow
allow=
deny=
max_open_requests=2000
buffer_size=200000
timeout=600
in_hwm=1000
out_hwm=1000
"""


class Pushpin(Peer):
    name = "pushpin"
    webs = (None,)
    origin_port = publish_port = None

    def install(self):
        need("node", "node")
        need("pushpin", "pushpin")
        need("zurl", "pushpin")

    def ports(self):
        super().ports()
        self.origin_port = free_port()
        self.publish_port = free_port()

    def write(self):
        run = self.folders.run
        try:
            internal = INTERNAL.read_text("utf-8")
        except OSError as error:
            raise Trouble(f"{INTERNAL}: {error.strerror}.") from None
        (run / "internal.conf").write_text(
            internal.replace("/var/run/zurl/", f"{run}/"))
        (run / "pushpin.conf").write_text(CONFIGURATION.format(
            run=run, port=self.port, publish_port=self.publish_port))
        (run / "zurl.conf").write_text(ZURL.format(run=run))
        (run / "routes").write_text(
            f"*,path_end=/ws 127.0.0.1:{self.origin_port},over_http\n"
            f"* 127.0.0.1:{self.origin_port}\n")

    def make(self):
        self.write()
        run = self.folders.run
        return [
            Member(self.folders, "origin", "origin",
                   ["node", HERE / "node/origin.mjs",
                    "--port", self.origin_port],
                   cores=self.cores, listens=self.origin_port),
            Member(self.folders, "server", "zurl",
                   ["zurl", f"--config={run}/zurl.conf"], cores=self.cores),
            Member(self.folders, "server", "pushpin",
                   ["pushpin", f"--config={run}/pushpin.conf",
                    "--merge-output"],
                   cores=self.cores, listens=self.port),
        ]

    def words(self):
        return {"base": f"http://127.0.0.1:{self.port}",
                "publish": f"http://127.0.0.1:{self.publish_port}"}
