"""What a resident, or a kiosk for one, does: vote, test a ballot, check a receipt."""

import os
import secrets
import sys
from collections.abc import Mapping
from getpass import getpass
from hashlib import sha256
from pathlib import Path

import click

from audit.label import b64, unb64
from audit.manifest import Manifest, verify_manifest
from audit.merkle import leaf_hash
from audit.policy import QuorumMissing
from audit.receipt import (
    Receipt,
    read_receipt,
    read_test_receipt,
    receipt_due,
    spell_time,
    verify_proof,
)
from audit.record import Header
from ballot.code import read_code
from ballot.durable import replace_file
from ballot.keyfile import open_secret, write_secret
from ballot.voter import SEED_SIZE, Device, SealedBallot, show_test
from tally import canonical
from tally.election import Election
from tally.vote import Choice, Spoiled
from web.client import Client
from web.commands.shell import passphrase_file_option, put, say
from web.errors import Refused, UsageError
from web.office.choices import read_choices
from web.office.passphrase import passphrase

PURPOSE = "resident"
CODE_LENGTH = 43
"""Of a receipt's code: 32 bytes in base64url."""

url_argument = click.argument("url")
expect_option = click.option(
    "--manifest-hash", help="Refuse any rules but those with this published hash (64 hex digits)."
)


def reach(url: str) -> Client:
    """The doors at ``url``; the connection ends with the command."""
    client = Client(url)
    click.get_current_context().call_on_close(client.close)
    return client


def fetch_manifest(client: Client, expected: str | None) -> Manifest:
    """The verified manifest of a service. Raises Refused when it is not the one expected."""
    manifest = Manifest.parse(client.get("/manifest.json"))
    verify_manifest(manifest, client.get("/manifest.signatures.json"))
    if expected is not None and manifest.hash.hex() != expected.replace(" ", "").lower():
        raise Refused("manifest: the service has other rules than the hash you gave")
    return manifest


def _codes(manifest: Manifest, given: tuple[str, ...]) -> dict[str, str]:
    """Issuer → code, from ``CODE`` (one issuer) or ``issuer=CODE``; what is missing is asked for
    on a terminal, where it shows in no list of processes."""
    codes: dict[str, str] = {}
    for each in given:
        name, _, code = each.rpartition("=")
        codes[name or manifest.issuers[0].id] = code
    for issuer in manifest.issuers:
        if issuer.id not in codes and sys.stdin.isatty():
            codes[issuer.id] = getpass(f"Voting code ({issuer.id}): ")
        if issuer.id not in codes:
            raise UsageError(f"--code: no code of issuer {issuer.id}; give --code {issuer.id}=…")
    return codes


def _style(election: Election, code: str) -> str:
    index = read_code(code).style_index
    if index >= len(election.styles):
        raise Refused("code: is for another election")
    return election.styles[index].id


def _recovered(path: Path, manifest: Manifest, word: str) -> tuple[bytes, int]:
    """Seed and last sequence out of a recovery file, or a fresh seed and 0."""
    if not path.exists():
        return secrets.token_bytes(SEED_SIZE), 0
    opened = open_secret(path, word, PURPOSE, manifest.election.id)
    return opened.secret, int(str(opened.public["sequence"]))


@click.command("vote")
@url_argument
@click.option("--registrar", help="Address of the registrar's door, if it is another.")
@click.option(
    "--code",
    "given",
    multiple=True,
    help="CODE, or ISSUER=CODE. Asked for without it, which keeps it out of the process list.",
)
@click.option(
    "--choose",
    "chosen",
    multiple=True,
    help="CONTEST=ID,ID…; points, scores and grades ID:NUMBER; rankings in order.",
)
@click.option(
    "--recovery",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="Your recovery file: made now, or used to vote again. Encrypted with a passphrase.",
)
@click.option(
    "--receipt", type=click.Path(dir_okay=False, path_type=Path), help="Write the receipt here."
)
@click.option("--test", is_flag=True, help="Test the sealed ballot instead of casting it.")
@expect_option
@passphrase_file_option
def vote(
    url: str,
    registrar: str | None,
    given: tuple[str, ...],
    chosen: tuple[str, ...],
    recovery: Path,
    receipt: Path | None,
    test: bool,
    manifest_hash: str | None,
    passphrase_file: Path | None,
) -> None:
    """Vote at the service URL, as a resident's device does.

    Vote again with the same recovery file: the last ballot counts.
    """
    box = reach(url)
    manifest = fetch_manifest(box, manifest_hash)
    codes = _codes(manifest, given)
    style = _style(manifest.election, codes[manifest.issuers[0].id])
    choices = read_choices(manifest.election, style, chosen)
    word = passphrase(
        f"recovery file {recovery}", "resident", passphrase_file, new=not recovery.exists()
    )
    seed, last = _recovered(recovery, manifest, word)
    device = Device(manifest=manifest, style=style, seed=seed)

    def keep(sequence: int) -> None:
        write_secret(
            recovery,
            seed,
            word,
            PURPOSE,
            manifest.election.id,
            public={"sequence": sequence, "style": style},
            replace=True,
        )

    # Kept before the registrar is asked: a credential can be had again with this seed only.
    keep(last)
    door = reach(registrar) if registrar else box
    credentials = []
    for issuer in manifest.issuers:
        answer = door.credential(
            issuer.id,
            election=manifest.hash,
            style=style,
            code=codes[issuer.id],
            blinded_message=device.blinded_message(issuer.id),
        )
        credentials.append(device.credential(issuer.id, answer))
    ballot = device.ballot(choices, tuple(credentials), sequence=last + 1)
    if test:
        _test(box, device, ballot, manifest)
        return
    keep(last + 1)
    answer = box.cast(ballot.entry, ballot.sealed)
    leaf = leaf_hash(ballot.entry)
    read_receipt(answer, manifest, leaf_hash=leaf)
    if receipt is not None:
        replace_file(receipt, answer, mode=0o644)
    put({"receipt": b64(leaf), "due": spell_time(receipt_due(manifest)), "sequence": last + 1})


