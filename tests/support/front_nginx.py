"""Fronts of nginx."""

import os
import pathlib
import pwd

from front import Front
from wait import wait_until

# Debian's own nginx.conf, as far as it matters here.
SITE = """\
user {user};
worker_processes {workers};
daemon off;
pid {directory}/nginx.pid;
error_log {directory}/nginx-error.log warn;
events {{
    worker_connections {connections};
}}
http {{
    access_log off;
    gzip on;
    client_body_temp_path {directory}/nginx/body;
    proxy_temp_path {directory}/nginx/proxy;
    fastcgi_temp_path {directory}/nginx/fastcgi;
    uwsgi_temp_path {directory}/nginx/uwsgi;
    scgi_temp_path {directory}/nginx/scgi;
{http}
    server {{
        listen 127.0.0.1:{port};
        root {pages};
        include earshot/tls.conf;
        include earshot/{site};
{server}
    }}
}}
"""


class Nginx(Front):
    """nginx on loopback; earshot.fcgi and earshot-ws run by themselves.

    http and server are the site's own lines; the files of deploy/nginx are
    there as earshot/NAME.
    """

    name = "nginx"
    title = "nginx"
    files = tuple(f"nginx/{name}.conf" for name in (
        "earshot", "fastcgi", "limits", "login", "tls", "websocket"))
    h2 = True
    websocket = True
    user_header = "Forwarded"
    http = server = ""
    processes = 1           # workers of nginx
    connections = 4096      # of each

    def fills(self):
        return [*self.sites("nginx/earshot.conf"),
                *self.sites("nginx/login.conf"),
                ("nginx/login.conf", "location /earshot/-/",
                 f"location {self.mount}/-/"),
                ("nginx/login.conf", "location = /earshot/-/",
                 f"location = {self.mount}/-/"),
                ("nginx/login.conf", "/etc/nginx/earshot.users",
                 self.passwords()),
                ("nginx/limits.conf", "~^/earshot/", f"~^{self.mount}/"),
                *self.programs(), *self.tls()]

    def sites(self, name):
        return [(name, "location ^~ /earshot/", f"location ^~ {self.mount}/"),
                (name, "location ~ ^/earshot/", f"location ~ ^{self.mount}/")]

    def programs(self):
        fastcgi, proxy = "nginx/fastcgi.conf", "nginx/websocket.conf"
        idle = self.time("idle")
        return [(fastcgi, "/run/earshot/earshot.socket", self.earshot_socket),
                (fastcgi, "^(/earshot)", f"^({self.mount})"),
                (fastcgi, "fastcgi_read_timeout 60s",
                 f"fastcgi_read_timeout {idle}s"),
                (fastcgi, "send_timeout 60s", f"send_timeout {idle}s"),
                (proxy, "/run/earshot/ws.socket", self.ws_socket),
                (proxy, "proxy_read_timeout 60s",
                 f"proxy_read_timeout {idle}s"),
                (proxy, "proxy_send_timeout 60s",
                 f"proxy_send_timeout {idle}s")]

    def tls(self):
        name = "nginx/tls.conf"
        return [(name, "listen 443 ", f"listen 127.0.0.1:{self.secure_port} "),
                (name, "listen [::]:443 ssl http2;\n", ""),
                (name, "/etc/nginx/certs/fullchain.pem",
                 self.certificate.certificate),
                (name, "/etc/nginx/certs/privkey.pem", self.certificate.key)]

    def start_companions(self):
        self.by_socket()
        self.endpoint()

    def configure(self, shipped):
        folder = self.directory / "nginx"
        (folder / "earshot").mkdir(parents=True, exist_ok=True)
        for name, text in shipped.items():
            (folder / "earshot" / name.rpartition("/")[2]).write_text(text)
        (folder / "nginx.conf").write_text(SITE.format(
            user=pwd.getpwuid(os.geteuid()).pw_name, workers=self.processes,
            connections=self.connections, directory=self.directory,
            http=self.http, server=self.server,
            site="login.conf" if self.login else "earshot.conf",
            port=self.port, pages=self.pages))

    def workers(self):
        """By their parent: nginx writes over its environment, where the mark
        of the tests was."""
        path = pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    def reload(self):
        """Until the new workers are there; the old ones go on until their
        streams have ended."""
        before = set(self.workers())
        super().reload()
        wait_until(lambda: len(set(self.workers()) - before)
                   == self.processes, what="new workers")

    def command(self):
        folder = self.directory / "nginx"
        return ["/usr/sbin/nginx", "-e", f"{self.directory}/nginx-error.log",
                "-p", f"{folder}/", "-c", f"{folder}/nginx.conf"]
