"""Captures: a later one must continue an earlier one."""

import json
from pathlib import Path

import pytest

from audit.capture import CaptureInvalid, read_capture
from audit.compare import ComparisonFailed, Continued, compare
from audit.manifest import manifest_message, manifest_signatures
from audit.merkle import leaf_hash
from audit.publication import CHECKPOINT, LOG, MANIFEST, MANIFEST_SIGNATURES, PUBLICATION
from audit.tile import tiles_for
from tally import canonical
from tests.audit.forger import Files, Memory, published, relist, write
from tests.audit.test_policy import KEYS
from tests.town import Clerk, clerk, town

TOWN = town(voters=260)
CLERK = TOWN.clerk


def capture(size: int, own: Clerk = CLERK, entries: tuple[bytes, ...] = TOWN.entries) -> Files:
    """What somebody fetched when the log had ``size`` entries."""
    files = {
        MANIFEST: own.manifest.encoded,
        MANIFEST_SIGNATURES: manifest_signatures(
            own.manifest, own.sign(manifest_message(own.manifest.hash))
        ),
        CHECKPOINT: own.checkpoint(entries[:size]),
    }
    files.update((LOG + path, data) for path, data in tiles_for(entries[:size]))
    return files


@pytest.mark.parametrize(
    ("earlier", "later"), [(1, 2), (0, 1), (255, 256), (256, 257), (1, 273), (273, 273)]
)
def test_a_longer_log_continues(earlier: int, later: int) -> None:
    found = compare(Memory(capture(earlier)), Memory(capture(later)))
    assert found == Continued(earlier=earlier, later=later, results=False)


def test_of_the_earlier_capture_the_checkpoint_is_enough() -> None:
    files = {path: data for path, data in capture(100).items() if "tile" not in path}
    final = Memory(published(TOWN))
    assert compare(Memory(files), final) == Continued(earlier=100, later=273, results=False)
    assert compare(final, final).results


def test_another_history_is_told() -> None:
    ballots = sorted(TOWN.entries[1:-1], key=leaf_hash, reverse=True)
    other = (TOWN.entries[0], *ballots, TOWN.entries[-1])
    with pytest.raises(ComparisonFailed, match="first 100 entries are not those"):
        compare(Memory(capture(100, entries=other)), Memory(capture(273)))
    with pytest.raises(ComparisonFailed, match="first 273 entries are not those"):
        compare(Memory(capture(273, entries=other)), Memory(capture(273)))


def test_two_histories_are_told_whoever_witnessed_them() -> None:
    """A log that was hidden from the witnesses is what a comparison is to find."""
    own = clerk(witness_policy=f"witness X1 {KEYS['X1']}\nquorum X1\n")
    entries = (own.open_entry(), own.close_entry({"centre": 1, "north": 1}))
    other = (entries[0], own.close_entry({"centre": 2, "north": 1}))
    short, long, forked = (
        Memory(capture(size, own, log)) for size, log in ((1, entries), (2, entries), (2, other))
    )
    assert compare(short, long) == Continued(earlier=1, later=2, results=False)
    with pytest.raises(ComparisonFailed, match="box signed two histories"):
        compare(long, forked)
    with pytest.raises(CaptureInvalid, match=r"log/checkpoint: quorum 'X1'.*missing: X1"):
        read_capture(long)


def test_a_log_never_shrinks() -> None:
    with pytest.raises(ComparisonFailed, match="had 200 entries and now has 100"):
        compare(Memory(capture(200)), Memory(capture(100)))


def test_the_rules_never_change() -> None:
    other = town()
    old = capture(5, other.clerk, other.entries)
    with pytest.raises(ComparisonFailed, match=r"manifest\.json: the rules are not the same"):
        compare(Memory(old), Memory(capture(273)))


def test_a_published_result_never_changes() -> None:
    before = published(TOWN)
    after = dict(before)
    value = json.loads(after["results.json"])
    value["version"] = 2
    after["results.json"] = canonical.encode(value)
    with pytest.raises(ComparisonFailed, match="result hash was"):
        compare(Memory(before), Memory(relist(CLERK, after)))
    del after[PUBLICATION]
    with pytest.raises(ComparisonFailed, match="is now none"):
        compare(Memory(before), Memory(after))


@pytest.mark.parametrize(
    ("path", "data", "named"),
    [
        (MANIFEST, None, "manifest.json: missing"),
        (MANIFEST, b"{}", "manifest.json: manifest"),
        (MANIFEST_SIGNATURES, b"{}", "manifest.signatures.json: "),
        (CHECKPOINT, None, "log/checkpoint: missing"),
        (CHECKPOINT, b"x", "log/checkpoint: note"),
        (CHECKPOINT, town("another").inputs.checkpoint, "log/checkpoint: note: not signed"),
    ],
)
def test_a_capture_must_hold_by_itself(path: str, data: bytes | None, named: str) -> None:
    files = capture(50)
    if data is None:
        del files[path]
    else:
        files[path] = data
    for pair in ((files, capture(273)), (capture(20), files)):
        with pytest.raises(CaptureInvalid) as caught:
            compare(*map(Memory, pair))
        assert named in str(caught.value)


def test_a_capture_whose_entries_are_not_those_signed(tmp_path: Path) -> None:
    files = {**capture(50), CHECKPOINT: capture(49)[CHECKPOINT]}
    # the bundle of 50 is not the one that a log of 49 has
    with pytest.raises(Exception, match=r"tile/entries/000\.p/49: missing"):
        read_capture(Memory(files))
    files = {**capture(50), CHECKPOINT: CLERK.checkpoint(TOWN.entries[:49] + TOWN.entries[60:61])}
    with pytest.raises(CaptureInvalid, match="another root than was signed"):
        read_capture(Memory(files))
    whole = read_capture(write(capture(273), tmp_path))
    assert whole.final
    assert whole.entries == TOWN.entries
    assert not read_capture(Memory(capture(272))).final
    assert not read_capture(Memory(capture(0))).final
