"""Fronts of Apache 2.4: what all of them share, mod_proxy_fcgi and
mod_fcgid."""

import grp
import os
import pathlib
import re
import shutil
import signal

from front import DEPLOY, Cannot, Front
from processes import program
from wait import wait_until

MODULES = pathlib.Path("/etc/apache2/mods-available")
# What Debian's package enables by itself.
STANDARD = """mpm_event access_compat alias auth_basic authn_core authn_file
authz_core authz_host authz_user autoindex deflate dir env filter mime
negotiation reqtimeout setenvif status""".split()

# Debian's own apache2.conf and its site, as far as they matter here.
SITE = """\
Define APACHE_RUN_DIR {directory}/run
Define APACHE_LOG_DIR {directory}
DefaultRuntimeDir {directory}/run
PidFile {directory}/run/apache.pid
User {user}
Group {group}
ServerName localhost
Timeout 300
KeepAlive On
MaxKeepAliveRequests 100
KeepAliveTimeout 5
ErrorLog {directory}/apache-error.log
LogLevel warn
{modules}
Listen 127.0.0.1:{port}
Listen 127.0.0.1:{secure_port}
<Directory />
    Options FollowSymLinks
    AllowOverride None
    Require all denied
</Directory>
<Directory "{pages}">
    Options Indexes FollowSymLinks
    Require all granted
</Directory>
{more}
{shipped}
<VirtualHost 127.0.0.1:{port}>
    DocumentRoot "{pages}"
</VirtualHost>
"""


def is_root():
    return os.geteuid() == 0


def with_dependencies(names):
    """Modules in the order in which they are to be loaded, as a2enmod finds
    it."""
    found = []
    for name in names:
        text = (MODULES / f"{name}.load").read_text()
        needed = re.findall(r"^# Depends: (.*)$", text, re.M)
        for one in with_dependencies(" ".join(needed).split()) + [name]:
            if one not in found:
                found.append(one)
    return found


def load_lines(names):
    lines = []
    for name in with_dependencies(names):
        lines.append(f"Include {MODULES}/{name}.load")
        if (MODULES / f"{name}.conf").exists():
            lines.append(f"Include {MODULES}/{name}.conf")
    return "\n".join(lines)


def enabled_by(text):
    """The modules that the head of a shipped file has one enable."""
    found = re.findall(r"^#   a2enmod (.*)$", text, re.M)
    assert found, "it has no line a2enmod"
    return " ".join(found).split()


def sizing():
    """The lines by which earshot.conf has its reader give Apache more
    threads, out of their comment."""
    text = (DEPLOY / "apache/earshot.conf").read_text()
    lines = re.findall(r"^#     ((?:Thread|Max|Server)\w+ +\d+)$", text, re.M)
    assert len(lines) == 4, lines
    return "\n".join(lines)


# mod_http2 begins a connection with six requests at once, and doubles that as
# some are answered: see deploy/apache/README.md.
SIX_STREAMS = Cannot("six at first", "the last of 8 streams")


class ApacheFront(Front):
    """Apache on loopback, its modules as the shipped files have them enabled.

    Who is root has Apache's children run as www-data, as Debian does; they
    reach sockets by their group and the queue as its owner.
    """

    h2 = True
    websocket = False
    notices = "at a heartbeat"
    reload_signal = signal.SIGUSR1
    more_lines = ""         # of the site

    def identity(self):
        """Apache's user and group: it refuses to be root."""
        if is_root():
            return {"user": "www-data", "group": "www-data"}
        return {"user": f"#{os.geteuid()}", "group": f"#{os.getegid()}"}

    def give(self, path):
        """Lets Apache's children write there."""
        if is_root():
            shutil.chown(path, "www-data", "www-data")

    def login_fills(self):
        name = "apache/login.conf"
        return [(name, "/etc/apache2/earshot.users", self.passwords()),
                (name, '<Location "/earshot">',
                 f'<Location "{self.mount or "/"}">'),
                (name, '"^/earshot/', f'"^{self.mount}/'),
                (name, '"/earshot/-/', f'"{self.mount}/-/')]

    def tls_fills(self):
        name = "apache/tls.conf"
        return [(name, "*:443", f"127.0.0.1:{self.secure_port}"),
                (name, "/var/www/html", self.pages),
                (name, "/etc/apache2/certs/fullchain.pem",
                 self.certificate.certificate),
                (name, "/etc/apache2/certs/privkey.pem",
                 self.certificate.key)]

    def configure(self, shipped):
        (self.directory / "run").mkdir(exist_ok=True)
        self.give(self.directory / "run")
        if not self.login:
            shipped = {name: text for name, text in shipped.items()
                       if name != "apache/login.conf"}
        modules = list(STANDARD)
        for name, text in shipped.items():
            if "a2enmod" in text:
                modules += enabled_by(text)
        (self.directory / "apache.conf").write_text(SITE.format(
            directory=self.directory, pages=self.pages, **self.identity(),
            port=self.port, secure_port=self.secure_port,
            modules=load_lines(modules), more=self.more_lines,
            shipped=self.shipped_lines(shipped)))

    def shipped_lines(self, shipped):
        return "\n".join(shipped.values())

    def stop_server(self, timeout=20):
        """Apache gives children with held threads ten seconds, and then a
        kill -9."""
        return super().stop_server(max(timeout, 20))

    def command(self):
        return ["/usr/sbin/apache2", "-D", "FOREGROUND", "-f",
                str(self.directory / "apache.conf")]

    @property
    def errors(self):
        try:
            return (self.directory / "apache-error.log").read_text()
        except OSError:
            return ""


