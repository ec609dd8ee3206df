"""``scrutin demo``: a ready election to look at, served at once. Everything in it is invented or
public; its keys protect nothing."""

import secrets
from pathlib import Path

import click

from web.commands.serve import serve
from web.commands.shell import say
from web.errors import UsageError
from web.office.demo import DemoNotes, finish_demo, make_demo, read_notes
from web.office.passphrase import ENVIRONMENT
from web.progress import Progress


@click.command("demo")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--residents",
    default=150,
    show_default=True,
    type=click.IntRange(0, 5000),
    help="Invented residents who have voted already.",
)
@click.option("--finish", is_flag=True, help="Close, open, count and publish it, then serve.")
@click.option("--no-serve", is_flag=True, help="Only make it.")
def demo(folder: Path, port: int, host: str, residents: int, finish: bool, no_serve: bool) -> None:
    """Make a demonstration election in FOLDER, unless it is there, and serve it.

    It is bilingual and modelled on Clermont-Ferrand's second participatory budget.
    """
    with Progress() as progress:
        if not (folder / "demo.json").exists():
            if folder.exists():
                raise UsageError(f"{folder}: exists, and is no demonstration: name another folder")
            say("scrutin: making keys, roll, codes and ballots of the demonstration …")
            make_demo(folder, secrets.token_urlsafe(9), residents=residents, progress=progress)
        notes = read_notes(folder)
        ENVIRONMENT["SCRUTIN_PASSPHRASE"] = notes.passphrase
        if finish:
            result = finish_demo(folder, progress=progress)
            say(f"scrutin: published; result hash {result}")
    _print(folder, notes, host, port)
    if not no_serve:
        serve(folder, ["registrar", "box", "public"], host, port)


def _print(folder: Path, notes: DemoNotes, host: str, port: int) -> None:
    address = f"http://{host}:{port}"
    say()
    say(f"  The election   {address}/")
    say("  Voting codes   one vote each:")
    for code in notes.codes:
        say(f"                 {code}")
    say("  Officers       key files, passphrase of all of them: " + notes.passphrase)
    for path in (*notes.officers, *notes.shares):
        say(f"                 {path}")
    say()
    say("  In another terminal (. .venv/bin/activate first), vote as a resident's device does:")
    say(f"    export SCRUTIN_PASSPHRASE={notes.passphrase}")
    say(f"    scrutin vote {address} --code {notes.codes[0]} \\")
    say(f"      --choose {notes.example} --recovery my-vote.secret")
    say(f"    scrutin proof RECEIPT --url {address}")
    say("  Stop this service (Ctrl-C); close, open, count and publish, and serve the results:")
    say(f"    scrutin demo {folder} --finish")
    say(f"    python -m audit verify {folder / 'publication'}")
    say()
