"""A frozen folder: every difference from the manifest that the officers signed."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeGuard

from audit.errors import AuditError
from audit.manifest import Manifest
from ballot.definition.contest_table import is_money
from ballot.definition.draft import Draft
from ballot.definition.finding import MANIFEST_FILE, Finding, Key, Place, Said, shown
from ballot.definition.origin import place_of
from tally.election import Election
from tally.money import format_money

_ABSENT: Final = object()

Difference = tuple[Key, object, object]


def differences(before: object, now: object, path: Key = ()) -> Iterator[Difference]:
    """(path in ``now``, what was frozen, what is there now) for each part that differs."""
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for name in dict.fromkeys([*before, *now]):
            yield from differences(before.get(name, _ABSENT), now.get(name, _ABSENT), (*path, name))
    elif _have_ids(before) and _have_ids(now):
        yield from _lists(before, now, path)
    elif before != now:
        yield path, before, now


def _have_ids(value: object) -> TypeGuard[list[Mapping[str, object]]]:
    """Whether a list's members have ids: they are compared by them, so that one new line is one
    difference."""
    return isinstance(value, list) and all(
        isinstance(each, Mapping) and "id" in each for each in value
    )


def _lists(
    before: list[Mapping[str, object]], now: list[Mapping[str, object]], path: Key
) -> Iterator[Difference]:
    def ids(members: list[Mapping[str, object]]) -> list[str]:
        return [str(each["id"]) for each in members]

    was, is_now = ids(before), ids(now)
    for name, member in zip(was, before, strict=True):
        if name in is_now:
            position = is_now.index(name)
            yield from differences(member, now[position], (*path, position))
        else:
            yield (*path, name), member, _ABSENT
    for position, name in enumerate(is_now):
        if name not in was:
            yield (*path, position), _ABSENT, now[position]
    kept = [name for name in is_now if name in was]
    if kept != [name for name in was if name in is_now]:
        first = next(
            number
            for number, (old, new) in enumerate(
                zip([name for name in was if name in is_now], kept, strict=True)
            )
            if old != new
        )
        yield (*path, is_now.index(kept[first])), was, is_now


def frozen_findings(
    draft: Draft, election: Election | None, manifest: bytes
) -> tuple[str | None, list[Finding]]:
    """The hash of the manifest in hex, and a fault for every difference.

    Without an election (the folder has faults of its own) nothing can be compared, and the only
    finding says so.
    """
    try:
        frozen = Manifest.parse(manifest)
    except AuditError as error:
        said = str(error).partition("\n")[0][:200]
        return None, [
            Finding(
                place=Place(file=MANIFEST_FILE),
                message=(
                    f"le manifeste figé est abîmé : {said}",
                    f"the frozen manifest is damaged: {said}",
                ),
                remedy=(
                    "Reprenez manifest.json de la copie publiée",
                    "Take manifest.json from the published copy",
                ),
            )
        ]
    digest = frozen.hash.hex()
    short = " ".join(digest[at : at + 4] for at in range(0, 16, 4))
    if election is None:
        return digest, [
            Finding(
                place=Place(file=MANIFEST_FILE),
                message=(
                    f"les règles sont figées (manifeste {short}…) et le dossier ne se lit plus",
                    (
                        f"the rules are frozen (manifest {short}…) and the folder cannot be read "
                        "any more"
                    ),
                ),
                remedy=_remedy("les fichiers tels qu’ils étaient", "the files as they were"),
            )
        ]
    found = differences(frozen.election.to_value(), election.to_value())
    return digest, [_finding(draft, frozen, short, difference) for difference in found]


def _remedy(french: str, english: str) -> Said:
    return (
        f"Remettez {french}, ou commencez un nouveau vote dans un nouveau dossier",
        f"Put back {english}, or start a new election in a new folder",
    )


def _finding(draft: Draft, frozen: Manifest, short: str, difference: Difference) -> Finding:
    path, before, now = difference
    place = place_of(draft, path)

    def words(value: object, language: int) -> str:
        if path[-1:] == ("sha256",):
            return ("la première image", "the first picture")[language]
        money = isinstance(value, int) and not isinstance(value, bool)
        if money and (is_money(path[2:]) or path[-1] in ("cost", "budget")):
            each = frozen.election
            return format_money(
                int(str(value)), each.currency, each.exponent, ("fr", "en")[language]
            )
        if isinstance(value, Sequence | Mapping) and not isinstance(value, str):
            return shown(json.dumps(value, ensure_ascii=False))
        return shown(value)

    rules: Said = (
        f"les règles sont figées (manifeste {short}…), cette modification est refusée : ",
        f"the rules are frozen (manifest {short}…), this edit is refused: ",
    )
    if now is _ABSENT:
        name = str(path[-1])
        gone = "" if place.field.endswith(name) else f" ({name})"
        what = (f"supprimé{gone}", f"removed{gone}")
        remedy = _remedy(f"« {name} »", f"“{name}”")
    elif before is _ABSENT:
        what = ("ajouté", "added")
        remedy = (
            "Supprimez-le, ou commencez un nouveau vote dans un nouveau dossier",
            "Remove it, or start a new election in a new folder",
        )
    else:
        what = (
            f"c’était « {words(before, 0)} », c’est « {words(now, 0)} »",
            f"it was “{words(before, 1)}”, it is “{words(now, 1)}”",
        )
        remedy = _remedy(f"« {words(before, 0)} »", f"“{words(before, 1)}”")
    return Finding(place=place, message=(rules[0] + what[0], rules[1] + what[1]), remedy=remedy)
