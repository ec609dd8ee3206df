"""A witness's own door, and the client that asks it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from audit.checkpoint import Checkpoint, sign_checkpoint
from audit.merkle import leaf_hash, root
from audit.witness import AddCheckpoint, line_of, monitoring_path, read_lines
from ballot.cosigning import WitnessSilent
from ballot.witness import Witness, add_log, create_witness, log_path
from tests.ballot.observatory import CHEAP, NOW
from tests.town import clerk
from web.errors import UsageError
from web.witness import LARGEST_BODY, REQUESTS_PER_MINUTE, create_witness_app
from web.witness_client import LARGEST_ANSWER, ask_witness, check_witness_address

OWN = clerk()
ORIGIN = OWN.manifest.box.origin
PATH = f"/{monitoring_path(ORIGIN)}"
LEAVES = [leaf_hash(b"%d" % i) for i in range(9)]


def note(size: int) -> bytes:
    head = Checkpoint(origin=ORIGIN, size=size, root=root(LEAVES[:size]))
    return sign_checkpoint(head, OWN.log)


def request(old: int, size: int) -> bytes:
    return AddCheckpoint(old=old, proof=(), note=note(size)).encode()


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    create_witness(tmp_path, name="w.example/1", passphrase="long words", cost=CHEAP)
    add_log(tmp_path, OWN.manifest)
    return Witness(tmp_path, passphrase="long words")


@pytest.fixture
def client(witness: Witness) -> FlaskClient:
    return create_witness_app(witness, lambda: NOW).test_client()


def test_it_cosigns_and_shows_what_it_cosigned(client: FlaskClient, witness: Witness) -> None:
    assert client.get(PATH).status_code == 404
    answer = client.post("/add-checkpoint", data=request(0, 4))
    assert answer.status_code == 200
    assert answer.content_type == "text/plain; charset=utf-8"
    (line,) = read_lines(answer.data)
    text = Checkpoint(origin=ORIGIN, size=4, root=root(LEAVES[:4])).text()
    assert line_of(witness.key, [line], text) == line
    shown = client.get(PATH)
    assert shown.data == note(4) + answer.data
    assert shown.content_type == "text/plain; charset=utf-8"
    assert shown.headers["Cache-Control"] == "no-store"
    assert client.get(f"/{'0' * 64}/checkpoint").status_code == 404


def test_refusals_have_their_status_and_body(client: FlaskClient) -> None:
    client.post("/add-checkpoint", data=request(0, 4))
    for data, status, body in (
        (b"nonsense", 400, "request: no empty line before the checkpoint\n"),
        (request(5, 4), 400, "more than the checkpoint's 4"),
        (request(0, 9), 409, "4\n"),
        (request(4, 9), 422, "does not continue the 4 entries"),
        (request(4, 4).replace(ORIGIN.encode(), b"else"), 404, "not known to this witness"),
        (request(4, 4).replace(b"\n4\n", b"\n5\n"), 403, "checkpoint: signature line"),
    ):
        answer = client.post("/add-checkpoint", data=data)
        assert answer.status_code == status
        assert body in answer.text
        expected = "text/x.tlog.size" if status == 409 else "text/plain; charset=utf-8"
        assert answer.content_type == expected
        if status == 409:
            assert answer.data == b"4\n"


def test_no_other_door(client: FlaskClient) -> None:
    answer = client.get("/add-checkpoint")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "OPTIONS, POST")
    for path in ("/", "/manifest.json", "/box/ballots", "/static/x", "/a/b/checkpoint"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.data == b"Not Found\n"
    assert client.post(PATH).status_code == 405
    assert client.get("/health").data == b"ok\n"
    big = client.post("/add-checkpoint", data=bytes(LARGEST_BODY + 1))
    assert big.status_code == 413


def test_a_damaged_memory_is_an_error_not_a_cosignature(
    client: FlaskClient, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log_path(tmp_path, ORIGIN).write_bytes(b"{}")
    answer = client.post("/add-checkpoint", data=request(0, 4))
    assert (answer.status_code, answer.data) == (500, b"internal error; see the witness's log\n")
    assert "not a witness's file" in caplog.text


def test_a_flood_is_slowed_down(client: FlaskClient) -> None:
    for _ in range(REQUESTS_PER_MINUTE):
        assert client.post("/add-checkpoint", data=b"x").status_code == 400
    answer = client.post("/add-checkpoint", data=b"x")
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    other = client.post(
        "/add-checkpoint", data=b"x", environ_overrides={"REMOTE_ADDR": "192.0.2.7"}
    )
    assert other.status_code == 400


# -- the client -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://witness.example.org",
        "https://witness.example.org:8443/scrutin/",
        "http://127.0.0.1:8100",
        "http://127.8.9.1:8100/w",
        "http://[::1]:8100",
        "http://localhost:8100",
    ],
)
def test_addresses_that_are_asked(url: str) -> None:
    check_witness_address(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "witness.example.org",
        "http://witness.example.org",
        "http://127.0.0.1.example.org",
        "http://localhost.example.org",
        "http://10.0.0.1",
        "http://0.0.0.0:1",
        "ftp://witness.example.org",
        "file:///etc/passwd",
        "https://",
        "https://user:secret@witness.example.org",
        "https://witness.example.org/?a=b",
        "https://witness.example.org/#a",
        "https://witness.example.org:port",
        "https://witness.example.org:99999",
        "https://[::1",
        "https://témoin.example.org",
    ],
)
def test_addresses_that_are_not(url: str) -> None:
    with pytest.raises(UsageError):
        check_witness_address(url)
    with pytest.raises(WitnessSilent):
        ask_witness(url, b"")


@contextmanager
def answering(status: int, body: bytes, headers: dict[str, str]) -> Iterator[tuple[str, list[str]]]:
    """A server that always answers the same; gives its address and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            kind = self.headers["Content-Type"]
            asked.append(f"{self.path} {kind} {self.rfile.read(length).decode()}")
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("status", [200, 400, 403, 404, 409, 422, 500, 503])
def test_status_and_body_come_through(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # Never through a proxy: nobody else is on this machine.
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with answering(status, b"257\n", {}) as (url, asked):
        answer = ask_witness(f"{url}/w/", b"old 0\n\n")
        assert (answer.status, answer.body) == (status, b"257\n")
        assert asked == ["/w/add-checkpoint text/plain; charset=utf-8 old 0\n\n"]


def test_a_redirection_is_not_followed() -> None:
    with answering(200, b"", {}) as (other, asked):
        for status in (301, 302, 307, 308):
            with answering(status, b"", {"Location": f"{other}/x"}) as (url, _):
                assert ask_witness(url, b"x").status == status
        assert asked == []


def test_an_endless_answer_is_cut() -> None:
    for status in (200, 422):
        with (
            answering(status, bytes(LARGEST_ANSWER + 1), {}) as (url, _),
            pytest.raises(WitnessSilent, match="more than"),
        ):
            ask_witness(url, b"x")


def test_nobody_there_or_nothing_readable() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"

        def hang_up() -> None:
            for data in (b"", b"\r\n\r\n", b"SSH-2.0-x\r\n"):
                connection, _ = server.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(data)

        thread = threading.Thread(target=hang_up)
        thread.start()
        for _ in range(3):
            with pytest.raises(WitnessSilent, match="no answer"):
                ask_witness(url, b"x")
        thread.join()
    with pytest.raises(WitnessSilent, match="no answer"):
        ask_witness(url, b"x")
