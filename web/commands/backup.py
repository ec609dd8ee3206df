"""``scrutin backup``, ``restore`` and ``recover``: copies of the databases, and the way back."""

from pathlib import Path

import click

from web.commands.shell import folder_argument, put, say
from web.office.backup import back_up, bring_back, bring_forward
from web.office.folder import ElectionFolder
from web.office.freeze import load_manifest
from web.progress import Progress


@click.command("backup")
@folder_argument
@click.argument("out", type=click.Path(path_type=Path))
def backup_command(folder: Path, out: Path) -> None:
    """Copy this host's databases of the election in FOLDER into the new folder OUT.

    While the service runs, and whichever database it uses. A backup is as secret as the databases.
    The signer's memory (signer.json) is not in it: it must never be brought back with an old
    database. Copy it elsewhere, always the newest.
    """
    place = ElectionFolder(folder)
    with Progress() as progress:
        copied = back_up(place, load_manifest(place), out, progress)
    put({"backup": [{"part": c.part, "file": c.file, "rows": c.rows} for c in copied]})


@click.command("restore")
@folder_argument
@click.argument("source", type=click.Path(path_type=Path, exists=True, file_okay=False))
def restore_command(folder: Path, source: Path) -> None:
    """Copy the backup in SOURCE into this host's empty databases.

    An old backup is noticed when the service starts: bring it forward with scrutin recover.
    """
    place = ElectionFolder(folder)
    with Progress() as progress:
        copied = bring_back(place, load_manifest(place), source, progress)
    say("scrutin: now run scrutin recover, which also says when nothing was lost")
    put({"restored": [{"part": c.part, "file": c.file, "rows": c.rows} for c in copied]})


@click.command("recover")
@folder_argument
@click.option(
    "--accept-missing",
    is_flag=True,
    help="Go on although the sealed bytes of some ballots are nowhere: they cannot be counted.",
)
def recover_command(folder: Path, accept_missing: bool) -> None:
    """Bring an old copy of the box's database forward to the published log in FOLDER.

    Entries come from the published log, sealed ballots from those that waited in the copy and from
    SCRUTIN_SECOND_COPY, and from there also what was acknowledged and not yet in the log.
    Everything is verified; another history is refused.
    """
    place = ElectionFolder(folder)
    found, again = bring_forward(place, load_manifest(place), accept_missing=accept_missing)
    if found.before == found.after:
        say("scrutin: the database has every entry that was published: nothing to do")
    elif found.missing:
        say(f"scrutin: {len(found.missing)} ballots cannot be opened any more: say so in public")
    put(
        {
            "before": found.before,
            "after": found.after,
            "waiting": found.waiting,
            "copied": found.copied,
            "missing": [leaf.hex() for leaf in found.missing],
            "taken_again": None
            if again is None
            else {
                "ballots": again.ballots,
                "tests": again.tests,
                "outside": [leaf.hex() for leaf in again.outside],
            },
        }
    )