class ApacheProxy(ApacheFront):
    name = "apache-proxy-fcgi"
    title = "Apache mod_proxy_fcgi"
    files = ("apache/earshot.conf", "apache/login.conf", "apache/tls.conf")
    websocket = True
    user_header = "Forwarded"
    cannot = {"http2_streams": SIX_STREAMS}

    @property
    def more_lines(self):
        return sizing()

    def fills(self):
        name, mount = "apache/earshot.conf", self.mount
        return [*self.login_fills(), *self.tls_fills(),
                (name, "/run/earshot/earshot.socket", self.earshot_socket),
                (name, "/run/earshot/ws.socket", self.ws_socket),
                (name, '"^/earshot/', f'"^{mount}/'),
                (name, 'ProxyPass "/earshot"', f'ProxyPass "{mount or "/"}"'),
                (name, "fcgi://localhost/earshot",
                 f"fcgi://localhost{mount or '/'}"),
                (name, "timeout=60", f"timeout={self.time('idle')}")]

    def start_companions(self):
        self.by_socket(base=self.mount or "/")
        self.endpoint()

    def run(self, companion):
        return self.hand_over(super().run(companion))

    def hand_over(self, companion):
        """SocketGroup=www-data, in systemd's units."""
        if is_root():
            os.chown(companion.address, -1, grp.getgrnam("www-data").gr_gid)
        return companion


class ApacheFcgid(ApacheFront):
    name = "apache-fcgid"
    title = "Apache mod_fcgid"
    files = ("apache/fcgid.conf", "apache/login.conf", "apache/tls.conf")
    reloads = "streams come again"
    idle = 40
    readers = 5             # 50 as shipped, a second to start each
    cannot = {
        "websocket": Cannot("FastCGI cannot carry it", "404"),
        "http2_streams": SIX_STREAMS,
        "five_hundred": Cannot("50, a process each", "timed out|503"),
    }

    def fills(self):
        name = "apache/fcgid.conf"
        libexec = self.directory / "libexec"
        return [*self.login_fills(), *self.tls_fills(),
                *self.mounted(name),
                (name, '"^/earshot/', f'"^{self.mount}/'),
                (name, "/usr/local/libexec/earshot", libexec),
                (name, "/var/lib/earshot/earshot.db", self.queue),
                (name, 'EARSHOT_PUBLISH "user"',
                 f'EARSHOT_PUBLISH "{self.publish}"'),
                (name, 'EARSHOT_ADMIN "local"',
                 f'EARSHOT_ADMIN "{self.admin}"'),
                (name, '"syslog"', f'"{self.queue.parent}/earshot.log"'),
                (name, "FcgidMaxProcessesPerClass 50",
                 f"FcgidMaxProcessesPerClass {self.readers}"),
                (name, "FcgidIOTimeout 40",
                 f"FcgidIOTimeout {self.limit()}")]

    def mounted(self, name):
        if self.mount:
            return [(name, '"/earshot"', f'"{self.mount}"')]
        # As README.md says of a site that is all Earshot.
        return [(name, '"/earshot" "/usr/local/libexec/earshot/earshot.fcgi"',
                 '"/" "/usr/local/libexec/earshot/earshot.fcgi/"'),
                (name, '"/earshot"', '"/"')]

    def reload(self):
        """Waits until old children take no more: what they have accepted in
        the meantime mod_fcgid answers 500, or after a minute."""
        old = self.workers()
        super().reload()
        wait_until(lambda: not any(self.accepts(pid) for pid in old), 10,
                   "the end of the old children's listening")

    def accepts(self, pid):
        """Has the process the socket that listens at our port?"""
        with open("/proc/net/tcp") as file:
            rows = [line.split() for line in file][1:]
        sockets = {f"socket:[{row[9]}]" for row in rows if row[3] == "0A"
                   and row[1].endswith(f":{self.port:04X}")}
        try:
            folder = f"/proc/{pid}/fd"
            return any(os.readlink(f"{folder}/{name}") in sockets
                       for name in os.listdir(folder))
        except OSError:
            return False    # it has ended

    def limit(self):
        """A test without heartbeats is not about idle limits."""
        idle, heartbeat = self.time("idle"), self.options().get("heartbeat")
        return 40 if heartbeat and heartbeat > idle else idle

    def configure(self, shipped):
        # Where the tests' build is, Apache's user may have no way to.
        libexec = self.directory / "libexec"
        libexec.mkdir(exist_ok=True)
        shutil.copy(program(), libexec)
        self.give(self.queue.parent)
        super().configure(shipped)

    def shipped_lines(self, shipped):
        env = "\n".join(f'FcgidInitialEnv {name} "{value}"'
                        for name, value in self.environment().items())
        return (super().shipped_lines(shipped) + "\n" + env + f"""
FcgidIPCDir {self.directory}/run/fcgid
FcgidProcessTableFile {self.directory}/run/fcgid_shm
""")
