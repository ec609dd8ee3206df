"""``make million``: an election of so many ballots, published and verified, with its most memory.

Real keys, credentials, seals and signatures, made in parallel straight into files, without HTTP:
only what comes after the vote is measured. Each step runs in a process of its own; memory is the
resident memory of that process and of all it starts, added up several times a second.
"""

import argparse
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tqdm import tqdm

from audit.bundle import publish
from audit.checkpoint import Checkpoint, sign_checkpoint
from audit.credential import (
    PREFIX_SIZE,
    SALT_SIZE,
    credential_message,
    load_issuer_key,
    verify_credential,
)
from audit.derive import Inputs
from audit.ed25519 import verify as verify_signature
from audit.manifest import manifest_message, manifest_signatures
from audit.merkle import Frontier, leaf_hash
from audit.record import BallotEntry, Credential, Header, parse_entry, sealed_hash
from audit.seal import seal, seal_info
from audit.source import FolderSource
from audit.verify import verify
from tally.election import Election
from tally.frozen import FrozenMap
from tally.vote import encode_vote
from tests.audit.forger import RENDERER
from tests.town import PICTURE, Clerk, _project, clerk, definition, drawn, rsa_key

BALLOTS = 1_000_000
PROJECTS = 100
MOST_MARKS = 10
PORTION = 256
SAMPLE = 2_000
"""Ballots whose two signatures are checked alone, before and after the verification."""

_SEED = "million"
_STYLES = ("centre", "north")
_PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA384()), salt_length=SALT_SIZE)


@cache
def place(ballots: int) -> Clerk:
    """The election: that of the tests, with so many projects that hardly two ballots are alike."""
    value = definition()
    city = value["contests"][0]  # type: ignore[index]
    city["projects"] += [_project(f"p{each}", 1_000 + 37 * each) for each in range(PROJECTS)]
    city["form"] = {**city["form"], "maximum": MOST_MARKS}
    own = clerk(_SEED, roll=ballots)
    return replace(own, manifest=replace(own.manifest, election=Election.from_value(value)))


def make(numbers: tuple[int, range]) -> list[tuple[bytes, str, bytes]]:
    """(entry, style, sealed bytes) of the ballots with these numbers, in the order of a batch."""
    ballots, portion = numbers
    own = place(ballots)
    manifest = own.manifest
    issuer = manifest.issuers[0].id
    projects = [project.id for project in manifest.election.contests[0].projects]  # type: ignore[union-attr]
    made = []
    for number in portion:
        draw = random.Random(number)  # noqa: S311  (votes to be measured, nothing secret)
        style = _STYLES[number % 2]
        key = Ed25519PrivateKey.from_private_bytes(drawn(_SEED, "pseudonym", number))
        pseudonym = key.public_key().public_bytes_raw()
        prefix = drawn(_SEED, "prefix", number, size=PREFIX_SIZE)
        message = credential_message(issuer, manifest.hash, style, pseudonym)
        signature = rsa_key(_SEED, issuer, style).sign(prefix + message, _PSS, hashes.SHA384())
        marks = sorted(draw.sample(range(len(projects)), draw.randint(1, MOST_MARKS)))
        other = (
            {"centre": (("A/1", 1 + draw.randrange(5)), ("B/2", 1 + draw.randrange(5)))}
            if style == "centre"
            else {"cars": ((draw.choice(("yes", "no")), 1),)}
        )
        choices = {"city": tuple((projects[at], 1) for at in marks), **other}
        blob = seal(
            encode_vote(manifest.election, style, choices),
            manifest.trustees.election_key,
            seal_info(manifest.hash, style, pseudonym, 1),
        ).blob
        header = Header(
            election=manifest.hash,
            style=style,
            pseudonym=pseudonym,
            sequence=1,
            credentials=(Credential(issuer=issuer, prefix=prefix, signature=signature),),
            sealed_hash=sealed_hash(blob),
        )
        entry = BallotEntry(header=header, signature=key.sign(header.signed_bytes()))
        made.append((entry.to_bytes(), style, blob))
    return sorted(made, key=lambda each: leaf_hash(each[0]))


def generate(ballots: int, folder: Path, jobs: int) -> None:
    """Cast so many ballots into files in ``folder``: the log's entries, the sealed bytes."""
    portions = (
        (ballots, range(begin, min(begin + PORTION, ballots)))
        for begin in range(0, ballots, PORTION)
    )
    own, frontier = place(ballots), Frontier()
    sealed = {style: (folder / style).open("wb") for style in _STYLES}
    with (
        (folder / "entries").open("wb") as log,
        ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool,
        tqdm(total=ballots, desc="cast", unit=" ballots", smoothing=0) as bar,
    ):

        def write(entry: bytes) -> None:
            nonlocal frontier
            log.write(len(entry).to_bytes(2) + entry)
            frontier = frontier.append(leaf_hash(entry))

        write(own.open_entry())
        for portion in map(make, portions) if jobs == 1 else pool.map(make, portions):
            for entry, style, blob in portion:
                write(entry)
                sealed[style].write(blob)
            bar.update(len(portion))
        write(own.close_entry(dict.fromkeys(_STYLES, ballots)))
    for file in sealed.values():
        file.close()
    head = Checkpoint(origin=own.manifest.box.origin, size=frontier.size, root=frontier.root())
    (folder / "checkpoint").write_bytes(sign_checkpoint(head, own.log))
    (folder / "opening").write_bytes(own.opening(head))


def read_entries(folder: Path) -> Iterator[bytes]:
    """The log's entries in order."""
    with (folder / "entries").open("rb") as log:
        while size := log.read(2):
            yield log.read(int.from_bytes(size))


