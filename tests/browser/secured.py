"""The service behind TLS, so that a browser speaks HTTP/2 with it as with a server in front."""

import os
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from web.rehearsal.processes import START_SECONDS, ServiceFailed, free_port


@contextmanager
def secured(folder: Path, work: Path) -> Iterator[tuple[str, str]]:
    """``https://localhost:port`` of the service on the election in ``folder``, and the argument
    that makes a Chromium trust its key: what comes with a certificate that it does not trust, it
    keeps no copy of. ``work`` takes the files."""
    port = free_port()
    certificate, key, digest = _certificate(work)
    environment = {
        **os.environ,
        "SCRUTIN_FOLDER": str(folder.resolve()),
        "SCRUTIN_DOORS": "registrar,box,public",
        "SCRUTIN_REQUESTS_FACTOR": "100000",
    }
    command = [sys.executable, "-m", "granian", "web.service:application", "--factory"]
    command += ["--interface", "rsgi", "--no-ws", "--port", str(port), "--log-level", "error"]
    command += ["--ssl-certificate", str(certificate), "--ssl-keyfile", str(key)]
    log = work / "secured.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment
        )
    try:
        _wait(process, port, log)
        yield f"https://localhost:{port}", f"--ignore-certificate-errors-spki-list={digest}"
    finally:
        process.terminate()
        try:
            process.wait(timeout=120)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise ServiceFailed(f"the service does not answer; see {log}")


def _certificate(work: Path) -> tuple[Path, Path, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = (work / "localhost.pem", work / "localhost-key.pem")
    paths[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return *paths, b64encode(sha256(public).digest()).decode("ascii")
