"""The verifier: an honest publication passes, and each check has a forgery that only it notices."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.admission import admit
from audit.bundle import all_files
from audit.check import difference
from audit.checkpoint import Checkpoint, sign_checkpoint
from audit.drawing import Drawing
from audit.label import b64
from audit.manifest import manifest_message, manifest_signatures
from audit.note import COSIGNATURE, Ed25519Signer, VerifierKey
from audit.opening import checkpoint_hash
from audit.publication import (
    CHECKPOINT,
    EXPLANATIONS,
    LOG,
    MANIFEST,
    MANIFEST_SIGNATURES,
    OPENING,
    PUBLICATION,
    RENDERINGS,
    RESULTS,
    SIGNATURES,
)
from audit.record import BallotEntry, parse_entry
from audit.rendering import Renderer
from audit.result_hash import in_groups
from audit.source import SourceFailed
from audit.tile import tiles_for
from audit.trustees import sign_release
from audit.verify import STEPS, Shown, VerificationFailed, verify
from tally import canonical, phrases
from tests.audit.forger import (
    RENDERER,
    Files,
    Memory,
    published,
    relist,
    relog,
    sign,
    verified,
    write,
)
from tests.town import clerk, drawn, town

TOWN = town()
CLERK = TOWN.clerk
BUNDLE = "log/tile/entries/000.p/13"
TILE = "log/tile/0/000.p/13"


def never(*_given: object) -> Iterator[tuple[str, bytes]]:
    raise AssertionError("must not draw")


OTHER = Renderer(
    drawing=Drawing(pages="test-pages 6.6", charts="test-charts 8.8"), charts=never, pages=never
)


def test_an_honest_publication_is_verified() -> None:
    shown: list[Shown] = []
    told: list[tuple[int, str, int, int]] = []
    files = published()
    result = verified(files, on_step=shown.append, on_progress=lambda *each: told.append(each))
    assert [each.number for each in result.steps] == list(range(1, len(STEPS) + 1))
    assert tuple(shown) == result.steps
    assert result.manifest == TOWN.manifest
    assert result.result.envelope("city").outcome.winners == ("fridge", "trees", "bench")
    assert result.result.question("cars").verdict.adopted is None
    said = {each.title: each.shown for each in shown}
    assert "Aïcha Officer, Bruno Officer" in said["Rules"]
    assert "11 ballots" in said["Entries"]
    assert "9 count, 2 were replaced" in said["Entries"]
    assert "there is no other" in said["Files"]
    assert "drawn again, byte by byte the same" in said["Drawings"]
    assert in_groups(result.result_hash) in said["Publication"]
    assert (6, "Entries", 11, 11) in told
    assert (9, "Opened ballots", 9, 9) in told


def test_two_issuers_and_a_town_beyond_one_tile() -> None:
    assert verified(published(town(issuers=2))).manifest.issuer("prefecture")
    large = published(town(voters=260))
    assert {"log/tile/0/000", "log/tile/1/000.p/1"} <= large.keys()
    assert "269 sealed ballots" in verified(large, jobs=2).steps[7].shown


def test_what_cannot_be_listed_is_said(tmp_path: Path) -> None:
    steps = verify(Memory(published(), listed=False), renderer=lambda: RENDERER).steps
    assert "cannot be seen over the web" in steps[2].shown
    assert verify(write(published(), tmp_path), renderer=lambda: RENDERER).steps


def without_charts(pages: str) -> Drawing:
    return Drawing(pages=pages, charts=None)


@pytest.mark.parametrize("drawing", [OTHER.drawing, without_charts("test-pages 6.6")])
def test_without_the_same_drawing_hashes_are_checked_and_it_says_so(drawing: Drawing) -> None:
    other = replace(OTHER, drawing=drawing)
    shown = verified(published(), renderer=lambda: other).steps[-1].shown
    assert shown.count("were not drawn again") == 2
    assert "drawn with test-charts 9.9 and here is" in shown
    assert "drawn with test-pages 7.7 and here is test-pages 6.6" in shown
    assert ("here is nothing that draws them" in shown) == (drawing.charts is None)
    for path in ("charts/votes-city.svg", EXPLANATIONS, "index.html"):
        with pytest.raises(VerificationFailed, match=re.escape(path)):
            verified({**published(), path: b"<svg/>"}, renderer=lambda: other)
    # and what the officers signed is not contradicted
    assert verified(relist(CLERK, {**published(), EXPLANATIONS: b"{}"}), renderer=lambda: other)


def test_words_are_written_again_where_charts_cannot_be_drawn() -> None:
    words_alone = replace(RENDERER, drawing=without_charts("test-pages 7.7"), charts=never)
    shown = verified(published(), renderer=lambda: words_alone).steps[-1].shown
    assert "6 charts have the hashes that the officers signed" in shown
    assert "2 pages and explanations were drawn again, byte by byte the same" in shown
    forged = relist(CLERK, {**published(), EXPLANATIONS: b"{}"})
    fails(forged, "Drawings", EXPLANATIONS, "drawn again", renderer=lambda: words_alone)
    # the page is made with the charts that are listed, whoever drew them
    drawn_so = relist(CLERK, {**published(), "charts/votes-city.svg": b"<svg></svg>"})
    fails(drawn_so, "Drawings", "index.html", "drawn again", renderer=lambda: words_alone)
    more = relist(CLERK, {**published(), "index.fr.html": b"x"})
    fails(more, "Drawings", "index.fr.html", "nothing in this", renderer=lambda: words_alone)


def test_charts_are_drawn_again_where_words_became_others() -> None:
    reworded = replace(RENDERER, drawing=replace(RENDERER.drawing, pages="8"), pages=never)
    shown = verified(published(), renderer=lambda: reworded).steps[-1].shown
    assert "6 charts were drawn again, byte by byte the same" in shown
    assert "2 pages and explanations have the hashes" in shown
    more = relist(CLERK, {**published(), "charts/votes-moon.svg": b"x"})
    fails(more, "Drawings", "charts/votes-moon.svg", "nothing in", renderer=lambda: reworded)
    forged = relist(CLERK, {**published(), "charts/votes-city.svg": b"x"})
    fails(forged, "Drawings", "charts/votes-city.svg", "again", renderer=lambda: reworded)


def test_a_publication_without_charts() -> None:
    plain = Renderer(
        drawing=without_charts("test-pages 7.7"), charts=lambda _p: (), pages=RENDERER.pages
    )
    files = sign(CLERK, dict(all_files(TOWN.inputs, plain)))
    assert not [path for path in files if path.startswith("charts/")]
    assert json.loads(files[RENDERINGS])["drawing"] == {"pages": "test-pages 7.7", "charts": None}
    assert sha256(files[PUBLICATION]).digest() == verified(published()).result_hash
    for renderer in (plain, RENDERER):
        shown = verified(files, renderer=lambda renderer=renderer: renderer).steps[-1].shown
        assert shown.startswith("no charts were drawn; 2 pages and explanations were drawn again")
    value = json.loads(files[RENDERINGS])
    value["files"]["charts/x.svg"] = b64(bytes(32))
    slipped = sign(CLERK, {**files, RENDERINGS: canonical.encode(value), "charts/x.svg": b""})
    fails(slipped, "Lists", RENDERINGS, "nothing says what drew it")


def test_no_sentence_is_under_the_result_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    reworded = dict.fromkeys(phrases.REASONS, ("Autrement.", "Otherwise."))
    monkeypatch.setattr("tally.explain.REASONS", reworded)
    verdicts = dict.fromkeys(phrases.VERDICTS, ("Autrement.", "Otherwise."))
    monkeypatch.setattr("tally.explain.VERDICTS", verdicts)
    now = dict(all_files(TOWN.inputs, RENDERER))
    changed_files = {path for path, data in now.items() if published()[path] != data}
    assert changed_files == {EXPLANATIONS, RENDERINGS}
    later = replace(RENDERER, drawing=replace(RENDERER.drawing, pages="test-pages 7.8"))
    assert "were not drawn again" in verified(published(), renderer=lambda: later).steps[-1].shown


def fails(files: Files, title: str, place: str, reason: str = "", **options: object) -> None:
    """Verification fails in the step ``title`` at ``place``, and in no other way."""
    with pytest.raises(VerificationFailed) as caught:
        verified(files, **options)
    error = caught.value
    assert (error.title, error.place) == (title, place), str(error)
    assert reason in error.reason, str(error)
    assert STEPS[error.number - 1].title == title


# -- every byte, every file -------------------------------------------------------------------


def named(files: Files, *paths: str) -> None:
    with pytest.raises(VerificationFailed) as caught:
        verified(files)
    assert any(path in str(caught.value) for path in paths), f"{paths}: {caught.value}"


@pytest.mark.parametrize("path", sorted(published()))
def test_a_flipped_bit_in_any_file_is_noticed_there(path: str) -> None:
    data = published()[path]
    last = len(data) - 1
    for offset in {0, 1, last // 7, last // 3, last // 2, 2 * last // 3, last - 1, last}:
        for bit in (0, 5):
            flipped = bytearray(data)
            flipped[offset] ^= 1 << bit
            named({**published(), path: bytes(flipped)}, path)


@pytest.mark.parametrize("path", sorted(published()))
def test_a_file_that_is_dropped_cut_grown_or_renamed_is_noticed(path: str) -> None:
    files = published()
    data = files.pop(path)
    named(files, path)
    named({**files, f"{path}.old": data}, path)
    named({**files, path: data[:-1]}, path)
    named({**files, path: data + b"\n"}, path)
    named({**files, path: b""}, path)


def test_two_swapped_files_are_noticed() -> None:
    paths = sorted(published())
    for first, second in zip(paths, [*paths[1:], paths[0]], strict=True):
        files = published()
        files[first], files[second] = files[second], files[first]
        named(files, first, second)


@pytest.mark.parametrize(
    "path", ["notes.txt", "log/tile/0/000", "pictures/b.png", "charts/x.svg", ".hidden", "a/b/\x1b"]
)
def test_a_file_more_is_noticed(path: str) -> None:
    fails({**published(), path: b"x"}, "Files", path, "no list names it")


def test_links_are_no_files(tmp_path: Path) -> None:
    source = write(published(), tmp_path / "a")
    results = tmp_path / "a" / RESULTS
    results.rename(tmp_path / "elsewhere")
    results.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(VerificationFailed, match=r"results\.json.*link"):
        verify(source, renderer=lambda: RENDERER)


def test_what_cannot_be_read_is_no_verdict() -> None:
    class Broken(Memory):
        def read(self, path: str, *, limit: int = 0) -> bytes | None:
            if path == RESULTS:
                raise SourceFailed("the disk is gone")
            return super().read(path)

    with pytest.raises(SourceFailed, match="the disk is gone"):
        verify(Broken(published()), renderer=lambda: RENDERER)


# -- insiders: every list and signature is right, only what they say is not -------------------


def changed(path: str, change: Callable[[Any], object]) -> Files:
    """The publication with one JSON file changed, listed and signed again."""
    files = published()
    value = json.loads(files[path])
    result = change(value)
    files[path] = canonical.encode(value if result is None else result)  # type: ignore[arg-type]
    return relist(CLERK, files)


def test_relisting_an_honest_publication_changes_nothing() -> None:
    assert relist(CLERK, published()) == published()
    assert relog(TOWN, list(TOWN.entries)) == published()


def test_rules_that_the_officers_did_not_sign() -> None:
    def dearer(value: Any) -> None:
        value["definition"]["contests"][0]["budget"] += 1

    def unsigned(value: Any) -> None:
        value["signatures"].pop()

    files = changed(MANIFEST, dearer)
    fails(files, "Rules", MANIFEST_SIGNATURES, "for another manifest")
    fails({**published(), MANIFEST: files[MANIFEST]}, "Rules", MANIFEST, "for another manifest")
    fails(
        changed(MANIFEST_SIGNATURES, unsigned),
        "Rules",
        MANIFEST_SIGNATURES,
        "signed by 1 officers instead of 2",
    )


def test_rules_that_contradict_themselves() -> None:
    def same_key(value: Any) -> None:
        value["officers"]["keys"][0]["key"] = value["officers"]["keys"][1]["key"]

    fails(changed(MANIFEST, same_key), "Rules", MANIFEST, "have the same key")


def test_lists_that_too_few_officers_signed() -> None:
    for key, place in (("publication", SIGNATURES), ("renderings", RENDERINGS)):
        files = published()
        value = json.loads(files[SIGNATURES])
        value[key].pop()
        files[SIGNATURES] = canonical.encode(value)
        fails(files, "Lists", place, "signed by 1 officers instead of 2")
        value[key] *= 2
        files[SIGNATURES] = canonical.encode(value)
        fails(files, "Lists", place, "twice")


def test_a_list_that_officers_did_not_sign() -> None:
    files = changed(RESULTS, lambda value: value.update(version=2))
    old = published()
    fails({**files, SIGNATURES: old[SIGNATURES]}, "Lists", SIGNATURES, "not by this key")
    fails(
        {**files, RENDERINGS: old[RENDERINGS], SIGNATURES: old[SIGNATURES]},
        "Lists",
        PUBLICATION,
        "not by this key",
    )


def test_lists_of_another_election_or_result() -> None:
    other = clerk(roll=41)

    def elsewhere(value: Any) -> None:
        value["election"] = b64(other.manifest.hash)

    files = published()
    value = json.loads(files[PUBLICATION])
    elsewhere(value)
    fails(
        sign(CLERK, {**files, PUBLICATION: canonical.encode(value)}),
        "Lists",
        PUBLICATION,
        "another election",
    )
    value = json.loads(files[RENDERINGS])
    value["publication"] = b64(bytes(32))
    fails(
        sign(CLERK, {**files, RENDERINGS: canonical.encode(value)}),
        "Lists",
        RENDERINGS,
        "another result hash",
    )
    value = json.loads(files[SIGNATURES])
    elsewhere(value)
    fails({**files, SIGNATURES: canonical.encode(value)}, "Lists", SIGNATURES, "another election")


def test_the_result_hash_that_is_expected() -> None:
    right = verified(published()).result_hash
    assert verified(published(), expected=right).result_hash == right
    fails(published(), "Lists", PUBLICATION, "not the one expected", expected=bytes(32))


@pytest.mark.parametrize(
    ("path", "list_name", "place", "step"),
    [
        (RENDERINGS, PUBLICATION, RENDERINGS, "Files"),
        (SIGNATURES, PUBLICATION, SIGNATURES, "Files"),
        ("index.html", PUBLICATION, "index.html", "Files"),
        ("../outside", PUBLICATION, PUBLICATION, "Lists"),
        ("/etc/passwd", PUBLICATION, PUBLICATION, "Lists"),
        ("a//b", PUBLICATION, PUBLICATION, "Lists"),
        ("a/../b", RENDERINGS, RENDERINGS, "Lists"),
        (RESULTS, RENDERINGS, RENDERINGS, "Lists"),
        ("charts/x.html", RENDERINGS, RENDERINGS, "Lists"),
    ],
)
def test_lists_that_name_what_they_may_not(
    path: str, list_name: str, place: str, step: str
) -> None:
    files = published()
    value = json.loads(files[list_name])
    value["files"][path] = b64(bytes(32))
    files[list_name] = canonical.encode(value)
    if list_name == PUBLICATION:
        value = json.loads(files[RENDERINGS])
        value["publication"] = b64(sha256(files[PUBLICATION]).digest())
        files[RENDERINGS] = canonical.encode(value)
    fails(sign(CLERK, files), step, place)


def test_a_list_that_leaves_a_file_out() -> None:
    files = published()
    gone = files.pop("figures/turnout.json")
    short = relist(CLERK, files)
    fails(short, "Figures", "figures/turnout.json", "missing in publication.json")
    fails({**short, "figures/turnout.json": gone}, "Files", "figures/turnout.json", "no list")


def test_pictures_that_the_rules_do_not_name() -> None:
    files = published()
    more = {**files, "pictures/other.png": b"x"}
    fails(relist(CLERK, more), "Pictures", "pictures/other.png", "nothing in this election")
    files["pictures/tree.png"] = b"another picture"
    fails(relist(CLERK, files), "Pictures", "pictures/tree.png", "not the picture")
    del files["pictures/tree.png"]
    fails(relist(CLERK, files), "Pictures", "pictures/tree.png", "missing in publication.json")


def test_a_log_that_the_box_did_not_sign() -> None:
    files = published()
    text, _, _ = files[CHECKPOINT].decode().partition("\n\n")

    thief = Ed25519Signer(name=CLERK.log.name, private=CLERK.receipt_key)
    files[CHECKPOINT] = sign_checkpoint(Checkpoint.parse(text + "\n"), thief)
    fails(relist(CLERK, files), "Log", CHECKPOINT, "not signed by any known key")


def test_a_log_without_the_witnesses_it_asks_for() -> None:

    key = VerifierKey(
        name="w.example",
        kind=COSIGNATURE,
        public=clerk("other").receipt_key.public_key().public_bytes_raw(),
    )
    policy = f"witness w {key}\nquorum w\n"
    own = clerk(witness_policy=policy)

    files = published()
    files[MANIFEST] = own.manifest.encoded
    files[MANIFEST_SIGNATURES] = manifest_signatures(
        own.manifest, own.sign(manifest_message(own.manifest.hash))
    )
    fails(relist(own, files), "Log", CHECKPOINT, "quorum")


def test_tiles_that_are_not_the_entries() -> None:
    files = published()
    files[TILE] = files[TILE][:-1] + bytes([files[TILE][-1] ^ 1])
    fails(relist(CLERK, files), "Log", TILE, "does not hold what the log's entries give")
    files = published()
    files["log/tile/1/000.p/1"] = bytes(32)
    fails(relist(CLERK, files), "Log", "log/tile/1/000.p/1", "nothing in this election")
    del files["log/tile/1/000.p/1"], files[TILE]
    fails(relist(CLERK, files), "Log", TILE, "missing in publication.json")


def test_entries_that_the_checkpoint_does_not_cover() -> None:
    files = published()
    entries = list(TOWN.entries)
    entries[3], entries[4] = entries[4], entries[3]
    files.update((LOG + path, data) for path, data in tiles_for(entries))
    fails(relist(CLERK, files), "Log", CHECKPOINT, "another root")
    files = published()
    files[BUNDLE] = files[BUNDLE][:-5]
    fails(relist(CLERK, files), "Log", BUNDLE, "ends inside entry 12")
    del files[BUNDLE]
    fails(relist(CLERK, files), "Log", CHECKPOINT, "missing")


def unsigned_ballot() -> bytes:
    entry = parse_entry(TOWN.entries[5])
    assert isinstance(entry, BallotEntry)
    return replace(entry, signature=bytes(64)).to_bytes()


def stuffed_ballot() -> bytes:
    """A ballot of somebody to whom no registrar gave a credential."""
    device = CLERK.device("nobody", "north")
    stolen = TOWN.ballots["fay"][0].header.credentials
    return CLERK.ballot(device, b"\x01\x80\x00", stolen, 1).entry


@pytest.mark.parametrize(
    ("entries", "place", "reason"),
    [
        ([*TOWN.entries[:-1], stuffed_ballot(), TOWN.entries[-1]], "14", "entry 12: credential"),
        ([*TOWN.entries[:-1], unsigned_ballot(), TOWN.entries[-1]], "14", "entry 12: ballot"),
        ([*TOWN.entries[:-1], TOWN.entries[5], TOWN.entries[-1]], "14", "the same as entry 5"),
        ([*TOWN.entries[:-1], b"[]", TOWN.entries[-1]], "14", "entry 12: entry: not an object"),
        (list(TOWN.entries[:-1]), "12", "not the close entry"),
        (list(TOWN.entries[1:]), "12", "not the open entry"),
        ([TOWN.entries[0], *TOWN.entries], "14", "entry 1: entry: not a ballot"),
        (
            [*TOWN.entries[:-1], CLERK.close_entry({"centre": 41, "north": 20})],
            "13",
            "more than the 40 on the roll",
        ),
    ],
)
def test_a_log_with_an_entry_that_may_not_stand_there(
    entries: list[bytes], place: str, reason: str
) -> None:
    fails(relog(TOWN, entries), "Entries", f"log/tile/entries/000.p/{place}", reason)


def test_more_ballots_than_credentials() -> None:
    entries = [*TOWN.entries[:-1], CLERK.close_entry({"centre": 20, "north": 4})]
    fails(relog(TOWN, entries), "Entries", CHECKPOINT, "5 pseudonyms voted")


def test_a_box_that_leaves_a_ballot_out_changes_every_hash_and_only_receipts_tell() -> None:
    # Whoever controls the box, the trustees and the officers can do this; the resident's receipt
    # proves it (test_receipt.py).
    entries = [each for each in TOWN.entries if each != TOWN.ballots["gil"][0].entry]
    shortened = CLERK.inputs(entries, TOWN.sealed)
    own = replace(TOWN, inputs=shortened, entries=tuple(entries))
    assert verified(published(own)).result_hash != verified(published()).result_hash


def reopened(change: Callable[[Any], object]) -> Files:
    return changed(OPENING, change)


def test_an_opening_that_does_not_open() -> None:
    head = CLERK.head(TOWN.entries)

    def other_key(value: Any) -> None:
        value["election_private_key"] = b64(b"\x01" * 32)

    def one_release(value: Any) -> None:
        value["releases"].pop()

    def twice(value: Any) -> None:
        value["releases"][1] = value["releases"][0]

    def order(value: Any) -> None:
        value["releases"].reverse()

    def stale(value: Any) -> None:
        earlier = CLERK.head(TOWN.entries[:-1])
        value["releases"] = [json.loads(each) for each in CLERK.releases(earlier)]

    def share(value: Any) -> None:
        value["releases"][0]["share"] = value["releases"][1]["share"]

    def elsewhere(value: Any) -> None:
        value["election"] = b64(bytes(32))

    for change, reason in (
        (other_key, "election_private_key is not what the shares give"),
        (one_release, "1 of the 2 needed"),
        (twice, "not in index order, or one stands twice"),
        (order, "not in index order"),
        (stale, "is for another checkpoint"),
        (share, "signature"),
        (elsewhere, "another election"),
        (lambda value: value.update(type="closing"), "another type"),
        (lambda value: value.update(more=1), "unknown field 'more'"),
    ):
        fails(reopened(change), "Opening", OPENING, reason)
    # any two trustees, and all three, open the same
    for indices in ((1, 2), (2, 3), (1, 2, 3)):
        files = {**published(), OPENING: CLERK.opening(head, indices)}
        assert verified(relist(CLERK, files), renderer=lambda: OTHER).steps


def test_a_signed_share_that_is_not_the_trustees() -> None:

    trustee = Ed25519PrivateKey.from_private_bytes(drawn("ed25519", "town", "trustee", 1))

    def wrong_share(value: Any) -> None:
        value["releases"][0] = json.loads(
            sign_release(
                election=TOWN.manifest.hash,
                index=1,
                share=b"\x02" * 32,
                checkpoint=checkpoint_hash(CLERK.head(TOWN.entries)),
                private=trustee,
            )
        )

    fails(reopened(wrong_share), "Opening", OPENING, "does not belong to the verification key")


def test_sealed_bytes_that_the_log_does_not_name() -> None:
    path = "sealed/north.bin"
    files = published()
    size = len(files[path]) // 5
    first, second = files[path][:size], files[path][size : 2 * size]
    position = admit(TOWN.manifest, TOWN.entries).counted["north"][0].position
    files[path] = second + first + files[path][2 * size :]
    fails(relist(CLERK, files), "Sealed ballots", path, f"entry {position}: the sealed bytes")
    files = published()
    files[path] = files[path][size:]
    fails(relist(CLERK, files), "Sealed ballots", path, "for 5 ballots")
    del files[path]
    fails(relist(CLERK, files), "Sealed ballots", path, "missing in publication.json")
    more = {**published(), "sealed/south.bin": b""}
    fails(relist(CLERK, more), "Sealed ballots", "sealed/south.bin", "nothing in this election")


def test_opened_ballots_that_say_something_else() -> None:
    path = "ballots/north.json"

    def other_choice(value: Any) -> None:
        for ballot in value["ballots"]:
            if ballot.get("contests", {}).get("cars") == [["yes", 1]]:
                ballot["contests"]["cars"] = [["no", 1]]

    def drop(value: Any) -> None:
        value["ballots"].pop()

    def spoil(value: Any) -> None:
        value["ballots"][0] = {
            "leaf_hash": value["ballots"][0]["leaf_hash"],
            "spoiled": "does-not-open",
        }

    fails(changed(path, other_choice), "Opened ballots", path, 'is "no", and should be "yes"')
    fails(changed(path, drop), "Opened ballots", path, "the length of ballots")
    fails(changed(path, spoil), "Opened ballots", path, "not what the recount gives")
    more = {**published(), "ballots/south.json": b"{}"}
    fails(relist(CLERK, more), "Opened ballots", "ballots/south.json", "nothing in this election")


def test_results_that_the_ballots_do_not_give() -> None:
    def winner(value: Any) -> None:
        value["contests"][0]["winners"][0] = "mural"

    def turnout(value: Any) -> None:
        value["styles"][0]["superseded"] = 0

    def lot(value: Any) -> None:
        value["lot_seed"] = b64(bytes(32))

    fails(
        changed(RESULTS, winner),
        "Results",
        RESULTS,
        'contests[0].winners[0] is "mural", and should be "fridge"',
    )
    fails(changed(RESULTS, turnout), "Results", RESULTS, "styles[0].superseded is 0")
    fails(changed(RESULTS, lot), "Results", RESULTS, "lot_seed")
    files = {**published(), RESULTS: b"not JSON"}
    fails(relist(CLERK, files), "Results", RESULTS, "differs at byte 0 (line 1)")


def test_figures_that_do_not_follow() -> None:
    path = "figures/votes-city.json"
    fails(
        changed(path, lambda value: value["projects"][0].update(votes=99)),
        "Figures",
        path,
        "projects[0].votes is 99",
    )
    more = {**published(), "figures/more.json": b"{}"}
    fails(relist(CLERK, more), "Figures", "figures/more.json", "nothing in this election")


def test_pabulib_files_that_do_not_follow() -> None:
    path = "pabulib/city.pb"
    files = published()
    files[path] = files[path].replace(b";trees,fridge", b";trees,bench!", 1)
    assert files[path] != published()[path]
    fails(relist(CLERK, files), "Pabulib", path, "differs at byte")
    more = {**published(), "pabulib/cars.pb": b""}
    fails(relist(CLERK, more), "Pabulib", "pabulib/cars.pb", "nothing in this election")


def test_a_list_that_names_other_results_or_files() -> None:
    more = {**published(), "notes.txt": b"x"}
    fails(relist(CLERK, more), "Publication", "notes.txt", "nothing in this election")
    for key in ("results", "checkpoint"):
        files = published()
        value = json.loads(files[PUBLICATION])
        value[key] = b64(bytes(32))
        files[PUBLICATION] = canonical.encode(value)

        drawn = json.loads(files[RENDERINGS])
        drawn["publication"] = b64(sha256(files[PUBLICATION]).digest())
        files[RENDERINGS] = canonical.encode(drawn)
        fails(sign(CLERK, files), "Publication", PUBLICATION, "another checkpoint or other results")


def test_drawings_that_the_figures_do_not_give() -> None:
    path = "charts/votes-city.svg"
    files = {**published(), path: b"<svg>a prettier one</svg>"}
    fails(relist(CLERK, files), "Drawings", path, "not what the figures and results give")
    more = {**published(), "charts/more.svg": b"<svg/>"}
    fails(relist(CLERK, more), "Drawings", "charts/more.svg", "nothing in this election")
    del files[path]
    fails(relist(CLERK, files), "Drawings", path, "missing in renderings.json")


def test_every_step_has_a_forgery_here() -> None:
    source = Path(__file__).read_text()
    for step in STEPS:
        assert f'"{step.title}", ' in source or f'"{step.title}",\n' in source, step.title


def test_differences_are_told_where_they_are() -> None:
    assert "the length of a is 1, and should be 2" in difference(b'{"a":[1,2]}', b'{"a":[1]}')
    assert "a.c is missing, and should be 3" in difference(b'{"a":{"c":3}}', b'{"a":{}}')
    assert "all is [], and should be {}" in difference(b"{}", b"[]")
    assert "byte 3 (line 2)" in difference(b"ab\ncd", b"ab\nxx")
    assert "byte 2 (line 1)" in difference(b"abc", b"ab")
    words = difference(canonical.encode(["x" * 300 + "a"]), canonical.encode(["x" * 300 + "b"]))
    assert "xb" in words
    assert "xa" in words
