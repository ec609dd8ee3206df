"""Secret files: what is in them, every kind of damage, and hostile ones."""

import json
import stat
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ballot import keyfile
from ballot.keyfile import (
    Cost,
    SecretFileError,
    SecretFileExists,
    SecretFileInvalid,
    SecretFileMissing,
    WrongElection,
    WrongPassphrase,
    WrongPurpose,
    open_secret,
    read_secret,
    write_secret,
)
from tally import canonical

CHEAP = Cost(memory_kib=8, iterations=1, lanes=1)
SECRET = b"\x07" * 32


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "share.secret"
    write_secret(
        path, SECRET, "correct horse", "trustee-share", "town-2026", public={"index": 1}, cost=CHEAP
    )
    return path


def test_round_trip(path: Path) -> None:
    opened = open_secret(path, "correct horse", "trustee-share", "town-2026")
    assert opened.secret == SECRET
    assert opened.public == {"index": 1}
    assert "secret=" not in repr(opened)
    assert read_secret(path, "correct horse", "trustee-share", "town-2026") == SECRET
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["share.secret"]
    assert canonical.encode(canonical.parse(path.read_bytes())) == path.read_bytes()
    assert SECRET not in path.read_bytes()
    assert b"horse" not in path.read_bytes()


def test_default_cost_is_rfc_9106(tmp_path: Path) -> None:
    path = tmp_path / "x.secret"
    before = time.perf_counter()
    write_secret(path, SECRET, "p", "issuer", "town-2026")
    assert read_secret(path, "p", "issuer", "town-2026") == SECRET
    assert time.perf_counter() - before > 0.02
    kdf = json.loads(path.read_bytes())["kdf"]
    assert {**kdf, "salt": None} == {
        "name": "argon2id",
        "memory_kib": 65536,
        "iterations": 3,
        "lanes": 4,
        "salt": None,
    }


