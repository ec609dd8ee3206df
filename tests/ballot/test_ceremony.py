"""The key ceremony's messages: it works for all n and k, and every cheat is named."""

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.label import b64, unb64
from audit.message import sign_message
from audit.seal import GROUP_ORDER, Opener, open_sealed, seal
from audit.trustees import (
    SharesMissing,
    TrusteeKeys,
    TrusteesInvalid,
    combine,
    recover,
    sign_release,
)
from ballot.ceremony import (
    Ceremony,
    CeremonyIncomplete,
    CeremonyInvalid,
    TrusteeFault,
    commitment_hash,
    proof_challenge,
    share_info,
)
from ballot.contribution import TrusteeSecret, TrusteeShare, confirm, local_ceremony
from ballot.group import (
    GENERATOR,
    PointInvalid,
    add,
    encode_point,
    evaluate,
    evaluate_points,
    read_point,
)
from ballot.transcript import (
    check_commits,
    check_reveals,
    commits_hash,
    conclude,
    public_keys,
)
from tally import canonical

NAMES = ("Ana", "Béatrice", "Chérif", "Dominique")
E, CHECKPOINT = b"\x0e" * 32, b"\x0c" * 32


def seeds(count: int, start: int = 1) -> list[bytes]:
    return [bytes([start + i]) * 32 for i in range(count)]


def releases(shares: tuple[TrusteeShare, ...], indices: list[int]) -> list[bytes]:
    return [
        sign_release(
            election=E,
            index=share.index,
            share=share.share,
            checkpoint=CHECKPOINT,
            private=Ed25519PrivateKey.from_private_bytes(share.signing_seed),
        )
        for share in shares
        if share.index in indices
    ]


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_k_of_n(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 7))
    threshold = data.draw(st.integers(1, count))
    names = [f"Trustee {i}" for i in range(count)]
    keys, shares = local_ceremony(
        "town-2026", names, threshold, nonce=bytes(32), seeds=seeds(count)
    )
    assert (keys.threshold, len(keys.trustees)) == (threshold, count)
    chosen = data.draw(st.permutations(range(1, count + 1)))[:threshold]
    recovery = recover(keys, releases(shares, chosen), election=E, checkpoint=CHECKPOINT)
    assert Opener(recovery.private_key).public_key == keys.election_key
    sealed = seal(b"vote", keys.election_key, b"info")
    assert open_sealed(sealed.blob, recovery.private_key, b"info") == b"vote"
    with pytest.raises(SharesMissing, match="1 more needed"):
        recover(keys, releases(shares, chosen[1:]), election=E, checkpoint=CHECKPOINT)
    if threshold > 2:
        fewer = dataclasses.replace(keys, threshold=threshold - 1)
        with pytest.raises(TrusteesInvalid, match="not the private half"):
            combine(fewer, {s.index: s.share for s in shares if s.index in chosen[1:]})
    elif threshold == 2:
        # One share alone is not the key.
        assert all(share.share != recovery.private_key for share in shares)


def test_every_three_of_five_give_the_same_key() -> None:
    keys, shares = local_ceremony("town-2026", list("ABCDE"), 3)
    found = {
        recover(keys, releases(shares, list(c)), election=E, checkpoint=CHECKPOINT).private_key
        for c in combinations(range(1, 6), 3)
    }
    assert len(found) == 1


def test_most_trustees() -> None:
    names = [f"Trustee {i}" for i in range(16)]
    keys, shares = local_ceremony("town-2026", names, 16)
    everybody = list(range(1, 17))
    recover(keys, releases(shares, everybody), election=E, checkpoint=CHECKPOINT)
    with pytest.raises(CeremonyInvalid, match="trustees: 17"):
        local_ceremony("town-2026", [*names, "one more"], 16)


def test_reproducible_from_seeds_and_secret_otherwise() -> None:
    same = [
        local_ceremony("town-2026", NAMES, 2, nonce=bytes(32), seeds=seeds(4)) for _ in range(2)
    ]
    assert same[0] == same[1]
    another = local_ceremony("town-2026", NAMES, 2, nonce=b"\x01" * 32, seeds=seeds(4))
    assert another[0].election_key != same[0][0].election_key
    assert another[0].trustees[0].signing_key != same[0][0].trustees[0].signing_key
    drawn = [local_ceremony("town-2026", NAMES, 2)[0].election_key for _ in range(2)]
    assert drawn[0] != drawn[1]
    for secret in ("share", "signing_seed"):
        assert f"{secret}=" not in repr(same[0][1])


