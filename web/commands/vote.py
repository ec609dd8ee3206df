"""Freeze, open, close: the officers' acts around the vote."""

from pathlib import Path

import click

from audit.manifest import Manifest, verify_manifest
from audit.policy_words import describe_policy
from audit.succession import Succession
from ballot.errors import BallotError
from ballot.store.box import BoxStore
from web.clock import clock_for
from web.commands.shell import (
    folder_argument,
    language_option,
    officer_option,
    passphrase_file_option,
    put,
    say,
)
from web.errors import Refused
from web.office.define import load_election
from web.office.folder import ElectionFolder
from web.office.freeze import (
    FreezeOptions,
    assemble,
    freeze,
    freeze_rolls,
    load_manifest,
    roll_commitment,
)
from web.office.officers import Signer, open_officer
from web.office.parts import (
    box_keys,
    box_store,
    issuer_keys,
    local_issuers,
    open_sequencer,
    registrar_store,
)
from web.office.passphrase import passphrase
from web.office.policy import read_policy
from web.office.seconddisk import tidy_waiting
from web.office.vote import Act, close_vote, entry_fingerprint, open_vote
from web.office.witnesses import open_cosigning, told


def signers(
    files: tuple[Path, ...], election_id: str, passphrase_file: Path | None
) -> list[Signer]:
    """The officers whose key files were given."""
    return [
        open_officer(
            file,
            passphrase(f"officer key {file}", f"officer_{file.stem}", passphrase_file),
            election_id,
        )
        for file in files
    ]


@click.command("freeze")
@folder_argument
@officer_option
@click.option("--batch-seconds", default=60, show_default=True, type=click.IntRange(1, 86_400))
@click.option("--batch-minimum", default=20, show_default=True, type=click.IntRange(1))
@click.option("--maximum-sequence", default=100, show_default=True, type=click.IntRange(1, 65_535))
@click.option("--officers-needed", default=2, show_default=True, type=click.IntRange(1))
@click.option(
    "--witness-policy",
    "policy",
    type=click.Path(dir_okay=False, path_type=Path, exists=True),
    help="A C2SP tlog-policy file: who must have seen a checkpoint before the box is opened.",
)
@language_option
@passphrase_file_option
def freeze_command(
    folder: Path,
    officer_files: tuple[Path, ...],
    batch_seconds: int,
    batch_minimum: int,
    maximum_sequence: int,
    officers_needed: int,
    policy: Path | None,
    language: str,
    passphrase_file: Path | None,
) -> None:
    """Freeze the rules: the officers sign the manifest, after which nothing can be edited.

    Every officer runs this with the same options; it is done when enough have signed.
    """
    place = ElectionFolder(folder)
    election = load_election(place)
    issuers = local_issuers(place)
    if not issuers:
        raise Refused(f"{place.issuers}: no issuer's secret here; run scrutin registrar new")
    roll_key = issuer_keys(place, issuers[0], election).roll_key
    roll = roll_commitment(registrar_store(place, issuers[0], election), roll_key)
    if not any(roll.counts.values()):
        raise Refused("roll: nobody is on it; run scrutin roll import first")
    options = FreezeOptions(
        batch_seconds=batch_seconds,
        batch_minimum=batch_minimum,
        maximum_sequence=maximum_sequence,
        witness_policy=read_policy(policy) if policy else "",
        officers_needed=officers_needed,
    )
    manifest = assemble(place, election, options, roll)
    if policy is not None:
        for line in describe_policy(manifest.policy, language):
            say(f"scrutin: {line}")
    signed = freeze(
        place,
        manifest,
        signers(officer_files, election.id, passphrase_file),
        clock_for(election.id)(),
    )
    if not signed:
        say(f"scrutin: signed; another officer must sign the manifest {manifest.hash.hex()}")
        return
    freeze_rolls(place, manifest, issuers)
    put({"frozen": manifest.hash.hex(), "officers": [each.officer for each in signed]})


def _act(
    folder: Path,
    officer_files: tuple[Path, ...],
    file: Path | None,
    what: str,
    succeeds: Succession | None = None,
) -> Act:
    place = ElectionFolder(folder)
    manifest = load_manifest(place)
    clock = clock_for(manifest.election.id)
    keys = box_keys(place, manifest.election.id)
    store = box_store(place, manifest)
    try:
        sequencer = open_sequencer(place, manifest, keys, store, clock)
        officers = signers(officer_files, manifest.election.id, file)
        if what == "open":
            act = open_vote(place, manifest, sequencer, officers, succeeds)
        else:
            act = close_vote(place, manifest, sequencer, officers, clock)
            tidy_waiting(manifest, store)
        if act.entry is not None and manifest.policy is not None:
            _ask_witnesses(place, manifest, store)
        return act
    finally:
        store.dispose()


def _ask_witnesses(place: ElectionFolder, manifest: Manifest, store: BoxStore) -> None:
    """Let the witnesses see the log now. What fails here undoes nothing: scrutin cosign repeats."""
    try:
        lines = told(open_cosigning(place, manifest, store).ask_all())
    except BallotError as error:
        lines = [f"the witnesses were not asked: {error}"]
    for line in lines:
        say(f"scrutin: {line}")


def _report(act: Act, what: str) -> None:
    if act.entry is None:
        say(f"scrutin: signed; another officer must sign to {what} the vote")
    else:
        put({what: entry_fingerprint(act.entry), "officers": [s.officer for s in act.signed]})


@click.command("open")
@folder_argument
@officer_option
@click.option(
    "--succeeds",
    nargs=2,
    metavar="MANIFEST CHECKPOINT",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The rules (their signatures beside them) and the newest checkpoint of a lost log.",
)
@passphrase_file_option
def open_command(
    folder: Path,
    officer_files: tuple[Path, ...],
    succeeds: tuple[Path, Path] | None,
    passphrase_file: Path | None,
) -> None:
    """Open the vote: the officers' signed entry begins the log. Refused outside the dates."""
    lost = None if succeeds is None else _lost(*succeeds)
    if lost is not None:
        say(f"scrutin: this log stands in the place of {lost}")
    _report(_act(folder, officer_files, passphrase_file, "open", lost), "open")


def _lost(manifest_file: Path, checkpoint: Path) -> Succession:
    """The state of a lost log, signed with the key in its election's signed manifest."""
    manifest = Manifest.parse(manifest_file.read_bytes())
    signatures = manifest_file.with_name("manifest.signatures.json")
    if not signatures.is_file():
        raise Refused(f"{signatures}: is missing: put the officers' signatures beside the manifest")
    verify_manifest(manifest, signatures.read_bytes())
    try:
        note = checkpoint.read_text("utf-8")
    except UnicodeDecodeError:
        raise Refused(f"{checkpoint}: not a checkpoint: not UTF-8") from None
    return Succession.of(note, manifest.box.verifier_key)


@click.command("close")
@folder_argument
@officer_option
@passphrase_file_option
def close_command(
    folder: Path, officer_files: tuple[Path, ...], passphrase_file: Path | None
) -> None:
    """Close the vote: issuing stops, what waits enters the log, and the close entry ends it."""
    _report(_act(folder, officer_files, passphrase_file, "close"), "close")
