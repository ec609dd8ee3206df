"""The ceremony and the release with files: resumable at every point, nothing written over."""

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.label import b64, unb64
from audit.message import sign_message
from audit.seal import Opener, seal
from audit.trustees import SharesMissing, TrusteeKeys, recover
from ballot import trustee
from ballot.ceremony import CeremonyIncomplete, CeremonyInvalid, TrusteeFault, share_info
from ballot.durable import FileDiffers
from ballot.keyfile import (
    Cost,
    SecretFileInvalid,
    SecretFileMissing,
    WrongElection,
    WrongPassphrase,
    WrongPurpose,
    open_secret,
    write_secret,
)
from ballot.sharefile import SHARE, STATE, load_share, load_state, share_path, state_path
from ballot.transcript import check_commits, commits_hash
from ballot.trustee import ReleaseRefused
from tally import canonical

CHEAP = Cost(memory_kib=8, iterations=1, lanes=1)
NAMES = ("Ana", "Béatrice", "Chérif")
ELECTION = "town-2026"
E = b"\x0e" * 32
TEXT = b"scrutin/town-2026/00000000\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"


def accept(_checkpoint: bytes) -> None:
    """The policy of a trustee who trusts this checkpoint."""


class Machines:
    """Three trustees, each with an own folder, and the folder they exchange."""

    def __init__(self, base: Path) -> None:
        self.exchange = base / "exchange"
        self.base = base
        trustee.begin(self.exchange, election=ELECTION, names=NAMES, threshold=2)

    def own(self, name: str) -> Path:
        return self.base / name

    def commit(self, name: str) -> trustee.Step:
        return trustee.commit(self.exchange, self.own(name), **self._who(name))

    def reveal(self, name: str) -> trustee.Step:
        return trustee.reveal(self.exchange, self.own(name), **self._who(name))

    def finish(self, name: str) -> trustee.Step:
        return trustee.finish(self.exchange, self.own(name), **self._who(name))

    @staticmethod
    def _who(name: str) -> dict[str, Any]:
        return {"trustee": name, "passphrase": f"pass of {name}", "cost": CHEAP}

    def all(self, *steps: str) -> None:
        for step in steps:
            for name in NAMES:
                getattr(self, step)(name)

    def share(self, index: int) -> Path:
        return share_path(self.own(NAMES[index - 1]), index)

    def release(self, index: int, out: Path, **changes: Any) -> trustee.Step:
        arguments: dict[str, Any] = {
            "election_id": ELECTION,
            "election": E,
            "keys": trustee.conclude_ceremony(self.exchange),
            "checkpoint": TEXT,
            "accept": accept,
            "cost": CHEAP,
            **changes,
        }
        name = NAMES[index - 1]
        return trustee.release_file(self.share(index), f"pass of {name}", out, **arguments)


@pytest.fixture
def machines(tmp_path: Path) -> Machines:
    return Machines(tmp_path)


@pytest.fixture
def finished(machines: Machines) -> Machines:
    machines.all("commit", "reveal", "finish")
    return machines


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def opened(keys: TrusteeKeys, *paths: Path) -> bytes:
    checkpoint = sha256(TEXT).digest()
    releases = [path.read_bytes() for path in paths]
    return recover(keys, releases, election=E, checkpoint=checkpoint).private_key


def test_whole_ceremony_and_release(finished: Machines, tmp_path: Path) -> None:
    keys = trustee.conclude_ceremony(finished.exchange)
    assert sorted(contents(finished.exchange)) == [
        "ceremony.json",
        *(f"{step}-{i}.json" for step in ("commit", "confirm", "reveal") for i in (1, 2, 3)),
    ]
    out = tmp_path / "releases"
    out.mkdir()
    first, third = finished.release(1, out), finished.release(3, tmp_path / "third.json")
    assert first.paths == (out / "release-1.json",)
    assert third.paths == (tmp_path / "third.json",)
    private = opened(keys, *first.paths, *third.paths)
    assert Opener(private).public_key == keys.election_key
    with pytest.raises(SharesMissing, match="1 more needed, from among 'Ana', 'Béatrice'"):
        opened(keys, *third.paths)
    assert finished.release(1, out).already_done