def publish_step(ballots: int, folder: Path, jobs: int) -> None:
    """Publish what ``generate`` made."""
    own = place(ballots)
    manifest = own.manifest
    inputs = Inputs(
        manifest=manifest.encoded,
        manifest_signatures=manifest_signatures(
            manifest, own.sign(manifest_message(manifest.hash))
        ),
        entries=tuple(read_entries(folder)),
        checkpoint=(folder / "checkpoint").read_bytes(),
        sealed=FrozenMap((style, (folder / style).read_bytes()) for style in _STYLES),
        opening=(folder / "opening").read_bytes(),
        pictures=FrozenMap({"pictures/tree.png": PICTURE}),
    )
    with tqdm(desc="publish", unit=" steps", smoothing=0) as bar:

        def progress(what: str, done: int, total: int) -> None:
            bar.set_description(f"publish: {what}", refresh=False)
            bar.total = total or None
            bar.update(done - bar.n)

        publish(inputs, folder / "publication", RENDERER, own.sign, jobs=jobs, progress=progress)


def verify_step(_ballots: int, folder: Path, jobs: int) -> None:
    """Verify what ``publish_step`` wrote, as a stranger would."""
    with tqdm(desc="verify", unit=" steps", smoothing=0) as bar:

        def progress(_number: int, title: str, done: int, total: int) -> None:
            bar.set_description(f"verify: {title}", refresh=False)
            bar.total = total
            bar.update(done - bar.n)

        verify(
            FolderSource(folder / "publication"),
            jobs=jobs,
            renderer=lambda: RENDERER,
            on_progress=progress,
        )


_STEPS = {"publish": publish_step, "verify": verify_step}


def resident(process: int) -> int:
    """KiB of memory that ``process`` and all that it started hold now."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
        children = [
            int(child)
            for tasks in Path(f"/proc/{process}/task").iterdir()
            for child in (tasks / "children").read_text().split()
        ]
    except (OSError, ValueError, IndexError):
        return 0
    return pages * resource.getpagesize() // 1024 + sum(map(resident, children))


def measured(step: str, ballots: int, folder: Path, jobs: int) -> tuple[float, float, int]:
    """Seconds, seconds of all cores together, and the most KiB of a step in its own process."""
    before, begin, most = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter(), 0
    words = [
        "-m",
        __spec__.name,
        "--ballots",
        str(ballots),
        "--jobs",
        str(jobs),
        "--folder",
        str(folder),
    ]
    with subprocess.Popen([sys.executable, *words, "--step", step]) as running:
        while running.poll() is None:
            most = max(most, resident(running.pid))
            time.sleep(0.1)
    if running.returncode:
        raise SystemExit(f"{step}: failed with {running.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    worked = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - begin, worked, most


_together: list[Barrier] = []
"""In a process of ``busy_signatures``: where all of them wait for each other."""


def busy_signatures(ballots: int, folder: Path, jobs: int) -> float:
    """As ``signatures`` when ``jobs`` processes check them at once: cores that share a processor
    are slower when all of them work, as they do while a publication is verified."""
    context = get_context("spawn")
    with ProcessPoolExecutor(
        jobs, mp_context=context, initializer=_together.append, initargs=(context.Barrier(jobs),)
    ) as pool:
        found = list(pool.map(signatures, [ballots] * jobs, [folder] * jobs))
    return sum(found) / jobs


def signatures(ballots: int, folder: Path) -> float:
    """Seconds of one core for the two signatures of a ballot, alone."""
    manifest, prepared = place(ballots).manifest, []
    for data in read_entries(folder):
        entry = parse_entry(data)
        if not isinstance(entry, BallotEntry):
            continue
        header, credential = entry.header, entry.header.credentials[0]
        key = load_issuer_key(manifest.issuers[0].styles[header.style])
        message = credential_message(
            credential.issuer, manifest.hash, header.style, header.pseudonym
        )
        prepared.append((key, credential, message, header, entry.signature, header.signed_bytes()))
        if len(prepared) == SAMPLE:
            break
    if _together:
        _together[0].wait()
    begin = time.process_time()
    for key, credential, message, header, own, signed in prepared:
        verify_credential(key, credential.prefix, credential.signature, message)
        verify_signature(header.pseudonym, own, signed)
    return (time.process_time() - begin) / len(prepared)


def run(ballots: int, folder: Path, jobs: int) -> None:
    """All of it; prints one line a figure."""
    if not (folder / "opening").exists():
        begin = time.perf_counter()
        generate(ballots, folder, jobs)
        print(f"{ballots:,} ballots cast into files in {time.perf_counter() - begin:,.0f} s")
    for step in _STEPS:
        alone = busy_signatures(ballots, folder, jobs)
        taken, worked, most = measured(step, ballots, folder, jobs)
        alone = (alone + busy_signatures(ballots, folder, jobs)) / 2
        print(
            f"{step}: {taken:,.0f} s, of all cores {worked / ballots * 1e3:.3f} ms a ballot; its "
            f"two signatures alone {alone * 1e3:.3f} ms, ratio {worked / ballots / alone:.2f}; "
            f"most memory {most / 1024:,.0f} MiB",
            flush=True,
        )
    files = [path for path in (folder / "publication").rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    print(f"the publication: {len(files):,} files, {size / 1e6:,.0f} MB")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run all of it, or one step."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.million", description=__doc__)
    parser.add_argument("--ballots", type=int, default=BALLOTS)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--folder", type=Path, help="keep the ballots here, and use those there")
    parser.add_argument("--step", choices=_STEPS, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.step:
        _STEPS[chosen.step](chosen.ballots, chosen.folder, chosen.jobs)
        return
    with TemporaryDirectory() as temporary:
        folder = chosen.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        run(chosen.ballots, folder, chosen.jobs)


if __name__ == "__main__":
    main()
