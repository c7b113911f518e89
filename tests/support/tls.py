"""TLS in the tests' lighttpd, by the configuration in deploy/."""

import pathlib
import ssl
import subprocess

from earshot import free_port

SOURCE = pathlib.Path(__file__).resolve().parents[2]


class Certificate:
    """A certificate for localhost and its key, in the directory."""

    def __init__(self, directory):
        self.key = directory / "key.pem"
        self.certificate = directory / "cert.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", "/CN=localhost", "-addext",
             "subjectAltName=DNS:localhost",
             "-keyout", self.key, "-out", self.certificate],
            check=True, capture_output=True)

    def context(self):
        """A client's, that trusts the certificate."""
        return ssl.create_default_context(cafile=self.certificate)

    def server_context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


class Tls(Certificate):
    """What deploy/lighttpd/tls.conf says with it at a free port."""

    def __init__(self, directory):
        super().__init__(directory)
        self.port = free_port()
        self.configuration = self.fill(self.key)

    def fill(self, key):
        text = (SOURCE / "deploy/lighttpd/tls.conf").read_text()
        for old, new in (
                ('== ":443"', f'== "127.0.0.1:{self.port}"'),
                ('"/etc/lighttpd/certs/fullchain.pem"',
                 f'"{self.certificate}"'),
                ('"/etc/lighttpd/certs/privkey.pem"', f'"{key}"')):
            assert text.count(old) == 1
            text = text.replace(old, new)
        return text
