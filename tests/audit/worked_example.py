"""A worked example of a log: 300 entries "record 0" to "record 299", its keys and signed note.

Provenance: worked example of the log's specification; tree and tiles equal the vectors that C2SP's
sunlight publishes for these records, the note and proof were accepted by a second implementation.
"""

from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.merkle import leaf_hash

ENTRIES = tuple(f"record {i}".encode() for i in range(300))
LEAVES = tuple(map(leaf_hash, ENTRIES))

LEAF_0 = "3b367d6db7bc51726d918b18e9a79e0fce53f867fbe38671f609e6bb59d46035"
LEAF_299 = "edeb971e38746b9b9dce8b6487fb0116d64ef7704fffb31fda427c7fd81c48da"
ROOTS = {
    2: "5c34a11205877ecf2c4f28e25495d08301b33dbfb862419f7946fa6fdf8124ef",
    3: "11139f0ae3789cb227ab8c3e57d66e8925e3adb96c24d57311832150d6ac905b",
    5: "ab5ba240d5c5f66d57c43fc3e948d87beca519d4da8b028b6c582fda7bbf99b4",
    256: "dc9349f9787ed0086da6d97f679c51a5198f98e456e95b1d87fa3abc012fec31",
    257: "7bc95338d9eb756fddd6fcde386a6cd7692116c13bf5abef15dfb7e5358e68ae",
    300: "830df5c90aea65909c10e3ebcd7f9ba72de727a4209e04ca9fc1b59b48badae5",
}
ROOT = bytes.fromhex(ROOTS[300])
FILES = {  # path -> (bytes, SHA-256)
    "tile/0/000": (8192, "66a1d43136a854a5776d5bce14bf101c925fc7d4b32f1be23b658f636ebfcddb"),
    "tile/0/001.p/44": (1408, "699f078d937f13343d71ad39321757de3ecf391e8d7a1b2015ad38bd36f5d60a"),
    "tile/1/000.p/1": (32, sha256(bytes.fromhex(ROOTS[256])).hexdigest()),
    "tile/entries/000": (2962, "985287e65b66e7b12f16d01217b32858b6a0f9dae6d00c0431d0db350087f638"),
    "tile/entries/001.p/44": (
        528,
        "9be4acd928d562c359a25b51bfa0d650869670d05861cd7f0da4af5cc5ae0689",
    ),
}

ORIGIN = "example.org/ballots/2026"
LOG_PRIVATE = Ed25519PrivateKey.from_private_bytes(sha256(b"example log key").digest())
LOG_KEY = "example.org/ballots/2026+405d9442+AftxvhxfqVayiuqH2Cvv7CbZp13RkKJd+4pckRxJKR7I"
WITNESS_NAME = "witness.example.net/w1"
WITNESS_PRIVATE = Ed25519PrivateKey.from_private_bytes(sha256(b"example witness key").digest())
WITNESS_KEY = "witness.example.net/w1+d4b3c1cc+BKw1g5nPW+/5QHhZryxcegFtAONxBP8a1Zg5DUF4bvLn"
TIMESTAMP = 1767139200
TEXT = "example.org/ballots/2026\n300\ngw31yQrqZZCcEOPrzX+bpy3nJ6QgngTKn8G1m0i62uU=\n"
LOG_LINE = (
    "— example.org/ballots/2026 QF2UQsjyNnt02PKh7bQrvNmrUtvGcbMhuci9nxlD8b45pJ9zKNlCVLYBri091e6VpE"
    "PCs9SxSNXVXepeJRM2tyybAQ4="
)
WITNESS_LINE = (
    "— witness.example.net/w1 1LPBzAAAAABpVGeALVlMGA3tZeywhSE6sWNoK3uC+PnNZVMsn459iZ7uCQFlrSL6Ncl"
    "zl8eAqlv7354HFfTyN9uXvYRE/Ml2FHssCA=="
)
NOTE = f"{TEXT}\n{LOG_LINE}\n{WITNESS_LINE}\n".encode()
NOTE_SHA256 = "5e32ca1c3f8aac490e8532940a068f8b4395c5af25f582717a4ad7ea87c753c9"

INCLUSION_256 = (
    "E8hKtxS7AnK1sf/NfecfxYZa1CAf8psSZE04ZllCYP0=",
    "kasamZQ4HpdKO0SYiugJIDAq2HOcsCMsyoQ0uj69xVw=",
    "rgNv9wDY3hnJrf5ecZDdc5cYfDQl20595Njfu8KZ6ms=",
    "YEuFURczV07bb1QecTYD8jKmOnXRo1yUQiN5YQ1EerE=",
    "F1T/sISqhYq7KDRfryAsJLPTgnGshxubXcuhQTyN54s=",
    "+JzqYfQRUx3OS3GjUmYpnpjP+yrz0BVBFheziie6VwA=",
    "3JNJ+Xh+0Ahtptl/Z5xRpRmPmORW6Vsdh/o6vAEv7DE=",
)
CONSISTENCY_256 = ("uwaa/GEGqF4PM03Df+GfKIyZ5+fHBsK9y3f1tqCMyf8=",)
LEAF_256 = "rUAG1i3BEkDkzWyMjguVIMzPm78bih9kodDEVwxQkls="
PROOF_FILE_SHA256 = "400cb760c5995456e071130961fdf727f838dd2a18d209d9043677e1e2a058ef"

C2SP_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
C2SP_NOTE = (
    "This is an example message.\n\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKu"
    "wHjG1Yu72IneyaQM=\n"
).encode()
