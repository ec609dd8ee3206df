import json
import os
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.merkle import (
    EMPTY_ROOT,
    LARGEST_SIZE,
    Frontier,
    ProofInvalid,
    TreeInvalid,
    consistency_proof,
    inclusion_path,
    leaf_hash,
    node_hash,
    node_reader,
    root,
    verify_consistency,
    verify_inclusion,
)
from tests.audit import worked_example as example

LEAVES = [leaf_hash(i.to_bytes(2)) for i in range(70)]
NODE = node_reader(LEAVES)


def split(n: int) -> int:
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def mth(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, as it is written there."""
    if len(leaves) < 2:
        return leaves[0] if leaves else EMPTY_ROOT
    k = split(len(leaves))
    return node_hash(mth(leaves[:k]), mth(leaves[k:]))


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962 section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: list[bytes], known: bool) -> list[bytes]:
    """SUBPROOF of RFC 6962 section 2.1.2."""
    if m == len(leaves):
        return [] if known else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], known), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


def flip(data: bytes, bit: int) -> bytes:
    bit %= len(data) * 8
    return (int.from_bytes(data) ^ 1 << bit).to_bytes(len(data))


def test_hashes_of_the_worked_example() -> None:
    assert example.LEAVES[0].hex() == example.LEAF_0
    assert example.LEAVES[299].hex() == example.LEAF_299
    for size, expected in example.ROOTS.items():
        assert root(example.LEAVES[:size]).hex() == expected


def test_proofs_of_the_worked_example() -> None:
    node = node_reader(example.LEAVES)
    inclusion = inclusion_path(256, 300, node)
    assert inclusion == tuple(map(b64decode, example.INCLUSION_256))
    verify_inclusion(256, 300, example.LEAVES[256], inclusion, example.ROOT)
    first = consistency_proof(256, 300, node)
    assert first == tuple(map(b64decode, example.CONSISTENCY_256))
    verify_consistency(256, 300, first, bytes.fromhex(example.ROOTS[256]), example.ROOT)
    second = consistency_proof(257, 300, node)
    assert second == (b64decode(example.LEAF_256), *inclusion)
    verify_consistency(257, 300, second, bytes.fromhex(example.ROOTS[257]), example.ROOT)


def test_empty_tree_has_the_hash_of_nothing() -> None:
    expected = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert root([]) == Frontier().root() == EMPTY_ROOT == bytes.fromhex(expected)


@pytest.mark.parametrize("size", range(len(LEAVES) + 1))
def test_frontier_is_the_tree_of_the_definition(size: int) -> None:
    one_by_one = Frontier()
    for leaf in LEAVES[:size]:
        one_by_one = one_by_one.append(leaf)
    assert one_by_one.root() == mth(LEAVES[:size])
    assert one_by_one == Frontier().extend(LEAVES[:size]) == Frontier.read(size, NODE)
    assert Frontier(size=size, nodes=one_by_one.nodes) == one_by_one


@pytest.mark.parametrize("size", range(1, len(LEAVES) + 1))
def test_every_inclusion_proof_is_that_of_the_definition_and_verifies(size: int) -> None:
    expected = mth(LEAVES[:size])
    for index in range(size):
        proof = inclusion_path(index, size, NODE)
        assert list(proof) == path(index, LEAVES[:size])
        verify_inclusion(index, size, LEAVES[index], proof, expected)


@pytest.mark.parametrize("new", range(1, len(LEAVES) + 1))
def test_every_consistency_proof_is_that_of_the_definition_and_verifies(new: int) -> None:
    for old in range(1, new + 1):
        proof = consistency_proof(old, new, NODE)
        assert list(proof) == subproof(old, LEAVES[:new], True)
        verify_consistency(old, new, proof, mth(LEAVES[:old]), mth(LEAVES[:new]))


@given(st.data())
def test_inclusion_proof_with_one_change_is_refused(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 70))
    index = data.draw(st.integers(0, size - 1))
    bit = data.draw(st.integers(0, 255))
    expected = mth(LEAVES[:size])
    proof = inclusion_path(index, size, NODE)
    with pytest.raises(ProofInvalid, match="does not lead"):
        verify_inclusion(index, size, flip(LEAVES[index], bit), proof, expected)
    with pytest.raises(ProofInvalid, match="does not lead"):
        verify_inclusion(index, size, LEAVES[index], proof, flip(expected, bit))
    other = data.draw(st.integers(-1, 80).filter(lambda value: value != index))
    with pytest.raises(ProofInvalid):
        verify_inclusion(other, size, LEAVES[index], proof, expected)
    with pytest.raises(ProofInvalid, match="hashes instead of"):
        verify_inclusion(index, size, LEAVES[index], (*proof, EMPTY_ROOT), expected)
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        changed = [*proof[:at], flip(proof[at], bit), *proof[at + 1 :]]
        with pytest.raises(ProofInvalid, match="does not lead"):
            verify_inclusion(index, size, LEAVES[index], changed, expected)
        with pytest.raises(ProofInvalid, match="hashes instead of"):
            verify_inclusion(index, size, LEAVES[index], [*proof[:at], *proof[at + 1 :]], expected)


@given(st.data())
def test_consistency_proof_with_one_change_is_refused(data: st.DataObject) -> None:
    new = data.draw(st.integers(2, 70))
    old = data.draw(st.integers(1, new - 1))
    bit = data.draw(st.integers(0, 255))
    before, after = mth(LEAVES[:old]), mth(LEAVES[:new])
    proof = consistency_proof(old, new, NODE)
    with pytest.raises(ProofInvalid, match="does not lead"):
        verify_consistency(old, new, proof, flip(before, bit), after)
    with pytest.raises(ProofInvalid, match="new root"):
        verify_consistency(old, new, proof, before, flip(after, bit))
    with pytest.raises(ProofInvalid, match="hashes instead of"):
        verify_consistency(old, new, (*proof, EMPTY_ROOT), before, after)
    at = data.draw(st.integers(0, len(proof) - 1))
    changed = [*proof[:at], flip(proof[at], bit), *proof[at + 1 :]]
    with pytest.raises(ProofInvalid, match="does not lead"):
        verify_consistency(old, new, changed, before, after)
    with pytest.raises(ProofInvalid, match="hashes instead of"):
        verify_consistency(old, new, [*proof[:at], *proof[at + 1 :]], before, after)
    other = data.draw(st.integers(-1, 80).filter(lambda value: value != old))
    with pytest.raises(ProofInvalid):
        verify_consistency(other, new, proof, before, after)


def test_consistency_of_equal_sizes_needs_equal_roots_and_no_proof() -> None:
    before = mth(LEAVES[:5])
    verify_consistency(5, 5, [], before, before)
    with pytest.raises(ProofInvalid, match="two different roots"):
        verify_consistency(5, 5, [], before, flip(before, 0))
    with pytest.raises(ProofInvalid, match="equal sizes"):
        verify_consistency(5, 5, [before], before, before)


def test_nothing_is_provable_about_the_empty_tree() -> None:
    with pytest.raises(ProofInvalid, match="nothing can be shown"):
        verify_consistency(0, 5, [], EMPTY_ROOT, mth(LEAVES[:5]))
    with pytest.raises(ProofInvalid, match="nothing can be shown"):
        verify_consistency(0, 0, [], EMPTY_ROOT, EMPTY_ROOT)
    with pytest.raises(TreeInvalid, match="no proof from size 0"):
        consistency_proof(0, 5, NODE)


def test_sizes_and_indexes_outside_a_tree_are_refused() -> None:
    expected = mth(LEAVES[:5])
    for index, size in ((5, 5), (-1, 5), (0, 0), (0, LARGEST_SIZE + 1)):
        with pytest.raises(ProofInvalid, match=f"index {index} is not in"):
            verify_inclusion(index, size, LEAVES[0], [], expected)
        with pytest.raises(TreeInvalid, match="is not in a tree"):
            inclusion_path(index, size, NODE)
    for old, new in ((6, 5), (5, LARGEST_SIZE + 1)):
        with pytest.raises(ProofInvalid, match="nothing can be shown"):
            verify_consistency(old, new, [], expected, expected)
        with pytest.raises(TreeInvalid, match="no proof from"):
            consistency_proof(old, new, NODE)
    for height, index in ((-1, 0), (0, 70), (1, 35), (7, 0), (0, -1)):
        with pytest.raises(TreeInvalid, match="not in a tree of 70"):
            NODE(height, index)


def test_hashes_of_another_length_are_refused() -> None:
    leaf, other = LEAVES[0], LEAVES[1]
    both = node_hash(leaf, other)
    with pytest.raises(ProofInvalid, match="leaf: 31 bytes"):
        verify_inclusion(0, 2, leaf[:31], [leaf[31:] + other], both)  # the same bytes hashed
    with pytest.raises(ProofInvalid, match="root: 0 bytes"):
        verify_inclusion(0, 2, leaf, [other], b"")
    with pytest.raises(ProofInvalid, match="proof hash 0: 33 bytes"):
        verify_inclusion(0, 2, leaf, [other + b"x"], both)
    with pytest.raises(ProofInvalid, match="old_root: 31 bytes"):
        verify_consistency(1, 2, [leaf[31:] + other], leaf[:31], both)
    with pytest.raises(ProofInvalid, match="new_root: 31 bytes"):
        verify_consistency(1, 2, [other], leaf, both[:31])
    with pytest.raises(ProofInvalid, match="proof hash 0: 33 bytes"):
        verify_consistency(1, 2, [other + b"x"], leaf, both)


def test_a_frontier_that_no_tree_has_is_refused() -> None:
    with pytest.raises(TreeInvalid, match="1 nodes, but size 3 has 2"):
        Frontier(size=3, nodes=(LEAVES[0],))
    with pytest.raises(TreeInvalid, match="a node is not 32 bytes"):
        Frontier(size=1, nodes=(b"short",))
    with pytest.raises(TreeInvalid, match="a node is not 32 bytes"):
        Frontier().append(b"entry instead of leaf hash")
    for size in (-1, LARGEST_SIZE + 1):
        with pytest.raises(TreeInvalid, match="outside"):
            Frontier(size=size)
        with pytest.raises(TreeInvalid, match="outside"):
            Frontier.read(size, NODE)


def published(kind: str) -> list[dict[str, Any]]:
    folder = os.environ.get("SCRUTIN_VECTORS")
    if not folder:
        pytest.skip("published vectors: set SCRUTIN_VECTORS to their folder")
    files = sorted(Path(folder, "rfc6962", kind).rglob("*.json"))
    assert len(files) > 80
    return [json.loads(file.read_text()) | {"file": file} for file in files]


def decoded(vector: dict[str, Any], *names: str) -> list[bytes]:
    return [b64decode(vector[name] or "") for name in names]


def test_published_inclusion_vectors() -> None:
    passed = 0
    for vector in published("inclusion"):
        leaf, expected = decoded(vector, "leafHash", "root")
        proof = [b64decode(value) for value in vector["proof"] or ()]
        arguments = (vector["leafIdx"], vector["treeSize"], leaf, proof, expected)
        try:
            verify_inclusion(*arguments)
        except ProofInvalid:
            assert vector["wantErr"], vector["file"]
        else:
            assert not vector["wantErr"], vector["file"]
            passed += 1
    assert passed == 6


def test_published_consistency_vectors() -> None:
    passed = 0
    for vector in published("consistency"):
        before, after = decoded(vector, "root1", "root2")
        proof = [b64decode(value) for value in vector["proof"] or ()]
        arguments = (vector["size1"], vector["size2"], proof, before, after)
        try:
            verify_consistency(*arguments)
        except ProofInvalid:
            assert vector["wantErr"], vector["file"]
        else:
            assert not vector["wantErr"], vector["file"]
            passed += 1
    assert passed == 6