@dataclass
class Table:
    """Four trustees with threshold 3 around a table; a test changes one message."""

    ceremony: Ceremony
    parts: list[TrusteeSecret]
    commits: list[bytes]
    reveals: list[bytes]
    shares: list[TrusteeShare]
    confirms: list[bytes]

    def signing(self, index: int) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.parts[index - 1].signing_seed)

    def resign(self, data: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
        """A message that its own author changed and signed again."""
        message = json.loads(data)
        kind, _ = message.pop("type"), message.pop("signature")
        index = message["index"]
        change(message)
        return sign_message(kind, self.ceremony.id, message, self.signing(index))

    def conclude(self) -> TrusteeKeys:
        return conclude(self.ceremony, self.commits, self.reveals, self.confirms)

    def check_reveals(self) -> None:
        check_reveals(self.ceremony, check_commits(self.ceremony, self.commits), self.reveals)


def sit_down(nonce: bytes = bytes(32), election: str = "town-2026", first_seed: int = 1) -> Table:
    ceremony = Ceremony(election=election, nonce=nonce, threshold=3, trustees=NAMES)
    parts = [
        TrusteeSecret(ceremony=ceremony, index=i, seed=seed)
        for i, seed in enumerate(seeds(4, first_seed), 1)
    ]
    commits = check_commits(ceremony, [part.commit() for part in parts])
    reveals = check_reveals(ceremony, commits, [part.reveal(commits) for part in parts])
    shares = [part.finish(commits, reveals) for part in parts]
    keys = public_keys(ceremony, commits, reveals)
    return Table(
        ceremony=ceremony,
        parts=parts,
        commits=[commit.data for commit in commits],
        reveals=[reveal.data for reveal in reveals],
        shares=shares,
        confirms=[confirm(ceremony, keys, share) for share in shares],
    )


HONEST = sit_down()
OTHER = sit_down(nonce=b"\x01" * 32)


@pytest.fixture
def table() -> Table:
    return Table(
        ceremony=HONEST.ceremony,
        parts=list(HONEST.parts),
        commits=list(HONEST.commits),
        reveals=list(HONEST.reveals),
        shares=list(HONEST.shares),
        confirms=list(HONEST.confirms),
    )


def test_messages_in_any_order_and_twice(table: Table) -> None:
    keys = table.conclude()
    table.commits = [*reversed(table.commits), table.commits[0]]
    table.reveals = [*reversed(table.reveals), table.reveals[2]]
    table.confirms = [*reversed(table.confirms), table.confirms[1]]
    assert table.conclude() == keys
    assert [trustee.name for trustee in keys.trustees] == list(NAMES)


@pytest.mark.parametrize("step", ["commits", "reveals", "confirms"])
def test_missing_messages_are_asked_for(table: Table, step: str) -> None:
    setattr(table, step, getattr(table, step)[1:3])
    with pytest.raises(CeremonyIncomplete, match="still missing from 'Ana', 'Dominique'"):
        table.conclude()


@pytest.mark.parametrize("step", ["commits", "reveals", "confirms"])
def test_messages_of_another_ceremony(table: Table, step: str) -> None:
    getattr(table, step)[1] = getattr(OTHER, step)[1]
    with pytest.raises(CeremonyInvalid, match="belongs to another ceremony"):
        table.conclude()


@pytest.mark.parametrize("step", ["commits", "reveals", "confirms"])
def test_messages_of_another_step(table: Table, step: str) -> None:
    others = {"commits": table.reveals, "reveals": table.confirms, "confirms": table.commits}
    getattr(table, step)[1] = others[step][1]
    with pytest.raises(CeremonyInvalid, match="not a message of this type"):
        table.conclude()


@pytest.mark.parametrize("step", ["commits", "reveals", "confirms"])
def test_every_changed_byte_is_refused(table: Table, step: str) -> None:
    messages = getattr(table, step)
    original = messages[1]
    for position in range(0, len(original), 5):
        messages[1] = (
            original[:position] + bytes([original[position] ^ 1]) + original[position + 1 :]
        )
        with pytest.raises((TrusteeFault, CeremonyInvalid, CeremonyIncomplete)):
            table.conclude()
    messages[1] = original
    table.conclude()


def fault(action: Callable[[], object], trustee: str, reason: str) -> None:
    with pytest.raises(TrusteeFault, match=reason) as caught:
        action()
    assert caught.value.trustee == trustee


def test_duplicate_index(table: Table) -> None:
    def another_key(message: dict[str, Any]) -> None:
        message["commitment"] = b64(bytes(32))

    table.commits.append(table.resign(table.commits[1], another_key))
    fault(table.conclude, "Béatrice", "two different messages trustee-commit carry this number")


def test_index_of_nobody(table: Table) -> None:
    for index in (0, 5, True, "1", None):
        table.commits[0] = canonical.encode({**json.loads(HONEST.commits[0]), "index": index})
        with pytest.raises(CeremonyInvalid, match="index is not a trustee's number"):
            table.conclude()


def test_swapped_numbers(table: Table) -> None:
    swapped = json.loads(table.commits[0])
    swapped["index"] = 2
    table.commits[1] = canonical.encode(swapped)
    fault(table.conclude, "Béatrice", "carries another name")


def test_copied_keys_and_commitments(table: Table) -> None:
    first = json.loads(table.commits[0])
    for what in ("encryption_key", "commitment"):

        def copy(message: dict[str, Any], what: str = what) -> None:
            message[what] = first[what]

        table.commits = list(HONEST.commits)
        table.commits[2] = table.resign(table.commits[2], copy)
        fault(table.conclude, "Chérif", f"commit: the same {what} as 'Ana'")
    message = {k: v for k, v in json.loads(HONEST.commits[2]).items() if k != "signature"}
    message["signing_key"] = first["signing_key"]
    kind = message.pop("type")
    table.commits = list(HONEST.commits)
    table.commits[2] = sign_message(kind, table.ceremony.id, message, table.signing(1))
    fault(table.conclude, "Chérif", "commit: the same signing_key as 'Ana'")


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("encryption_key", b64(b"\x04" + bytes(64)), "encryption_key: not a point"),
        ("encryption_key", b64(b"\x04"), "encryption_key: 1 bytes"),
        ("signing_key", b64(bytes(32)), "small order"),
        ("commitment", "=", "commitment: not a text in base64url"),
    ],
)
def test_bad_keys_in_a_commit(table: Table, field: str, value: str, reason: str) -> None:
    def change(message: dict[str, Any]) -> None:
        message[field] = value

    table.commits[1] = table.resign(table.commits[1], change)
    fault(table.conclude, "Béatrice", f"commit: .*{reason}")


