"""A .pb file as an election and its ballots; every judgement it takes is in docs/pabulib.md.

A file tells less than an election needs (languages, times of day, tie criteria) and sometimes
other than its ballots do. What is chosen is stated: ``Instance.remarks`` says what was read in a
way somebody might read otherwise.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tally.contest import Contest, CountingRule, Envelope, Project
from tally.election import DefinitionFaults, Election, Style, Text
from tally.frozen import FrozenMap
from tally.mark import Choice
from tally.pabulib_ballot import (
    Ballot,
    Readings,
    read_cells,
    reasons,
    remarks_on,
    votes_in,
    widened,
)
from tally.pabulib_comment import said_in
from tally.pabulib_form import read_form
from tally.pabulib_id import our_id
from tally.pabulib_poll import Cells, Poll, poll_of, quick_poll
from tally.pabulib_rule import district_column, read_rule
from tally.pabulib_syntax import parse
from tally.pabulib_table import PabulibError, PabulibFile, Remark, decimals, minor_units
from tally.profile import Profile
from tally.text import LANGUAGE

CONTEST: Final = "budget"
STYLE: Final = "all"
TIE_BREAK: Final = ("votes", "cost", "order")
MOST_DECIMALS: Final = 6
_DAY: Final = re.compile(r"(?:(\d{1,2})\.(\d{1,2})\.)?(\d{4})", re.ASCII)


def _envelope(election: Election) -> Envelope:
    contest: Contest = election.contests[0]
    if not isinstance(contest, Envelope):
        raise PabulibError("the election of a .pb file holds an envelope")
    return contest


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """A file, read: one envelope, one style, the ballots in the file's order, and remarks."""

    election: Election
    ballots: tuple[Ballot, ...]
    remarks: tuple[Remark, ...]

    @property
    def envelope(self) -> Envelope:
        """The only contest."""
        return _envelope(self.election)


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedInstance:
    """A file, read to be counted: as ``Instance``, with the profile of its ballots in their place.

    Ballots that ``Instance`` gives a reason are counted among the spoiled ones of the profile.
    ``head`` is the file without the rows of its VOTES.
    """

    election: Election
    profile: Profile
    remarks: tuple[Remark, ...]
    head: PabulibFile

    @property
    def envelope(self) -> Envelope:
        """The only contest."""
        return _envelope(self.election)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What both kinds of instance are made of; ``spoiled`` says why, of those that would be."""

    election: Election
    readings: Readings
    spoiled: Mapping[Cells, str]
    remarks: tuple[Remark, ...]


def exponent_of(file: PabulibFile) -> int:
    """The decimals that keep every amount whole: 0, or 2, or as many as the file needs; in files of
    ours whose rule has amounts as many as these have."""
    amounts = [
        file.keys["budget"],
        file.keys.get("max_sum_cost", ""),
        *file.projects.values("cost"),
    ]
    needed = max(map(decimals, amounts))
    if needed > MOST_DECIMALS:
        raise PabulibError(f"an amount has {needed} decimals. Write at most {MOST_DECIMALS}")
    said = said_in(file.keys.get("comment", "")).decimals
    if said is not None:
        if needed > said:
            raise PabulibError(f"an amount has {needed} decimals and the comment says {said}")
        return said
    return needed if needed == 0 or needed > 2 else 2


def _words(text: str, lines: bool = False) -> str:
    """Text of a cell as our texts are: no control characters, at most 4,000 characters."""
    kept = "".join(
        letter if unicodedata.category(letter) != "Cc" or (lines and letter == "\n") else " "
        for letter in text.replace("\r\n", "\n")
    )
    return kept.strip()[:4000].strip()


def _projects(file: PabulibFile, exponent: int, languages: Sequence[str]) -> tuple[Project, ...]:
    def text(words: str) -> Text:
        return Text(words=tuple((language, words) for language in languages))

    table = file.projects
    listed: list[Project] = []
    columns = zip(
        table.rows,
        table.values("project_id"),
        table.values("cost"),
        table.values("name"),
        table.values("description"),
        table.values("category"),
        table.values(district_column(file)),
        strict=True,
    )
    for row, name, cost, title, description, category, district in columns:
        ours = our_id(name)
        if ours is None:
            raise PabulibError(
                f"the id {name[:40]!r} is too long. Shorten it to at most 64 characters",
                section="PROJECTS", line=row.line, column="project_id",
            )  # fmt: skip
        words = (_words(word) for word in category.split(","))
        listed.append(
            Project(
                id=ours,
                title=text(_words(title) or ours),
                description=text(_words(description, lines=True)),
                cost=minor_units(cost, exponent),
                category=tuple(dict.fromkeys(word for word in words if word)),
                district=_words(district),
            )
        )
    return tuple(listed)


def _day(file: PabulibFile, key: str, first: bool) -> str:
    found = _DAY.fullmatch(file.keys[key])
    if not found:
        raise PabulibError(
            f"{file.keys[key]!r} is not a date. Write dd.mm.yyyy or yyyy",
            section="META", column=key,
        )  # fmt: skip
    day, month = (found[1], found[2]) if found[1] else (("1", "1") if first else ("31", "12"))
    clock = "00:00:00" if first else "23:59:59"
    return f"{found[3]}-{month.zfill(2)}-{day.zfill(2)}T{clock}Z"


def _slug(words: str) -> str:
    plain = unicodedata.normalize("NFKD", words.replace("ł", "l").replace("Ł", "L")).lower()
    slug = re.sub(r"[^a-z0-9]+", "-", "".join(c for c in plain if not unicodedata.combining(c)))
    return slug.strip("-")[:64].strip("-") or "election"


def read_instance(
    file: PabulibFile,
    *,
    id: str | None = None,  # noqa: A002  (it is the election's field)
    languages: Sequence[str] = (),
    rule: CountingRule | None = None,
    tie_break: Sequence[str] = TIE_BREAK,
    widen: bool = False,
) -> Instance:
    """Read a file as an election of one envelope.

    ``id`` is the election's (default: unit, subunit and instance). Every text is the same in all
    ``languages`` (default: the file's, or English). ``rule`` replaces the file's. With ``widen``
    the form's limits are widened to the smallest that admit every ballot of the file; without,
    ballots outside carry a reason.

    Raises PabulibError when the file makes no valid election.
    """
    poll = poll_of(file)
    read = _read(file, poll, id, languages, rule, tie_break, widen)
    return Instance(
        election=read.election,
        ballots=tuple(
            Ballot(
                voter=voter,
                line=line,
                choice=read.readings.choices[cells],
                reason=read.spoiled.get(cells),
            )
            for voter, line, cells in zip(
                file.votes.values("voter_id"), poll.lines, poll, strict=True
            )
        ),
        remarks=read.remarks,
    )


def read_counted(
    text: str,
    *,
    id: str | None = None,  # noqa: A002  (it is the election's field)
    languages: Sequence[str] = (),
    rule: CountingRule | None = None,
    tie_break: Sequence[str] = TIE_BREAK,
    widen: bool = False,
) -> CountedInstance:
    """``read_instance`` of ``parse(text)`` for who only counts: much faster, in less memory.

    Gives the same election, the same remarks and the profile of the same ballots, and raises the
    same PabulibError.
    """
    quick = quick_poll(text)
    if quick is None:
        file = parse(text)
        quick = file, poll_of(file)
    file, poll = quick
    read = _read(file, poll, id, languages, rule, tie_break, widen)
    counts: dict[Choice, int] = {}
    spoiled: dict[str, int] = {}
    for cells, ballots in poll.counts.items():
        reason = read.spoiled.get(cells)
        if reason is None:
            choice = read.readings.choices[cells]
            counts[choice] = counts.get(choice, 0) + ballots
        else:
            spoiled[reason] = spoiled.get(reason, 0) + ballots
    return CountedInstance(
        election=read.election,
        profile=Profile.of(counts, spoiled),
        remarks=read.remarks,
        head=replace(file, votes=replace(file.votes, rows=())),
    )


def _read(
    file: PabulibFile,
    poll: Poll,
    id: str | None,  # noqa: A002
    languages: Sequence[str],
    rule: CountingRule | None,
    tie_break: Sequence[str],
    widen: bool,
) -> _Read:
    """Read META, PROJECTS and a poll; the rows of VOTES are not looked at."""
    remarks: list[Remark] = []
    keys = file.keys
    if not languages:
        language = keys.get("language", "")
        languages = (language if LANGUAGE.fullmatch(language) else "en",)
    exponent = exponent_of(file)
    projects = _projects(file, exponent, languages)
    costs = {project.id: project.cost for project in projects}
    points = (cells[1] for cells in poll.counts)
    form = read_form(file, points, list(costs.values()), exponent, languages, remarks)
    readings = read_cells(poll, form, file.projects.values("project_id"), list(costs))
    if widen:
        form = widened(form, costs, readings.choices.values(), remarks)

    def text(words: str, otherwise: str = "-") -> Text:
        said = _words(words) or otherwise
        return Text(words=tuple((language, said) for language in languages))

    place = [keys["unit"], keys.get("subunit", ""), keys.get("district", "")]
    places = list(dict.fromkeys(word for word in place if word))
    title = " ".join([*places, keys["instance"]])
    currency = keys.get("currency", "")
    if not re.fullmatch("[A-Z]{3}", currency):
        told = f"currency {currency!r} is read as" if currency else "no currency is named:"
        remarks.append(Remark("currency", f"{told} XXX (none)"))
        currency = "XXX"
    value = Election(
        id=id or _slug(" ".join([*places[:1], keys["instance"], *places[1:]])),
        title=text(title),
        organiser=text(keys["unit"]),
        eligibility=text(f"{keys['unit']}, {keys['country']}"),
        languages=tuple(languages),
        currency=currency,
        exponent=exponent,
        time_zone="UTC",
        opens=_day(file, "date_begin", first=True),
        closes=_day(file, "date_end", first=False),
        contests=(
            Envelope(
                id=CONTEST,
                title=text(title),
                description=text(keys["description"]),
                budget=minor_units(keys["budget"], exponent),
                form=form,
                rule=rule or read_rule(file, exponent, projects, remarks),
                tie_break=tuple(tie_break),
                projects=projects,
            ),
        ),
        styles=(Style(id=STYLE, title=text(title), contests=(CONTEST,), forms=FrozenMap()),),
    )
    try:
        election = Election.from_value(value.to_value())
    except DefinitionFaults as faults:
        raise PabulibError(f"the file makes no valid election:\n{faults}") from None
    spoiled = reasons(form, costs, readings)
    remarks += remarks_on(poll, readings, spoiled)
    _compare_votes(file, poll, readings, remarks)
    return _Read(election=election, readings=readings, spoiled=spoiled, remarks=tuple(remarks))


def _compare_votes(
    file: PabulibFile, poll: Poll, readings: Readings, remarks: list[Remark]
) -> None:
    """Remark on projects whose ``votes`` column is not what the ballots say."""
    if file.projects.column("votes") is None:
        return
    counted = votes_in((readings.choices[cells], times) for cells, times in poll.counts.items())
    names = file.projects.values("project_id")
    for row, name, said in zip(
        file.projects.rows, names, file.projects.values("votes"), strict=True
    ):
        votes = counted.get(our_id(name) or "", 0)
        if said != str(votes):
            remarks.append(
                Remark(
                    "votes-column",
                    f"project {name}: the file says {said} votes, its ballots as read {votes}",
                    (row.line,),
                )
            )


def to_election(
    file: PabulibFile,
    *,
    id: str | None = None,  # noqa: A002  (it is the election's field)
    languages: Sequence[str] = (),
    rule: CountingRule | None = None,
) -> Election:
    """The election of ``read_instance`` alone."""
    return read_instance(file, id=id, languages=languages, rule=rule).election


def to_choices(file: PabulibFile) -> tuple[Ballot, ...]:
    """The ballots of ``read_instance`` alone, in the file's order."""
    return read_instance(file).ballots


def selected(file: PabulibFile) -> Mapping[str, int] | None:
    """The city's own outcome by our project id: 0 lost, 1 won, 2 and 3 funded in another way.

    None when the file does not say.
    """
    if file.projects.column("selected") is None:
        return None
    outcome: dict[str, int] = {}
    for row, name, cell in zip(
        file.projects.rows,
        file.projects.values("project_id"),
        file.projects.values("selected"),
        strict=True,
    ):
        if not re.fullmatch(r"[0-9]", cell, re.ASCII):
            raise PabulibError(
                f"{cell!r} is not a digit",
                section="PROJECTS", line=row.line, column="selected",
            )  # fmt: skip
        outcome[our_id(name) or name] = int(cell)
    return outcome
