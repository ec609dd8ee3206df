"""Keys: officers, the box, issuers, and the trustees' ceremony."""

from pathlib import Path

import click

from audit.result_hash import in_groups
from ballot.ceremony import CeremonyIncomplete
from ballot.issuer import SECRET, create_issuer, open_issuer
from ballot.trustee import (
    adopt,
    begin,
    commit,
    conclude_ceremony,
    finish,
    forget,
    load_ceremony,
    local_ceremony,
    reveal,
)
from web.commands.shell import folder_argument, passphrase_file_option, say
from web.errors import Refused
from web.office.boxkeys import create_box_keys
from web.office.define import load_election
from web.office.folder import ElectionFolder
from web.office.freeze import load_manifest
from web.office.officers import create_officer
from web.office.passphrase import passphrase
from web.progress import Progress

own_option = click.option(
    "--own",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Your own folder, on your own machine; it never leaves you.",
)
exchange_argument = click.argument(
    "exchange", type=click.Path(file_okay=False, path_type=Path, exists=True)
)
name_option = click.option("--name", required=True, help="Your name, as in ceremony.json.")


@click.group("officer")
def officer() -> None:
    """Officers' keys."""


@officer.command("new")
@folder_argument
@click.option("--name", required=True)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="Your key file; keep it to yourself.",
)
@passphrase_file_option
def officer_new(folder: Path, name: str, out: Path, passphrase_file: Path | None) -> None:
    """Make an officer's key; the public half goes into FOLDER/officers."""
    place = ElectionFolder(folder)
    election = load_election(place)
    file_name = "".join(each if each.isalnum() else "-" for each in name.lower()).strip("-")
    create_officer(
        out,
        place.officers / f"{file_name or 'officer'}.json",
        name=name,
        election=election.id,
        passphrase=passphrase(name, f"officer_{out.stem}", passphrase_file, new=not out.exists()),
    )
    say(f"scrutin: {out} is yours alone; the public half is in {place.officers}")


@click.group("box")
def box() -> None:
    """The ballot box's keys."""


@box.command("new")
@folder_argument
@click.option("--origin", help="The log's public address without https://, e.g. vote.city.fr/log.")
@click.option(
    "--signer",
    type=click.Path(file_okay=False, path_type=Path),
    help="Put the log's key into this folder, for a process of its own: scrutin signer serve.",
)
@passphrase_file_option
def box_new(
    folder: Path, origin: str | None, signer: Path | None, passphrase_file: Path | None
) -> None:
    """Make the keys that sign the log and the receipts."""
    place = ElectionFolder(folder)
    public = create_box_keys(
        place.box,
        election=load_election(place).id,
        passphrase=passphrase("the ballot box", "box", passphrase_file, new=not place.box.exists()),
        origin=origin,
        signer=signer,
        signer_passphrase=None
        if signer is None
        else passphrase("the signer", "signer", new=not signer.exists()),
    )
    say(f"scrutin: the log is {public.origin}")
    if signer is not None:
        say(f"scrutin: {signer} signs it: scrutin signer serve {signer} --socket …")


def registrar_new(
    folder: Path, issuer: str, shares_roll_with: str | None, passphrase_file: Path | None
) -> None:
    """Make an issuer's keys: one RSA key for each style, and its signing key. Made before with the
    same styles and roll key: nothing changes."""
    place = ElectionFolder(folder)
    election = load_election(place)
    own = place.issuers / issuer
    own.mkdir(parents=True, exist_ok=True)
    roll_key = None
    if shares_roll_with is not None:
        other = open_issuer(
            place.issuers / shares_roll_with,
            issuer=shares_roll_with,
            election=election.id,
            passphrase=passphrase(f"issuer {shares_roll_with}", f"issuer_{shares_roll_with}"),
        )
        roll_key = other.roll_key
    if (own / SECRET).exists():
        word = passphrase(f"issuer {issuer}", f"issuer_{issuer}", passphrase_file)
        found = open_issuer(own, issuer=issuer, election=election.id, passphrase=word)
        if set(found.styles) != {style.id for style in election.styles}:
            raise Refused(f"{own}: has keys for other styles; move it away and make it anew")
        if roll_key is not None and found.roll_key != roll_key:
            raise Refused(f"{own}: was made with another roll key than {shares_roll_with}'s")
        say(f"scrutin: issuer {issuer} was made before")
        return
    with Progress() as progress:
        create_issuer(
            own,
            issuer=issuer,
            election=election.id,
            styles=[style.id for style in election.styles],
            passphrase=passphrase(
                f"issuer {issuer}", f"issuer_{issuer}", passphrase_file, new=True
            ),
            roll_key=roll_key,
            progress=progress.for_step("keys"),
        )
    say(f"scrutin: issuer {issuer} has a key for each of {len(election.styles)} styles")


