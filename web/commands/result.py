"""After the close: release, open the box, count, publish; and where an election stands."""

import os
from pathlib import Path

import click

from audit.manifest import Manifest
from audit.result_hash import in_groups
from ballot.lifecycle import Facts, due, stage
from tally import canonical
from web.clock import clock_for, local_time, read_time, told_time
from web.commands.shell import (
    folder_argument,
    json_option,
    officer_option,
    passphrase_file_option,
    put,
    say,
)
from web.commands.vote import signers
from web.errors import Refused
from web.office.folder import ElectionFolder
from web.office.freeze import load_manifest
from web.office.result import (
    closed_log,
    count_votes,
    open_ballot_box,
    publish_results,
    release_share,
    require_parent,
)
from web.progress import Progress

jobs_option = click.option(
    "--jobs", type=click.IntRange(1, 256), default=None, help="Processes; default: one a core."
)


@click.command("release")
@folder_argument
@click.option(
    "--share", type=click.Path(dir_okay=False, path_type=Path, exists=True), required=True
)
@click.option("--name", default="", help="Your name, to find your passphrase's variable.")
@passphrase_file_option
def trustee_release(folder: Path, share: Path, name: str, passphrase_file: Path | None) -> None:
    """After the close: release your share for the closed log, into FOLDER/releases.

    Refused unless the log's last checkpoint is signed, covers the close entry and was seen by the
    witnesses that the rules ask for.
    """
    place = ElectionFolder(folder)
    manifest = load_manifest(place)
    step = release_share(place, manifest, share, name=name, passphrase_file=passphrase_file)
    say(f"scrutin: released: {', '.join(str(path) for path in step.paths)}")


@click.command("open-box")
@folder_argument
def open_box(folder: Path) -> None:
    """Combine the trustees' releases: from now on everybody can open every counted ballot."""
    place = ElectionFolder(folder)
    manifest = load_manifest(place)
    for fault in open_ballot_box(place, manifest):
        say(f"scrutin: set aside: {fault}")
    say(f"scrutin: {place.opening}")


@click.command("count")
@folder_argument
@jobs_option
def count_command(folder: Path, jobs: int | None) -> None:
    """Open and count the ballots; prints the results, which publish will publish."""
    place = ElectionFolder(folder)
    manifest = load_manifest(place)
    with Progress() as progress:
        results = count_votes(place, manifest, jobs=jobs or os.cpu_count() or 1, progress=progress)
    put(canonical.parse(results))


@click.command("publish")
@folder_argument
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@officer_option
@jobs_option
@json_option
@passphrase_file_option
def publish(
    folder: Path,
    out: Path,
    officer_files: tuple[Path, ...],
    jobs: int | None,
    as_json: bool,
    passphrase_file: Path | None,
) -> None:
    """Write the publication to OUT, signed by the officers; prints the result hash.

    Publishing again, or on another machine, gives the same bytes. The service shows it when OUT is
    FOLDER/publication.
    """
    require_parent(out.absolute())
    place = ElectionFolder(folder)
    manifest = load_manifest(place)
    officers = signers(officer_files, manifest.election.id, passphrase_file)
    with Progress() as progress:
        done = publish_results(
            place, manifest, out, officers, jobs=jobs or os.cpu_count() or 1, progress=progress
        )
    if not isinstance(done, bytes):
        say(f"scrutin: signed; another officer must sign the result {in_groups(done.result_hash)}")
        return
    if as_json:
        put({"result_hash": done.hex(), "publication": str(out)})
    else:
        click.echo(f"result hash {in_groups(done)}")


def witnessed(manifest: Manifest, note: bytes) -> dict[str, str]:
    """Which of the policy's witnesses cosigned a checkpoint, and which did not."""
    key, policy = manifest.box.verifier_key, manifest.policy
    if policy is None:
        return {}
    cosigned = policy.cosigned(policy.read_checkpoint(note, key.name, key))
    return {
        "witnessed": ", ".join(cosigned),
        "missing": ", ".join(name for name in policy.witnesses if name not in cosigned),
    }


@click.command("status")
@folder_argument
@json_option
def status(folder: Path, as_json: bool) -> None:
    """Where the election stands and what comes next.

    Times are told in the election's time zone; with --json they are UTC (RFC 3339).
    """
    place = ElectionFolder(folder)
    if not place.manifest_signatures.exists():
        found, zone = {"stage": "draft", "next": "freeze"}, "UTC"
    else:
        manifest = load_manifest(place)
        election, zone = manifest.election, manifest.election.time_zone
        closed = opened = False
        if (place.box / "log" / "checkpoint").exists():
            opened = True
            try:
                closed_log(place, manifest)
                closed = True
            except Refused:
                closed = False
        facts = Facts(
            now=clock_for(election.id)(),
            opens=read_time(election.opens),
            closes=read_time(election.closes),
            frozen=True,
            open_entry=opened,
            close_entry=closed,
            opening=place.opening.exists(),
            results=place.results.exists(),
            publication=(place.publication / "publication.signatures.json").exists(),
        )
        following = due(facts)
        found = {
            "manifest": manifest.hash.hex(),
            "opens": election.opens,
            "closes": election.closes,
            "stage": stage(facts).value,
            "next": "" if following is None else following.value,
        }
        if opened and manifest.policy is not None:
            found |= witnessed(manifest, (place.box / "log" / "checkpoint").read_bytes())
    if as_json:
        put(found)
    else:
        for name in found.keys() & {"opens", "closes"}:
            found[name] = told_time(local_time(found[name], zone), "en")
        for name, value in found.items():
            click.echo(f"{name:<10}{value}")
