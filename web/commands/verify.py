"""``scrutin verify``: the observers' program, which also runs without the rest."""

import sys

import click

from audit.command import main

PASS_ON = {"ignore_unknown_options": True, "help_option_names": []}


@click.command("verify", context_settings=PASS_ON, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def verify(arguments: tuple[str, ...]) -> None:
    """Verify a publication: the same as python -m audit verify."""
    sys.exit(main(["verify", *arguments]))