@click.command("ceremony")
@folder_argument
@click.option("--trustee", "names", multiple=True, required=True, help="A trustee; repeat.")
@click.option("--threshold", type=click.IntRange(1, 16), required=True)
@click.option("--local", is_flag=True, help="Play all parts here: for demonstrations only.")
@passphrase_file_option
def ceremony(
    folder: Path,
    names: tuple[str, ...],
    threshold: int,
    local: bool,
    passphrase_file: Path | None,
) -> None:
    """Begin the trustees' key ceremony in FOLDER/ceremony.

    Each trustee then runs scrutin trustee commit, reveal and finish on their own machine; only the
    files of FOLDER/ceremony travel between them. No one ever holds the election's private key.
    """
    place = ElectionFolder(folder)
    election = load_election(place)
    place.ceremony.mkdir(exist_ok=True)
    if not local:
        begin(place.ceremony, election=election.id, names=names, threshold=threshold)
        say(f"scrutin: give {place.ceremony} to the trustees; next: scrutin trustee commit")
        return
    keys, paths = local_ceremony(
        place.ceremony,
        place.trustees,
        election=election.id,
        names=names,
        threshold=threshold,
        passphrase=lambda name: passphrase(f"trustee {name}", f"trustee_{name}", passphrase_file),
    )
    say(f"scrutin: {len(keys.trustees)} shares, any {keys.threshold} open the box:")
    for path in paths:
        say(f"  {path}")


@click.group("trustee")
def trustee() -> None:
    """A trustee's steps; EXCHANGE is the ceremony folder that is passed around."""


def _step(
    action: object, exchange: Path, own: Path, name: str, file: Path | None, *, new: bool = False
) -> None:
    secret = passphrase(f"trustee {name}", f"trustee_{name}", file, new=new)
    step = action(exchange, own, trustee=name, passphrase=secret)  # type: ignore[operator]
    done = "was done before" if step.already_done else "done"
    say(f"scrutin: {done}: {', '.join(str(path) for path in step.paths)}")


@trustee.command("commit")
@exchange_argument
@own_option
@name_option
@passphrase_file_option
def trustee_commit(exchange: Path, own: Path, name: str, passphrase_file: Path | None) -> None:
    """Step 1: draw your secret and commit to it."""
    _step(commit, exchange, own, name, passphrase_file, new=not own.exists())


@trustee.command("reveal")
@exchange_argument
@own_option
@name_option
@passphrase_file_option
def trustee_reveal(exchange: Path, own: Path, name: str, passphrase_file: Path | None) -> None:
    """Step 2, when all commitments are there: reveal, with an encrypted share for each other."""
    _step(reveal, exchange, own, name, passphrase_file)


@trustee.command("finish")
@exchange_argument
@own_option
@name_option
@passphrase_file_option
def trustee_finish(exchange: Path, own: Path, name: str, passphrase_file: Path | None) -> None:
    """Step 3, when all reveals are there: check everything and keep your share.

    Whoever carries the files could put other keys in: read the transcript hash to each other.
    """
    _step(finish, exchange, own, name, passphrase_file)
    try:
        keys = conclude_ceremony(exchange)
    except CeremonyIncomplete:
        say("scrutin: not everybody has finished; scrutin trustee show tells when")
    else:
        say(f"scrutin: compare aloud with the other trustees: {in_groups(keys.transcript_hash)}")


@trustee.command("forget")
@exchange_argument
@own_option
@name_option
@passphrase_file_option
def trustee_forget(exchange: Path, own: Path, name: str, passphrase_file: Path | None) -> None:
    """When everybody has confirmed: remove your secret of the ceremony, keep the share."""
    secret = passphrase(f"trustee {name}", f"trustee_{name}", passphrase_file)
    forget(exchange, own, trustee=name, passphrase=secret)
    say("scrutin: only your share file is left")


@trustee.command("show")
@exchange_argument
def trustee_show(exchange: Path) -> None:
    """What the ceremony ended with, checked from its messages alone."""
    begun = load_ceremony(exchange)
    keys = conclude_ceremony(exchange)
    click.echo(f"election    {begun.election}")
    click.echo(f"threshold   {keys.threshold} of {len(keys.trustees)}")
    click.echo(f"transcript  {in_groups(keys.transcript_hash)}")
    click.echo(f"election key {keys.election_key.hex()}")
    for each in keys.trustees:
        click.echo(f"  {each.index}. {each.name}")


@trustee.command("adopt")
@folder_argument
@click.option(
    "--share", type=click.Path(dir_okay=False, path_type=Path, exists=True), required=True
)
@name_option
@passphrase_file_option
def trustee_adopt(folder: Path, share: Path, name: str, passphrase_file: Path | None) -> None:
    """After the freeze: bind your share to this manifest, so that it opens no other box."""
    manifest = load_manifest(ElectionFolder(folder))
    adopt(
        share,
        passphrase(f"trustee {name}", f"trustee_{name}", passphrase_file),
        election_id=manifest.election.id,
        election=manifest.hash,
        keys=manifest.trustees,
    )
    say(f"scrutin: the share opens the box of manifest {manifest.hash.hex()} and no other")
