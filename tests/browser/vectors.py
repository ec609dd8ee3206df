"""Messages of a resident's device that Python and the browser must make alike.

``python -m tests.browser.vectors`` writes tests/vectors/client/device.json. Everything follows from
seeds in tests/town.py, so that anybody gets the same file.
"""

import json
from pathlib import Path
from typing import Any

from audit.label import b64
from audit.merkle import leaf_hash
from audit.receipt import make_receipt, make_test_receipt
from audit.seal import encode_point, load_scalar
from ballot.blind import BlindSigner
from ballot.reveal import reveal_file
from ballot.sheet import write_sheet
from ballot.voter import Device
from tally.vote import encode_vote
from tests.town import clerk, drawn, rsa_key, scalar

PATH = Path(__file__).parents[1] / "vectors" / "client" / "device.json"
PERSONS = (
    ("ana", 0, "centre", {"city": (("trees", 1), ("bench", 1)), "centre": (("A/1", 5),)}),
    ("eli", 1, "north", {"city": (("fridge", 1),), "cars": (("yes", 1),)}),
    ("fay", 1, "north", {"city": (), "cars": ()}),
)


def _person(name: str, place: int, style: str, choices: dict[str, Any]) -> dict[str, Any]:
    own = clerk("client vectors", issuers=2)
    manifest = own.manifest
    device = Device(manifest=manifest, style=style, seed=drawn(own.seed, "person", name))
    issued = []
    for issuer in own.issuer_ids:
        blinded = device.blinded_message(issuer)
        answer = BlindSigner(rsa_key(own.seed, issuer, style)).sign(blinded)
        found = device.credential(issuer, answer)
        issued.append(
            {
                "issuer": issuer,
                "blinded_message": b64(blinded),
                "blind_signature": b64(answer),
                "prefix": b64(found.prefix),
                "signature": b64(found.signature),
            }
        )
    credentials = own.credentials(device)
    ephemeral = scalar(own.seed, "ephemeral", name).to_bytes(32)
    ballot = device.ballot(choices, credentials, sequence=2, ephemeral=ephemeral)
    test_receipt = make_test_receipt(
        manifest, own.receipt_key, device.pseudonym, ballot.header.sealed_hash
    )
    receipt = make_receipt(manifest, own.receipt_key, leaf_hash(ballot.entry))
    return {
        "seed": b64(device.seed),
        "style": style,
        "pseudonym": b64(device.pseudonym),
        "sheet": write_sheet(device.seed, place, manifest.hash),
        "issued": issued,
        "choices": {contest: list(map(list, marks)) for contest, marks in choices.items()},
        "sequence": 2,
        "ephemeral": b64(ephemeral),
        "enc": b64(encode_point(load_scalar(ephemeral).public_key())),
        "plaintext": b64(encode_vote(manifest.election, style, choices)),
        "entry": ballot.entry.decode(),
        "sealed": b64(ballot.sealed),
        "test_signature": b64(device.test_signature(ballot)),
        "reveal": reveal_file(ballot, test_receipt).decode(),
        "receipt": receipt.decode(),
    }


def vectors() -> dict[str, Any]:
    """The content of the file."""
    own = clerk("client vectors", issuers=2)
    return {
        "provenance": "made by `python -m tests.browser.vectors` from the seeds of tests/town.py; "
        "docs/formats.md sections 4, 5 and 11",
        "election": b64(own.manifest.hash),
        "manifest": own.manifest.encoded.decode(),
        "devices": [_person(*person) for person in PERSONS],
    }


def text() -> str:
    """The file, as it is written."""
    return json.dumps(vectors(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    PATH.parent.mkdir(parents=True, exist_ok=True)
    PATH.write_text(text(), encoding="utf-8")
