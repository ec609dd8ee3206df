"""Who examines ballots for a box: its own threads, or a process beside it.

The signatures are half of what a ballot costs. In the box's process every one of them passes the
interpreter on to another thread and waits to have it back, which costs as much again; in a process
beside it they cost that core and nothing else. That process holds the manifest and no key, writes
nothing, and applies the same pure rule. When it is missing, silent or gone, the box's threads
examine what it owes, and a new one is started.
"""

import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pickle import PickleError
from threading import Event, Lock, Thread

from audit.manifest import Manifest
from ballot.intake import Candidate, Refused, examine_ballot, sealed_lengths

SILENT_SECONDS = 10.0
"""For a few hundred ballots, some 0.3 ms each: whoever takes longer is stopped."""
START_SECONDS = 60.0
AGAIN_SECONDS = 5.0
PASSED_ON = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH")
"""What the process needs of the environment to start."""

log = logging.getLogger("scrutin.box")

Tell = Callable[[Candidate | Refused], None]
_Verdict = tuple[bytes, str, int, bytes, bytes | None] | tuple[str, str, str]


class Examiner:
    """Examines in the thread that asks. Use it in a ``with``."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._lengths = sealed_lengths(manifest)

    def begin(self) -> None:
        """Called once, before the first ballot."""

    def end(self) -> None:
        """Called once: gives the verdicts that are owed, and stops."""

    def examine(self, entry: bytes, sealed: bytes, tell: Tell) -> None:
        """Examine a ballot (``ballot.intake.examine_ballot``) and tell what came of it, now or
        later, in any thread. ``tell`` must not raise nor wait."""
        tell(self._verdict(entry, sealed))

    def _verdict(self, entry: bytes, sealed: bytes) -> Candidate | Refused:
        return examine_ballot(self._manifest, self._lengths, entry, sealed)


@dataclass(frozen=True, slots=True)
class _Owed:
    entry: bytes
    sealed: bytes
    tell: Tell


class ExaminerBeside(Examiner):
    """Examines in a process of its own: at once all that came while it examined the last."""

    def __init__(
        self,
        manifest: Manifest,
        *,
        silent_seconds: float = SILENT_SECONDS,
        again_seconds: float = AGAIN_SECONDS,
    ) -> None:
        """A process that is silent for so long is replaced, after so long."""
        super().__init__(manifest)
        self._silent_seconds = silent_seconds
        self._again_seconds = again_seconds
        self._guard = Lock()
        self._waiting: list[_Owed] = []
        self._sent: list[_Owed] = []
        self._connection: Connection | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._ended = Event()
        self._keeper = Thread(target=self._keep, name="ballot box examiner", daemon=True)

    @property
    def process(self) -> int | None:
        """The number of the process, while it is there and ready."""
        process = self._process
        return None if process is None or self._connection is None else process.pid

    def begin(self) -> None:
        self._keeper.start()

    def end(self) -> None:
        self._ended.set()
        with self._guard:
            if self._connection is None or not self._sent:
                self._hang_up()
        self._keeper.join()

    def examine(self, entry: bytes, sealed: bytes, tell: Tell) -> None:
        with self._guard:
            if self._connection is not None and not self._ended.is_set():
                self._waiting.append(_Owed(entry, sealed, tell))
                if not self._sent:
                    self._send()
                return
        tell(self._verdict(entry, sealed))

    def _send(self) -> None:
        """Let the process examine what waits. Whoever calls holds the guard."""
        self._sent, self._waiting = self._waiting, []
        if self._connection is not None:
            with suppress(OSError):  # it is gone: the keeper sees the same
                self._connection.send([(owed.entry, owed.sealed) for owed in self._sent])

    def _hang_up(self) -> None:
        if self._connection is not None:
            # The one who reads this end wakes; closing it would not wake anybody.
            with suppress(OSError), socket.socket(fileno=self._connection.fileno()) as end:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                finally:
                    end.detach()

    # -- the keeper thread ----------------------------------------------------------------------

    def _keep(self) -> None:
        while not self._ended.is_set():
            ours, theirs = socket.socketpair()
            with ours, theirs:
                try:
                    process = subprocess.Popen(  # noqa: S603  (our own program)
                        [sys.executable, "-P", "-m", __name__, str(theirs.fileno())],
                        pass_fds=[theirs.fileno()],
                        stdin=subprocess.DEVNULL,
                        # The environment of the box may hold what opens its keys.
                        env={name: os.environ[name] for name in PASSED_ON if name in os.environ},
                    )
                except OSError as error:
                    log.error("no process to examine ballots can be started: %s", error)
                    self._ended.wait(self._again_seconds)
                    continue
                connection = Connection(ours.detach())
            self._process = process
            try:
                with connection:
                    self._serve(connection)
            finally:
                process.kill()
                process.wait()
            if not self._ended.is_set():
                log.error(
                    "the process that examines ballots stopped: the box examines them itself, and "
                    "starts another"
                )
                self._ended.wait(self._again_seconds)

    def _serve(self, connection: Connection) -> None:
        """Pass ballots to a process and verdicts back, until it or the box ends."""
        try:
            connection.send(self._manifest)
            if not connection.poll(START_SECONDS):
                return
            connection.recv()
            with self._guard:
                self._connection = connection
            while not (self._ended.is_set() and not self._sent):
                if not connection.poll(self._silent_seconds):
                    if self._sent:
                        break
                    continue
                verdicts = connection.recv()
                if len(verdicts) != len(self._sent):
                    break
                with self._guard:
                    told, self._sent = self._sent, []
                    if self._waiting:
                        self._send()
                for owed, verdict in zip(told, verdicts, strict=True):
                    owed.tell(_read(verdict, owed))
        except (EOFError, OSError, PickleError):  # it is gone, or says what nobody can read
            pass
        finally:
            with self._guard:
                self._connection = None
                owing = [*self._sent, *self._waiting]
                self._sent, self._waiting = [], []
            for owed in owing:
                owed.tell(self._verdict(owed.entry, owed.sealed))


def _read(verdict: _Verdict, owed: _Owed) -> Candidate | Refused:
    if len(verdict) == 3:
        code, reason, message = verdict
        return Refused(code=code, reason=reason, message=message)
    pseudonym, style, sequence, sealed_hash, leaf_hash = verdict
    return Candidate(
        pseudonym=pseudonym,
        style=style,
        sequence=sequence,
        sealed_hash=sealed_hash,
        test=False,
        leaf_hash=leaf_hash,
        entry=owed.entry,
        sealed=owed.sealed,
    )


# -- the process beside -------------------------------------------------------------------------


def _spell(found: Candidate | Refused) -> _Verdict:
    if isinstance(found, Refused):
        return (found.code, found.reason, found.message)
    return (found.pseudonym, found.style, found.sequence, found.sealed_hash, found.leaf_hash)


def main(words: Sequence[str]) -> None:
    """Examine what comes through the socket of this number, until its other end is closed."""
    # Whoever stops the box stops it alone; this process ends when the box has no more for it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with Connection(int(words[0])) as connection, suppress(EOFError, OSError):
        manifest = connection.recv()
        lengths = sealed_lengths(manifest)
        connection.send(None)
        while True:
            ballots = connection.recv()
            connection.send([_spell(examine_ballot(manifest, lengths, *each)) for each in ballots])


if __name__ == "__main__":
    main(sys.argv[1:])
