"""``scrutin``: one command tree for officers, trustees, registrars, residents and observers."""

from importlib import metadata

import click

from web.commands.backup import backup_command, recover_command, restore_command
from web.commands.compare import compare_command
from web.commands.define import check_command, new_command
from web.commands.demo import demo
from web.commands.keys import box, ceremony, officer, trustee
from web.commands.rehearse import rehearse
from web.commands.resident import proof, show_test_command, vote
from web.commands.result import count_command, open_box, publish, status, trustee_release
from web.commands.roll import registrar, roll
from web.commands.serve import serve_command
from web.commands.shell import run
from web.commands.signer import signer
from web.commands.tally import tally_command
from web.commands.verify import verify
from web.commands.vote import close_command, freeze_command, open_command
from web.commands.witness import cosign_command, witness


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(metadata.version("scrutin"), prog_name="scrutin")
def cli() -> None:
    """Define, hold, count and verify a vote.

    \b
    Before the vote   new, check, officer, box, registrar, ceremony, trustee, roll, freeze
    During the vote   open, serve, signer, vote, show-test, proof, status
    After the vote    close, cosign, trustee release, open-box, count, publish
    Anybody           verify, compare, tally, witness
    Keep it safe      backup, restore, recover
    To try it out     demo, rehearse
    """


for command in (
    new_command,
    check_command,
    officer,
    box,
    registrar,
    ceremony,
    trustee,
    roll,
    freeze_command,
    open_command,
    serve_command,
    backup_command,
    restore_command,
    recover_command,
    vote,
    show_test_command,
    proof,
    status,
    close_command,
    cosign_command,
    open_box,
    count_command,
    publish,
    verify,
    tally_command,
    compare_command,
    signer,
    witness,
    demo,
    rehearse,
):
    cli.add_command(command)
trustee.add_command(trustee_release)


def main() -> None:
    """The console script."""
    run(cli)


if __name__ == "__main__":
    main()
