"""Opened bytes to a vote, and back: one fixed length a style, one spelling a vote.

Source: docs/formats.md section 5. A plaintext is a version byte and then the part of each contest
of the style, in the style's order.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tally.contest import costs
from tally.election import Election
from tally.errors import TallyError
from tally.form import Form
from tally.frozen import FrozenMap
from tally.mark import (
    REASONS,
    Choice,
    MarkFault,
    check_limits,
    part_length,
    read_part,
    write_part,
)

__all__ = [
    "REASONS",
    "VERSION",
    "Choice",
    "Layout",
    "Spoiled",
    "Vote",
    "VoteInvalid",
    "decode_vote",
    "encode_vote",
    "encode_vote_unchecked",
    "plaintext_length",
]

VERSION: Final = 1

MOST_KNOWN = 50_000
"""Parts of each contest that are kept once read, in case an equal one follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoiled:
    """A ballot or a contest's part of one that does not count; ``reason`` is a code of REASONS."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """The choices of one ballot, for every contest of its style, in the style's order."""

    style: str
    choices: FrozenMap[str, Choice | Spoiled]

    # Between processes, in a third of the time that a dataclass takes field by field.
    def __reduce__(self) -> tuple[Callable[..., "Vote"], tuple[object, ...]]:
        return _vote, (self.style, *self.choices.items())


def _vote(style: str, *choices: tuple[str, Choice | Spoiled]) -> Vote:
    return Vote(style=style, choices=FrozenMap(choices))


class VoteInvalid(TallyError):
    """A choice that would not count; names the contest and a reason of REASONS, "layout"
    (the ballot has no place for it) or "missing" (not the contests of the style)."""

    def __init__(self, contest: str, reason: str, message: str) -> None:
        super().__init__(f"contest {contest!r}: {message}")
        self.contest = contest
        self.reason = reason


class _Part:
    """Where a contest's bytes stand in the plaintext, and what was read there before."""

    __slots__ = (
        "contest",
        "costs",
        "form",
        "ids",
        "known",
        "length",
        "marks",
        "offset",
        "positions",
    )

    def __init__(self, election: Election, style: str, contest_id: str, offset: int) -> None:
        contest = election.contest(contest_id)
        self.contest = contest_id
        self.form: Form = election.form(style, contest_id)
        self.ids = tuple(choice.id for choice in contest.choices)
        self.positions = {name: position for position, name in enumerate(self.ids)}
        self.costs = dict(zip(self.ids, costs(contest), strict=True))
        self.offset = offset
        self.length = part_length(self.form, len(self.ids))
        self.known: dict[bytes, Choice | Spoiled] = {}
        self.marks: dict[tuple[str, int], tuple[str, int]] = {}

    def read(self, plaintext: bytes) -> Choice | Spoiled:
        data = plaintext[self.offset : self.offset + self.length]
        found = self.known.get(data)
        if found is None:
            # Equal parts are frequent, equal marks more so: one object for all keeps a million
            # votes small.
            try:
                choice = read_part(self.form, self.ids, data)
                check_limits(self.form, self.costs, choice)
                found = tuple([self.marks.setdefault(mark, mark) for mark in choice])
            except MarkFault as fault:
                found = Spoiled(reason=fault.reason)
            if len(self.known) >= MOST_KNOWN:
                self.known.clear()  # hardly two are equal: what is kept only grows
            self.known[data] = found
        return found

    def write(self, choice: Choice, checked: bool) -> bytes:
        try:
            data = write_part(self.form, self.positions, choice)
            if checked:
                # What is checked is what will be read, so that nothing valid arrives spoiled.
                check_limits(self.form, self.costs, read_part(self.form, self.ids, data))
        except MarkFault as fault:
            raise VoteInvalid(self.contest, fault.reason, str(fault)) from None
        return data


class Layout:
    """The plaintext of a style: make it once, read many ballots with it."""

    __slots__ = ("_parts", "length", "style")

    def __init__(self, election: Election, style_id: str) -> None:
        """Raises TallyError for a style the election does not have."""
        self.style = style_id
        self._parts: list[_Part] = []
        self.length = 1
        for contest_id in election.style(style_id).contests:
            part = _Part(election, style_id, contest_id, self.length)
            self._parts.append(part)
            self.length += part.length

    def decode(self, plaintext: bytes) -> Vote | Spoiled:
        """The vote these bytes spell. Never raises: what does not count says so with a reason."""
        if len(plaintext) != self.length:
            return Spoiled(reason="length")
        if plaintext[0] != VERSION:
            return Spoiled(reason="version")
        choices = FrozenMap((part.contest, part.read(plaintext)) for part in self._parts)
        return Vote(style=self.style, choices=choices)

    def encode(self, choices: Mapping[str, Choice], *, checked: bool = True) -> bytes:
        """The bytes of ``choices``: one for every contest of the style, ``()`` when blank.

        Marks may stand in any order. Raises VoteInvalid for what would be spoiled; not
        ``checked``, only for what the layout has no place for.
        """
        contests = [part.contest for part in self._parts]
        for contest in (*contests, *choices):
            if (contest in choices) != (contest in contests):
                what = "no choice is given" if contest in contests else "is not on this ballot"
                raise VoteInvalid(contest, "missing", f"{what} (style {self.style!r})")
        parts = [part.write(choices[part.contest], checked) for part in self._parts]
        return bytes([VERSION]) + b"".join(parts)


def plaintext_length(election: Election, style_id: str) -> int:
    """How many bytes every ballot of the style takes, version byte included."""
    return Layout(election, style_id).length


def encode_vote(election: Election, style_id: str, choices: Mapping[str, Choice]) -> bytes:
    """The plaintext of a valid ballot. Raises VoteInvalid naming the contest and the reason."""
    return Layout(election, style_id).encode(choices)


def encode_vote_unchecked(
    election: Election, style_id: str, choices: Mapping[str, Choice]
) -> bytes:
    """Like ``encode_vote``, but limits may be broken: such a ballot arrives and is spoiled."""
    return Layout(election, style_id).encode(choices, checked=False)


def decode_vote(election: Election, style_id: str, plaintext: bytes) -> Vote | Spoiled:
    """The vote that ``plaintext`` spells; for many ballots make a ``Layout`` once."""
    return Layout(election, style_id).decode(plaintext)
