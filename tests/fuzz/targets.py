"""What reads bytes from strangers, each with the errors it may raise and bytes that it accepts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from audit.checkpoint import Checkpoint, open_checkpoint
from audit.errors import AuditError
from audit.manifest import Manifest, verify_manifest
from audit.merkle import leaf_hash, node_reader
from audit.note import Note, VerifierKey
from audit.opening import check_opening
from audit.policy import Policy
from audit.proof import ProofFile
from audit.publication import read_publication, read_renderings
from audit.receipt import make_receipt, read_receipt
from audit.record import parse_entry
from audit.tile import Tile, decode_bundle, encode_bundle
from audit.trustees import read_release
from audit.witness import AddCheckpoint
from ballot.ceremony import Ceremony
from ballot.code import new_code, read_code
from ballot.definition.finding import Notes
from ballot.definition.projects_file import read_projects
from ballot.definition.toml_file import read_toml
from ballot.errors import BallotError
from ballot.issuer import read_issuer
from ballot.keyfile import Cost, open_secret, write_secret
from ballot.reveal import open_reveal
from ballot.rollfile import read_roll
from ballot.sheet import read_sheet
from ballot.signer import FileSigner
from ballot.signing import answer
from ballot.waitingcopy import Kept, WaitingCopy, read_groups
from tally import canonical
from tally.election import Election
from tally.errors import TallyError
from tally.pabulib import parse as parse_pabulib
from tally.pabulib import read_instance
from tally.vote import decode_vote
from tests.town import clerk, town
from web.errors import WebError
from web.places import read_places

PROJECTS = "envelope;id;title.fr;title.en;cost\ncity;trees;Arbres;Trees;1 000,50 €\n"
POLL = (
    b"META\nkey;value\ndescription;d\ncountry;c\nunit;u\ninstance;1\nnum_projects;2\n"
    b"num_votes;2\nbudget;100\nvote_type;approval\nrule;greedy\ndate_begin;2026\n"
    b"date_end;2026\nPROJECTS\nproject_id;cost;votes\n1;60;2\n2;50;1\nVOTES\n"
    b"voter_id;vote\n1;1,2\n2;1\n"
)
WORD = "five random words make it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """``read`` may accept the bytes or raise one of ``refuses``; anything else is a fault.

    ``seeds`` are bytes that it accepts, from which hostile ones are bred.
    """

    name: str
    read: Callable[[bytes], object]
    refuses: tuple[type[Exception], ...]
    seeds: Sequence[bytes]


class Silent(AssertionError):
    """A refusal that says nothing, or too much."""


def judge(target: Target, data: bytes) -> None:
    """Let the target read; what it raises must be its own, in words that people can read."""
    try:
        target.read(data)
    except target.refuses as refusal:
        if not 0 < len(str(refusal)) < 20_000:
            raise Silent(f"{target.name}: a refusal of {len(str(refusal))} characters") from refusal


def text(read: Callable[[str], object]) -> Callable[[bytes], object]:
    """A reader of text, fed with the bytes as they are or as replacement characters."""
    return lambda data: read(data.decode("utf-8", "replace"))


def pabulib(data: bytes) -> object:
    file = parse_pabulib(data.decode("utf-8", "replace"))
    return read_instance(file), read_instance(file, widen=True)


def toml(data: bytes) -> object:
    return read_toml(data, Notes())


NAMES = (
    "canonical", "ceremony", "bundle", "checkpoint", "code", "election", "entry", "issuer",
    "manifest", "manifest-signatures", "note", "opening", "pabulib", "places", "policy",
    "projects", "proof", "publication-list", "receipt", "release", "reveal", "roll", "secret-file",
    "sheet", "signer-request", "tile-path", "toml", "verifier-key", "vote", "waiting-copy",
    "witness-request",
)  # fmt: skip


def target(name: str) -> Target:
    """The target of this name."""
    return next(each for each in targets() if each.name == name)


@cache
def targets() -> tuple[Target, ...]:
    """Every target. The documents are those of the tests' town."""
    own = town()
    keys = clerk()
    manifest = own.manifest
    checkpoint = keys.checkpoint(own.entries)
    head = keys.head(own.entries)
    ballot = next(iter(own.ballots.values()))[0]
    receipt = make_receipt(manifest, keys.receipt_key, leaf_hash(ballot.entry))
    leaves = [leaf_hash(entry) for entry in own.entries]
    proof = ProofFile.build(
        index=1, size=len(leaves), node=node_reader(leaves), note=checkpoint
    ).encode()
    folder = Path(_folder.name)
    FileSigner.create(folder / "signer.json", manifest.box.origin)
    signer = FileSigner(folder / "signer.json", manifest.box.origin, keys.log.private)
    secret = folder / "secret.json"
    write_secret(
        secret, b"s" * 32, WORD, "box", "demo", cost=Cost(memory_kib=8, iterations=1, lanes=1)
    )
    sealed_key = secret.read_bytes()
    release = keys.releases(head)[0]
    copy = WaitingCopy(folder / "waiting")
    copy.keep([Kept(entry=ballot.entry, sealed=ballot.sealed), Kept(entry=b"test", sealed=b"")])
    copy.close()
    waiting = next(copy.folder.iterdir()).read_bytes()
    audit, tally, ballot_errors = (AuditError,), (TallyError,), (BallotError, AuditError)
    style = manifest.election.styles[0].id

    def keyfile(data: bytes) -> object:
        secret.write_bytes(data)
        return open_secret(secret, WORD, "box", "demo")

    def places(data: bytes) -> object:
        path = folder / "places.csv"
        path.write_bytes(data)
        return read_places(path)

    plain = canonical.encode(dict(manifest.election.to_value()))
    code = new_code(1, b"\x05" * 10).grouped.encode()
    return (
        Target(
            name="canonical",
            read=lambda data: (canonical.read(data), canonical.parse(data)),
            refuses=(canonical.CanonicalError,),
            seeds=[plain, b'{"a":[1,true,null,"\\u0001"]}'],
        ),
        Target(
            name="election",
            read=lambda data: Election.from_value(canonical.read(data)),
            refuses=(TallyError, canonical.CanonicalError),
            seeds=[plain],
        ),
        Target(name="entry", read=parse_entry, refuses=audit, seeds=own.entries[:2]),
        Target(name="manifest", read=Manifest.parse, refuses=audit, seeds=[manifest.encoded]),
        Target(
            name="manifest-signatures",
            read=lambda data: verify_manifest(manifest, data),
            refuses=audit,
            seeds=[own.inputs.manifest_signatures],
        ),
        Target(name="note", read=Note.parse, refuses=audit, seeds=[checkpoint]),
        Target(
            name="checkpoint",
            read=lambda data: (
                text(Checkpoint.parse)(data),
                open_checkpoint(data, manifest.box.origin, manifest.box.verifier_key),
            ),
            refuses=audit,
            seeds=[checkpoint, head.text().encode()],
        ),
        Target(
            name="verifier-key",
            read=text(VerifierKey.parse),
            refuses=audit,
            seeds=[manifest.box.log_key.encode()],
        ),
        Target(
            name="policy",
            read=text(Policy.parse),
            refuses=audit,
            seeds=[
                f"log {manifest.box.log_key} https://log.example.org/\n"
                f"witness w1 {manifest.box.log_key}\ngroup g any w1\nquorum g\n".encode(),
                b"quorum none\n",
            ],
        ),
        Target(name="proof", read=ProofFile.parse, refuses=audit, seeds=[proof]),
        Target(
            name="receipt",
            read=lambda data: read_receipt(data, manifest),
            refuses=audit,
            seeds=[receipt],
        ),
        Target(
            name="tile-path", read=text(Tile.parse), refuses=audit, seeds=[b"tile/0/x001/067.p/9"]
        ),
        Target(
            name="bundle",
            read=lambda data: decode_bundle(data, 3),
            refuses=audit,
            seeds=[encode_bundle(own.entries[:3])],
        ),
        Target(
            name="opening",
            read=lambda data: check_opening(manifest, data, head),
            refuses=audit,
            seeds=[own.inputs.opening],
        ),
        Target(name="release", read=read_release, refuses=audit, seeds=[release]),
        Target(
            name="publication-list",
            read=lambda data: (read_publication(data), read_renderings(data)),
            refuses=audit,
            seeds=[b'{"election":"","files":{},"type":"publication","version":1}'],
        ),
        Target(
            name="witness-request",
            read=AddCheckpoint.parse,
            refuses=audit,
            seeds=[b"old 0\n\n" + checkpoint],
        ),
        Target(
            name="vote",
            read=lambda data: decode_vote(manifest.election, style, data),
            refuses=tally,
            seeds=[bytes(40), b"\xff" * 40],
        ),
        Target(name="signer-request", read=lambda data: answer(signer, data),
               refuses=ballot_errors, seeds=[b'{"type":"last"}']),
        Target(name="waiting-copy", read=lambda data: list(read_groups(data)), refuses=(),
               seeds=[waiting]),
        Target(name="code", read=text(read_code), refuses=ballot_errors, seeds=[code]),
        Target(name="sheet", read=text(lambda each: read_sheet(each, manifest.hash)),
               refuses=ballot_errors, seeds=[code * 8]),
        Target(
            name="reveal",
            read=lambda data: open_reveal(manifest, data),
            refuses=ballot_errors,
            seeds=[b'{"header":{},"type":"test-ballot","version":1}'],
        ),
        Target(name="secret-file", read=keyfile, refuses=ballot_errors, seeds=[sealed_key]),
        Target(
            name="issuer",
            read=lambda data: read_issuer(data, election="demo"),
            refuses=ballot_errors,
            seeds=[b'{"election":"demo","issuer":"city","type":"issuer","version":1}'],
        ),
        Target(
            name="ceremony",
            read=Ceremony.parse,
            refuses=ballot_errors,
            seeds=[b'{"election":"demo","names":["A","B"],"threshold":2,"type":"ceremony"}'],
        ),
        Target(
            name="roll",
            read=lambda data: read_roll(data, styles=("centre",), languages=("fr", "en")),
            refuses=ballot_errors,
            seeds=[b'id,style,name,address\r\n1,centre,"Zo\xc3\xab","1 rue A\r\n63000 B"\r\n',
                   b"\xff\xfei\x00d\x00;\x00s\x00t\x00y\x00l\x00e\x00\n\x00"],
        ),
        Target(
            name="projects",
            read=lambda data: read_projects(data, ("fr", "en"), Notes()),
            refuses=ballot_errors,
            seeds=[PROJECTS.encode()],
        ),
        Target(name="toml", read=toml, refuses=ballot_errors,
               seeds=[b'id = "demo"\n[title]\nfr = "T"\n[[envelope]]\nbudget = "2 M"\n']),
        Target(
            name="places",
            read=places,
            refuses=(WebError,),
            seeds=[b"name;address;hours;accessible\nTown hall;1 rue A;9-17;yes\n", b'"-'],
        ),
        Target(
            name="pabulib",
            read=pabulib,
            refuses=tally,
            seeds=[POLL],
        ),
    )  # fmt: skip


_folder = TemporaryDirectory(prefix="scrutin-fuzz-")