def test_secrets_are_secret(finished: Machines) -> None:
    public = b"".join(contents(finished.exchange).values())
    for index, name in enumerate(NAMES, 1):
        share = load_share(finished.share(index), f"pass of {name}", ELECTION)
        state = open_secret(
            state_path(finished.own(name), index), f"pass of {name}", STATE, ELECTION
        )
        held = json.loads(state.secret)["seed"].encode()
        for path in (finished.share(index), state_path(finished.own(name), index)):
            assert path.stat().st_mode & 0o777 == 0o600
            assert held not in path.read_bytes()
        assert held not in public
        assert share.share not in public


def test_a_step_again_finds_what_it_made(machines: Machines, tmp_path: Path) -> None:
    assert trustee.begin(
        machines.exchange, election=ELECTION, names=NAMES, threshold=2
    ).already_done
    for step in ("commit", "reveal", "finish"):
        for name in NAMES:
            assert not getattr(machines, step)(name).already_done
        before = contents(tmp_path)
        for name in NAMES:
            assert getattr(machines, step)(name).already_done
        assert contents(tmp_path) == before


def test_every_lost_public_file_is_made_again(finished: Machines) -> None:
    before = contents(finished.exchange)
    for step in ("commit", "reveal", "finish"):
        for index, name in enumerate(NAMES, 1):
            lost = {"finish": "confirm"}.get(step, step)
            (finished.exchange / f"{lost}-{index}.json").unlink()
            assert not getattr(finished, step)(name).already_done
            assert contents(finished.exchange) == before


class PowerCut(Exception):
    """The machine stops here."""


