"""``scrutin signer``: the process that holds the log's key, and nothing else."""

import logging
import signal
import threading
from pathlib import Path
from types import FrameType

import click

from ballot.signing import serving
from web.commands.shell import passphrase_file_option, say
from web.errors import UsageError
from web.office.boxkeys import open_signer_folder
from web.office.passphrase import passphrase


@click.group("signer")
def signer() -> None:
    """The log's key, in a process of its own."""


@signer.command("serve")
@click.argument("own", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--socket",
    "path",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the box asks; its folder must be open to this user and the box's alone.",
)
@passphrase_file_option
def signer_serve(own: Path, path: Path, passphrase_file: Path | None) -> None:
    """Sign the log of the key in DIR (scrutin box new --signer DIR) for who asks at the socket.

    Only what continues the log signed before is signed. Give the box SCRUTIN_SIGNER=SOCKET. Run it
    as another user than the box, and back DIR up apart from the box's database.
    """
    held = open_signer_folder(own, passphrase("the signer", "signer", passphrase_file))
    logging.basicConfig(level=logging.INFO)
    ended = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    try:
        with serving(held, path):
            say(f"scrutin: signs {held.key.name} at {path}; {held.last().size} entries so far")
            ended.wait()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; choose another with --socket") from None
