"""Self-signed certificates by the openssl command."""
import os
import ssl
import subprocess
from pathlib import Path


class Certificate:
    """A pair of files, `cert.pem` and `key.pem`, which `install` puts elsewhere atomically."""

    def __init__(self, directory: Path, name="localhost", days=2):
        directory.mkdir(parents=True, exist_ok=True)
        self.cert, self.key = directory / "cert.pem", directory / "key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-keyout", self.key, "-out", self.cert, "-days", str(days), "-subj",
             f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
            check=True, capture_output=True)
        self.key.chmod(0o600)

    @property
    def der(self) -> bytes:
        return ssl.PEM_cert_to_DER_cert(self.cert.read_text())

    def install(self, cert: Path, key: Path):
        """Replaces the files by renames, the key first, as certbot and Kubernetes do."""
        for source, target in ((self.key, key), (self.cert, cert)):
            staged = target.with_suffix(".new")
            staged.write_bytes(source.read_bytes())
            staged.chmod(0o600)
            os.replace(staged, target)


def trusting(*certificates, least=ssl.TLSVersion.TLSv1_2, most=ssl.TLSVersion.TLSv1_3):
    """A client context that trusts these alone and checks the name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for certificate in certificates:
        context.load_verify_locations(certificate.cert)
    context.minimum_version, context.maximum_version = least, most
    return context
