"""What is decided: the election, its contests, and who votes on which.

``Election.from_value`` reads the definition of docs/formats.md section 2 and refuses every
inconsistency, all at once, each with its path and a remedy. Money is an integer of
10^-exponent units of the currency. Whether a rule and its parameters exist: tally/rules.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from tally.canonical import Value
from tally.contest import (
    TIE_CRITERIA,
    Contest,
    CountingRule,
    Envelope,
    Option,
    Picture,
    Project,
    Question,
    contest_value,
    costs,
    read_contest,
)
from tally.errors import TallyError
from tally.fault import DefinitionFaults, Fault, Node, shown
from tally.form import (
    Approval,
    ChooseOne,
    Form,
    Grades,
    Knapsack,
    Points,
    QuestionForm,
    Ranking,
    Scores,
    check_form,
    form_value,
    read_form,
)
from tally.frozen import FrozenMap
from tally.text import LANGUAGE, Text, read_identifier, read_text

__all__ = [
    "TIE_CRITERIA",
    "Approval",
    "ChooseOne",
    "Contest",
    "CountingRule",
    "DefinitionFaults",
    "Election",
    "Envelope",
    "Fault",
    "Form",
    "FrozenMap",
    "Grades",
    "Knapsack",
    "Option",
    "Picture",
    "Points",
    "Project",
    "Question",
    "QuestionForm",
    "Ranking",
    "Scores",
    "Style",
    "Text",
    "costs",
    "is_time",
]

MOST_CONTESTS: Final = 1000
MOST_STYLES: Final = 1000
MOST_LANGUAGES: Final = 20
_TIME: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z", re.ASCII)
_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)
_ZONE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """Which contests a group of voters votes on, in ballot order, and where their form differs."""

    id: str
    title: Text
    contests: tuple[str, ...]
    forms: FrozenMap[str, Form] = field(default_factory=FrozenMap)


@dataclass(frozen=True, slots=True, kw_only=True)
class Election:
    """A whole election. ``opens`` and ``closes`` are RFC 3339 in UTC with whole seconds.

    ``time_zone`` is the IANA name of the zone in which times are told to people; no outcome
    depends on it, and only its spelling is checked here.
    """

    id: str
    title: Text
    organiser: Text
    eligibility: Text
    languages: tuple[str, ...]
    currency: str
    exponent: int
    time_zone: str
    opens: str
    closes: str
    contests: tuple[Contest, ...]
    styles: tuple[Style, ...]

    @classmethod
    def from_value(cls, value: object) -> "Election":
        """Read a definition. Raises DefinitionFaults with everything that is wrong."""
        faults: list[Fault] = []
        election = _read(Node(value, "", faults))
        if faults:
            raise DefinitionFaults(faults)
        return election

    def to_value(self) -> dict[str, Value]:
        """The definition of docs/formats.md section 2; ``from_value`` reads it back equal."""
        return {
            "id": self.id,
            "title": self.title.to_value(),
            "organiser": self.organiser.to_value(),
            "eligibility": self.eligibility.to_value(),
            "languages": list(self.languages),
            "currency": self.currency,
            "exponent": self.exponent,
            "time_zone": self.time_zone,
            "opens": self.opens,
            "closes": self.closes,
            "contests": [contest_value(contest) for contest in self.contests],
            "styles": [
                {
                    "id": style.id,
                    "title": style.title.to_value(),
                    "contests": list(style.contests),
                    "forms": {key: form_value(form) for key, form in style.forms.items()},
                }
                for style in self.styles
            ],
        }

    def contest(self, contest_id: str) -> Contest:
        """The contest with this id. Raises TallyError when there is none."""
        for contest in self.contests:
            if contest.id == contest_id:
                return contest
        raise TallyError(f"election {self.id!r} has no contest {contest_id!r}")

    def style(self, style_id: str) -> Style:
        """The style with this id. Raises TallyError when there is none."""
        for style in self.styles:
            if style.id == style_id:
                return style
        raise TallyError(f"election {self.id!r} has no style {style_id!r}")

    def form(self, style_id: str, contest_id: str) -> Form:
        """The form of a contest for the voters of a style.

        Raises TallyError when the style has no such contest.
        """
        style = self.style(style_id)
        if contest_id not in style.contests:
            raise TallyError(f"style {style_id!r} has no contest {contest_id!r}")
        return style.forms.get(contest_id) or self.contest(contest_id).form


def is_time(text: str) -> bool:
    """Whether ``text`` is a moment that exists, as RFC 3339 in UTC with whole seconds.

    Leap seconds are refused: clocks that count them and clocks that do not would disagree.
    """
    match = _TIME.fullmatch(text)
    if not match:
        return False
    year, month, day, hour, minute, second = map(int, match.groups())
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    days = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    return (
        year >= 1
        and 1 <= month <= 12
        and 1 <= day <= days[month - 1]
        and hour < 24
        and minute < 60
        and second < 60
    )


def _time(node: Node) -> str:
    before = len(node.faults)
    text = node.words(40)
    if node.present and len(node.faults) == before and not is_time(text):
        node.fault(
            f"{shown(text)} is not a time in UTC with whole seconds",
            "Write it like 2026-10-05T08:00:00Z",
        )
    return text


def _languages(node: Node) -> tuple[str, ...]:
    found: list[str] = []
    for inner in node.items(1, MOST_LANGUAGES, "languages"):
        code = inner.words(35)
        if code and not LANGUAGE.fullmatch(code):
            inner.fault(f"{shown(code)} is not a language code", "Write a code such as 'fr'")
        elif code in found:
            inner.fault(f"{shown(code)} stands twice", "Remove one")
        else:
            found.append(code)
    return tuple(found)


def _currency(node: Node) -> str:
    before = len(node.faults)
    text = node.words(10)
    if node.present and len(node.faults) == before and not _CURRENCY.fullmatch(text):
        node.fault(f"{shown(text)} is not a currency code", "Write ISO 4217, such as 'EUR'")
    return text


def _time_zone(node: Node) -> str:
    before = len(node.faults)
    text = node.words(64)
    if node.present and len(node.faults) == before and not _ZONE.fullmatch(text):
        node.fault(
            f"{shown(text)} is not the name of a time zone",
            "Write an IANA name such as 'Europe/Paris'",
        )
    return text


def _style(node: Node, languages: Sequence[str], contests: Sequence[Contest | None]) -> Style:
    # Of two contests with one id (a fault by itself) the first is meant.
    known = {contest.id: contest for contest in reversed(contests) if contest}
    complete = bool(contests) and None not in contests
    fields = node.fields("id", "title", "contests", "forms")
    listed: list[str] = []
    for inner in fields["contests"].items(1, MOST_CONTESTS, "contests"):
        name = inner.words(64)
        if name in listed:
            inner.fault(f"{shown(name)} stands twice", "Remove one")
        elif name and complete and name not in known:
            inner.fault(f"there is no contest {shown(name)}", "Write the id of a contest")
        listed.append(name)
    forms: dict[str, Form] = {}
    for name, inner in fields["forms"].members("contest ids and forms").items():
        before = len(node.faults)
        forms[name] = read_form(inner, languages)
        if name not in listed:
            inner.fault(
                f"the style has no contest {shown(name)}", "Add it to 'contests' or remove its form"
            )
        if len(node.faults) > before or name not in known:
            continue
        contest = known[name]
        if forms[name].type != contest.form.type:
            inner.fault(
                f"form {forms[name].type!r} replaces {contest.form.type!r}",
                "Keep the type; only limits may differ between styles",
                "type",
            )
        else:
            check_form(inner, forms[name], costs(contest))
            _check_same_grades(inner, forms[name], contest.form)
    return Style(
        id=read_identifier(fields["id"]),
        title=read_text(fields["title"], languages),
        contests=tuple(listed),
        forms=FrozenMap(forms),
    )


def _check_same_grades(node: Node, form: Form, base: Form) -> None:
    """Votes of all styles are counted together, so a mark must mean the same in each."""
    if isinstance(form, Grades) and isinstance(base, Grades):
        if (form.labels, form.default) != (base.labels, base.default):
            node.fault("the grades differ from the contest's", "Use the same grades", "labels")
    elif (
        isinstance(form, Scores)
        and isinstance(base, Scores)
        and (form.minimum, form.maximum) != (base.minimum, base.maximum)
    ):
        node.fault("the scores differ from the contest's", "Use the same range", "minimum")


def _read(node: Node) -> Election:
    fields = node.fields(
        "id", "title", "organiser", "eligibility", "languages", "currency", "exponent",
        "time_zone", "opens", "closes", "contests", "styles",
    )  # fmt: skip
    languages = _languages(fields["languages"])
    before = len(node.faults)
    opens, closes = _time(fields["opens"]), _time(fields["closes"])
    both = len(node.faults) == before and fields["opens"].present and fields["closes"].present
    # This spelling sorts as time does.
    if both and closes <= opens:
        fields["closes"].fault("the vote closes before it opens", "Give a later time")
    listed = [
        read_contest(inner, languages)
        for inner in fields["contests"].items(1, MOST_CONTESTS, "contests")
    ]
    contests = tuple(contest for contest in listed if contest)
    styles = tuple(
        _style(inner, languages, listed)
        for inner in fields["styles"].items(1, MOST_STYLES, "styles")
    )
    _check_whole(node, listed, styles)
    return Election(
        id=read_identifier(fields["id"]),
        title=read_text(fields["title"], languages),
        organiser=read_text(fields["organiser"], languages),
        eligibility=read_text(fields["eligibility"], languages, lines=True),
        languages=languages,
        currency=_currency(fields["currency"]),
        exponent=fields["exponent"].integer(0, 6),
        time_zone=_time_zone(fields["time_zone"]),
        opens=opens,
        closes=closes,
        contests=contests,
        styles=styles,
    )


def _check_whole(node: Node, contests: Sequence[Contest | None], styles: Sequence[Style]) -> None:
    """Ids of contests and styles differ, every contest is on a ballot, pictures agree."""
    pictures: dict[str, bytes] = {}
    for key, members in (("contests", contests), ("styles", styles)):
        seen: dict[str, int] = {}
        for position, member in enumerate(members):
            if member and member.id in seen:
                node.fault(
                    f"{shown(member.id)} is the id of {key}[{seen[member.id]}] too",
                    "Give each its own id",
                    f"{key}[{position}].id",
                )
            elif member:
                seen[member.id] = position
    offered = {name for style in styles for name in style.contests}
    for position, contest in enumerate(contests):
        if contest and styles and contest.id not in offered:
            node.fault(
                f"no style offers contest {shown(contest.id)}, so nobody could vote on it",
                "Add it to a style or remove it",
                f"contests[{position}].id",
            )
        for number, project in enumerate(contest.projects if isinstance(contest, Envelope) else ()):
            picture = project.picture
            if picture and pictures.setdefault(picture.path, picture.sha256) != picture.sha256:
                node.fault(
                    f"{shown(picture.path)} has another hash elsewhere",
                    "Give each picture its own file name",
                    f"contests[{position}].projects[{number}].picture.path",
                )