def test_commit_signed_by_another(table: Table) -> None:
    message = json.loads(table.commits[1])
    kind, _ = message.pop("type"), message.pop("signature")
    table.commits[1] = sign_message(kind, table.ceremony.id, message, table.signing(1))
    fault(table.conclude, "Béatrice", "commit: signature: not by this key")


def reveal_change(table: Table, index: int, **changes: Any) -> None:
    table.reveals[index - 1] = table.resign(
        table.reveals[index - 1], lambda message: message.update(changes)
    )


def test_points_not_committed_to(table: Table) -> None:
    points = json.loads(table.reveals[1])["points"]
    points[2] = b64(encode_point(GENERATOR * 99))
    reveal_change(table, 2, points=points)
    fault(table.conclude, "Béatrice", "reveal: points: are not those committed to")


def test_other_salt(table: Table) -> None:
    reveal_change(table, 2, salt=b64(bytes(32)))
    fault(table.conclude, "Béatrice", "are not those committed to")


def test_changed_commitment_after_reading_the_others(table: Table) -> None:
    def change(message: dict[str, Any]) -> None:
        message["commitment"] = b64(b"\x01" * 32)

    table.commits[3] = table.resign(table.commits[3], change)
    # The honest ones answered the first commitment: their reveals show that.
    fault(table.conclude, "Ana", "answers other commits than these")


def test_rogue_key_of_the_last_revealer(table: Table) -> None:
    # Dominique waits for the others' points and wants Y to be the key she knows.
    commits = check_commits(table.ceremony, table.commits)
    reveals = check_reveals(table.ceremony, commits, table.reveals)
    rogue = add([GENERATOR * 12345, *(-reveal.points[0] for reveal in reveals[:3])])
    points = [b64(encode_point(rogue)), *json.loads(table.reveals[3])["points"][1:]]
    reveal_change(table, 4, points=points)
    fault(table.conclude, "Dominique", "points: are not those committed to")


