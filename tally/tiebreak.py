"""A total order from criteria that were published before anybody voted.

Projects of equal score stand in the order of the envelope's ``tie_break``; the last criterion is
``order`` or ``lot``, so no two projects are ever equal. Every set of projects that a criterion
had to tell apart is reported.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from tally.errors import TallyError

LotKey = Callable[[str], bytes]
Key = tuple[int | bytes | tuple[int, ...], ...]
"""The score (majority judgment: its key), then a part for each criterion."""

LAST: Final = ("order", "lot")


def lot_keys(seed: bytes, contest: str) -> LotKey:
    """The public lot of a contest: project id to its key, the lower key first.

    Source: docs/formats.md section 8.
    """
    name = contest.encode()
    start = b"scrutin/1/lot\x00" + seed + len(name).to_bytes(4, "big") + name

    def key(project: str) -> bytes:
        text = project.encode()
        return sha256(start + len(text).to_bytes(4, "big") + text).digest()

    return key


@dataclass(frozen=True, slots=True, kw_only=True)
class TieSet:
    """Projects (by index) equal until ``criterion``, and the order they came into."""

    projects: tuple[int, ...]
    criterion: str
    order: tuple[int, ...]


class Sorter:
    """Sorts projects by score and then by the criteria.

    ``votes``, ``score`` and ``cost`` are taken anew for each key, because margins ask what would
    have been with others; ``index`` is the place in the definition.
    """

    __slots__ = ("_lots", "criteria")

    def __init__(self, criteria: Sequence[str], projects: Sequence[str], lot_key: LotKey) -> None:
        if not criteria or criteria[-1] not in LAST:
            raise TallyError(
                "tie_break: the order is not total. End it with 'order' (listed first) or 'lot'"
            )
        self.criteria: Final = tuple(criteria)
        self._lots: Final = tuple(map(lot_key, projects)) if "lot" in criteria else ()

    def key(self, index: int, votes: int, score: int, cost: int) -> Key:
        """The key to sort by: the lower comes first."""
        key: list[int | bytes | tuple[int, ...]] = [-score]
        for criterion in self.criteria:
            if criterion == "lot":
                key.append(self._lots[index])
            elif criterion == "order":
                key.append(index)
            elif criterion == "votes":
                key.append(-votes)
            elif criterion == "score":
                key.append(-score)
            elif criterion == "cost":
                key.append(cost)
            elif criterion == "expensive":
                key.append(-cost)
            else:
                raise TallyError(f"tie_break: unknown criterion {criterion!r}")
        return tuple(key)

    def ties(self, order: Sequence[int], keys: Sequence[Key]) -> list[TieSet]:
        """Every set that was equal up to a criterion which told some of it apart.

        ``order`` holds the projects sorted, ``keys`` the key of every project by index. A set
        that is told apart only in part leaves a smaller set for a later criterion, which is
        reported as well. Sets come in the order of ``order``, larger ones first.
        """
        found: list[TieSet] = []

        def split(members: Sequence[int], depth: int) -> None:
            while len(members) > 1:
                parts: list[list[int]] = []
                for project in members:
                    if parts and keys[parts[-1][0]][depth] == keys[project][depth]:
                        parts[-1].append(project)
                    else:
                        parts.append([project])
                if len(parts) > 1:
                    if depth > 0:
                        found.append(
                            TieSet(
                                projects=tuple(sorted(members)),
                                criterion=self.criteria[depth - 1],
                                order=tuple(members),
                            )
                        )
                    for part in parts:
                        split(part, depth + 1)
                    return
                depth += 1

        split(order, 0)
        return found