def _test(box: Client, device: Device, ballot: SealedBallot, manifest: Manifest) -> None:
    header = canonical.parse(ballot.header.to_bytes())
    receipt = box.test(header, device.test_signature(ballot))
    read_test_receipt(receipt, manifest, ballot.header)
    put(
        {
            "type": "test-ballot",
            "election": b64(manifest.hash),
            "header": header,
            "sealed": b64(ballot.sealed),
            "ephemeral": b64(ballot.ephemeral),
            "receipt": canonical.parse(receipt),
        }
    )
    say("scrutin: this ballot can never be cast; show the file to another device:")
    say("  scrutin show-test FILE --manifest manifest.json")


@click.command("show-test")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path, exists=True))
@click.option(
    "--manifest",
    "manifest_file",
    type=click.Path(dir_okay=False, path_type=Path, exists=True),
    required=True,
)
def show_test_command(file: Path, manifest_file: Path) -> None:
    """On a second device: what the sealed bytes of a test ballot hold. Sends nothing anywhere."""
    manifest = Manifest.parse(manifest_file.read_bytes())
    value = canonical.read(file.read_bytes(), limit=1_000_000)
    if not isinstance(value, Mapping) or value.get("type") != "test-ballot":
        raise UsageError(f"{file}: not a test ballot")
    header = Header.from_value(value.get("header"))
    read_test_receipt(canonical.encode(value.get("receipt")), manifest, header)
    shown = show_test(
        manifest,
        header,
        unb64(value.get("sealed"), "sealed"),
        unb64(value.get("ephemeral"), "ephemeral", size=32),
    )
    if isinstance(shown, Spoiled):
        raise Refused(f"this ballot would have been spoiled: {shown.reason}")
    put({contest: _shown(choice) for contest, choice in shown.choices.items()})


def _shown(choice: Choice | Spoiled) -> object:
    if isinstance(choice, Spoiled):
        return {"spoiled": choice.reason}
    return [list(mark) for mark in choice]


class _CodeFirst(click.Command):
    """A receipt's code may begin with a hyphen, which is no option then."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        codes = [word for word in args if word.startswith("-") and len(word) == CODE_LENGTH]
        if codes:
            args = [*(word for word in args if word not in codes), "--", *codes]
        return super().parse_args(ctx, args)


@click.command("proof", cls=_CodeFirst)
@click.argument("code")
@click.option("--url", required=True, help="The service.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Keep the proof here.")
@expect_option
def proof(code: str, url: str, out: Path | None, manifest_hash: str | None) -> None:
    """Check that the ballot with receipt CODE stands in the public log, and say so.

    CODE is the receipt's code, or the name of a receipt file.
    """
    client = reach(url)
    manifest = fetch_manifest(client, manifest_hash)
    path = Path(code)
    if os.sep in code or path.suffix == ".json":
        receipt = read_receipt(path.read_bytes(), manifest)
    else:
        leaf = unb64(code, "code", size=sha256().digest_size)
        receipt = Receipt(leaf_hash=leaf, due=receipt_due(manifest))
    answer = client.proof(receipt.leaf_hash)
    try:
        checkpoint = verify_proof(manifest, receipt, answer).checkpoint
    except QuorumMissing as error:
        raise Refused(
            f"the witnesses have not seen the newest state of the log yet: {error}. Ask again in "
            "some minutes; if it stays so, tell the officers and the witnesses"
        ) from None
    if out is not None:
        replace_file(out, answer, mode=0o644)
    put(
        {
            "in_the_log": True,
            "log": checkpoint.origin,
            "size": checkpoint.size,
            "root": checkpoint.root.hex(),
        }
    )
