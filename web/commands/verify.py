"""``scrutin verify`` and ``compare``: the observers' program, which also runs without the rest."""

import sys

import click

from audit.command import main

PASS_ON = {"ignore_unknown_options": True, "help_option_names": []}


@click.command("verify", context_settings=PASS_ON, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def verify(arguments: tuple[str, ...]) -> None:
    """Verify a publication: the same as python -m audit verify."""
    sys.exit(main(["verify", *arguments]))


@click.command("compare", context_settings=PASS_ON, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def compare(arguments: tuple[str, ...]) -> None:
    """Check that an earlier capture is a prefix of a later one: python -m audit compare."""
    sys.exit(main(["compare", *arguments]))
