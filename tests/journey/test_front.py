"""The two hosts of docs/hosting.md with a real nginx in front of each.

The box's and the registrar's doors are processes of their own, the two servers know each other by
certificates, and a resident votes through the one address.
"""

import gzip
import json
import os
import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from pathlib import Path
from threading import Semaphore

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from audit.merkle import leaf_hash
from audit.receipt import read_receipt, verify_proof
from tests.journey.killed import CLOSES, OPENS, Killed, found, insist, set_clock, settled
from tests.journey.terminal import ROOT, Terminal
from tests.journey.test_crash import Walker, both
from tests.programs import required
from web.client import Client, DoorSilent
from web.rehearsal.processes import free_port

DEPLOY = ROOT / "docs" / "deploy"
NAMES = ("vote.example.fr", "registrar.internal", "localhost")


def certificate(folder: Path) -> Path:
    """One that signed itself, for every name: each server's own and its authority for the other."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAMES[0])])
    begins = datetime(2026, 1, 1, tzinfo=UTC)
    names = x509.SubjectAlternativeName([x509.DNSName(each) for each in NAMES])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=36_500))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder / "certificate.pem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where everything of the two hosts listens."""

    plain: int
    front: int
    registrar_front: int
    box: int
    registrar: int


def configured(name: str, folder: Path, election: Path, ports: Ports) -> str:
    """The example as it is, but for places and ports of this machine."""
    text = (DEPLOY / name).read_text("utf-8")
    text = re.sub(r"/etc/ssl/\S+key\.pem", str(folder / "key.pem"), text)
    text = re.sub(r"/etc/ssl/\S+\.pem", str(folder / "certificate.pem"), text)
    text = re.sub(r"include /etc/nginx/(\w+\.conf)", rf"include {DEPLOY}/\1", text)
    text = text.replace("/var/log/nginx", str(folder)).replace("/srv/election", str(election))
    text = re.sub(r"    listen \[::\]:.*\n", "", text)
    for there, here in (
        ("listen 80;", f"listen 127.0.0.1:{ports.plain};"),
        ("listen 443 ", f"listen 127.0.0.1:{ports.front} "),
        ("listen 8443 ", f"listen 127.0.0.1:{ports.registrar_front} "),
        ("127.0.0.1:8001", f"127.0.0.1:{ports.box}"),
        ("127.0.0.1:8002", f"127.0.0.1:{ports.registrar}"),
        ("https://registrar.internal:8443", f"https://127.0.0.1:{ports.registrar_front}"),
    ):
        text = text.replace(there, here)
    folders = "".join(
        f"{kind}_temp_path {folder / kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if os.geteuid() == 0 else ""  # else it could not read the test's folder
    return (
        f"{user}daemon off;\npid {folder / name}.pid;\nerror_log {folder / name}.errors;\n"
        f"events {{ }}\nhttp {{\naccess_log off;\ninclude {folder}/types;\n{folders}{text}}}\n"
    )


@contextmanager
def nginx(folder: Path, election: Path, ports: Ports) -> Iterator[None]:
    """Both servers, until the ``with`` ends."""
    program = required("nginx", "nginx")
    (folder / "types").write_text(
        "types { text/html html; application/json json; image/svg+xml svg; text/csv csv; }\n"
    )
    with ExitStack() as stack:
        for name in ("nginx-registrar.conf", "nginx.conf"):
            path = folder / name
            path.write_text(configured(name, folder, election, ports), "utf-8")
            log = stack.enter_context((folder / f"{name}.out").open("wb"))
            process = subprocess.Popen(
                [program, "-p", str(folder), "-c", str(path)], stdout=log, stderr=log
            )
            stack.callback(process.wait, 20)
            stack.callback(process.terminate)
        yield


def asked(address: str, path: str, **headers: str) -> tuple[HTTPResponse, bytes]:
    scheme, _, host = address.partition("://")
    kind = HTTPSConnection if scheme == "https" else HTTPConnection
    connection = kind(host, timeout=120)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer, data


def test_a_vote_through_the_two_hosts(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate(tmp_path)))
    town, environment = found(tmp_path, people=3)
    terminal.environment.update(environment)
    folder, manifest = town.place.root, town.manifest
    set_clock(tmp_path, OPENS, minutes=1)
    terminal.done("open", folder, *both(town))
    behind = {**environment, "SCRUTIN_TRUSTED_PROXIES": "1"}
    with ExitStack() as stack:
        box = Killed(folder, behind, 1, ("box", "public"))
        registrar = Killed(folder, behind, 1, ("registrar",))
        for each in (box, registrar):
            stack.callback(each.kill)
            each.start()
        ports = Ports(
            plain=free_port(), front=free_port(), registrar_front=free_port(),
            box=int(box.address.rpartition(":")[2]),
            registrar=int(registrar.address.rpartition(":")[2]),
        )  # fmt: skip
        stack.enter_context(nginx(tmp_path, folder, ports))
        address = f"https://localhost:{ports.front}"
        client = Client(address)
        insist(partial(client.get, "/health"))

        walker = Walker(town, 0, address)
        walker.vote(Semaphore(0))
        assert walker.ballot is not None
        assert walker.receipts is not None
        leaf = leaf_hash(walker.ballot.entry)
        proof = insist(partial(settled, client, leaf))
        verify_proof(manifest, read_receipt(walker.receipts[0], manifest, leaf_hash=leaf), proof)

        insist(partial(published, folder, proof))
        plain_files(address, folder)
        page, text = asked(address, "/vote", Accept="text/html")
        assert page.status == 200
        assert b"<h1" in text
        assert page.headers["Strict-Transport-Security"]
        moved, _ = asked(f"http://localhost:{ports.plain}", "/vote?lang=en")
        assert (moved.status, moved.headers["Location"]) == (
            301, "https://vote.example.fr/vote?lang=en",
        )  # fmt: skip
        strangers(ports, tmp_path)
        client.close()
    set_clock(tmp_path, CLOSES)
    terminal.done("close", folder, *both(town))
    written = b"".join(path.read_bytes() for path in tmp_path.glob("*.err*"))
    assert b"127.0.0.1" not in written  # no address of a resident in a log


