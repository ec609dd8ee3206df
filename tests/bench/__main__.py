"""``make bench``: what the product costs beside what cannot be avoided, measured in one run.

Every line names what is compared with what. Nothing here passes or fails.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

from audit.bundle import publish
from audit.credential import credential_message, load_issuer_key, verify_credential
from audit.ed25519 import verify as verify_signature
from audit.record import BallotEntry, parse_entry
from audit.seal import Opener, seal_info
from audit.source import FolderSource
from audit.verify import verify
from ballot.blind import BlindSigner
from tally.canonical import Value, parse
from tests.audit.forger import RENDERER
from tests.ballot.precinct import Precinct
from tests.ballot.precinct import ballot as precinct_ballot
from tests.ballot.precinct import town as precinct_town
from tests.bench.counting import FULL, FULL_LIMIT, LIMIT, QUICK, USUAL, Case, bench_counting
from tests.bench.load import BRIEF, WHOLE, bench_load
from tests.bench.memory import verification_peaks
from tests.bench.service import bench_service
from tests.town import Town, _share, rsa_key, town

GENERATED = (4_000, 60)
"""Ballots and projects of the generated approval file."""


def seconds(action: Callable[[], object], repeats: int = 3) -> float:
    """The best of several runs: what disturbs a run only ever makes it slower."""
    best = float("inf")
    for _ in range(repeats):
        begin = time.perf_counter()
        action()
        best = min(best, time.perf_counter() - begin)
    return best


def line(what: str, ours: float, beside: str, theirs: float, unit: int = 1) -> None:
    """One row: ours, theirs and the ratio. ``unit``: how many things each time was for."""
    print(
        f"{what:<46}{ours / unit * 1e3:>12.3f} ms  {beside:<40}{theirs / unit * 1e3:>12.3f} ms"
        f"  ratio {ours / theirs:>8.2f}"
    )


def ballots_of(own: Town) -> list[BallotEntry]:
    """The ballots of a town's log."""
    return [entry for entry in map(parse_entry, own.entries) if isinstance(entry, BallotEntry)]


def bare_signatures(own: Town) -> Callable[[], None]:
    """Only the two signatures of each ballot, nothing read or compared."""
    manifest = own.manifest
    issuer = manifest.issuers[0]
    prepared = []
    for ballot in ballots_of(own):
        header, credential = ballot.header, ballot.header.credentials[0]
        prepared.append(
            (
                load_issuer_key(issuer.styles[header.style]),
                credential.prefix,
                credential.signature,
                credential_message(issuer.id, manifest.hash, header.style, header.pseudonym),
                header.pseudonym,
                ballot.signature,
                header.signed_bytes(),
            )
        )

    def check() -> None:
        for key, prefix, signature, message, pseudonym, own_signature, signed in prepared:
            verify_credential(key, prefix, signature, message)
            verify_signature(pseudonym, own_signature, signed)

    return check


def bare_openings(own: Town) -> Callable[[], None]:
    """Only the decryption of each sealed ballot."""
    opener = Opener(_share(own.clerk.seed, 0).to_bytes(32))
    blobs = {sha256(blob).digest(): blob for blob in own.sealed.values()}
    prepared = [
        (
            blobs[ballot.header.sealed_hash],
            seal_info(
                own.manifest.hash,
                ballot.header.style,
                ballot.header.pseudonym,
                ballot.header.sequence,
            ),
        )
        for ballot in ballots_of(own)
    ]

    def open_all() -> None:
        for blob, info in prepared:
            opener.open(blob, info)

    return open_all


def bench_verification(voters: int) -> None:
    """A whole publication against the cryptography in it."""
    own = town("bench", voters=voters)
    ballots = len(own.entries) - 2
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "publication"
        begin = time.perf_counter()
        publish(own.inputs, out, RENDERER, own.clerk.sign)
        published = time.perf_counter() - begin
        whole = seconds(lambda: verify(FolderSource(out), renderer=lambda: RENDERER))
        peak, least = verification_peaks(out)
    signatures, openings = seconds(bare_signatures(own)), seconds(bare_openings(own))
    both = signatures + openings
    line("verify a publication, a ballot", whole, "its signatures alone", signatures, ballots)
    line("verify a publication, a ballot", whole, "its signatures and openings", both, ballots)
    line(
        "publish (without drawing), a ballot",
        published,
        "its signatures alone",
        signatures,
        ballots,
    )
    print(
        f"{'verify a publication, most memory':<46}{peak / 1024:>11.0f} MiB  "
        f"{f'the program loaded ({ballots} ballots)':<40}{least / 1024:>11.0f} MiB"
        f"  ratio {peak / least:>8.2f}"
    )


