"""``scrutin witness``: be a witness; ``scrutin cosign``: ask the witnesses of an election."""

import os
from pathlib import Path

import click

from audit.manifest import Manifest, verify_manifest
from audit.result_hash import in_groups
from audit.witness import monitoring_path
from ballot.witness import add_log, create_witness, read_witness
from web.commands.serve import free_address, run_server
from web.commands.shell import folder_argument, json_option, passphrase_file_option, put, say
from web.errors import Refused, UsageError
from web.office.folder import ElectionFolder
from web.office.freeze import load_manifest
from web.office.parts import box_store
from web.office.passphrase import passphrase
from web.office.witnesses import open_cosignatures, open_cosigning, told
from web.witness import FOLDER, open_witness
from web.witness_client import check_witness_address

own_argument = click.argument(
    "own", metavar="DIR", type=click.Path(file_okay=False, path_type=Path)
)


@click.group("witness")
def witness() -> None:
    """Be a witness: cosign logs, so that none can show two histories."""


@witness.command("new")
@own_argument
@click.option("--name", required=True, help="An address of yours, such as witness.example.org/w1.")
@click.option("--url", default="", help="Where it will be asked, for the policy line.")
@passphrase_file_option
def witness_new(own: Path, name: str, url: str, passphrase_file: Path | None) -> None:
    """Make a witness's key in DIR, and print its line for the officers' policy file."""
    if url:
        check_witness_address(url)
    secret = passphrase(
        f"witness {name}",
        f"witness_{name}",
        passphrase_file,
        new=not (own / "secret.json").exists(),
    )
    key = create_witness(own, name=name, passphrase=secret)
    say(f"scrutin: {own}; the line for the officers' policy file:")
    click.echo(f"witness {name} {key} {url}".rstrip())


@witness.command("add-log")
@own_argument
@click.argument("manifest_file", metavar="MANIFEST", type=click.Path(exists=True, path_type=Path))
def witness_add_log(own: Path, manifest_file: Path) -> None:
    """Know the log of an election, from its MANIFEST (manifest.json, its signatures beside it).

    Compare the manifest's hash with the one that the officers announced before you do.
    """
    path = manifest_file / "manifest.json" if manifest_file.is_dir() else manifest_file
    manifest = Manifest.parse(path.read_bytes())
    verify_manifest(manifest, path.with_name("manifest.signatures.json").read_bytes())
    key = read_witness(own)
    fresh = add_log(own, manifest)
    policy = manifest.policy
    if policy is None or all(peer.key != key for peer in policy.witnesses.values()):
        say("scrutin: this election's policy does not name this witness: nobody will ask it")
    say(f"scrutin: manifest {in_groups(manifest.hash)}")
    put(
        {
            "log": manifest.box.origin,
            "election": manifest.hash.hex(),
            "added": fresh,
            "path": monitoring_path(manifest.box.origin),
        }
    )


@witness.command("serve")
@own_argument
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8100, show_default=True, type=click.IntRange(1, 65535))
def witness_serve(own: Path, host: str, port: int) -> None:
    """Answer /add-checkpoint and /HASH/checkpoint for the logs that DIR knows.

    On a machine of the witness's own, behind a TLS proxy; never on one of the election's.
    """
    key = open_witness(own).key  # a wrong passphrase is said here, not by a dying process
    address = free_address(host, port)
    say(f"scrutin: witness {key.name} on http://{host}:{port}/")
    os.environ[FOLDER] = str(own.resolve())
    run_server("web.witness:application", address, port)


@click.command("cosign")
@folder_argument
@click.option(
    "--add",
    "file",
    type=click.Path(dir_okay=False, path_type=Path, exists=True),
    help="Take the cosignatures in this file, obtained by hand.",
)
@click.option(
    "--request",
    "old",
    type=click.IntRange(0),
    help="Print the request for a witness that cosigned this many entries; ask nobody.",
)
@json_option
def cosign_command(folder: Path, file: Path | None, old: int | None, as_json: bool) -> int:
    """Ask the witnesses of the rules to cosign the log's newest checkpoint, now.

    Needs no passphrase. The service asks by itself; this is for when it does not run, and for
    witnesses that are asked by hand. Exit status 1 while too few have cosigned.
    """
    if file is not None and old is not None:
        raise UsageError("--add and --request: give one of them")
    place = ElectionFolder(folder)
    manifest = load_manifest(place)
    if manifest.policy is None or not manifest.policy.witnesses:
        raise Refused(f"{manifest.election.id}: its rules ask for no witnesses")
    store = box_store(place, manifest)
    try:
        if old is not None:
            request = open_cosignatures(place, manifest, store).request(old)
            click.echo(request, nl=False)
            return 0
        if file is not None:
            cosignatures = open_cosignatures(place, manifest, store)
            cosignatures.adopt_published()
            seen = cosignatures.add(file.read_bytes())
        else:
            seen = open_cosigning(place, manifest, store).ask_all()
    finally:
        store.dispose()
    for line in told(seen):
        say(f"scrutin: {line}")
    if as_json:
        put(
            {
                "size": seen.size,
                "cosigned": list(seen.cosigned),
                "missing": {name: seen.faults.get(name, "") for name in seen.missing},
                "enough": seen.enough,
            }
        )
    return 0 if seen.enough else 1
