"""Elections whose rules ask for witnesses, end to end: two witnesses as processes of their own, the
service, the officers' and trustees' commands, and the observers' verification."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.request import urlopen

import pytest

from audit.checkpoint import open_checkpoint
from audit.label import b64
from audit.manifest import Manifest
from audit.witness import monitoring_path
from ballot.witness import add_log, create_witness, read_witness
from tests.ballot.observatory import CHEAP
from tests.web.console import Console
from tests.web.desk import PEOPLE, Desk, found, open_log
from web.clock import VARIABLE
from web.commands import resident
from web.office.folder import ElectionFolder
from web.rehearsal.processes import free_port

ROOT = Path(__file__).parent.parent.parent
NAMES = ("library", "paper")


class Tower:
    """A witness in a folder, served by a process of its own while it is up."""

    def __init__(self, folder: Path, name: str, passphrase: str) -> None:
        self.folder = folder
        self.name = name
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        create_witness(folder, name=f"{name}.example/w", passphrase=passphrase, cost=CHEAP)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def line(self) -> str:
        return f"witness {self.name} {read_witness(self.folder)} {self.url}\n"

    def up(self) -> None:
        words = [sys.executable, "-m", "web.cli", "witness", "serve", str(self.folder)]
        with (self.folder / "process.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*words, "--port", str(self.port)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
            )
        _until(self._answers)

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "process.log").read_text()
        try:
            return bool(self.read("/health") == b"ok\n")
        except OSError:
            return False

    def down(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=120)
            self.process = None

    def read(self, path: str) -> bytes:
        with urlopen(self.url + path, timeout=5) as answer:  # noqa: S310
            data: bytes = answer.read()
        return data


def _until(done: Callable[[], bool]) -> None:
    until = time.monotonic() + 180
    while not done():
        assert time.monotonic() < until
        time.sleep(0.05)


class Watched:
    """An open election with the two witnesses, before anybody voted."""

    def __init__(self, folder: Path, quorum: str, passphrase: str) -> None:
        self.towers = [Tower(folder / name, name, passphrase) for name in NAMES]
        lines = "".join(tower.line for tower in self.towers)
        policy = f"{lines}group both {quorum} {' '.join(NAMES)}\nquorum both\n"
        self.town = found(folder / "frozen", passphrase, policy)
        for tower in self.towers:
            add_log(tower.folder, self.town.manifest)
        shutil.copytree(folder / "frozen", folder / "open")
        open_log(self.town, ElectionFolder(folder / "open"))
        self.desk = Desk.copy(self.town, folder / "open", folder / "desk")

    @property
    def manifest(self) -> Manifest:
        return self.town.manifest


@pytest.fixture
def console(capsys: pytest.CaptureFixture[str]) -> Console:
    return Console(capture=capsys)


@pytest.fixture
def world(
    tmp_path: Path, passphrase: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Watched]:
    watched = Watched(tmp_path, request.param, passphrase)
    monkeypatch.setenv(VARIABLE, str(watched.desk.clock))
    with ExitStack() as stack:
        for tower in watched.towers:
            stack.callback(tower.down)
        with watched.desk.parts:
            yield watched


class Doors:
    """What ``web.client.Client`` is to a real door."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def proof(self, leaf_hash: bytes) -> bytes:
        answer: bytes = self.desk.client.get(f"/box/proofs/{b64(leaf_hash)}").data
        return answer


def receipt(desk: Desk, person: str) -> str:
    """Cast a ballot; gives the code of its receipt."""
    answer = desk.cast(desk.ballot(person))
    assert answer.status_code == 200
    return str(answer.get_json()["leaf_hash"])


def officers(folder: Path) -> tuple[str | Path, ...]:
    private = folder / "private"
    return ("--officer", private / "a.secret", "--officer", private / "b.secret")


def cosigners(watched: Watched, folder: Path) -> tuple[int, list[str]]:
    """Size of the published checkpoint, and who cosigned it."""
    key, policy = watched.manifest.box.verifier_key, watched.manifest.policy
    assert policy is not None
    data = (folder / "box" / "log" / "checkpoint").read_bytes()
    opened = policy.read_checkpoint(data, key.name, key)
    return opened.checkpoint.size, list(policy.cosigned(opened))


