"""What all commands share: options, printing and the exit statuses.

Exit status 0: done, or checked and true. 1: checked and false, or refused. 2: the command makes no
sense as given. Standard output carries data, standard error everything else.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from audit.errors import AuditError
from ballot.errors import BallotError
from tally.errors import TallyError
from tally.text import IDENTIFIER
from web.errors import UsageError, WebError

Command = TypeVar("Command", bound=Callable[..., Any])


class Identifier(click.ParamType[str]):
    """An identifier of docs/formats.md section 1: it becomes the name of a folder."""

    name = "identifier"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The identifier; anything else is refused."""
        if not IDENTIFIER.fullmatch(str(value)):
            self.fail("small letters, digits, dots, hyphens and underscores only", param, ctx)
        return str(value)


folder_argument = click.argument(
    "folder", type=click.Path(file_okay=False, path_type=Path, exists=True)
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
passphrase_file_option = click.option(
    "--passphrase-file",
    type=click.Path(dir_okay=False, path_type=Path, exists=True),
    help="Read the passphrase from the first line of this file.",
)
language_option = click.option(
    "--language",
    type=click.Choice(["fr", "en"]),
    default="en",
    show_default=True,
    help="Language of the words printed.",
)
officer_option = click.option(
    "--officer",
    "officer_files",
    type=click.Path(dir_okay=False, path_type=Path, exists=True),
    multiple=True,
    required=True,
    help="An officer's key file; give it again for a second officer at the same desk.",
)


def say(text: str = "") -> None:
    """A line for people, on standard error."""
    click.echo(text, err=True)


def put(value: object) -> None:
    """One JSON object on standard output, keys sorted."""
    click.echo(json.dumps(value, ensure_ascii=False, sort_keys=True, indent=2))


def run(command: click.Command) -> NoReturn:
    """Run the command tree on ``sys.argv`` and leave with the right exit status."""
    try:
        status = command.main(standalone_mode=False)
    except (click.UsageError, UsageError) as error:
        if isinstance(error, click.ClickException):
            error.show()
        else:
            say(f"scrutin: {error}")
        sys.exit(2)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        say("scrutin: stopped")
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (WebError, BallotError, AuditError, TallyError) as error:
        say(f"scrutin: {error}")
        sys.exit(1)
    except OSError as error:
        say(f"scrutin: {error.filename or 'file'}: {error.strerror}")
        sys.exit(1)
    sys.exit(status if isinstance(status, int) else 0)
