"""From sealed bytes to results: open every counted ballot with the published key, read it, count.

What the officers' machine does to publish, and what everybody does to verify, is this code.
Source: docs/formats.md sections 5, 8, 9 and 10.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO

from audit.admission import Admitted, CountedBallot
from audit.checkpoint import Checkpoint
from audit.errors import AuditError
from audit.figures import figures
from audit.label import b64, labelled
from audit.manifest import Manifest
from audit.opening import checkpoint_hash
from audit.parallel import IN_THIS_PROCESS, Workers
from audit.publication import pabulib_path
from audit.record import sealed_hash
from audit.seal import OVERHEAD, Opener, SealInvalid, seal_info
from tally import canonical
from tally.count import EnvelopeResult, Result, count
from tally.election import Election
from tally.errors import TallyError
from tally.outcome import TOP_UP
from tally.pabulib_publication import publication
from tally.vote import Choice, Layout, Spoiled, Vote, plaintext_length

DOES_NOT_OPEN = "does-not-open"

_PORTION = 1_000
_MOST_KNOWN = 50_000
"""Spellings of choices that are kept to be used again: where hardly two are equal, they would grow
with the ballots and save nothing."""


class SealedInvalid(AuditError):
    """Sealed bytes that are not the ones the log names."""


class CountFailed(AuditError):
    """The counting rules of the manifest cannot be carried out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedBallot:
    """A counted ballot after the opening."""

    leaf_hash: bytes
    vote: Vote | Spoiled


def sealed_size(manifest: Manifest, style: str) -> int:
    """How many sealed bytes every ballot of the style has."""
    return plaintext_length(manifest.election, style) + OVERHEAD


def split_sealed(
    manifest: Manifest, style: str, ballots: Sequence[CountedBallot], data: bytes
) -> list[bytes]:
    """The sealed bytes of each ballot in ``sealed/<style>.bin``, each what its header names.

    Raises SealedInvalid.
    """
    size = sealed_size(manifest, style)
    if len(data) != size * len(ballots):
        raise SealedInvalid(
            f"{len(data)} bytes instead of {size * len(ballots)} for {len(ballots)} ballots"
        )
    blobs = [data[at : at + size] for at in range(0, len(data), size)]
    for ballot, blob in zip(ballots, blobs, strict=True):
        _check_hash(ballot, blob)
    return blobs


def _check_hash(ballot: CountedBallot, blob: bytes) -> None:
    if sealed_hash(blob) != ballot.sealed_hash:
        raise SealedInvalid(
            f"entry {ballot.position}: the sealed bytes are not those its header names"
        )


class _Open:
    """Opens and reads ballots of one style, perhaps in another process."""

    def __init__(self, manifest: Manifest, style: str, private_key: bytes) -> None:
        self._arguments = manifest, style, private_key
        self._manifest = manifest
        self._style = style
        self._opener = Opener(private_key)
        self._layout = Layout(manifest.election, style)

    def __reduce__(self) -> tuple[type["_Open"], tuple[Manifest, str, bytes]]:
        return _Open, self._arguments

    def __call__(self, portion: Sequence[tuple[CountedBallot, bytes]], /) -> list[Vote | Spoiled]:
        votes = []
        for ballot, blob in portion:
            info = seal_info(self._manifest.hash, self._style, ballot.pseudonym, ballot.sequence)
            vote: Vote | Spoiled
            try:
                vote = self._layout.decode(self._opener.open(blob, info))
            except SealInvalid:
                vote = Spoiled(reason=DOES_NOT_OPEN)
            votes.append(vote)
        return votes


def _nothing(_done: int) -> None:
    pass


def _of_nothing(_done: int, _total: int) -> None:
    pass


def open_ballots(
    manifest: Manifest,
    style: str,
    ballots: Sequence[CountedBallot],
    blobs: Sequence[bytes],
    private_key: bytes,
    *,
    workers: Workers = IN_THIS_PROCESS,
    progress: Callable[[int], None] = _nothing,
) -> list[OpenedBallot]:
    """Open and read the ballots of a style; what does not open or decode is spoiled.

    ``blobs`` are their sealed bytes, ``private_key`` the election's (32 bytes). Sorted by leaf
    hash, so that the order says nothing of the log.
    """
    opened: list[OpenedBallot] = []
    pairs = zip(ballots, blobs, strict=True)
    work = _Open(manifest, style, private_key)
    # The hashes are those of ``ballots`` themselves: copies would come back from other processes.
    hashes = (ballot.leaf_hash for ballot in ballots)
    for portion in workers.in_portions(work, pairs, number=len(ballots)):
        opened += [OpenedBallot(leaf_hash=next(hashes), vote=vote) for vote in portion]
        progress(len(opened))
    opened.sort(key=lambda ballot: ballot.leaf_hash)
    return opened


def open_all(
    manifest: Manifest,
    admitted: Admitted,
    sealed: Mapping[str, bytes],
    private_key: bytes,
    *,
    workers: Workers = IN_THIS_PROCESS,
    progress: Callable[[int, int], None] = _of_nothing,
) -> dict[str, list[OpenedBallot]]:
    """Open and read all counted ballots, by style; ``sealed`` has the content of each style's
    ``sealed/<style>.bin``. ``progress`` is told how many are done, of how many.

    Raises SealedInvalid.
    """
    opened: dict[str, list[OpenedBallot]] = {}
    total, before = sum(map(len, admitted.counted.values())), 0
    for style, ballots in admitted.counted.items():

        def told(done: int, before: int = before) -> None:
            progress(before + done, total)

        opened[style] = open_ballots(
            manifest,
            style,
            ballots,
            split_sealed(manifest, style, ballots, sealed[style]),
            private_key,
            workers=workers,
            progress=told,
        )
        before += len(ballots)
    return opened


