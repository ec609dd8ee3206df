"""Local times with a stated time zone, as moments in UTC."""

import re
from datetime import UTC, date, datetime
from difflib import get_close_matches
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from ballot.definition.finding import Said, Unreadable, shown

_TEXT: Final = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_HOW: Final[Said] = (
    "Écrivez la date, l’heure et les minutes comme 2026-10-05 08:00:00",
    "Write the date, hours and minutes like 2026-10-05 08:00:00",
)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def read_zone(value: object) -> ZoneInfo:
    """The time zone of an IANA name such as ``Europe/Paris``. Raises Unreadable."""
    if isinstance(value, str) and value in _zones():
        return ZoneInfo(value)
    meant = "Europe/Paris"
    if isinstance(value, str):
        by_city = {name.rpartition("/")[2].lower(): name for name in sorted(_zones())}
        city = value.rpartition("/")[2].strip().lower().replace(" ", "_")
        close = get_close_matches(city, list(by_city), n=1, cutoff=0.75)
        meant = by_city[close[0]] if close else meant
    said = shown(value)
    raise Unreadable(
        (
            f"« {said} » n’est pas un fuseau horaire connu de cette machine",
            f"“{said}” is not a time zone this machine knows",
        ),
        (f"Écrivez un nom comme « {meant} »", f"Write a name such as “{meant}”"),
    )


def _local(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        raise Unreadable(
            ("l’heure manque", "the time of day is missing"),
            (f"Écrivez par exemple {value} 08:00:00", f"Write for instance {value} 08:00:00"),
        )
    said = shown(value)
    if isinstance(value, str) and (found := _TEXT.fullmatch(value.strip())):
        try:
            return datetime.fromisoformat(
                f"{found[1]}T{found[2]}{found[3] or ':00'}{found[4] or ''}"
            )
        except ValueError:
            raise Unreadable(
                (f"« {said} » n’existe pas", f"“{said}” does not exist"), _HOW
            ) from None
    raise Unreadable(
        (f"« {said} » n’est pas une date avec l’heure", f"“{said}” is not a date with a time"), _HOW
    )


def read_moment(value: object, zone: ZoneInfo) -> datetime:
    """A moment in UTC from a local time in ``zone``, or from a time with its own offset.

    Raises Unreadable for what is no time, and for a local time that the clocks skip or show twice.
    """
    local = _local(value)
    if local.microsecond:
        raise Unreadable(
            ("des fractions de seconde", "fractions of a second"),
            ("Écrivez des secondes entières", "Write whole seconds"),
        )
    try:
        if local.tzinfo is not None:
            return local.astimezone(UTC)
        first = local.replace(tzinfo=zone)
        second = first.replace(fold=1)
        if first.utcoffset() != second.utcoffset():
            _refuse_twice(local, first, second, zone)
        return first.astimezone(UTC)
    except OverflowError:
        raise Unreadable(
            (f"{local} est hors du calendrier", f"{local} is beyond the calendar"), _HOW
        ) from None


def _refuse_twice(local: datetime, first: datetime, second: datetime, zone: ZoneInfo) -> None:
    skipped = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local
    offset = first.isoformat()[-6:]
    how = (
        f"Choisissez une autre heure, ou écrivez le décalage : {local.isoformat()}{offset}",
        f"Choose another time, or write the offset: {local.isoformat()}{offset}",
    )
    if skipped:
        raise Unreadable(
            (
                f"cette heure n’existe pas à {zone.key} : les horloges avancent d’une heure",
                f"this time does not exist in {zone.key}: the clocks go forward",
            ),
            how,
        )
    raise Unreadable(
        (
            (
                f"cette heure existe deux fois à {zone.key} : les horloges reculent d’une heure "
                f"({offset} puis {second.isoformat()[-6:]})"
            ),
            (
                f"this time exists twice in {zone.key}: the clocks go back "
                f"({offset}, then {second.isoformat()[-6:]})"
            ),
        ),
        how,
    )


def spell_moment(moment: datetime) -> str:
    """RFC 3339 in UTC with whole seconds, as definitions write it."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
