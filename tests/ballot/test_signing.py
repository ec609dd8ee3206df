"""A signer behind a socket: the same answers, nothing else, and a box that waits without it."""

import socket
import stat
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.checkpoint import open_checkpoint
from audit.merkle import EMPTY_ROOT, consistency_proof, node_reader, root
from ballot.sequencer import Sequencer
from ballot.signer import FileSigner, Mark, SignerStateInvalid, SigningRefused
from ballot.signing import MessageInvalid, SignerSilent, SocketSigner, answer, serving
from tally import canonical
from tests.ballot.precinct import Precinct, ballot, close_entry, town
from tests.ballot.test_signer import KEY, LEAVES, ORIGIN, OTHER


@pytest.fixture
def held(tmp_path: Path) -> FileSigner:
    FileSigner.create(tmp_path / "signer.json", ORIGIN)
    return FileSigner(tmp_path / "signer.json", ORIGIN, KEY)


@pytest.fixture
def path(held: FileSigner, tmp_path: Path) -> Iterator[Path]:
    with serving(held, tmp_path / "socket"):
        yield tmp_path / "socket"


def sign(signer: SocketSigner, size: int, leaves: Sequence[bytes] = LEAVES) -> bytes:
    last = signer.last().size
    between = 0 < last < size
    proof = consistency_proof(last, size, node_reader(leaves[:size])) if between else ()
    return signer.sign(size, root(leaves[:size]), proof)


def test_it_signs_as_the_one_it_asks(path: Path, held: FileSigner) -> None:
    signer = SocketSigner(path)
    assert signer.key == held.key
    assert signer.last() == Mark(size=0, root=EMPTY_ROOT)
    for size in (0, 1, 7, 256, 300):
        note = sign(signer, size)
        checkpoint = open_checkpoint(note, ORIGIN, held.key).checkpoint
        assert (checkpoint.size, checkpoint.root) == (size, root(LEAVES[:size]))
        assert signer.last() == held.last() == Mark(size=size, root=root(LEAVES[:size]))
        assert sign(SocketSigner(path), size) == note


def test_it_refuses_what_the_one_it_asks_refuses(path: Path) -> None:
    signer = SocketSigner(path)
    sign(signer, 200)
    with pytest.raises(SigningRefused, match=r"199 entries, but 200 were signed"):
        signer.sign(199, root(LEAVES[:199]), ())
    with pytest.raises(SigningRefused, match="another history"):
        sign(signer, 300, OTHER)
    assert signer.last().size == 200
    sign(signer, 300)


@pytest.mark.parametrize(
    "request_",
    [
        b"",
        b"{",
        b"[]",
        b'{"type":"export"}',
        b'{"more":1,"type":"last"}',
        b'{"type":"key","type":"key"}',
        b'{"proof":[],"root":"AA","size":1,"type":"sign"}',
        b'{"proof":[],"root":1,"size":1,"type":"sign"}',
        b'{"proof":[1],"root":"' + b"A" * 43 + b'","size":1,"type":"sign"}',
        b'{"proof":[],"root":"' + b"A" * 43 + b'","size":-1,"type":"sign"}',
        b'{"proof":[],"root":"' + b"A" * 43 + b'","size":"1","type":"sign"}',
        b'{"proof":[' + b",".join([b'"' + b"A" * 43 + b'"'] * 65) + b'],"root":"'
        + b"A" * 43 + b'","size":1,"type":"sign"}',
        b" " * 20_000,
    ],
)  # fmt: skip
def test_anything_else_is_no_request(held: FileSigner, path: Path, request_: bytes) -> None:
    with pytest.raises(MessageInvalid):
        answer(held, request_)
    with Client(str(path), "AF_UNIX") as connection:
        with suppress(BrokenPipeError):  # of one that is too long the signer reads the length alone
            connection.send_bytes(request_)
        with pytest.raises((EOFError, OSError)):
            connection.recv_bytes()
    assert held.last().size == 0
    assert SocketSigner(path).last().size == 0


@given(st.binary(max_size=200))
def test_no_bytes_break_it(held_once: FileSigner, data: bytes) -> None:
    with pytest.raises(MessageInvalid):
        answer(held_once, data)


@pytest.fixture(scope="module")
def held_once(tmp_path_factory: pytest.TempPathFactory) -> FileSigner:
    state = tmp_path_factory.mktemp("signer") / "signer.json"
    FileSigner.create(state, ORIGIN)
    return FileSigner(state, ORIGIN, KEY)