def ballots_file(style: str, opened: Sequence[OpenedBallot]) -> bytes:
    """The content of ``ballots/<style>.json``; ``opened`` is sorted by leaf hash."""
    # Spelled ballot by ballot, which a test compares with the general encoder: most ballots make
    # one of few choices, and a file of 150,000 of them would take longer than their signatures.
    known: dict[object, str] = {}
    file = BytesIO()
    file.write(b'{"ballots":[')
    # In portions, because a million texts, all of them joined, and their bytes would stand beside
    # each other in memory.
    for begin in range(0, len(opened), _PORTION):
        texts = [_ballot_text(ballot, known) for ballot in opened[begin : begin + _PORTION]]
        file.write((",".join(texts) if not begin else "," + ",".join(texts)).encode())
        if len(known) > _MOST_KNOWN:
            known.clear()
    file.write(f'],"style":{_text(style)}}}'.encode())
    return file.getvalue()


def _text(value: canonical.Value) -> str:
    return canonical.encode(value).decode()


def _ballot_text(ballot: OpenedBallot, known: dict[object, str]) -> str:
    vote, leaf = ballot.vote, b64(ballot.leaf_hash)
    if isinstance(vote, Spoiled):
        return f'{{"leaf_hash":"{leaf}","spoiled":{_text(vote.reason)}}}'
    parts = []
    for contest in sorted(vote.choices):
        choice = vote.choices[contest]
        key = (contest, choice)
        if key not in known:
            known[key] = f"{_text(contest)}:{_choice_text(choice, known)}"
        parts.append(known[key])
    return f'{{"contests":{{{",".join(parts)}}},"leaf_hash":"{leaf}"}}'


def _choice_text(choice: Choice | Spoiled, known: dict[object, str]) -> str:
    if isinstance(choice, Spoiled):
        return _text({"spoiled": choice.reason})
    # Where hardly two choices are equal, their marks still are.
    marks = []
    for mark in choice:
        if mark not in known:
            known[mark] = _text(mark)
        marks.append(known[mark])
    return f"[{','.join(marks)}]"


def lot_seed(election: bytes, root: bytes, private_key: bytes) -> bytes:
    """What decides the lot: nobody could know it before the opening. ``root``: the final log's."""
    return sha256(labelled("lot", election, root, private_key)).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recount:
    """What the opened ballots come to: ``results`` is the content of ``results.json``."""

    election: Election
    result: Result
    results: bytes

    def figures(self) -> Iterator[tuple[str, bytes]]:
        """The files ``figures/<name>.json``."""
        yield from figures(self.election, canonical.parse(self.results))  # type: ignore[arg-type]

    def pabulib(self) -> Iterator[tuple[str, bytes]]:
        """The files ``pabulib/<contest>.pb``: one for each envelope; the format has no place for
        questions."""
        for counted in self.result.contests:
            if isinstance(counted, EnvelopeResult):
                contest, outcome = counted.envelope.id, counted.outcome
                text = publication(
                    self.election,
                    contest,
                    counted.profile,
                    outcome.winners,
                    topped_up=[
                        step.project
                        for step in outcome.steps
                        if step.action == TOP_UP and step.project is not None
                    ],
                )
                yield pabulib_path(contest), text.encode()


def recount(
    manifest: Manifest,
    admitted: Admitted,
    opened: Mapping[str, Sequence[OpenedBallot]],
    *,
    checkpoint: Checkpoint,
    private_key: bytes,
) -> Recount:
    """Count all opened ballots (by style) under the manifest's rules.

    Raises CountFailed when a rule cannot be carried out.
    """
    seed = lot_seed(manifest.hash, checkpoint.root, private_key)
    votes = (ballot.vote for style in admitted.counted for ballot in opened[style])
    try:
        result = count(manifest.election, votes, seed)
        results = canonical.encode(
            {
                "type": "results",
                "version": 1,
                "election": b64(manifest.hash),
                "checkpoint": b64(checkpoint_hash(checkpoint)),
                "lot_seed": b64(seed),
                "styles": [
                    _style_value(manifest, admitted, style, opened[style])
                    for style in admitted.counted
                ],
                **result.to_value(),
            }
        )
    except TallyError as error:
        raise CountFailed(f"the rules cannot be carried out: {error}") from None
    return Recount(election=manifest.election, result=result, results=results)


def _style_value(
    manifest: Manifest, admitted: Admitted, style: str, opened: Sequence[OpenedBallot]
) -> canonical.Value:
    votes = [ballot.vote for ballot in opened]
    spoiled = Counter(vote.reason for vote in votes if isinstance(vote, Spoiled))
    return {
        "style": style,
        "roll": manifest.roll.counts[style],
        "issued": {each.issuer: each.counts[style] for each in admitted.closed.issued},
        "counted": len(opened),
        "superseded": admitted.superseded[style],
        "equivocations": admitted.equivocations[style],
        "spoiled": dict(spoiled),
        "blank": sum(
            isinstance(vote, Vote) and all(choice == () for choice in vote.choices.values())
            for vote in votes
        ),
    }
