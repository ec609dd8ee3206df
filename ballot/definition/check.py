"""Everything that is wrong with a folder, at once."""

import re
from datetime import datetime
from typing import Final

from ballot.definition.advice import advise
from ballot.definition.contest_table import is_money
from ballot.definition.draft import Draft, FolderFiles, read_draft
from ballot.definition.finding import ELECTION_FILE, PROJECTS_FILE, Key, Notes, Place
from ballot.definition.french import translate
from ballot.definition.origin import contest_at, place_of, split_path
from tally import canonical, rules
from tally.contest import read_contest
from tally.election import Election
from tally.fault import DefinitionFaults, Fault, Node

LARGEST_DEFINITION: Final = 12_000_000
"""Bytes of the canonical definition, so that the manifest keeps within its own limit."""
_NO_FIELD: Final = re.compile(r"project '(.+)' has (?:no (district|category)|\d+ categories)")


def check_files(
    files: FolderFiles, *, opens: datetime | None = None, closes: datetime | None = None
) -> tuple[Draft, Election | None]:
    """Read and check the files. The draft's notes hold every fault and warning; the election is
    None where there is a fault."""
    draft = read_draft(files, opens=opens, closes=closes)
    if draft.toml is None:
        return draft, None
    election: Election | None = None
    faults: list[Fault] = []
    try:
        election = Election.from_value(draft.value)
    except DefinitionFaults as refused:
        faults += refused.faults
    faults += _rule_faults(draft)
    _note(draft, faults)
    if election is not None and not any(finding.fault for finding in draft.notes):
        _check_size(election, draft.notes)
    if election is None or any(finding.fault for finding in draft.notes):
        return draft, None
    advise(draft, election, files.pictures)
    return draft, election


def _rule_faults(draft: Draft) -> list[Fault]:
    """What the rules say of each contest that can be read, whatever is wrong with the others."""
    faults: list[Fault] = []
    languages = draft.languages or ("fr",)
    for number, value in enumerate(draft.value["contests"]):
        contest = read_contest(Node(value, f"contests[{number}]", []), languages)
        if contest is not None:
            faults += [
                Fault(
                    path=f"contests[{number}].{fault.path}",
                    message=fault.message,
                    remedy=fault.remedy,
                )
                for fault in rules.check(contest)
            ]
    return faults


def _note(draft: Draft, faults: list[Fault]) -> None:
    # What the folder's own reading has said must not be said again, but each fault of the tally
    # stands beside the others, even at one place.
    said = Notes(findings=list(draft.notes.findings))
    for fault in faults:
        path = split_path(draft.value, fault.path)
        if fault.message.startswith("unknown key '"):
            path = (*path, fault.message.removeprefix("unknown key '")[:-1])
        place = _place(draft, path, fault)
        if said.covers(place) or _follows(draft, said, path):
            continue
        contest = contest_at(draft, path)
        money = contest is not None and (is_money(path[2:]) or path[-1:] == ("cost",))
        message, remedy = translate(
            fault.message,
            fault.remedy,
            currency=draft.currency,
            exponent=draft.exponent,
            is_money=money or (path[:1] == ("styles",) and path[-1:] == ("budget",)),
        )
        draft.notes.fault(place, message, remedy)


def _place(draft: Draft, path: Key, fault: Fault) -> Place:
    """The fault's place: a project without what the rule asks for is at fault itself."""
    found = _NO_FIELD.fullmatch(fault.message)
    number = path[1] if len(path) > 1 and isinstance(path[1], int) else None
    file = draft.projects
    if found and number is not None and file is not None:
        column = found[2] or "category"
        if column not in file.columns:
            return file.header(column)
        for row in draft.rows[number]:
            if row["id"] == found[1]:
                return file.place(row, column)
    return place_of(draft, path)


def _follows(draft: Draft, said: Notes, path: Key) -> bool:
    """Whether a fault only follows from another: an envelope is empty because projects.csv could
    not be read, or a contest is unknown because its table could not."""
    if path[:1] == ("contests",) and path[2:] == ("projects",):
        return draft.projects is None or any(
            finding.fault and finding.place.key[-1:] == ("envelope",)
            for finding in said
            if finding.place.file == PROJECTS_FILE
        )
    if path in {("contests",), ("styles",)}:
        return any(
            finding.fault and finding.place.key[:1] in {("envelope",), ("question",), ("style",)}
            for finding in said
        )
    return False


def _check_size(election: Election, notes: Notes) -> None:
    size = len(canonical.encode(election.to_value()))
    if size > LARGEST_DEFINITION:
        notes.fault(
            Place(file=ELECTION_FILE, line=1),
            (
                f"la définition a {size} octets, il en faut au plus {LARGEST_DEFINITION}",
                f"the definition has {size} bytes, at most {LARGEST_DEFINITION} are allowed",
            ),
            ("Raccourcissez les descriptions", "Shorten the descriptions"),
        )
