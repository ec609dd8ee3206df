"""Asking the witnesses that an election's policy names to cosign its log.

Beside the sequencer, never in its way: a round reads the newest signed checkpoint from the
database, asks all witnesses at once and keeps what they give. A witness that is down, slow or of
another opinion delays nothing but the opening; the next round asks it again.

Opening sockets is not this room's business: ``Ask`` is given by whoever can.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from queue import Empty, Queue
from threading import Event as Signal
from threading import Lock, Thread
from time import monotonic

from audit.errors import AuditError
from audit.note import Signature
from audit.witness import GRANTED, OTHER_SIZE, line_of, read_lines, read_size
from ballot.cosignatures import Cosignatures, LogNotSigned, Newest, Seen
from ballot.errors import BallotError
from ballot.store.engine import StoreBusy

ROUND_SECONDS = 15.0
AGAIN_SECONDS = 30.0
_LOOK_SECONDS = 1.0


class WitnessSilent(BallotError):
    """A witness gave no answer that could be read."""


class WitnessRefused(BallotError):
    """A witness answered, but without a cosignature; the message says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a witness answered: HTTP status and body."""

    status: int
    body: bytes


Ask = Callable[[str, bytes], Answer]
"""(address of the witness, request) -> its answer. Raises WitnessSilent, within some seconds."""

_Answers = Queue[tuple[str, "Signature | str"]]
"""Names of witnesses, each with its line or with why there is none."""


class Cosigning:
    """Asks for one log. Safe to use beside a sequencer, in this process or another."""

    def __init__(
        self, cosignatures: Cosignatures, ask: Ask, *, round_seconds: float = ROUND_SECONDS
    ) -> None:
        """A round waits for answers at most ``round_seconds``; whoever is slower is asked again in
        the next."""
        self._cosignatures = cosignatures
        self._ask = ask
        self._round_seconds = round_seconds
        self._sizes: dict[str, int] = {}
        self._asked: set[str] = set()
        self._guard = Lock()

    @property
    def has_witnesses(self) -> bool:
        """Whether there is anybody to ask."""
        return bool(self._cosignatures.witnesses)

    def ask_all(self) -> Seen:
        """Ask every witness that has not cosigned the newest checkpoint, and keep what they give.

        Raises LogNotSigned, and what the database or the folder raise; nothing for a witness.
        """
        self._cosignatures.adopt_published()
        newest = self._cosignatures.newest()
        if newest.seen.final:
            return newest.seen
        answers: _Answers = Queue()
        waiting: set[str] = set()
        faults: dict[str, str] = {}
        for name in newest.seen.missing:
            url = self._cosignatures.witnesses[name].url
            if url is None:
                faults[name] = "has no address in the policy: ask it by hand"
                continue
            if self._begin(name):
                waiting.add(name)
                Thread(
                    target=self._ask_one,
                    args=(name, url, newest, answers),
                    name=f"witness {name}",
                    daemon=True,
                ).start()
            else:
                faults[name] = "has not answered the last request yet"
        lines: list[Signature] = []
        until = monotonic() + self._round_seconds
        while waiting:
            try:
                name, answer = answers.get(timeout=max(0.0, until - monotonic()))
            except Empty:
                break
            waiting.discard(name)
            if isinstance(answer, str):
                faults[name] = answer
            else:
                lines.append(answer)
        faults.update((name, "did not answer in time") for name in waiting)
        # Also without a new line: a note that was kept may not be published yet.
        seen = self._cosignatures.keep(newest.text, lines)
        return replace(seen, faults={name: faults[name] for name in seen.missing if name in faults})

    def _begin(self, name: str) -> bool:
        """Whether ``name`` may be asked: not while an earlier request to it is under way."""
        with self._guard:
            free = name not in self._asked
            self._asked.add(name)
            return free

    def _ask_one(self, name: str, url: str, newest: Newest, answers: _Answers) -> None:
        answer: Signature | str
        try:
            answer = self._line(name, url, newest)
        except (BallotError, AuditError) as error:
            answer = str(error)
        except Exception as error:  # whatever it was, the round goes on without this witness
            answer = f"could not be asked ({type(error).__name__})"
        with self._guard:
            self._asked.discard(name)
        answers.put((name, answer))

    def _line(self, name: str, url: str, newest: Newest) -> Signature:
        """The line of a witness, asked once more when it says from which size on."""
        size = newest.seen.size
        old = min(self._sizes.get(name, 0), size)
        answer = self._ask(url, self._cosignatures.request(old, newest))
        if answer.status == OTHER_SIZE:
            old = read_size(answer.body)
            if old > size:
                raise WitnessRefused(
                    f"says that it cosigned {old} entries of this log, which has {size}: another "
                    "log was shown under its name, or the database is an old copy"
                )
            answer = self._ask(url, self._cosignatures.request(old, newest))
        if answer.status != GRANTED:
            raise WitnessRefused(_refusal(answer))
        key = self._cosignatures.witnesses[name].key
        line = line_of(key, read_lines(answer.body), newest.text)
        if line is None:
            raise WitnessRefused("answered without a cosignature of the key in the policy")
        self._sizes[name] = size
        return line

    def run(self, stop: Signal, told: Callable[[Seen], None]) -> None:
        """Ask until ``stop`` is set: soon after every new checkpoint, and again while somebody is
        missing. ``told`` hears of each round. Raises what the database or the folder raise."""
        asked, since = "", 0.0
        while not stop.wait(_LOOK_SECONDS):
            try:
                newest = self._cosignatures.newest()
                if newest.seen.final or not newest.seen.missing:
                    continue
                if newest.text == asked and monotonic() - since < AGAIN_SECONDS:
                    continue
                asked, since = newest.text, monotonic()
                told(self.ask_all())
            except (LogNotSigned, StoreBusy):
                continue


def _refusal(answer: Answer) -> str:
    words = answer.body[:200].decode("utf-8", "replace").strip()
    shown = "".join(each if each.isprintable() else " " for each in words)
    return f"refused with status {answer.status}: {shown or 'no reason given'}"