def test_the_same_secret_twice_looks_different(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_secret(tmp_path / name, SECRET, "p", "x", "town-2026", cost=CHEAP)
    assert (tmp_path / "a").read_bytes() != (tmp_path / "b").read_bytes()


def test_errors_say_what_is_wrong(path: Path) -> None:
    with pytest.raises(WrongPassphrase, match="the passphrase is wrong or the file was changed"):
        read_secret(path, "correct house", "trustee-share", "town-2026")
    with pytest.raises(WrongPassphrase, match="empty"):
        read_secret(path, "", "trustee-share", "town-2026")
    with pytest.raises(WrongPurpose, match=r"'trustee-share', not a 'issuer'"):
        read_secret(path, "correct horse", "issuer", "town-2026")
    with pytest.raises(WrongElection, match=r"'town-2026', not to 'town-2027'"):
        read_secret(path, "correct horse", "trustee-share", "town-2027")
    with pytest.raises(SecretFileMissing, match="no such file"):
        read_secret(path.with_name("none"), "correct horse", "trustee-share", "town-2026")
    with pytest.raises(SecretFileMissing, match="cannot be read"):
        read_secret(path.parent, "correct horse", "trustee-share", "town-2026")


def test_a_passphrase_that_is_no_text_is_not_quoted(path: Path) -> None:
    with pytest.raises(WrongPassphrase) as caught:
        read_secret(path, "hush\udcff", "trustee-share", "town-2026")
    assert "hush" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_accents_typed_two_ways_are_one_passphrase(tmp_path: Path) -> None:
    path = tmp_path / "x.secret"
    write_secret(path, SECRET, "h\u00e9risson", "x", "town-2026", cost=CHEAP)
    assert read_secret(path, "he\u0301risson", "x", "town-2026") == SECRET


def test_never_written_over_silently(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(SecretFileExists, match="exists already"):
        write_secret(path, b"other", "p", "x", "town-2026", cost=CHEAP)
    # Also when it appears between the look and the writing.
    with pytest.raises(SecretFileExists, match="exists already"):
        keyfile._create(path, b"other")
    assert path.read_bytes() == before
    assert len(list(path.parent.iterdir())) == 1
    write_secret(path, b"other", "p", "x", "town-2026", cost=CHEAP, replace=True)
    assert read_secret(path, "p", "x", "town-2026") == b"other"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_where_links_are_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_old: str, _new: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    path = tmp_path / "x.secret"
    write_secret(path, SECRET, "p", "x", "town-2026", cost=CHEAP)
    assert read_secret(path, "p", "x", "town-2026") == SECRET
    with pytest.raises(SecretFileExists):
        keyfile._create(path, b"other")
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.secret"]


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="No space"):
        write_secret(tmp_path / "x.secret", SECRET, "p", "x", "town-2026", cost=CHEAP)
    assert list(tmp_path.iterdir()) == []


def test_every_changed_byte_is_refused(path: Path) -> None:
    original = path.read_bytes()
    for position in range(len(original)):
        path.write_bytes(
            original[:position] + bytes([original[position] ^ 1]) + original[position + 1 :]
        )
        with pytest.raises(SecretFileError):
            read_secret(path, "correct horse", "trustee-share", "town-2026")
    for size in range(0, len(original), 7):
        path.write_bytes(original[:size])
        with pytest.raises(SecretFileInvalid, match="not a secret file, or damaged"):
            read_secret(path, "correct horse", "trustee-share", "town-2026")


def test_public_fields_are_authentic(path: Path) -> None:
    for old, new in ((b'"index":1', b'"index":2'), (b'"index":1', b'"other":1')):
        data = path.read_bytes()
        assert old in data
        path.write_bytes(data.replace(old, new))
        with pytest.raises(WrongPassphrase, match="the file was changed"):
            read_secret(path, "correct horse", "trustee-share", "town-2026")
        path.write_bytes(data)
    # A file renamed to another purpose or election by an editor does not open either.
    path.write_bytes(path.read_bytes().replace(b"town-2026", b"town-2027"))
    with pytest.raises(WrongPassphrase, match="the file was changed"):
        read_secret(path, "correct horse", "trustee-share", "town-2027")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b'"memory_kib":8', b'"memory_kib":107374182400', "memory_kib: 107374182400 is outside"),
        (b'"memory_kib":8', b'"memory_kib":7', "memory_kib: 7 is outside"),
        (b'"memory_kib":8', b'"memory_kib":true', "memory_kib"),
        (b'"iterations":1', b'"iterations":1000000', "iterations: 1000000 is outside"),
        (b'"iterations":1', b'"iterations":0', "iterations: 0 is outside"),
        (b'"lanes":1', b'"lanes":64', "lanes: 64 is outside"),
        (b'"lanes":1', b'"lanes":"1"', "wrong kind"),
        (b'"version":1', b'"version":2', "version: 2"),
        (b'"version":1', b'"version":true', "version: True"),
        (b"argon2id", b"scrypt", "wrong kind"),
        (b"scrutin-secret", b"secret", "type"),
        (b'"election":', b'"elections":', "a field is missing"),
        (b'"version":1', b'"version":1,"zebra":1', "a field is missing, unknown"),
        (b'"kdf":', b'"kdf": ', "canonical"),
    ],
)
def test_hostile_parameters(path: Path, old: bytes, new: bytes, reason: str) -> None:
    data = path.read_bytes()
    assert data.count(old) == 1
    path.write_bytes(data.replace(old, new))
    with pytest.raises(SecretFileInvalid, match=reason):
        read_secret(path, "correct horse", "trustee-share", "town-2026")


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "x.secret"
    path.write_bytes(b" " * 300_000)
    with pytest.raises(SecretFileInvalid, match="more than"):
        read_secret(path, "p", "x", "town-2026")
    with pytest.raises(SecretFileInvalid, match="too many"):
        write_secret(tmp_path / "y", bytes(300_000), "p", "x", "town-2026", cost=CHEAP)
    assert not (tmp_path / "y").exists()


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(secret=st.binary(max_size=5000), passphrase=st.text(min_size=1))
def test_any_secret_and_passphrase(path: Path, secret: bytes, passphrase: str) -> None:
    write_secret(path, secret, passphrase, "x", "town-2026", cost=CHEAP, replace=True)
    assert read_secret(path, passphrase, "x", "town-2026") == secret
    with pytest.raises(WrongPassphrase):
        read_secret(path, passphrase + "!", "x", "town-2026")
