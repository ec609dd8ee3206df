"""Where a passphrase comes from: a file, the environment, or the keyboard; never an argument.

Arguments show in the process list and the shell's history.
"""

import getpass
import os
import sys
from pathlib import Path

from web.errors import UsageError

ENVIRONMENT = os.environ
"""Where passphrases of unattended processes come from."""


def passphrase(what: str, variable: str, file: Path | None = None) -> str:
    """The passphrase for ``what``.

    From ``file`` (first line), else ``SCRUTIN_PASSPHRASE_<variable>``, else
    ``SCRUTIN_PASSPHRASE``, else asked for on a terminal. Raises UsageError if none of these has
    one.
    """
    if file is not None:
        try:
            lines = file.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{file}: cannot be read ({type(error).__name__})") from None
        if not lines or not lines[0]:
            raise UsageError(f"{file}: its first line must be the passphrase for {what}")
        return lines[0]
    name = "SCRUTIN_PASSPHRASE_" + variable.upper().replace("-", "_").replace(".", "_")
    for candidate in (name, "SCRUTIN_PASSPHRASE"):
        if ENVIRONMENT.get(candidate):
            return ENVIRONMENT[candidate]
    if sys.stdin.isatty():
        return getpass.getpass(f"Passphrase for {what}: ")
    raise UsageError(
        f"no passphrase for {what}: use --passphrase-file, set {name}, or run in a terminal"
    )