def test_the_key_does_not_leave_it(held: FileSigner) -> None:
    raw = KEY.private_bytes_raw()
    for request in ({"type": "key"}, {"type": "last"}):
        assert raw not in answer(held, canonical.encode(request))
    assert canonical.parse(answer(held, b'{"type":"key"}')) == {"key": str(held.key)}


def test_the_socket_is_for_the_owner_and_the_group(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o660


def test_two_signers_do_not_share_a_socket(path: Path, held: FileSigner) -> None:
    with (
        pytest.raises(SignerStateInvalid, match="another signer listens there"),
        serving(held, path),
    ):
        pass
    assert SocketSigner(path).last().size == 0


def test_a_socket_that_a_killed_signer_left_is_taken_over(tmp_path: Path, held: FileSigner) -> None:
    path = tmp_path / "socket"
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()
    with pytest.raises(SignerSilent, match="scrutin signer serve"):
        SocketSigner(path)
    with serving(held, path):
        assert SocketSigner(path).last().size == 0
    assert not path.exists()


def test_a_signer_that_is_started_again_is_found_again(tmp_path: Path, held: FileSigner) -> None:
    path = tmp_path / "socket"
    with serving(held, path):
        signer = SocketSigner(path)
        sign(signer, 7)
        assert signer._connection is not None
        signer._connection.close()
        assert sign(signer, 9)
    with pytest.raises(SignerSilent):
        SocketSigner(path)
    with serving(held, path):
        signer._drop()
        assert sign(signer, 300)


class Stranger:
    """Somebody at the socket who gives these answers, one to each request."""

    def __init__(self, path: Path, replies: Sequence[bytes]) -> None:
        self._listener = Listener(str(path), "AF_UNIX", backlog=8)
        self._replies = iter(replies)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError, StopIteration, EOFError):
            while True:
                connection = self._listener.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: "Connection[bytes, bytes]") -> None:
        with connection, suppress(OSError, StopIteration, EOFError):
            while True:
                connection.recv_bytes()
                connection.send_bytes(next(self._replies))


@pytest.mark.parametrize("reply", [b"{}", b"[]", b"{", b'{"note":1}', b'{"root":"AA","size":1}'])
def test_somebody_else_at_the_socket_is_no_signer(
    tmp_path: Path, held: FileSigner, reply: bytes
) -> None:
    key = answer(held, b'{"type":"key"}')
    Stranger(tmp_path / "socket", [key, *[reply] * 8])
    signer = SocketSigner(tmp_path / "socket")
    with pytest.raises(SignerSilent):
        signer.last()
    with pytest.raises(SignerSilent):
        signer.sign(1, bytes(32), ())


def test_the_box_waits_for_a_silent_signer_and_loses_nothing(tmp_path: Path) -> None:
    own = town()
    precinct = Precinct(tmp_path, own)
    held = FileSigner(precinct.state, own.manifest.box.origin, own.log.private)
    path = tmp_path / "socket"

    def sequencer() -> Sequencer:
        made = Sequencer(
            manifest=own.manifest,
            store=precinct.store,
            signer=SocketSigner(path),
            folder=precinct.log,
            clock=precinct.clock,
        )
        made.start()
        return made

    with serving(held, path):
        at_work = sequencer()
        at_work.open_log(own.open_entry())
    # The signer is gone: ballots are taken and put into the log, and wait for a signature.
    at_work._signer._drop()  # type: ignore[attr-defined]
    with precinct.box() as box:
        cast = [ballot(own, f"voter-{number}") for number in range(3)]
        for each in cast:
            box.cast(each.entry, each.sealed)
        running = threading.Thread(target=at_work.run, args=(Ticks(3),))
        running.start()
        running.join(20)
        assert not running.is_alive()
        with precinct.store.reading() as transaction:
            assert (transaction.head().size, transaction.head().signed_size) == (4, 1)
        with serving(held, path):
            at_work.sequence()
            with precinct.store.reading() as transaction:
                assert transaction.head().signed_size == 4
            precinct.clock.late()
            at_work.close_log(close_entry(own))
    assert held.last().size == 5


class Ticks(threading.Event):
    """A signal that lets so many rounds pass without waiting, then stops."""

    def __init__(self, rounds: int) -> None:
        super().__init__()
        self._rounds = rounds

    def wait(self, timeout: float | None = None) -> bool:
        self._rounds -= 1
        return self._rounds < 0
