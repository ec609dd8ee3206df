"""Where a passphrase comes from: a file, the environment, or the keyboard; never an argument.

Arguments show in the process list and the shell's history.
"""

import getpass
import os
import re
import sys
import unicodedata
from pathlib import Path

from web.errors import UsageError

ENVIRONMENT = os.environ
"""Where passphrases of unattended processes come from."""


def variable_name(words: str) -> str:
    """The environment variable for ``words`` (``trustee Chloé``): letters without accents, digits,
    and an underscore for anything else, as shells want it."""
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode("ascii")
    return "SCRUTIN_PASSPHRASE_" + re.sub("[^A-Z0-9]+", "_", plain.upper()).strip("_")


def passphrase(what: str, variable: str, file: Path | None = None, *, new: bool = False) -> str:
    """The passphrase for ``what``.

    From ``file`` (first line), else the variable that ``variable_name`` gives, else
    ``SCRUTIN_PASSPHRASE``, else asked for on a terminal, twice when it is ``new``. Raises
    UsageError if none of these has one, or the two differ.
    """
    if file is not None:
        try:
            lines = file.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{file}: cannot be read ({type(error).__name__})") from None
        if not lines or not lines[0]:
            raise UsageError(f"{file}: its first line must be the passphrase for {what}")
        return lines[0]
    name = variable_name(variable)
    for candidate in (name, "SCRUTIN_PASSPHRASE"):
        if ENVIRONMENT.get(candidate):
            return ENVIRONMENT[candidate]
    if sys.stdin.isatty():
        given = getpass.getpass(f"Passphrase for {what}: ")
        if new and getpass.getpass("The same again: ") != given:
            raise UsageError(f"passphrase for {what}: not the same twice; nothing was made")
        return given
    raise UsageError(
        f"no passphrase for {what}: use --passphrase-file, set {name}, or run in a terminal"
    )