def recommit(points: list[bytes]) -> Callable[[], object]:
    """Dominique commits to points of unknown logarithm from the start; the others are honest."""
    table = sit_down()
    part = table.parts[3]

    def change_commit(message: dict[str, Any]) -> None:
        salt = unb64(json.loads(table.reveals[3])["salt"], "salt")
        message["commitment"] = b64(commitment_hash(table.ceremony, 4, points, salt))

    table.commits[3] = table.resign(table.commits[3], change_commit)
    commits = check_commits(table.ceremony, table.commits)
    table.reveals[:3] = [other.reveal(commits) for other in table.parts[:3]]
    with pytest.raises(TrusteeFault, match="not the one this trustee made"):
        part.reveal(commits)
    reveal_change(
        table,
        4,
        commits=b64(commits_hash(table.ceremony, commits)),
        points=[b64(point) for point in points],
    )
    return table.conclude


def test_contribution_without_knowledge() -> None:
    honest = [unb64(text, "point") for text in json.loads(HONEST.reveals[3])["points"]]
    unknown = encode_point(GENERATOR * 12345)
    fault(recommit([unknown, *honest[1:]]), "Dominique", "proof: does not show knowledge")


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"\x04" + bytes(64), r"points\[1\]: not a point"),
        (b"\x02" + bytes(64), r"points\[1\]: not an uncompressed"),
        (b"\x04" + b"\xff" * 64, r"points\[1\]: not a point"),
    ],
)
def test_committed_points_off_the_curve(bad: bytes, reason: str) -> None:
    honest = [unb64(text, "point") for text in json.loads(HONEST.reveals[3])["points"]]
    fault(recommit([honest[0], bad, honest[2]]), "Dominique", reason)


def test_too_low_and_too_high_a_degree() -> None:
    honest = [unb64(text, "point") for text in json.loads(HONEST.reveals[3])["points"]]
    fault(recommit(honest[:2]), "Dominique", "points: 2 instead of 3")
    more = [*honest, encode_point(GENERATOR * 5)]
    fault(recommit(more), "Dominique", "points: 4 instead of 3")


@pytest.mark.parametrize("what", ["point", "response", "larger"])
def test_wrong_proof(table: Table, what: str) -> None:
    proof = json.loads(table.reveals[1])["proof"]
    if what == "point":
        proof["point"] = b64(encode_point(GENERATOR * 4))
    elif what == "response":
        proof["response"] = b64((5).to_bytes(32))
    else:
        proof["response"] = b64(b"\xff" * 32)
    reveal_change(table, 2, proof=proof)
    fault(table.conclude, "Béatrice", "proof: does not show knowledge")


def test_copied_proof(table: Table) -> None:
    # Ana's proof is bound to her number: Béatrice cannot show it as hers, nor its points.
    first = json.loads(table.reveals[0])
    reveal_change(table, 2, proof=first["proof"])
    fault(table.conclude, "Béatrice", "proof: does not show knowledge")
    points = [unb64(text, "point") for text in first["points"]]
    nonce_point = unb64(first["proof"]["point"], "point")
    challenges = {proof_challenge(table.ceremony, i, points, nonce_point) for i in (1, 2)}
    assert len(challenges) == 2


@pytest.mark.parametrize("value", [None, [], {"point": "AA"}, {"point": 1, "response": 2, "x": 3}])
def test_proof_of_another_kind(table: Table, value: Any) -> None:
    reveal_change(table, 2, proof=value)
    fault(table.conclude, "Béatrice", "points or proof: a field is missing")


def test_missing_and_wrong_lists_of_shares(table: Table) -> None:
    shares = json.loads(HONEST.reveals[1])["shares"]
    for value, reason in (
        (shares[1:], r"the one for 'Ana' \(1\) is missing"),
        ([], r"the one for 'Ana' \(1\) is missing"),
        (None, r"the one for 'Ana' \(1\) is missing"),
        ([*shares, shares[0]], "two for trustee 1"),
        ([*shares, {**shares[0], "to": 2}], "not one for each other trustee"),
        ([*shares, {**shares[0], "to": 5}], "not one for each other trustee"),
        ([shares[1], shares[0], shares[2]], "not one for each other trustee"),
        ([{**shares[0], "to": True}, *shares[1:]], "a field is missing"),
        ([{**shares[0], "more": 1}, *shares[1:]], "a field is missing"),
        ([{**shares[0], "sealed": "AAAA"}, *shares[1:]], "share for 1: 3 bytes instead of 113"),
    ):
        table.reveals = list(HONEST.reveals)
        reveal_change(table, 2, shares=value)
        fault(table.conclude, "Béatrice", reason)


