"""The marks of one contest: their limits, their bytes, and why a part of a ballot is spoiled.

A choice is a tuple of marks (id, integer), ``()`` when blank: approval, knapsack, choose-1 and
question (id, 1); ranking (id, rank from 1); points and scores (id, points); grades (id, label
index). Marks stand in ballot order, rankings in rank order. Bytes: docs/formats.md section 5.
"""

import struct
from collections.abc import Mapping, Sequence
from typing import Final

from tally.errors import TallyError
from tally.form import (
    U16,
    Approval,
    ChooseOne,
    Form,
    Grades,
    Knapsack,
    Points,
    QuestionForm,
    Ranking,
    Scores,
)
from tally.text import Text

Choice = tuple[tuple[str, int], ...]

# Why a ballot, or one contest's part of it, does not count. The codes are part of the format.
WHOLE_BALLOT: Final = ("does-not-open", "length", "version")
REASONS: Final[Mapping[str, Text]] = {
    "does-not-open": Text.of(
        fr="Le bulletin scellé ne s'ouvre pas avec la clé de l'élection.",
        en="The sealed ballot does not open with the election's key.",
    ),
    "length": Text.of(
        fr="Le bulletin n'a pas la longueur de ceux de sa catégorie.",
        en="The ballot does not have the length of ballots of its style.",
    ),
    "version": Text.of(
        fr="Le bulletin est écrit dans une version inconnue du format.",
        en="The ballot is written in an unknown version of the format.",
    ),
    "unused-bits": Text.of(
        fr="Le bulletin marque une case qui n'existe pas.",
        en="The ballot marks a box that does not exist.",
    ),
    "unknown": Text.of(
        fr="Le bulletin nomme un projet ou une option qui n'existe pas.",
        en="The ballot names a project or an option that does not exist.",
    ),
    "gap": Text.of(
        fr="Le classement saute un rang.",
        en="The ranking leaves out a rank.",
    ),
    "repeated": Text.of(
        fr="Le même projet est nommé deux fois.",
        en="The same project is named twice.",
    ),
    "out-of-range": Text.of(
        fr="Une note ou une mention n'existe pas dans ce vote.",
        en="A score or a grade does not exist in this vote.",
    ),
    "blank": Text.of(
        fr="Rien n'est marqué, et le vote blanc n'est pas admis ici.",
        en="Nothing is marked, and a blank vote is not allowed here.",
    ),
    "too-few": Text.of(
        fr="Moins de projets sont nommés que le minimum.",
        en="Fewer projects are named than the minimum.",
    ),
    "too-many": Text.of(
        fr="Plus de projets sont nommés que le maximum.",
        en="More projects are named than the maximum.",
    ),
    "over-cap": Text.of(
        fr="Un projet reçoit plus de points que le plafond par projet.",
        en="A project is given more points than one project may have.",
    ),
    "over-total": Text.of(
        fr="Plus de points sont donnés que le total.",
        en="More points are given than the total.",
    ),
    "under-total": Text.of(
        fr="Moins de points sont donnés que le minimum.",
        en="Fewer points are given than the minimum.",
    ),
    "over-budget": Text.of(
        fr="Les projets nommés coûtent ensemble plus que le budget du bulletin.",
        en="The projects named cost more together than the budget of a ballot.",
    ),
}


class MarkFault(TallyError):
    """A part of a ballot that does not count; ``reason`` is a code of REASONS or "layout"."""

    def __init__(self, reason: str, message: str | None = None) -> None:
        super().__init__(message or REASONS[reason].in_language("en"))
        self.reason = reason


def part_length(form: Form, choices: int) -> int:
    """How many bytes the part of a contest with ``choices`` projects or options takes."""
    if isinstance(form, Approval | Knapsack):
        return (choices + 7) // 8
    if isinstance(form, ChooseOne):
        return 2
    if isinstance(form, Ranking):
        return 2 * form.maximum
    if isinstance(form, QuestionForm):
        return 1
    return 2 * choices


def check_limits(form: Form, costs: Mapping[str, int], choice: Choice) -> None:
    """Raise MarkFault when ``choice`` breaks a limit of ``form``.

    The first limit broken, in the order of docs/formats.md section 5, is the reason.
    ``costs`` are those of the contest's projects, by id (minor units).
    """
    count = len(choice)
    if not choice:
        if not form.blank:
            raise MarkFault("blank")
        return
    if isinstance(form, ChooseOne | QuestionForm):
        low, high = 1, 1
    elif isinstance(form, Points | Scores):
        low, high = form.minimum_projects, form.maximum_projects or count
    elif isinstance(form, Grades):
        low, high = 1, count
    else:
        low, high = form.minimum, form.maximum or count
    if count < low:
        raise MarkFault("too-few")
    if count > high:
        raise MarkFault("too-many")
    if isinstance(form, Points):
        total = sum(points for _, points in choice)
        if any(points > form.cap for _, points in choice):
            raise MarkFault("over-cap")
        if total > form.total:
            raise MarkFault("over-total")
        if total < form.minimum_total:
            raise MarkFault("under-total")
    if isinstance(form, Knapsack) and sum(costs[name] for name, _ in choice) > form.budget:
        raise MarkFault("over-budget")


