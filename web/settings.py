"""What a process of the service must know, read once from the environment and then frozen."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from web.audience import Door
from web.errors import UsageError
from web.telemetry import inside_address


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One process of the service.

    ``folder`` is the election's folder on this host; ``doors`` are served by this process;
    ``issuers`` are the issuers whose keys this registrar holds (all found in the folder when
    empty); ``trusted_proxies`` is the number of reverse proxies in front, whose
    ``X-Forwarded-For`` is believed; ``refusals_per_minute`` bounds refused voting codes from one
    address (a household or a library shares one); ``requests_factor`` multiplies the limits of
    requests, for a load test or a proxy that hides many; ``sequences`` says whether this host may
    put ballots into the log: it needs the signer's memory and the published log; metrics and
    readiness are told at the address ``inside``, nowhere when None; requests are counted together
    with the host's other processes by whoever listens in the folder ``limits``, in this process
    alone when None; ``examines_beside`` says whether ballots are examined in a process of their
    own.
    """

    folder: Path
    doors: frozenset[Door]
    issuers: tuple[str, ...] = ()
    trusted_proxies: int = 0
    refusals_per_minute: int = 30
    requests_factor: int = 1
    sequences: bool = True
    inside: tuple[str, int] | None = None
    limits: Path | None = None
    examines_beside: bool = False


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings in ``SCRUTIN_*`` variables. Raises UsageError that names the variable."""
    folder = environment.get("SCRUTIN_FOLDER")
    if not folder:
        raise UsageError("SCRUTIN_FOLDER: set it to the election's folder")
    names = environment.get("SCRUTIN_DOORS", "registrar,box,public").split(",")
    try:
        doors = frozenset(Door(name.strip()) for name in names)
    except ValueError:
        known = ", ".join(door.value for door in Door)
        raise UsageError(f"SCRUTIN_DOORS: a comma-separated list out of {known}") from None
    listed = environment.get("SCRUTIN_ISSUERS", "").split(",")
    issuers = tuple(name.strip() for name in listed if name.strip())
    return Settings(
        folder=Path(folder),
        doors=doors,
        issuers=issuers,
        trusted_proxies=whole_number(environment, "SCRUTIN_TRUSTED_PROXIES", 0),
        refusals_per_minute=whole_number(environment, "SCRUTIN_REFUSALS_PER_MINUTE", 30, least=1),
        requests_factor=whole_number(environment, "SCRUTIN_REQUESTS_FACTOR", 1, least=1),
        sequences=yes_or_no(environment, "SCRUTIN_SEQUENCES", default=True),
        inside=inside_address(environment["SCRUTIN_INSIDE"])
        if environment.get("SCRUTIN_INSIDE")
        else None,
        limits=Path(environment["SCRUTIN_LIMITS"]) if environment.get("SCRUTIN_LIMITS") else None,
        examines_beside=yes_or_no(environment, "SCRUTIN_EXAMINE_BESIDE", default=False),
    )


def whole_number(environment: Mapping[str, str], name: str, default: int, *, least: int = 0) -> int:
    """The number in a variable. Raises UsageError that names it."""
    text = environment.get(name, str(default))
    if not (text.isascii() and text.isdecimal()) or len(text) > 9 or int(text) < least:
        raise UsageError(f"{name}: {text[:40]!r} is not a whole number, {least} or more")
    return int(text)


def yes_or_no(environment: Mapping[str, str], name: str, *, default: bool) -> bool:
    """The answer in a variable. Raises UsageError that names it."""
    text = environment.get(name, "yes" if default else "no")
    if text not in ("yes", "no"):
        raise UsageError(f"{name}: write yes or no, not {text[:40]!r}")
    return text == "yes"