def deal_badly(table: Table, value: int, *, receiver: int = 1, as_sender: int = 2) -> None:
    """Béatrice seals ``value`` to Ana in place of her share."""
    commits = check_commits(table.ceremony, table.commits)
    info = share_info(table.ceremony, as_sender, receiver, commits_hash(table.ceremony, commits))
    sealed = seal(value.to_bytes(32), commits[receiver - 1].encryption_key, info)
    shares = json.loads(table.reveals[1])["shares"]
    shares[0] = {"to": 1, "sealed": b64(sealed.blob)}
    reveal_change(table, 2, shares=shares)


def finish(table: Table, index: int) -> TrusteeShare:
    commits = check_commits(table.ceremony, table.commits)
    reveals = check_reveals(table.ceremony, commits, table.reveals)
    return table.parts[index - 1].finish(commits, reveals)


@pytest.mark.parametrize("value", [0, 7, GROUP_ORDER, 2**256 - 1])
def test_a_wrong_share_names_who_sent_it(table: Table, value: int) -> None:
    deal_badly(table, value)
    # Nothing public shows it; the one it was for does, before keeping anything.
    table.check_reveals()
    fault(lambda: finish(table, 1), "Béatrice", "the share for 'Ana' does not fit the points")
    finish(table, 3)


def test_a_share_sealed_for_another_place(table: Table) -> None:
    deal_badly(table, 7, as_sender=3)
    fault(lambda: finish(table, 1), "Béatrice", "the share for 'Ana' does not open")
    deal_badly(table, 7, receiver=4)
    fault(lambda: finish(table, 1), "Béatrice", "the share for 'Ana' does not open")


def test_own_messages_exchanged_by_the_courier(table: Table) -> None:
    def change(message: dict[str, Any]) -> None:
        message["commitment"] = b64(bytes(32))

    commits = list(table.commits)
    commits[0] = table.resign(commits[0], change)
    checked = check_commits(table.ceremony, commits)
    fault(lambda: table.parts[0].reveal(checked), "Ana", "commit message is not the one")
    reveal_change(table, 1, proof=json.loads(table.reveals[0])["proof"])
    finish(table, 1)  # signed again with the same content: Ed25519 gives the same bytes
    shares = json.loads(table.reveals[0])["shares"]
    shares[0]["sealed"] = json.loads(table.reveals[2])["shares"][1]["sealed"]
    reveal_change(table, 1, shares=shares)
    fault(lambda: finish(table, 1), "Ana", "reveal message is not the one")


def test_different_reveals_shown_to_different_trustees(table: Table) -> None:
    # Béatrice gives Chérif another valid reveal: another seal of the right share to Ana.
    commits = check_commits(table.ceremony, table.commits)
    info = share_info(table.ceremony, 2, 1, commits_hash(table.ceremony, commits))
    sealed = check_reveals(table.ceremony, commits, table.reveals)[1].shares[1]
    deal_badly(table, int.from_bytes(table.parts[0]._encryption.open(sealed, info)))
    reveals = check_reveals(table.ceremony, commits, table.reveals)
    share = table.parts[2].finish(commits, reveals)
    table.confirms[2] = confirm(
        table.ceremony, public_keys(table.ceremony, commits, reveals), share
    )
    table.reveals = list(HONEST.reveals)
    fault(table.conclude, "Chérif", "confirm: another transcript .* saw others")


@pytest.mark.parametrize("field", ["election_key", "verification_keys", "transcript"])
def test_wrong_confirmations(table: Table, field: str) -> None:
    value: Any = json.loads(OTHER.confirms[3])[field]
    table.confirms[3] = table.resign(
        table.confirms[3], lambda message: message.update({field: value})
    )
    fault(table.conclude, "Dominique", f"confirm: another {field} than the messages give")


def test_confirmation_signed_by_another(table: Table) -> None:
    message = json.loads(table.confirms[3])
    kind, _ = message.pop("type"), message.pop("signature")
    table.confirms[3] = sign_message(kind, table.ceremony.id, message, table.signing(1))
    fault(table.conclude, "Dominique", "confirm: signature: not by this key")