def read_part(form: Form, ids: Sequence[str], data: bytes) -> Choice:
    """The marks that ``data`` (of ``part_length``) spells.

    Raises MarkFault when the bytes mean nothing; limits are not looked at.
    """
    if isinstance(form, Approval | Knapsack):
        return _read_bitmap(ids, data)
    if isinstance(form, QuestionForm):
        return _named(ids, data[0])
    numbers = struct.unpack(f">{len(data) // 2}H", data)
    if isinstance(form, ChooseOne):
        return _named(ids, numbers[0])
    if isinstance(form, Ranking):
        return _read_ranking(ids, numbers)
    if isinstance(form, Points):
        return tuple((ids[at], number) for at, number in enumerate(numbers) if number)
    if isinstance(form, Scores):
        first, most = form.minimum, form.maximum - form.minimum + 1
    else:
        first, most = 0, len(form.labels)
    if max(numbers) > most:
        raise MarkFault("out-of-range")
    return tuple((ids[at], number - 1 + first) for at, number in enumerate(numbers) if number)


def _named(ids: Sequence[str], number: int) -> Choice:
    if number > len(ids):
        raise MarkFault("unknown")
    return ((ids[number - 1], 1),) if number else ()


def _read_bitmap(ids: Sequence[str], data: bytes) -> Choice:
    unused = 8 * len(data) - len(ids)
    bits = int.from_bytes(data, "big")
    if bits & ((1 << unused) - 1):
        raise MarkFault("unused-bits")
    bits >>= unused
    marks = []
    last = len(ids)
    while bits:
        top = bits.bit_length()
        marks.append((ids[last - top], 1))
        bits ^= 1 << (top - 1)
    return tuple(marks)


def _read_ranking(ids: Sequence[str], numbers: Sequence[int]) -> Choice:
    marks: list[tuple[str, int]] = []
    seen: set[int] = set()
    for rank, number in enumerate(numbers, 1):
        if not number:
            continue
        if len(marks) != rank - 1:
            raise MarkFault("gap")
        if number > len(ids):
            raise MarkFault("unknown")
        if number in seen:
            raise MarkFault("repeated")
        seen.add(number)
        marks.append((ids[number - 1], rank))
    return tuple(marks)


def write_part(form: Form, positions: Mapping[str, int], choice: Choice) -> bytes:
    """The bytes of ``choice``, whose marks may stand in any order.

    ``positions`` is the place of each id in ballot order, from 0. Limits are not looked at.
    Raises MarkFault when the layout has no place for a mark: "unknown", "repeated", or "layout".
    """
    numbers = [0] * len(positions)
    for name, mark in choice:
        if name not in positions:
            raise MarkFault("unknown", f"there is no {name!r} to mark in this contest")
        if isinstance(mark, bool) or not isinstance(mark, int):
            raise MarkFault("layout", f"the mark of {name!r} is not an integer")
        if numbers[positions[name]] and not isinstance(form, Ranking):
            raise MarkFault("repeated", f"{name!r} is marked twice")
        numbers[positions[name]] = _number(form, name, mark)
    if isinstance(form, Approval | Knapsack):
        bits = int("".join(map(str, numbers)), 2)
        unused = -len(numbers) % 8
        return (bits << unused).to_bytes(part_length(form, len(numbers)), "big")
    if isinstance(form, ChooseOne | QuestionForm):
        if len(choice) > 1:
            raise MarkFault("too-many", "more than one is marked, and the form has room for one")
        number = positions[choice[0][0]] + 1 if choice else 0
        return number.to_bytes(part_length(form, len(numbers)), "big")
    if isinstance(form, Ranking):
        numbers = _write_ranking(form.maximum, positions, choice)
    return struct.pack(f">{len(numbers)}H", *numbers)


def _number(form: Form, name: str, mark: int) -> int:
    """The number the layout holds for a mark."""
    if isinstance(form, Points | Ranking):
        number, high = mark, U16
    elif isinstance(form, Scores):
        number, high = mark - form.minimum + 1, U16
    elif isinstance(form, Grades):
        number, high = mark + 1, U16
    else:
        number, high = mark, 1
    if not 1 <= number <= high:
        raise MarkFault("layout", f"the ballot has no place for mark {mark} of {name!r}")
    return number


def _write_ranking(maximum: int, positions: Mapping[str, int], choice: Choice) -> list[int]:
    slots = [0] * maximum
    for name, rank in choice:
        if rank > maximum:
            raise MarkFault("too-many", f"rank {rank} of {name!r} is beyond the last, {maximum}")
        if slots[rank - 1]:
            raise MarkFault("layout", f"rank {rank} is given twice")
        slots[rank - 1] = positions[name] + 1
    return slots
