"""The front of Caddy."""

import subprocess

from front import Front

SITE = """\
{{
    admin unix/{directory}/admin.socket
    auto_https off
    # As README.md says: how long open streams keep an old configuration.
    grace_period 2s
    http_port {port}
    log {{
        level WARN
    }}
}}
http://127.0.0.1:{port} {{
    root * {pages}
    import {directory}/earshot.caddy
    file_server
}}
https://localhost:{secure_port} {{
    tls {certificate} {key}
    import {directory}/earshot.caddy
    file_server
}}
"""


class Caddy(Front):
    name = "caddy"
    title = "Caddy"
    files = ("caddy/earshot.caddy", "caddy/login.caddy")
    idle = 60       # it has none; how long a stream is watched
    h2 = True
    websocket = True
    notices = "at a heartbeat"
    user_header = "Forwarded"

    def start_companions(self):
        self.by_socket()
        self.endpoint()

    def fills(self):
        name, mount = "caddy/earshot.caddy", self.mount
        login = "caddy/login.caddy"
        return [
            (name, "path /earshot/*", f"path {mount}/*"),
            (name, "^/earshot/", f"^{mount}/"),
            (name, "uri strip_prefix /earshot\n",
             f"uri strip_prefix {mount}\n" if mount else ""),
            (name, "/run/earshot/earshot.socket", self.earshot_socket),
            (name, "/run/earshot/ws.socket", self.ws_socket),
            (name, "/etc/caddy/", f"{self.directory}/"),
            (login, "'/earshot/", f"'{mount}/"),
            (login, "$2a$14$put.the.hash.here", self.hashed())]

    def hashed(self):
        """As caddy hash-password would do it, with less work."""
        got = subprocess.run(["htpasswd", "-nbBC", "5", "ann", "secret"],
                             check=True, capture_output=True, text=True)
        return got.stdout.strip().partition(":")[2]

    def configure(self, shipped):
        folder = self.directory
        (folder / "earshot.caddy").write_text(shipped["caddy/earshot.caddy"])
        if self.login:
            (folder / "earshot-login.caddy").write_text(
                shipped["caddy/login.caddy"])
        (folder / "Caddyfile").write_text(SITE.format(
            directory=folder, pages=self.pages, port=self.port,
            secure_port=self.secure_port, key=self.certificate.key,
            certificate=self.certificate.certificate))

    def surroundings(self):
        return {**super().surroundings(), "HOME": str(self.directory),
                "XDG_DATA_HOME": str(self.directory / "data"),
                "XDG_CONFIG_HOME": str(self.directory / "config")}

    def command(self):
        return ["/usr/bin/caddy", "run", "--adapter", "caddyfile",
                "--config", str(self.directory / "Caddyfile")]

    def reload(self):
        """As systemd's unit does it. Caddy replaces its own administration's
        socket, too, sometimes before it has answered there: then once more."""
        for _ in range(5):
            done = subprocess.run(
                ["/usr/bin/caddy", "reload", "--force", "--adapter",
                 "caddyfile", "--address",
                 f"unix/{self.directory}/admin.socket",
                 "--config", str(self.directory / "Caddyfile")],
                check=False, capture_output=True, text=True, timeout=60,
                env=self.surroundings())
            if not done.stderr.rstrip().endswith("EOF"):
                break
        assert done.returncode == 0, done.stderr
