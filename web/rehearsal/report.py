"""What a rehearsal found, and the comparison of the count with what was cast."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from tally.election import Election
from tally.vote import Choice
from web.rehearsal.residents import Deed, RehearsalFailed


@dataclass(slots=True, kw_only=True)
class Report:
    """What a rehearsal found; filled as it goes."""

    voters: int = 0
    ballots_in_log: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    requests: int = 0
    behaviours: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    spoiled: dict[str, int] = field(default_factory=dict)
    proofs: int = 0
    result_hash: str = ""

    def to_value(self) -> dict[str, object]:
        """As JSON."""
        return {
            "voters": self.voters,
            "ballots_in_log": self.ballots_in_log,
            "seconds": {step: round(value, 2) for step, value in self.seconds.items()},
            "requests": self.requests,
            "behaviours": dict(sorted(self.behaviours.items())),
            "refused": dict(sorted(self.refused.items())),
            "spoiled": self.spoiled,
            "proofs_checked": self.proofs,
            "result_hash": self.result_hash,
        }


def compare_counts(
    results: Any,
    election: Election,
    counted: Iterable[Mapping[str, Choice]],
    deeds: Sequence[Deed],
    report: Report,
) -> None:
    """Raise RehearsalFailed unless ``results`` (the value of results.json) has, project by project,
    the votes that were cast; also fills in what was spoiled."""
    wanted: dict[str, Counter[str]] = {contest.id: Counter() for contest in election.contests}
    for choices in counted:
        for contest, choice in choices.items():
            wanted[contest].update({mark for mark, _ in choice})
    spoiled: Counter[str] = Counter()
    for contest in results["contests"]:
        listed = contest["projects"] if contest["kind"] == "envelope" else contest["options"]
        for each in listed:
            expected = wanted[contest["contest"]][each["id"]]
            if each["votes"] != expected:
                raise RehearsalFailed(
                    f"count: {each['id']} has {each['votes']} votes, {expected} were cast"
                )
        spoiled.update(contest["spoiled"])
    for style in results["styles"]:
        spoiled.update(style["spoiled"])
    report.spoiled = dict(spoiled)
    ballots = sum(style["counted"] for style in results["styles"])
    cast = sum(deed.leaf_hash is not None for deed in deeds)
    if ballots != cast:
        raise RehearsalFailed(f"count: {ballots} ballots counted, {cast} residents cast")


def digests(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file below ``folder``."""
    return {
        str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
