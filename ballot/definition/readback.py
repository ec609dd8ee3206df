"""The rules read back: what the officers have decided, in plain French or English."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from ballot.definition.form_words import form_sentences
from tally import rules
from tally.canonical import Value
from tally.election import Contest, Election, Envelope, Style
from tally.explain import voice
from tally.money import Voice

_MONTHS = (
    ("janvier", "January"), ("février", "February"), ("mars", "March"), ("avril", "April"),
    ("mai", "May"), ("juin", "June"), ("juillet", "July"), ("août", "August"),
    ("septembre", "September"), ("octobre", "October"), ("novembre", "November"),
    ("décembre", "December"),
)  # fmt: skip
_DAYS = (
    ("lundi", "Monday"), ("mardi", "Tuesday"), ("mercredi", "Wednesday"), ("jeudi", "Thursday"),
    ("vendredi", "Friday"), ("samedi", "Saturday"), ("dimanche", "Sunday"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading and its sentences; ``example`` holds the lines of a worked count."""

    title: str
    lines: tuple[str, ...]
    example: tuple[str, ...] = ()

    def to_value(self) -> dict[str, Value]:
        """For programs that read a report."""
        return {"title": self.title, "lines": list(self.lines), "example": list(self.example)}


def local_time(moment: str, zone: ZoneInfo, language: str) -> str:
    """A moment in UTC as a local date and time in words."""
    utc = datetime.fromisoformat(moment)
    local = utc.astimezone(zone)
    french = language == "fr"
    day = _DAYS[local.weekday()][not french]
    month = _MONTHS[local.month - 1][not french]
    seconds = f":{local:%S}" if local.second else ""
    if french:
        number = "1er" if local.day == 1 else str(local.day)
        time = f"{local.hour}\u00a0h\u00a0{local:%M}{seconds}"
        return f"{day} {number} {month} {local.year} à {time} ({zone.key})"
    return f"{day} {local.day} {month} {local.year} at {local:%H:%M}{seconds} ({zone.key})"


def read_back(election: Election, language: str) -> tuple[Section, ...]:
    """Everything that was decided: the vote, who votes on what, and each contest's rule with a
    small invented count made by the code that will decide."""
    say = voice(election, language)
    return (
        _vote(election, say),
        _who(election, say),
        *(_contest(election, contest, say) for contest in election.contests),
    )


def _vote(election: Election, say: Voice) -> Section:
    language = say.language
    opens, closes = (
        local_time(moment, ZoneInfo(election.time_zone), language)
        for moment in (election.opens, election.closes)
    )
    organiser = election.organiser.in_language(language)
    return Section(
        title=election.title.in_language(language),
        lines=(
            say.pick(f"Organisé par {organiser}.", f"Organised by {organiser}."),
            say.pick(
                f"Le vote ouvre le {opens} et ferme le {closes}.",
                f"The vote opens on {opens} and closes on {closes}.",
            ),
            say.pick("Qui peut voter : ", "Who may vote: ")
            + " ".join(election.eligibility.in_language(language).split()),
            say.pick(
                "On peut voter plusieurs fois : seul le dernier bulletin de chacun compte.",
                "Voting again is possible: only each voter’s last ballot counts.",
            ),
        ),
    )


def _who(election: Election, say: Voice) -> Section:
    lines = []
    for style in election.styles:
        names = ", ".join(
            say.quote(election.contest(name).title.in_language(say.language))
            for name in style.contests
        )
        title = say.quote(style.title.in_language(say.language))
        lines.append(say.pick(f"{title} vote sur : {names}.", f"{title} votes on: {names}."))
        lines += _overrides(election, style, say)
    return Section(title=say.pick("Qui vote sur quoi", "Who votes on what"), lines=tuple(lines))


def _overrides(election: Election, style: Style, say: Voice) -> list[str]:
    lines = []
    for name, form in style.forms.items():
        contest = say.quote(election.contest(name).title.in_language(say.language))
        words = " ".join(form_sentences(form, say))
        lines.append(
            say.pick(
                f"    Pour ces électeurs, dans {contest} : {words}",
                f"    For these voters, in {contest}: {words}",
            )
        )
    return lines


def _contest(election: Election, contest: Contest, say: Voice) -> Section:
    lines = []
    if isinstance(contest, Envelope):
        total = say.money(sum(project.cost for project in contest.projects))
        number = say.several(
            len(contest.projects), say.pick("projet", "project"), say.pick("projets", "projects")
        )
        lines.append(
            say.pick(
                f"{number} se partagent l’enveloppe ; ensemble ils coûtent {total}.",
                f"{number} compete for the envelope; together they cost {total}.",
            )
        )
        lines += _groups(contest, say)
    else:
        options = ", ".join(
            say.quote(option.title.in_language(say.language)) for option in contest.options
        )
        lines.append(say.pick(f"Les réponses sont : {options}.", f"The answers are: {options}."))
    lines += form_sentences(contest.form, say)
    lines += rules.describe(contest, election, say.language)
    kind = say.pick("Enveloppe", "Envelope") if isinstance(contest, Envelope) else "Question"
    title = contest.title.in_language(say.language)
    return Section(
        title=say.pick(f"{kind} : {title}", f"{kind}: {title}"),
        lines=tuple(lines),
        example=tuple(rules.example(contest, election, say.language)),
    )


def _groups(envelope: Envelope, say: Voice) -> list[str]:
    """How many projects each district has, where districts are used."""
    groups: dict[str, int] = {}
    for project in envelope.projects:
        if project.district:
            groups[project.district] = groups.get(project.district, 0) + 1
    return [_listed(groups, say)] if groups else []


def _listed(groups: Mapping[str, int], say: Voice) -> str:
    listed = ", ".join(f"{name} {say.number(number)}" for name, number in groups.items())
    return say.pick(f"Projets par quartier : {listed}.", f"Projects by district: {listed}.")