def crash_points(machines: Machines, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stops before the n-th file is put in place, for n = 1, 2, … until a step needs fewer."""
    import os

    link, replace = os.link, Path.replace
    state = {"left": 0}

    def tick() -> None:
        state["left"] -= 1
        if state["left"] == 0:
            raise PowerCut

    def linking(old: str, new: Path) -> None:
        tick()
        link(old, new)

    def replacing(self: Path, target: Path) -> Path:
        tick()
        return replace(self, target)

    monkeypatch.setattr("os.link", linking)
    monkeypatch.setattr(Path, "replace", replacing)
    for stop in (1, 2, 3):
        state["left"] = stop
        yield


@pytest.mark.parametrize("step", ["commit", "reveal", "finish"])
def test_a_step_survives_a_crash(
    machines: Machines, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines.all(*{"commit": [], "reveal": ["commit"], "finish": ["commit", "reveal"]}[step])
    crashes = 0
    for _ in crash_points(machines, monkeypatch):
        try:
            getattr(machines, step)("Ana")
        except PowerCut:
            crashes += 1
    monkeypatch.undo()
    assert crashes == 2  # before the secret file, and between it and the public one
    machines.all("commit", "reveal", "finish")
    trustee.conclude_ceremony(machines.exchange)


def test_steps_out_of_order(machines: Machines) -> None:
    with pytest.raises(SecretFileMissing, match="no such file"):
        machines.reveal("Ana")
    machines.commit("Ana")
    with pytest.raises(CeremonyIncomplete, match="'Béatrice', 'Chérif'"):
        machines.reveal("Ana")
    machines.commit("Béatrice")
    machines.commit("Chérif")
    machines.reveal("Chérif")
    with pytest.raises(CeremonyIncomplete, match="'Ana', 'Béatrice'"):
        machines.finish("Chérif")
    assert not machines.share(3).exists()
    with pytest.raises(CeremonyIncomplete, match="trustee-reveal"):
        trustee.conclude_ceremony(machines.exchange)


def test_no_ceremony_and_nobody(machines: Machines, tmp_path: Path) -> None:
    with pytest.raises(CeremonyIncomplete, match=r"ceremony\.json: no such file"):
        trustee.commit(tmp_path / "none", tmp_path, trustee="Ana", passphrase="p", cost=CHEAP)
    with pytest.raises(CeremonyInvalid, match="'Zoé' is not one of"):
        machines.commit("Zoé")
    assert sorted(contents(machines.base)) == ["exchange/ceremony.json"]


def test_another_ceremony_in_the_same_folder(machines: Machines) -> None:
    before = contents(machines.base)
    for changes in ({"threshold": 3}, {"names": NAMES[:2]}, {"election": "town-2027"}):
        arguments: dict[str, Any] = {"election": ELECTION, "names": NAMES, "threshold": 2}
        with pytest.raises(CeremonyInvalid, match="is another ceremony"):
            trustee.begin(machines.exchange, **{**arguments, **changes})
    assert contents(machines.base) == before


def test_secret_of_another_ceremony(machines: Machines) -> None:
    machines.commit("Ana")
    (machines.exchange / "ceremony.json").unlink()
    (machines.exchange / "commit-1.json").unlink()
    trustee.begin(machines.exchange, election=ELECTION, names=NAMES, threshold=2)
    with pytest.raises(CeremonyInvalid, match="belongs to another ceremony; move it away"):
        machines.commit("Ana")


def test_lost_secret(machines: Machines) -> None:
    machines.commit("Ana")
    state_path(machines.own("Ana"), 1).unlink()
    with pytest.raises(CeremonyInvalid, match="bring the secret file back"):
        machines.commit("Ana")


@pytest.mark.parametrize("step", ["commit", "reveal", "finish"])
def test_wrong_passphrase_changes_nothing(machines: Machines, step: str) -> None:
    machines.all(
        *{"commit": ["commit"], "reveal": ["commit"], "finish": ["commit", "reveal"]}[step]
    )
    before = contents(machines.base)
    with pytest.raises(WrongPassphrase, match="the passphrase is wrong"):
        getattr(trustee, step)(
            machines.exchange, machines.own("Ana"), trustee="Ana", passphrase="x", cost=CHEAP
        )
    assert contents(machines.base) == before


def test_commits_are_answered_once(machines: Machines) -> None:
    # Chérif commits anew after Ana's reveal is known: Ana must not answer, even if her reveal and
    # his first commit have disappeared.
    machines.all("commit")
    machines.reveal("Ana")
    (machines.exchange / "reveal-1.json").unlink()
    (machines.exchange / "commit-3.json").unlink()
    state_path(machines.own("Chérif"), 3).unlink()
    machines.commit("Chérif")
    before = contents(machines.base)
    with pytest.raises(CeremonyInvalid, match="has answered other commits before"):
        machines.reveal("Ana")
    assert contents(machines.base) == before


def test_reveals_exchanged_after_the_share_was_kept(machines: Machines) -> None:
    # Béatrice replaces her reveal by another that is valid too: the same share, sealed again.
    machines.all("commit", "reveal")
    machines.finish("Ana")
    ceremony = trustee.load_ceremony(machines.exchange)
    part = load_state(ceremony, machines.own("Béatrice"), 2, "pass of Béatrice").secret
    ana = load_state(ceremony, machines.own("Ana"), 1, "pass of Ana").secret
    commits = check_commits(
        ceremony, [path.read_bytes() for path in machines.exchange.glob("commit-*.json")]
    )
    path = machines.exchange / "reveal-2.json"
    message = json.loads(path.read_bytes())
    kind, _ = message.pop("type"), message.pop("signature")
    info = share_info(ceremony, 2, 1, commits_hash(ceremony, commits))
    share = ana._encryption.open(unb64(message["shares"][0]["sealed"], "sealed"), info)
    sealed = seal(share, commits[0].encryption_key, info)
    message["shares"][0]["sealed"] = b64(sealed.blob)
    private = Ed25519PrivateKey.from_private_bytes(part.signing_seed)
    path.write_bytes(sign_message(kind, ceremony.id, message, private))
    before = contents(machines.base)
    with pytest.raises(CeremonyInvalid, match="was made from other messages than these"):
        machines.finish("Ana")
    with pytest.raises(FileDiffers):
        machines.reveal("Béatrice")
    assert contents(machines.base) == before


def test_damaged_exchange_files(finished: Machines) -> None:
    for step in ("commit", "reveal", "confirm"):
        path = finished.exchange / f"{step}-2.json"
        original = path.read_bytes()
        for bad in (b"", original[:-1], original + b"\n", original.replace(b"index", b"Index")):
            path.write_bytes(bad)
            with pytest.raises(CeremonyInvalid):
                trustee.conclude_ceremony(finished.exchange)
        path.write_bytes(b" " * 100_000)
        with pytest.raises(CeremonyInvalid, match="more than the 65535"):
            trustee.conclude_ceremony(finished.exchange)
        path.write_bytes(original)
    # One trustee's file under another's name is no harm, but the other's is missing.
    (finished.exchange / "confirm-2.json").write_bytes(
        (finished.exchange / "confirm-1.json").read_bytes()
    )
    with pytest.raises(CeremonyIncomplete, match="trustee-confirm: still missing from 'Béatrice'"):
        trustee.conclude_ceremony(finished.exchange)


def test_own_file_written_over_by_the_courier(finished: Machines) -> None:
    for step, name in (("commit", "commit-1"), ("finish", "confirm-1")):
        path = finished.exchange / f"{name}.json"
        original = path.read_bytes()
        path.write_bytes(b"{}")
        with pytest.raises((FileDiffers, CeremonyInvalid)):
            getattr(finished, step)("Ana")
        assert path.read_bytes() == b"{}"
        path.write_bytes(original)


def test_forgetting_the_secret(machines: Machines) -> None:
    machines.all("commit", "reveal")
    machines.finish("Ana")
    arguments: dict[str, Any] = {"trustee": "Ana", "passphrase": "pass of Ana"}
    with pytest.raises(CeremonyIncomplete):
        trustee.forget(machines.exchange, machines.own("Ana"), **arguments)
    assert state_path(machines.own("Ana"), 1).exists()
    machines.all("finish")
    with pytest.raises(WrongPassphrase):
        trustee.forget(
            machines.exchange, machines.own("Ana"), **{**arguments, "passphrase": "other"}
        )
    trustee.forget(machines.exchange, machines.own("Ana"), **arguments)
    assert not state_path(machines.own("Ana"), 1).exists()
    trustee.forget(machines.exchange, machines.own("Ana"), **arguments)
    assert machines.finish("Ana").already_done


def test_release_refused(finished: Machines, tmp_path: Path) -> None:
    out = tmp_path / "release.json"
    before = contents(tmp_path)

    def not_closed(checkpoint: bytes) -> None:
        assert checkpoint == TEXT
        raise ReleaseRefused("checkpoint: does not cover the close entry")

    other_keys, _ = trustee.local_ceremony(
        tmp_path.parent / f"{tmp_path.name}-other",
        tmp_path.parent / f"{tmp_path.name}-own",
        election=ELECTION,
        names=NAMES,
        threshold=2,
        passphrase=str,
        cost=CHEAP,
    )
    with pytest.raises(ReleaseRefused, match="does not cover the close entry"):
        finished.release(1, out, accept=not_closed)
    with pytest.raises(ReleaseRefused, match="not made in the ceremony these keys come from"):
        finished.release(1, out, keys=other_keys)
    share = load_share(finished.share(1), "pass of Ana", ELECTION)
    with pytest.raises(ReleaseRefused, match="not made in the ceremony these keys come from"):
        trustee.release(share, other_keys, election=E, checkpoint=TEXT, accept=accept)
    with pytest.raises(WrongElection, match="'town-2026', not to 'town-2027'"):
        finished.release(1, out, election_id="town-2027")
    assert contents(tmp_path) == before


def test_wrong_or_damaged_share_files(finished: Machines, tmp_path: Path) -> None:
    out, path = tmp_path / "release.json", finished.share(1)
    keys = trustee.conclude_ceremony(finished.exchange)

    def attempt(file: Path, passphrase: str) -> None:
        trustee.release_file(
            file,
            passphrase,
            out,
            election_id=ELECTION,
            election=E,
            keys=keys,
            checkpoint=TEXT,
            accept=accept,
            cost=CHEAP,
        )

    original = path.read_bytes()
    with pytest.raises(WrongPassphrase):
        attempt(path, "pass of Béatrice")
    with pytest.raises(WrongPurpose, match="'trustee-state', not a 'trustee-share'"):
        attempt(state_path(finished.own("Ana"), 1), "pass of Ana")
    with pytest.raises(SecretFileMissing):
        attempt(tmp_path / "none", "pass of Ana")
    for bad in (original[:-4], original.replace(b"Ana", b"Bob"), b""):
        path.write_bytes(bad)
        with pytest.raises((SecretFileInvalid, WrongPassphrase)):
            attempt(path, "pass of Ana")
    path.write_bytes(original)
    for number, value in enumerate((b"[]", b"{}", b"\x00", canonical.encode({"index": 1}))):
        odd = tmp_path / f"odd-{number}"
        write_secret(odd, value, "p", SHARE, ELECTION, cost=CHEAP)
        with pytest.raises(SecretFileInvalid, match="opened, but holds something else"):
            attempt(odd, "p")
    assert not out.exists()
    attempt(path, "pass of Ana")
    assert out.exists()


def test_one_share_is_for_one_manifest(finished: Machines, tmp_path: Path) -> None:
    keys = trustee.conclude_ceremony(finished.exchange)
    arguments: dict[str, Any] = {"election_id": ELECTION, "keys": keys, "cost": CHEAP}
    share = trustee.adopt(finished.share(1), "pass of Ana", election=E, **arguments)
    assert share.adopted == E
    before = finished.share(1).read_bytes()
    trustee.adopt(finished.share(1), "pass of Ana", election=E, **arguments)
    with pytest.raises(ReleaseRefused, match="is bound to the manifest 0e0e"):
        trustee.adopt(finished.share(1), "pass of Ana", election=bytes(32), **arguments)
    with pytest.raises(ReleaseRefused, match="is bound to the manifest 0e0e"):
        finished.release(1, tmp_path / "r.json", election=bytes(32))
    assert finished.share(1).read_bytes() == before
    assert not (tmp_path / "r.json").exists()
    arguments = {"keys": keys, "checkpoint": TEXT, "accept": accept}
    with pytest.raises(ReleaseRefused, match="is bound to the manifest 0e0e"):
        trustee.release(share, election=bytes(32), **arguments)
    finished.release(1, tmp_path / "r.json")
    # A release binds too.
    finished.release(2, tmp_path / "r2.json")
    with pytest.raises(ReleaseRefused, match="is bound to the manifest"):
        finished.release(2, tmp_path / "r3.json", election=bytes(32))


def test_local_ceremony_can_be_run_again(tmp_path: Path) -> None:
    arguments: dict[str, Any] = {
        "election": ELECTION,
        "names": NAMES,
        "threshold": 2,
        "passphrase": lambda name: f"pass of {name}",
        "cost": CHEAP,
    }
    keys, shares = trustee.local_ceremony(tmp_path / "x", tmp_path / "own", **arguments)
    before = contents(tmp_path)
    assert trustee.local_ceremony(tmp_path / "x", tmp_path / "own", **arguments) == (keys, shares)
    assert contents(tmp_path) == before
    assert [path.name for path in shares] == [f"trustee-{i}.share.secret" for i in (1, 2, 3)]
    assert load_share(shares[1], "pass of Béatrice", ELECTION).name == "Béatrice"


def test_a_cheat_leaves_no_share(machines: Machines) -> None:
    machines.all("commit", "reveal")
    path = machines.exchange / "reveal-2.json"
    message = json.loads(path.read_bytes())
    message["shares"][0]["sealed"] = message["shares"][1]["sealed"]
    path.write_bytes(canonical.encode(message))
    before = contents(machines.base)
    with pytest.raises(TrusteeFault, match=r"'Béatrice' \(2\): reveal: signature") as caught:
        machines.finish("Ana")
    assert caught.value.trustee == "Béatrice"
    assert contents(machines.base) == before
