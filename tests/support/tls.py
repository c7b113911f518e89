"""TLS in the tests' lighttpd, by the configuration in deploy/."""

import pathlib
import ssl
import subprocess

from earshot import free_port

SOURCE = pathlib.Path(__file__).resolve().parents[2]


class Tls:
    """A certificate for localhost, and what deploy/lighttpd/tls.conf says
    with it at a free port."""

    def __init__(self, directory):
        key, certificate = directory / "key.pem", directory / "cert.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", "/CN=localhost", "-addext",
             "subjectAltName=DNS:localhost",
             "-keyout", key, "-out", certificate],
            check=True, capture_output=True)
        self.port = free_port()
        self.key, self.certificate = key, certificate
        self.configuration = self.fill(key)

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

    def context(self):
        """A client's, that trusts the certificate."""
        return ssl.create_default_context(cafile=self.certificate)

    def server_context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context
