"""The log's key in a process of its own: made, served, killed, and never in the box's folder."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from audit.checkpoint import open_checkpoint
from ballot.keyfile import WrongPassphrase, open_secret
from ballot.signing import SignerSilent
from tests.journey.terminal import SCRUTIN, call
from tests.web.conftest import PASSPHRASE
from tests.web.desk import found, open_log, town_definition
from web.clock import read_time
from web.errors import Refused, UsageError
from web.office.boxkeys import (
    SECRET,
    create_box_keys,
    open_box_keys,
    open_signer_folder,
)
from web.office.folder import ElectionFolder
from web.office.parts import box_keys, box_store, open_sequencer
from web.office.town import CHEAP, Town

OTHER = "another passphrase, of the signer alone"


@pytest.fixture
def town(tmp_path: Path, passphrase: str) -> Town:
    """A frozen town whose log is signed apart from its box."""
    place = ElectionFolder(tmp_path / "town")
    place.root.mkdir()
    create_box_keys(
        place.box,
        election=str(town_definition()["id"]),
        passphrase=passphrase,
        signer=tmp_path / "signer",
        signer_passphrase=OTHER,
        cost=CHEAP,
    )
    return found(place.root, passphrase)


@contextmanager
def signing(folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """`scrutin signer serve`, answering."""
    path = folder / "socket"
    with (folder / "signer.log").open("wb") as log:
        process = subprocess.Popen(
            [SCRUTIN, "signer", "serve", folder / "signer", "--socket", path],
            env={**os.environ, "SCRUTIN_PASSPHRASE_SIGNER": OTHER},
            stdout=log, stderr=log, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    try:
        until = time.monotonic() + 180
        while b"signs" not in (folder / "signer.log").read_bytes():
            assert process.poll() is None, (folder / "signer.log").read_text("utf-8")
            assert time.monotonic() < until
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.wait()


def test_the_boxs_folder_holds_no_key_of_the_log(town: Town, tmp_path: Path) -> None:
    election = town.manifest.election.id
    keys = open_box_keys(town.place.box, election=election, passphrase=PASSPHRASE)
    assert keys.log is None
    assert keys.log_key == town.manifest.box.log_key
    held = open_signer_folder(tmp_path / "signer", OTHER)
    assert str(held.key) == town.manifest.box.log_key
    secret = open_secret(tmp_path / "signer" / SECRET, OTHER, "log-signer", election).secret
    own = open_secret(town.place.box / SECRET, PASSPHRASE, "box", election).secret
    assert len(own) == 32
    assert secret not in own
    assert not (town.place.box / "signer.json").exists()
    with pytest.raises(WrongPassphrase):
        open_signer_folder(tmp_path / "signer", PASSPHRASE)
    with pytest.raises(Refused, match="box new --signer"):
        open_signer_folder(town.place.box, PASSPHRASE)


def test_made_again_it_is_the_same(town: Town, tmp_path: Path) -> None:
    again = create_box_keys(
        town.place.box,
        election=town.manifest.election.id,
        passphrase=PASSPHRASE,
        signer=tmp_path / "signer",
        signer_passphrase=OTHER,
        cost=CHEAP,
    )
    assert again.log_key == town.manifest.box.log_key


def test_begun_before_the_box_had_its_own_it_stays(tmp_path: Path, passphrase: str) -> None:
    def make(name: str) -> str:
        return create_box_keys(
            tmp_path / name,
            election="demo-2026",
            passphrase=passphrase,
            signer=tmp_path / "signer",
            cost=CHEAP,
        ).log_key

    assert make("first") == make("second")


def test_without_its_socket_nothing_is_sequenced(
    town: Town, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SCRUTIN_SIGNER", raising=False)
    with pytest.raises(UsageError, match="SCRUTIN_SIGNER"):
        open_log(town, town.place)
    monkeypatch.setenv("SCRUTIN_SIGNER", str(tmp_path / "socket"))
    with pytest.raises(SignerSilent, match="scrutin signer serve"):
        open_log(town, town.place)


def test_it_is_killed_and_started_again(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRUTIN_SIGNER", str(tmp_path / "socket"))
    manifest, place = town.manifest, town.place
    with signing(tmp_path) as process:
        open_log(town, place)
        keys, store = box_keys(place, manifest.election.id), box_store(place, manifest)
        try:
            now = read_time(manifest.election.opens)
            sequencer = open_sequencer(place, manifest, keys, store, lambda: now)
            process.send_signal(signal.SIGKILL)
            process.wait()
            with pytest.raises(SignerSilent):
                sequencer.start()
            with signing(tmp_path):
                sequencer.start()
                assert sequencer.sequence() == 0
        finally:
            store.dispose()
    note = (place.box / "log" / "checkpoint").read_bytes()
    key = manifest.box.verifier_key
    assert open_checkpoint(note, key.name, key).checkpoint.size == 1


def test_the_command_says_what_is_missing(town: Town, tmp_path: Path) -> None:
    environment = {**os.environ, "SCRUTIN_PASSPHRASE_SIGNER": "wrong"}
    words = (SCRUTIN, "signer", "serve")
    wrong = call(*words, tmp_path / "signer", "--socket", tmp_path / "socket", env=environment)
    assert wrong.status == 1
    assert "the passphrase is wrong or the file was changed" in wrong.err
    nothing = call(*words, town.place.box, "--socket", tmp_path / "socket", env=environment)
    assert nothing.status == 1
    assert "log-signer.json: not there" in nothing.err
    environment["SCRUTIN_PASSPHRASE_SIGNER"] = OTHER
    nowhere = call(*words, tmp_path / "signer", "--socket", tmp_path / "no" / "s", env=environment)
    assert nowhere.status == 2
    assert "choose another with --socket" in nowhere.err
