"""The registrar's commands: issuers, the roll, voting codes and letters."""

import sys
from pathlib import Path

import click

from audit.label import b64
from ballot.letters import make_letters
from ballot.roll import RollInvalid, RollTree, import_roll
from ballot.rollfile import read_roll
from web.clock import clock_for
from web.commands.keys import registrar_new
from web.commands.shell import Identifier, folder_argument, passphrase_file_option, put, say
from web.errors import Refused
from web.office.define import load_election
from web.office.erasing import erase_registrar
from web.office.folder import ElectionFolder
from web.office.freeze import load_manifest
from web.office.letters import letter_texts
from web.office.parts import issuer_keys, local_issuers, registrar_store
from web.office.vote import stop_issuing
from web.progress import Progress

issuer_option = click.option(
    "--issuer",
    default="city",
    show_default=True,
    type=Identifier(),
    help="The issuer's identifier.",
)


@click.group("registrar")
def registrar() -> None:
    """Issuers of credentials."""


@registrar.command("new")
@folder_argument
@issuer_option
@click.option(
    "--shares-roll-with",
    type=Identifier(),
    help="Another issuer whose roll key this one shall use.",
)
@passphrase_file_option
def registrar_new_command(
    folder: Path, issuer: str, shares_roll_with: str | None, passphrase_file: Path | None
) -> None:
    """Make an issuer's keys: one RSA key a style, and one for the counts."""
    registrar_new(folder, issuer, shares_roll_with, passphrase_file)


@registrar.command("stop")
@folder_argument
@issuer_option
def registrar_stop(folder: Path, issuer: str) -> None:
    """After the close: stop issuing for good and sign the counts, for scrutin close."""
    place = ElectionFolder(folder)
    manifest = load_manifest(place)
    issued = stop_issuing(place, issuer, manifest, clock_for(manifest.election.id))
    put(issued.to_value())


@registrar.command("erase")
@folder_argument
@issuer_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def registrar_erase(folder: Path, issuer: str, yes: bool) -> None:
    """When nobody can appeal any more: erase who was on the roll, the codes and the issuer's keys.

    What was published still verifies. Backups, letters and rolls in other files are yours to erase.
    """
    place = ElectionFolder(folder)
    election = load_manifest(place).election
    if not yes and not click.confirm(
        f"Erase all that {issuer} knows of people in {election.id}, for good?", err=True
    ):
        raise Refused("nothing was erased")
    erased = erase_registrar(place, issuer, election)
    put({"issuer": issuer, "people": erased.people, "files": list(erased.files)})
    say("scrutin: erase the backups, the letters and the rolls in other files too")


@click.group("roll")
def roll() -> None:
    """The roll of people who may vote, and their codes."""


@roll.command("import")
@folder_argument
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path, exists=True))
@click.option(
    "--issuer",
    multiple=True,
    type=Identifier(),
    help="Only for this issuer; default: all that lie here.",
)
@click.option("--replace", is_flag=True, help="Replace the whole roll instead of adding to it.")
def roll_import(folder: Path, file: Path, issuer: tuple[str, ...], replace: bool) -> None:
    """Read FILE (columns id, style; optional name, address…, language) into the roll.

    All of the file or nothing: every faulty line is reported with its remedy.
    """
    place = ElectionFolder(folder)
    election = load_election(place)
    issuers = issuer or tuple(local_issuers(place))
    if not issuers:
        raise Refused(f"{place.issuers}: no issuer; run scrutin registrar new first")
    with Progress() as progress:
        try:
            people = read_roll(
                file.read_bytes(),
                styles=[style.id for style in election.styles],
                languages=election.languages,
                progress=progress,
            )
            for name in issuers:
                counts = import_roll(
                    registrar_store(place, name, election),
                    people,
                    replace=replace,
                    progress=progress,
                )
        except RollInvalid as error:
            for fault in error.faults:
                say(f"{file}: {fault}")
            more = error.total - len(error.faults)
            raise Refused(
                f"{file}: {error.total} faults"
                + (f", {more} more not shown" if more else "")
                + "; nothing was imported"
            ) from None
    if people.ignored:
        say(f"scrutin: columns not used: {', '.join(people.ignored)}")
    put({"roll": dict(counts)})


@roll.command("codes")
@folder_argument
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@issuer_option
@click.option("--website", required=True, help="The address people will type.")
@click.option("--help-text", "help_text", default="", help="Whom to ask when the letter is lost.")
@click.option("--replace", help="Make a new code for this person; the old one dies.")
def roll_codes(
    folder: Path, out: Path, issuer: str, website: str, help_text: str, replace: str | None
) -> None:
    """Make voting codes: OUT gets codes.csv for a mailing house, and printable letters.

    Codes are stored hashed only: OUT is the one place that has them, so keep it safe and destroy
    it after the mailing.
    """
    place = ElectionFolder(folder)
    election = load_election(place)
    keys = issuer_keys(place, issuer, election)
    made = make_letters(
        registrar_store(place, issuer, election),
        pepper=keys.pepper,
        folder=out,
        texts=letter_texts(election, website, help_text),
        replace=replace,
    )
    say(f"scrutin: {made.count} codes in {made.folder}")


@roll.command("statement")
@folder_argument
@click.argument("person")
@issuer_option
def roll_statement(folder: Path, person: str, issuer: str) -> None:
    """Prove to PERSON (an id of the roll) that the manifest's roll includes them."""
    place = ElectionFolder(folder)
    election = load_election(place)
    store = registrar_store(place, issuer, election)
    tree = RollTree(store.styles_by_person(), issuer_keys(place, issuer, election).roll_key)
    found = tree.statement(person)
    put(
        {
            "type": "roll-statement",
            "person": found.person,
            "style": found.style,
            "salt": b64(found.salt),
            "index": found.index,
            "size": found.size,
            "path": [b64(each) for each in found.path],
            "root": b64(tree.root),
        }
    )
    sys.stdout.flush()