def opened_and_verified(console: Console, watched: Watched, folder: Path) -> str:
    """From the closed log to the publication; what the observers' program says of the log."""
    for share in watched.town.shares[:2]:
        own = folder / share.relative_to(watched.town.place.root)
        console.done("trustee", "release", folder, "--share", own)
    console.done("open-box", folder)
    console.done("count", folder, "--jobs", "1")
    console.done("publish", folder, folder / "publication", "--jobs", "1", *officers(folder))
    run = subprocess.run(
        [sys.executable, "-m", "audit", "verify", str(folder / "publication"), "--jobs", "1"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return next(line for line in run.stdout.splitlines() if ". Log:" in line)


@pytest.mark.parametrize("world", ["all"], indirect=True)
def test_both_of_two_witnesses(
    world: Watched,
    console: Console,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk, folder = world.desk, world.desk.place.root
    library, paper = world.towers
    fork = tmp_path / "fork"
    shutil.copytree(folder, fork)
    for tower in world.towers:
        tower.up()
    # The service asks by itself, also after each batch.
    old = [receipt(desk, person) for person in ("north-0", "north-1", "centre-0")]
    _until(lambda: cosigners(world, folder) == (4, ["library", "paper"]))
    assert desk.client.get("/log/checkpoint").data == library_and_log(library, paper, world, folder)
    status = console.done("status", folder, "--json").data
    assert (status["witnessed"], status["missing"]) == ("library, paper", "")

    # A witness that is down delays neither ballots nor batches nor the close.
    paper.down()
    began = time.monotonic()
    young = [receipt(desk, person) for person in ("north-2", "centre-1")]
    _until(lambda: cosigners(world, folder) == (6, ["library"]))
    assert time.monotonic() - began < 30
    monkeypatch.setattr(resident, "reach", lambda _url: Doors(desk))
    monkeypatch.setattr(resident, "fetch_manifest", lambda _client, _hash: desk.manifest)
    words = ("--url", "http://127.0.0.1:1")
    assert console.done("proof", old[0], *words).data["size"] == 4
    message = console.refused("proof", young[0], *words, "--out", tmp_path / "proof")
    assert "the witnesses have not seen the newest state of the log yet" in message
    assert not (tmp_path / "proof").exists()
    assert desk.cast(desk.ballot("north-0", 2)).status_code == 200
    assert "missing: witness paper: http" in caplog.text
    desk.parts.close()
    desk.late()
    run = console.done("close", folder, *officers(folder))
    assert "missing: witness paper" in run.err
    assert "not enough for the rules" in run.err
    assert cosigners(world, folder) == (8, ["library"])

    # ... but the opening waits for it.
    share = folder / world.town.shares[0].relative_to(world.town.place.root)
    message = console.refused("trustee", "release", folder, "--share", share)
    assert "the end of the log" in message
    assert "missing: paper. Ask them: scrutin cosign" in message
    assert not list((folder / "releases").glob("*"))
    assert "missing: paper" in console.refused("open-box", folder)
    status = console.done("status", folder, "--json").data
    assert (status["stage"], status["next"]) == ("closed", "open-box")
    assert (status["witnessed"], status["missing"]) == ("library", "paper")
    run = console("cosign", folder, "--json")
    assert run.status == 1
    assert run.data["cosigned"] == ["library"]
    assert "no answer" in run.data["missing"]["paper"]

    # A box that shows another log under the same origin gets no cosignature.
    refused_fork(console, world, fork)

    paper.up()
    # No passphrase of the box is needed.
    env = {"SCRUTIN_PASSPHRASE": ""}
    run = console.done("cosign", folder, "--json", env=env)
    assert run.data == {"size": 8, "cosigned": list(NAMES), "missing": {}, "enough": True}
    assert "nothing is added any more" in run.err
    shown = opened_and_verified(console, world, folder)
    time_of = r"\(20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ\)"
    assert re.search(rf"; seen by the witnesses library {time_of}, paper {time_of}$", shown), shown
    assert (folder / "publication" / "log" / "checkpoint").read_bytes() == (
        folder / "box" / "log" / "checkpoint"
    ).read_bytes()


def library_and_log(library: Tower, paper: Tower, world: Watched, folder: Path) -> bytes:
    """The published note, after comparing it with what each witness shows of it."""
    note = (folder / "box" / "log" / "checkpoint").read_bytes()
    path = f"/{monitoring_path(world.manifest.box.origin)}"
    key = world.manifest.box.verifier_key
    for tower in (library, paper):
        shown = tower.read(path)
        witness = read_witness(tower.folder)
        opened = open_checkpoint(shown, key.name, key, [witness])
        assert [each.witness for each in opened.cosignatures] == [witness]
        assert set(shown.splitlines()) < set(note.splitlines())
    return note


def refused_fork(console: Console, world: Watched, fork: Path) -> None:
    """The box's own keys, another history: the library has seen the first one."""
    desk = Desk(town=world.town, place=ElectionFolder(fork), clock=world.desk.clock)
    desk.set_clock(desk.opens)
    with desk.parts:
        for number in range(6):
            person = f"north-{PEOPLE - 1 - number}"
            assert desk.cast(desk.ballot(person)).status_code == 200
        _until(lambda: cosigners(world, fork)[0] == 7)
    desk.late()
    run = console.done("close", fork, *officers(fork))
    assert cosigners(world, fork) == (8, [])
    assert "missing: witness library: refused with status 422" in run.err
    share = fork / world.town.shares[0].relative_to(world.town.place.root)
    message = console.refused("trustee", "release", fork, "--share", share)
    assert "missing: library, paper" in message
    assert not (fork / "releases").exists() or not list((fork / "releases").glob("*"))


@pytest.mark.parametrize("world", ["any"], indirect=True)
def test_any_of_two_witnesses_also_by_hand(
    world: Watched, console: Console, tmp_path: Path
) -> None:
    """One witness never runs; the other is asked by hand, with the request in a file."""
    desk, folder = world.desk, world.desk.place.root
    library, _ = world.towers
    for person in ("north-0", "centre-0"):
        assert desk.cast(desk.ballot(person)).status_code == 200
    _until(lambda: cosigners(world, folder) == (3, []))
    desk.parts.close()
    desk.late()
    run = console.done("close", folder, *officers(folder))
    assert run.err.count("missing: witness") == 2
    library.up()
    request = console.done("cosign", folder, "--request", "0").out
    assert request.startswith("old 0\n\n")
    with urlopen(f"{library.url}/add-checkpoint", request.encode(), timeout=5) as answer:  # noqa: S310
        lines = answer.read()
    file = tmp_path / "lines.txt"
    file.write_bytes(b"hello\n")
    assert "signature line" in console.refused("cosign", folder, "--add", file)
    file.write_bytes(lines)
    run = console.done("cosign", folder, "--add", file, "--json")
    assert run.data["cosigned"] == ["library"]
    assert run.data["missing"] == {"paper": ""}
    assert cosigners(world, folder) == (4, ["library"])
    shown = opened_and_verified(console, world, folder)
    assert re.search(r"; seen by the witnesses library \([^,]*\)$", shown), shown


# -- the commands ---------------------------------------------------------------------------------


def test_a_witness_is_made_and_told_of_a_log(
    console: Console, frozen_desk: Desk, tmp_path: Path, passphrase: str
) -> None:
    own = tmp_path / "witness"
    words = ("witness", "new", own, "--name", "w.example/1", "--url", "https://w.example")
    line = console.done(*words).out
    key = read_witness(own)
    assert line == f"witness w.example/1 {key} https://w.example\n"
    assert console.done(*words).out == line
    folder = frozen_desk.place.root
    for path in (folder, folder / "manifest.json"):
        run = console.done("witness", "add-log", own, path)
        assert "does not name this witness" in run.err
        assert run.data["election"] == frozen_desk.manifest.hash.hex()
        assert run.data["log"] == frozen_desk.manifest.box.origin
    assert run.data["added"] is False
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    (other / "manifest.signatures.json").write_bytes(b"{}")
    assert "manifest signatures" in console.refused("witness", "add-log", own, other)
    (other / "manifest.signatures.json").unlink()
    assert "manifest.signatures.json" in console.refused("witness", "add-log", own, other)
    assert "make a witness" in console.refused("witness", "add-log", tmp_path, folder)
    assert "make a witness" in console.refused("witness", "serve", tmp_path)
    wrong = {"SCRUTIN_PASSPHRASE": "another"}
    assert "passphrase is wrong" in console.refused("witness", "serve", own, env=wrong)
    console.refused("witness", "new", own, "--name", "else")
    console.refused("witness", "new", tmp_path / "x", "--name", "a b")
    console.refused(*words[:-1], "http://w.example", status=2)
    assert os.environ["SCRUTIN_PASSPHRASE"] == passphrase


def test_cosign_where_nobody_is_asked_for(console: Console, frozen_desk: Desk) -> None:
    folder = frozen_desk.place.root
    assert "ask for no witnesses" in console.refused("cosign", folder)
    words = ("--add", folder / "manifest.json", "--request", "1")
    assert "give one of them" in console.refused("cosign", folder, *words, status=2)
