"""``scrutin new`` and ``scrutin check``: make an election's folder, and read it back."""

from pathlib import Path

import click

from ballot.definition import check, format_report
from ballot.definition.new import new, new_from_pabulib
from tally.pabulib import parse, read_instance
from web.commands.shell import folder_argument, json_option, language_option, put, say
from web.errors import UsageError
from web.office.define import with_witnesses
from web.office.folder import ElectionFolder
from web.places import with_places


@click.command("new")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--from",
    "file",
    type=click.Path(dir_okay=False, path_type=Path, exists=True),
    help="Begin with the projects and rules of a Pabulib file (.pb).",
)
def new_command(folder: Path, file: Path | None) -> None:
    """Make FOLDER with a commented election.toml and projects.csv to edit."""
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder}: is not empty; name a new folder")
    if file is None:
        new(folder)
    else:
        new_from_pabulib(folder, file)
        for remark in read_instance(parse(file.read_bytes().decode("utf-8-sig"))).remarks:
            say(f"{file.name}: {remark.message}")
    say(f"scrutin: edit {folder / 'election.toml'} and {folder / 'projects.csv'}, then run")
    say(f"  scrutin check {folder}")


@click.command("check")
@folder_argument
@language_option
@click.option(
    "--witness-policy",
    "file",
    type=click.Path(dir_okay=False, path_type=Path, exists=True),
    help="The policy that you will freeze with: check it, and read it back too.",
)
@json_option
def check_command(folder: Path, language: str, file: Path | None, as_json: bool) -> int:
    """Report every fault of FOLDER with its remedy, then read the rules back in plain words."""
    report = with_places(check(folder, language), folder)
    report = with_witnesses(report, ElectionFolder(folder), file)
    if as_json:
        put(report.to_value())
    else:
        click.echo(format_report(report))
    return 0 if report.ok else 1
