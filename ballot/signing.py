"""A signer in a process of its own: it holds the log's key, and the box's process does not.

Whoever takes over the box's process can then ask for signatures, and gets none but for heads that
continue what was signed; it cannot take the key away. The two speak over a UNIX socket, in a folder
that both users may enter and nobody else, one request after the other on a connection:

    {"type":"key"}                                      -> {"key":vkey text}
    {"type":"last"}                                     -> {"root":…,"size":…}
    {"proof":[…],"root":…,"size":…,"type":"sign"}       -> {"note":…} or {"refused":text}

Messages are canonical JSON, hashes and notes in base64url; anything else ends the connection.
"""

import logging
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path

from audit.errors import AuditError
from audit.label import b64, unb64
from audit.note import VerifierKey
from ballot.errors import BallotError
from ballot.signer import LogSigner, Mark, SignerStateInvalid, SigningRefused
from tally import canonical

LARGEST_MESSAGE = 16_384
MOST_HASHES = 64
WAITING = 16
PATIENCE_SECONDS = 30.0

log = logging.getLogger("scrutin.signer")


class SignerSilent(BallotError):
    """The signer's process does not answer. What waits is signed when it does again."""


class MessageInvalid(BallotError):
    """A message that is not one of these."""


def answer(signer: LogSigner, request: bytes) -> bytes:
    """The signer's answer to a request. Raises MessageInvalid, SignerStateInvalid."""
    value = _object(request)
    reply: dict[str, canonical.Value]
    match value:
        case {"type": "key", **rest} if not rest:
            reply = {"key": str(signer.key)}
        case {"type": "last", **rest} if not rest:
            mark = signer.last()
            reply = {"root": b64(mark.root), "size": mark.size}
        case {"type": "sign", "size": int(size), "root": root, "proof": list(proof), **rest} if (
            not rest and size >= 0 and len(proof) <= MOST_HASHES
        ):
            hashes = [_hash(each, "proof") for each in proof]
            try:
                reply = {"note": b64(signer.sign(size, _hash(root, "root"), hashes))}
            except SigningRefused as refused:
                reply = {"refused": str(refused)}
        case _:
            raise MessageInvalid("request: not one of key, last and sign")
    return canonical.encode(reply)


def _object(message: bytes) -> Mapping[str, canonical.Value]:
    try:
        value = canonical.parse(message, limit=LARGEST_MESSAGE)
    except canonical.CanonicalError as error:
        raise MessageInvalid(f"message: {error}") from None
    if not isinstance(value, Mapping):
        raise MessageInvalid("message: not an object")
    return value


def _hash(value: object, place: str) -> bytes:
    try:
        return unb64(value, place, size=32)
    except AuditError as error:
        raise MessageInvalid(str(error)) from None


@contextmanager
def serving(signer: LogSigner, path: Path) -> Iterator[None]:
    """Answer on the socket ``path`` in the background; who may ask is who may enter its folder.

    Raises SignerStateInvalid when another process listens there.
    """
    with suppress(FileNotFoundError):
        if _listens(path):
            raise SignerStateInvalid(f"{path}: another signer listens there; stop it first")
        path.unlink()
    ended = threading.Event()
    with Listener(str(path), "AF_UNIX", backlog=WAITING) as listener:
        path.chmod(0o660)
        work = threading.Thread(target=_accept, args=(listener, signer, ended), daemon=True)
        work.start()
        try:
            yield
        finally:
            ended.set()
            # Closing a socket does not wake who waits at it; somebody at the door does.
            _listens(path)
            work.join(timeout=5)
    path.unlink(missing_ok=True)


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return False
        return True


def _accept(listener: Listener, signer: LogSigner, ended: threading.Event) -> None:
    while not ended.is_set():
        try:
            connection = listener.accept()
        except OSError as error:
            if not ended.is_set():
                log.warning("signer: a connection failed: %s", error.strerror)
                ended.wait(0.1)
        else:
            threading.Thread(target=_serve, args=(connection, signer), daemon=True).start()


def _serve(connection: "Connection[bytes, bytes]", signer: LogSigner) -> None:
    with connection:
        try:
            while True:
                connection.send_bytes(answer(signer, connection.recv_bytes(LARGEST_MESSAGE)))
        except (EOFError, OSError):
            return
        except (MessageInvalid, SignerStateInvalid) as error:
            log.error("signer: %s", error)


class SocketSigner:
    """A LogSigner that asks the process behind the socket ``path``. Safe to use from threads."""

    def __init__(self, path: Path) -> None:
        """Raises SignerSilent when nobody answers there."""
        self._path = path
        self._guard = threading.Lock()
        self._connection: Connection[bytes, bytes] | None = None
        reply = self._ask({"type": "key"})
        try:
            self._key = VerifierKey.parse(str(reply["key"]))
        except (KeyError, AuditError):
            raise SignerSilent(f"{path}: what answers there is no signer") from None

    @property
    def key(self) -> VerifierKey:
        """The public key; its name is the log's origin."""
        return self._key

    def last(self) -> Mark:
        """See LogSigner.last. Raises SignerSilent."""
        match self._ask({"type": "last"}):
            case {"root": root, "size": int(size), **rest} if not rest and size >= 0:
                return Mark(size=size, root=self._bytes(root, "root", 32))
        raise SignerSilent(f"{self._path}: what answers there is no signer")

    def sign(self, size: int, root: bytes, proof: Sequence[bytes]) -> bytes:
        """See LogSigner.sign. Raises SignerSilent."""
        request: dict[str, canonical.Value] = {
            "type": "sign",
            "size": size,
            "root": b64(root),
            "proof": [b64(each) for each in proof],
        }
        match self._ask(request):
            case {"note": note, **rest} if not rest:
                return self._bytes(note, "note")
            case {"refused": str(reason), **rest} if not rest:
                raise SigningRefused(reason)
        raise SignerSilent(f"{self._path}: what answers there is no signer")

    def _bytes(self, value: object, place: str, size: int | None = None) -> bytes:
        try:
            return unb64(value, place, size=size)
        except AuditError:
            raise SignerSilent(f"{self._path}: what answers there is no signer") from None

    def _ask(self, request: Mapping[str, canonical.Value]) -> Mapping[str, canonical.Value]:
        """One request and its answer; once more on a new connection, since the same request gets
        the same answer and the signer may have been started again meanwhile."""
        data = canonical.encode(dict(request))
        with self._guard:
            for remaining in (1, 0):
                try:
                    if self._connection is None:
                        self._connection = Client(str(self._path), "AF_UNIX")
                    self._connection.send_bytes(data)
                    if not self._connection.poll(PATIENCE_SECONDS):
                        raise TimeoutError
                    return _object(self._connection.recv_bytes(LARGEST_MESSAGE))
                except (OSError, EOFError, MessageInvalid) as error:
                    self._drop()
                    if not remaining:
                        raise SignerSilent(
                            f"{self._path}: the signer does not answer ({type(error).__name__}); "
                            "start it: scrutin signer serve"
                        ) from None
        raise AssertionError("unreachable")

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
