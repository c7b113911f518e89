"""nchan: a hub inside nginx, in its memory or on Redis."""

import secrets
import time

import fronts
from members import Member, Trouble, install_packages, need
from peer import Peer
from ports import free_port

MODULE = "/usr/lib/nginx/modules/ngx_nchan_module.so"

HTTP = """\
    nchan_shared_memory_size 256M;
{redis}"""

# As many messages are kept as Earshot keeps: a reader who was cut off can read
# on. The id that a long-poll ends with is put into one header, for it is two.
LOCATIONS = """\
        location ~ ^/hub/([^/]+)$ {{
            nchan_publisher;
            nchan_channel_id $1;
            nchan_message_buffer_length 10000;
            nchan_message_timeout 1h;{pass_to}
        }}
        location ~ ^/hub/([^/]+)/sse$ {{
            nchan_subscriber eventsource;
            nchan_channel_id $1;
            nchan_subscriber_first_message newest;{pass_to}
        }}
        location ~ ^/hub/([^/]+)/ws$ {{
            nchan_subscriber websocket;
            nchan_channel_id $1;
            nchan_subscriber_first_message newest;{pass_to}
        }}
        location ~ ^/hub/([^/]+)/poll$ {{
            nchan_subscriber longpoll;
            nchan_channel_id $1;
            nchan_subscriber_first_message newest;
            nchan_subscriber_last_message_id $arg_after;
            nchan_subscriber_timeout 25s;
            add_header X-Message-Id $nchan_message_id;{pass_to}
        }}
"""

# Not inherited from the server: each location must say it, or Redis is
# silently not used.
PASS_TO = "\n            nchan_redis_pass keeper;"

UPSTREAM = """\
    upstream keeper {{
        nchan_redis_server redis://127.0.0.1:{port};
    }}
"""

REDIS = """\
bind 127.0.0.1
port {port}
dir {data}
daemonize no
save ""
appendonly yes
appendfsync always
no-appendfsync-on-rewrite no
tcp-backlog 4096
"""


class Nchan(Peer):
    name = "nchan"
    webs = (None,)

    def install(self):
        need("nginx", "nchan")
        try:
            with open(MODULE, "rb"):
                pass
        except OSError:
            install_packages("nchan")

    def nginx(self, redis_port=None):
        redis = UPSTREAM.format(port=redis_port) if redis_port else ""
        return fronts.nginx(
            self.folders, self.port, HTTP.format(redis=redis),
            LOCATIONS.format(pass_to=PASS_TO if redis_port else ""),
            self.options.workers, f"load_module {MODULE};", "server",
            self.cores)

    def make(self):
        return [self.nginx()]

    def words(self):
        return {"base": f"http://127.0.0.1:{self.port}/hub"}


class NchanRedis(Nchan):
    """Each message is in Redis' append-only file, and synced, before it is
    answered."""

    name = "nchan-redis"
    is_durable = True
    redis_port = None

    def install(self):
        super().install()
        need("redis-server", "redis")

    def ports(self):
        super().ports()
        self.redis_port = free_port()

    def make(self):
        path = self.folders.run / "redis.conf"
        path.write_text(REDIS.format(port=self.redis_port,
                                     data=self.folders.data))
        redis = Member(self.folders, "redis", "redis", ["redis-server", path],
                       cores=self.cores, listens=self.redis_port)
        return [redis, self.nginx(self.redis_port)]

    def log_size(self):
        return sum(path.stat().st_size
                   for path in self.folders.data.glob("appendonlydir/*.aof"))

    def check(self):
        """That messages reach Redis' file: nchan goes on without it."""
        publish = self.target()["publish"][0]
        text = secrets.token_hex(64)
        before = self.log_size()
        deadline = time.monotonic() + 5
        while not self.takes(publish, text):
            if time.monotonic() > deadline:
                raise Trouble("nchan took no message any more.")
        if self.log_size() < before + len(text):
            raise Trouble(
                "what nchan was given did not reach Redis' append-only file "
                f"({self.folders.data}): its figures would be those of memory.")