def published(folder: Path, proof: bytes) -> bytes:
    """The checkpoint among the files, or silence until it is the proof's: the box hands a proof out
    as soon as the checkpoint is signed and recorded, a moment before the files are written."""
    checkpoint = (folder / "box/log/checkpoint").read_bytes()
    if not proof.endswith(checkpoint):
        raise DoorSilent("not published yet")
    return checkpoint


def plain_files(address: str, folder: Path) -> None:
    """nginx gives the log and what is published by itself, as the service would."""
    note, data = asked(address, "/log/checkpoint")
    assert data == (folder / "box/log/checkpoint").read_bytes()
    assert note.headers["Cache-Control"] == "no-cache"
    tile = next(path for path in (folder / "box/log/tile").rglob("*") if path.is_file())
    given, data = asked(address, f"/log/{tile.relative_to(folder / 'box/log').as_posix()}")
    assert data == tile.read_bytes()
    assert "immutable" in given.headers["Cache-Control"]
    published = folder / "publication"
    published.mkdir()
    whole = json.dumps({"numbers": list(range(3_000))}).encode()
    (published / "results.json").write_bytes(whole)
    for wanted, encoding in (("gzip", "gzip"), ("", None)):
        given, data = asked(address, "/publication/results.json", **{"Accept-Encoding": wanted})
        assert given.headers["Content-Encoding"] == encoding
        assert (gzip.decompress(data) if encoding else data) == whole
        assert "default-src 'none'" in given.headers["Content-Security-Policy"]
    shutil.rmtree(published)


def strangers(ports: Ports, folder: Path) -> None:
    """Without the front's certificate nobody gets past the registrar's nginx."""
    trusting = ssl.create_default_context(cafile=str(folder / "certificate.pem"))
    registrar = HTTPSConnection("localhost", ports.registrar_front, context=trusting, timeout=120)
    registrar.request("GET", "/registrar/city/credentials")
    assert registrar.getresponse().status == 400  # "No required SSL certificate was sent"
    registrar.close()
