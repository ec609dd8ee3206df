"""The time, as the doors and the officers' commands see it.

A rehearsal or a demonstration plays weeks in minutes: its clock is a file that says the time.
The file is honoured only for elections whose identifier begins with ``rehearsal-`` or ``demo-``,
and the identifier is part of the signed rules, so no real election can be told another time.
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from babel.dates import format_date, get_timezone_location

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


@cache
def zone_of(name: str) -> tzinfo:
    """The time zone with this IANA name, or UTC where this machine does not know the zone: what
    is told names its zone, so it is right in both cases."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def local_time(text: str, zone: str) -> datetime:
    """The time that ``text`` says, as ``read_time`` reads it, in the time zone named ``zone``."""
    return read_time(text).astimezone(zone_of(zone))


def told_time(time: datetime, language: str) -> str:
    """``time`` for people, in words of ``language``, to the minute, in the time zone that it
    carries and saying which. A time that the clocks show twice is told with its offset."""
    day = format_date(time.date(), "long", locale=language)
    return f"{day}, {time:%H:%M} {told_zone(time, language)}"


def told_zone(time: datetime, language: str) -> str:
    """The name of the time zone that ``time`` carries: ``UTC``, ``(Paris Time)``."""
    key = getattr(time.tzinfo, "key", "UTC")
    offset = f"UTC{time.isoformat()[-6:]}" if time.utcoffset() else "UTC"
    if "/" not in key or key.startswith("Etc/"):
        return offset
    city = get_timezone_location(time, locale=language, return_city=True).rpartition("/")[2]
    named = Locale.parse(language).zone_formats["region"] % city
    twice = time.utcoffset() != time.replace(fold=1 - time.fold).utcoffset()
    return f"({named}, {offset})" if twice else f"({named})"