def bench_box(number: int) -> float:
    """Casting, durable on SQLite, against checking the two signatures; gives the seconds of these
    for one ballot."""
    own = precinct_town(roll=number + 10)
    cast = [precinct_ballot(own, f"voter-{each}") for each in range(number)]
    with tempfile.TemporaryDirectory() as folder:
        precinct = Precinct(Path(folder), own)
        precinct.opened()
        with precinct.box() as box, ThreadPoolExecutor(16) as pool:
            begin = time.perf_counter()
            list(pool.map(lambda each: box.cast(each.entry, each.sealed), cast))
            taken = time.perf_counter() - begin
        precinct.store.dispose()
    manifest, issuer = own.manifest, own.manifest.issuers[0]

    def bare() -> None:
        for each in cast:
            header, credential = each.header, each.header.credentials[0]
            message = credential_message(issuer.id, manifest.hash, header.style, header.pseudonym)
            key = issuer.styles[header.style]
            verify_credential(key, credential.prefix, credential.signature, message)
            entry = parse_entry(each.entry)
            if isinstance(entry, BallotEntry):
                verify_signature(header.pseudonym, entry.signature, header.signed_bytes())

    checks = seconds(bare)
    line("cast, durable, 16 threads, a ballot", taken, "its signatures alone", checks, number)
    return checks / number


def bench_issue(number: int) -> float:
    """A blind signature with its checks against the bare private operation; gives the seconds of
    one of these."""
    import gmpy2

    key = rsa_key("bench", "town-hall", "north")
    signer = BlindSigner(key)
    numbers = key.private_numbers()
    n = numbers.public_numbers.n
    message = (pow(3, 2_001, n)).to_bytes(384)

    def ours() -> None:
        for _ in range(number):
            signer.sign(message)

    def bare() -> None:
        m = gmpy2.mpz(int.from_bytes(message))
        for _ in range(number):
            for prime, exponent in ((numbers.p, numbers.dmp1), (numbers.q, numbers.dmq1)):
                gmpy2.powmod_sec(m % prime, exponent, prime)

    alone = seconds(bare)
    line("blind signature, checked", seconds(ours), "bare RSA-3072 with CRT", alone, number)
    return alone / number


def generated() -> str:
    """An approval file whose ballots follow from their numbers."""
    voters, projects = GENERATED
    lines = ["META", "key;value", "description;generated", "country;none", "unit;generated"]
    lines += ["instance;1", f"num_projects;{projects}", f"num_votes;{voters}", "budget;100000"]
    lines += ["vote_type;approval", "rule;greedy", "date_begin;2026", "date_end;2026"]
    lines += ["max_length;5", "PROJECTS", "project_id;cost"]
    lines += [f"{each};{1000 + 137 * each}" for each in range(projects)]
    lines += ["VOTES", "voter_id;vote"]
    for voter in range(voters):
        draw = sha256(str(voter).encode()).digest()
        marked = sorted({draw[at] * draw[at + 9] % projects for at in range(1 + draw[31] % 5)})
        lines.append(f"{voter};{','.join(map(str, marked))}")
    return "\n".join(lines) + "\n"


def bench_canonical(number: int) -> None:
    """The strict reader against Python's own."""
    import json

    value: Mapping[str, Value] = {f"key-{each}": [each, "words", True] for each in range(number)}
    data = json.dumps(value, separators=(",", ":"), sort_keys=True).encode()
    line(
        "read canonical JSON",
        seconds(lambda: parse(data)),
        "json.loads",
        seconds(lambda: json.loads(data)),
    )


def bench_files(cases: Sequence[Case], limit: int) -> None:
    """Counting a generated file, and real ones where there are some."""
    real = os.environ.get("SCRUTIN_PABULIB")
    if not real:
        print("real files: set SCRUTIN_PABULIB to a folder of Pabulib files")
    with tempfile.TemporaryDirectory() as folder:
        voters, projects = GENERATED
        path = Path(folder) / f"generated_{voters}_x_{projects}.pb"
        path.write_bytes(generated().encode())
        files = [(rule, Path(real) / f"{name}.pb") for rule, name in cases] if real else []
        bench_counting([("greedy", path), *files], limit)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller numbers, under a minute")
    parser.add_argument("--full", action="store_true", help="every rule on every file, hours")
    parser.add_argument("--counting", action="store_true", help="only the counting of files")
    chosen = parser.parse_args(arguments)
    quick = chosen.quick
    bench_canonical(2_000 if quick else 20_000)
    if not chosen.counting:
        issue = bench_issue(50 if quick else 200)
        cast = bench_box(150 if quick else 1_000)
        bench_service(150 if quick else 1_000, issue, cast, line)
        bench_load(BRIEF if quick else WHOLE)
        bench_verification(150 if quick else 2_000)
    if quick:
        bench_files(QUICK, LIMIT)
    elif chosen.full:
        bench_files(FULL, FULL_LIMIT)
    else:
        bench_files(USUAL, LIMIT)


if __name__ == "__main__":
    main()
