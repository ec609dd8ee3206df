"""From draft to published: at which stage an election is, and what may happen next.

Nothing here is stored. Every event leaves something that others can see (signed manifest, open
entry, close entry, opening, results, publication), and the stage follows from which of them
exist; so no row of a database can say anything else than the documents do. Pure: the facts and
the time come in as arguments.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from ballot.errors import BallotError


class Stage(StrEnum):
    """How far an election has come. Each stage begins with the event of the same position."""

    DRAFT = "draft"
    FROZEN = "frozen"
    OPEN = "open"
    CLOSED = "closed"
    OPENED = "opened"
    COUNTED = "counted"
    PUBLISHED = "published"


class Event(StrEnum):
    """What moves an election to its next stage, in this order."""

    FREEZE = "freeze"
    OPEN = "open"
    CLOSE = "close"
    OPEN_BOX = "open-box"
    COUNT = "count"
    PUBLISH = "publish"


_STAGES = tuple(Stage)
_EVENTS = tuple(Event)

_DOES: Mapping[Event, str] = {
    Event.FREEZE: "freeze the definition: the officers sign the manifest",
    Event.OPEN: "open the vote: the officers' open entry begins the log",
    Event.CLOSE: "close the vote: the officers' close entry ends the log",
    Event.OPEN_BOX: "open the box: the trustees' shares give the election key",
    Event.COUNT: "count the opened ballots",
    Event.PUBLISH: "publish the counted result",
}


class OutOfOrder(BallotError):
    """An event that may not happen now; the message says what to do instead.

    ``done`` is true when the event has already happened, which a resumed command may accept.
    """

    def __init__(self, event: Event, stage: Stage, remedy: str, *, done: bool = False) -> None:
        super().__init__(f"{event}: refused while the election is {stage}; {remedy}")
        self.event = event
        self.stage = stage
        self.remedy = remedy
        self.done = done


class FactsContradict(BallotError):
    """A later event left its document although an earlier one did not: something was lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is there to be seen, and the time. ``opens`` and ``closes`` are the definition's."""

    now: datetime
    opens: datetime
    closes: datetime
    frozen: bool = False
    open_entry: bool = False
    close_entry: bool = False
    opening: bool = False
    results: bool = False
    publication: bool = False

    def __post_init__(self) -> None:
        for name in ("now", "opens", "closes"):
            if getattr(self, name).utcoffset() is None:
                raise FactsContradict(f"{name}: a time without its zone")
        if self.opens >= self.closes:
            raise FactsContradict("closes: not later than opens; correct the definition")

    def happened(self) -> tuple[bool, ...]:
        """For each event, in order, whether what it leaves is there."""
        return (
            self.frozen,
            self.open_entry,
            self.close_entry,
            self.opening,
            self.results,
            self.publication,
        )


def moment(text: str) -> datetime:
    """The time that the definition spells: RFC 3339, UTC, whole seconds."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def stage(facts: Facts) -> Stage:
    """The stage that the facts show. Raises FactsContradict when one in between is missing."""
    happened = facts.happened()
    done = sum(happened)
    for missing, event in enumerate(_EVENTS[:done]):
        if not happened[missing]:
            later = next(e for e in _EVENTS[missing:] if happened[_EVENTS.index(e)])
            raise FactsContradict(
                f"{later}: has happened, but what {event} leaves is missing; "
                "bring it back from a copy before anything else is done"
            )
    return _STAGES[done]


def accepts_ballots(facts: Facts) -> bool:
    """Whether a ballot that arrives now is in time: the vote is open and the close has not come."""
    return stage(facts) is Stage.OPEN and facts.opens <= facts.now < facts.closes


def due(facts: Facts) -> Event | None:
    """The one event that may happen now, or None: the time has not come, or all is done."""
    present = _STAGES.index(stage(facts))
    if present == len(_EVENTS):
        return None
    event = _EVENTS[present]
    return None if _untimely(event, facts) else event


def require(event: Event, facts: Facts) -> None:
    """Raise OutOfOrder unless ``event`` is the one that may happen now."""
    present = stage(facts)
    behind = _EVENTS.index(event) - _STAGES.index(present)
    if behind < 0:
        raise OutOfOrder(event, present, _already(facts, present), done=True)
    if behind > 0:
        expected = _EVENTS[_STAGES.index(present)]
        untimely = _untimely(expected, facts)
        remedy = f"first {_DOES[expected]}" + (f" ({untimely})" if untimely else "")
        raise OutOfOrder(event, present, remedy)
    untimely = _untimely(event, facts)
    if untimely:
        raise OutOfOrder(event, present, untimely)


def _already(facts: Facts, present: Stage) -> str:
    if present is Stage.PUBLISHED:
        return "that is done, and nothing comes after"
    expected = _EVENTS[_STAGES.index(present)]
    untimely = _untimely(expected, facts)
    return f"that is done; next: {_DOES[expected]}" + (f" ({untimely})" if untimely else "")


def _untimely(event: Event, facts: Facts) -> str:
    """Why ``event`` may not happen at this time, or an empty text."""
    opens, closes = (_spelled(time) for time in (facts.opens, facts.closes))
    if event is Event.FREEZE and facts.now >= facts.opens:
        return f"the vote should have opened at {opens}: set later dates in the definition"
    if event is Event.OPEN and facts.now < facts.opens:
        return f"the vote opens at {opens}: wait until then"
    if event is Event.OPEN and facts.now >= facts.closes:
        return f"the vote should have closed at {closes}: freeze a new election with later dates"
    if event is Event.CLOSE and facts.now < facts.closes:
        return f"the vote closes at {closes}: wait until then"
    return ""


def _spelled(time: datetime) -> str:
    return time.isoformat(timespec="seconds").replace("+00:00", "Z")