def test_confirming_with_the_share_of_another_ceremony(table: Table) -> None:
    with pytest.raises(CeremonyInvalid, match="was made from other messages"):
        confirm(table.ceremony, table.conclude(), OTHER.shares[0])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"threshold": 0}, "threshold: 0"),
        ({"threshold": 5}, r"threshold: 5 is outside 1\.\.4"),
        ({"trustees": ()}, "trustees: 0"),
        ({"trustees": ("A", "B", "A")}, "one name stands twice"),
        ({"trustees": ("A", "", "C")}, "not a name"),
        ({"trustees": ("A", " B", "C")}, "not a name"),
        ({"trustees": ("A", "B\n", "C")}, "not a name"),
        ({"trustees": ("A", "B" * 201, "C")}, "not a name"),
        ({"nonce": bytes(31)}, "nonce: 31 bytes"),
        ({"election": "Town 2026"}, "not an election identifier"),
    ],
)
def test_ceremonies_that_make_no_sense(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(CeremonyInvalid, match=reason):
        dataclasses.replace(HONEST.ceremony, **changes)


def test_ceremony_file() -> None:
    data = HONEST.ceremony.encode()
    assert Ceremony.parse(data) == HONEST.ceremony
    assert HONEST.ceremony.index_of("Chérif") == 3
    with pytest.raises(CeremonyInvalid, match="'Zoé' is not one of 'Ana'"):
        HONEST.ceremony.index_of("Zoé")
    value = json.loads(data)
    wrong: list[dict[str, Any]] = [
        {"threshold": True},
        {"version": 2},
        {"type": "trustee-commit"},
        {"trustees": ["A", "B", "C", 4]},
        {"more": 1},
        {"nonce": "AA"},
    ]
    for changes in wrong:
        with pytest.raises(CeremonyInvalid):
            Ceremony.parse(canonical.encode({**value, **changes}))
    with pytest.raises(CeremonyInvalid, match="canonical"):
        Ceremony.parse(data + b"\n")


def test_secret_of_the_wrong_size_or_place() -> None:
    with pytest.raises(CeremonyInvalid, match="there is no trustee 5"):
        TrusteeSecret(ceremony=HONEST.ceremony, index=5, seed=bytes(32))
    with pytest.raises(CeremonyInvalid, match="seed: 31 bytes"):
        TrusteeSecret(ceremony=HONEST.ceremony, index=1, seed=bytes(31))


@given(st.lists(st.integers(0, GROUP_ORDER - 1), min_size=1, max_size=4), st.integers(0, 20))
def test_polynomials_and_points_agree(coefficients: list[int], at: int) -> None:
    points = [GENERATOR * c for c in coefficients]
    assert evaluate_points(points, at) == GENERATOR * evaluate(coefficients, at)
    assert evaluate(coefficients, at) == (
        sum(c * at**power for power, c in enumerate(coefficients)) % GROUP_ORDER
    )


def test_points_have_one_spelling() -> None:
    encoded = encode_point(GENERATOR * 5)
    assert encoded == Opener((5).to_bytes(32)).public_key
    assert read_point(encoded, "point") == GENERATOR * 5
    with pytest.raises(PointInvalid, match="infinity"):
        encode_point(GENERATOR * GROUP_ORDER)
    prime = 2**256 - 2**224 + 2**192 + 2**96 - 1
    root = bytes.fromhex("66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4")
    read_point(b"\x04" + bytes(32) + root, "Y")
    second = b"\x04" + prime.to_bytes(32) + root
    for bad in (b"\x00", b"\x04" + bytes(64), b"\x06" + encoded[1:], encoded + b"\x00", second):
        with pytest.raises(PointInvalid, match="Y: "):
            read_point(bad, "Y")


def test_contributions_that_cancel_are_refused() -> None:
    # Points whose sum is the point at infinity have no key; only the formula is at stake here.
    commits = check_commits(HONEST.ceremony, HONEST.commits)
    reveals = check_reveals(HONEST.ceremony, commits, HONEST.reveals)
    others = [reveal.points[0] for reveal in reveals[:3]]
    cancelling = dataclasses.replace(reveals[3], points=(-add(others), *reveals[3].points[1:]))
    with pytest.raises(CeremonyInvalid, match="infinity; begin a new one"):
        public_keys(HONEST.ceremony, commits, [*reveals[:3], cancelling])
