"""The steps about what was decided: log, ballots, opening, count."""

from datetime import UTC, datetime

from audit.admission import AdmissionRefused, admit
from audit.check import Check, Fault
from audit.derive import open_witnessed
from audit.opening import check_opening
from audit.publication import (
    BALLOTS,
    CHECKPOINT,
    FIGURES,
    LOG,
    OPENING,
    PABULIB,
    RESULTS,
    SEALED,
    ballots_path,
    sealed_path,
)
from audit.receipt import spell_time
from audit.recount import ballots_file, open_ballots, recount, split_sealed
from audit.tile import ENTRIES, WIDTH, LogBuilder, Tile, read_entries, tiles_for

_LAST_SECOND = 253_402_300_799  # of the year 9999


def log(check: Check) -> str:
    """The box signed the log's final state, and entries and tiles are those of that state."""
    manifest = check.manifest
    check.note = check.read(CHECKPOINT)
    check.checkpoint, witnesses = open_witnessed(manifest, check.note)
    size = check.checkpoint.size

    def fetch(path: str) -> bytes | None:
        return check.read(LOG + path) if LOG + path in check.publication.files else None

    check.entries = tuple(read_entries(fetch, size))
    builder = LogBuilder()
    for path, data in tiles_for(check.entries, builder):
        if check.read(LOG + path) != data:
            raise Fault("does not hold what the log's entries give")
    check.nothing_else(LOG)
    check.place = CHECKPOINT
    if builder.frontier().root() != check.checkpoint.root:
        raise Fault(f"the {size} entries have another root than the one that was signed")
    names = ", ".join(f"{name} ({_spelled(when)})" for name, when in witnesses.items())
    seen = f"; seen by the witnesses {names}" if names else ""
    return (
        f"the log {manifest.box.origin} ended with {size} entries; its signed root is theirs{seen}"
    )


def _spelled(when: int) -> str:
    """A witness's time. It may say any up to 2^63 - 1, which no calendar has."""
    return spell_time(datetime.fromtimestamp(when, UTC)) if when <= _LAST_SECOND else f"{when} s"


def entry_path(position: int, size: int) -> str:
    """The path of the bundle that holds an entry of a log of ``size`` entries."""
    index = position // WIDTH
    tile = Tile(level=ENTRIES, index=index, width=min(WIDTH, size - index * WIDTH))
    return LOG + tile.path


def entries(check: Check) -> str:
    """Every entry is valid: officers opened and closed, each ballot has a credential and a
    signature; and no style has more ballots than credentials, or more of those than persons."""
    size = len(check.entries)
    check.place = CHECKPOINT
    try:
        check.admitted = admit(
            check.manifest,
            check.entries,
            workers=check.workers,
            progress=lambda done: check.progress(done, size - 2),
        )
    except AdmissionRefused as refused:
        if refused.position is not None:
            check.place = entry_path(refused.position, size)
        raise
    check.entries = ()  # 1.2 GB of a million ballots, which no later step reads
    admitted = check.admitted
    counted = sum(map(len, admitted.counted.values()))
    succeeds = admitted.opened.succeeds
    lost = "" if succeeds is None else f"; this log stands in the place of {succeeds}"
    return (
        f"{size - 2} ballots, each with its credentials and signature; {counted} count, "
        f"{sum(admitted.superseded.values())} were replaced by a later one, "
        f"{sum(admitted.equivocations.values())} pseudonyms signed two of one sequence; "
        "no style has more ballots than credentials were given out, nor more of those than the "
        f"roll has persons{lost}"
    )


def opening(check: Check) -> str:
    """Enough trustees released their shares for this log, and the shares give the election key."""
    check.opening = check_opening(check.manifest, check.read(OPENING), check.checkpoint)
    trustees = check.manifest.trustees.trustees
    names = ", ".join(trustees[each.index - 1].name for each in check.opening.releases)
    return f"{names} released their shares for this log; they give the private election key"


def sealed(check: Check) -> str:
    """The sealed bytes are those that the counted ballots name."""
    for style, ballots in check.admitted.counted.items():
        data = check.read(sealed_path(style))
        check.blobs[style] = split_sealed(check.manifest, style, ballots, data)
    check.nothing_else(SEALED)
    return f"{sum(map(len, check.blobs.values()))} sealed ballots are those the log names"


def ballots(check: Check) -> str:
    """Opened with the election key, the sealed ballots hold the published choices."""
    total, done = sum(map(len, check.blobs.values())), 0
    for style, counted in check.admitted.counted.items():

        def told(more: int, before: int = done) -> None:
            check.progress(before + more, total)

        check.opened[style] = open_ballots(
            check.manifest,
            style,
            counted,
            check.blobs.pop(style),
            check.opening.private_key,
            workers=check.workers,
            progress=told,
        )
        check.compare(ballots_path(style), ballots_file(style, check.opened[style]))
        done += len(counted)
    check.workers.end()  # nothing of what follows is shared
    check.nothing_else(BALLOTS)
    return f"{total} ballots were opened and read again, with the same choices"


def results(check: Check) -> str:
    """Counted again under the rules, the ballots give the published results."""
    check.place = RESULTS
    check.recount = recount(
        check.manifest,
        check.admitted,
        check.opened,
        checkpoint=check.checkpoint,
        private_key=check.opening.private_key,
    )
    check.compare(RESULTS, check.recount.results)
    return f"{len(check.manifest.election.contests)} contests were counted again, the same"


def figures(check: Check) -> str:
    """The exact numbers behind the charts follow from the results."""
    count = check.compare_all(FIGURES, check.recount.figures())
    return f"{count} figures follow from the results"


def pabulib(check: Check) -> str:
    """The votes in Pabulib format follow from the ballots."""
    count = check.compare_all(PABULIB, check.recount.pabulib())
    return f"{count} Pabulib files follow from the ballots"
