"""The time, as the doors and the officers' commands see it.

A rehearsal or a demonstration plays weeks in minutes: its clock is a file that says the time.
The file is honoured only for elections whose identifier begins with ``rehearsal-`` or ``demo-``,
and the identifier is part of the signed rules, so no real election can be told another time.
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from babel.dates import format_date

from web.errors import UsageError

VARIABLE = "SCRUTIN_REHEARSAL_CLOCK"
PREFIXES = ("rehearsal-", "demo-")

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Now, UTC, whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


def clock_for(election_id: str) -> Clock:
    """The clock of this process for that election.

    Raises UsageError when a rehearsal clock is set for an election that is none.
    """
    name = os.environ.get(VARIABLE)
    if not name:
        return system_clock
    if not election_id.startswith(PREFIXES):
        raise UsageError(f"{VARIABLE}: refused, {election_id} is a real election: unset it")
    path = Path(name)

    def rehearsal_clock() -> datetime:
        return read_time(path.read_text("ascii").strip())

    return rehearsal_clock


def read_time(text: str) -> datetime:
    """The time that an RFC 3339 text in UTC with whole seconds says."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def spell_time(time: datetime) -> str:
    """``time`` as RFC 3339 in UTC with whole seconds."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def told_time(time: datetime, language: str) -> str:
    """``time`` for people, in words of ``language``, to the minute, in UTC and saying so."""
    day = format_date(time.astimezone(UTC).date(), "long", locale=language)
    return f"{day}, {time.astimezone(UTC):%H:%M} UTC"
