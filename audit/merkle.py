"""Merkle trees of RFC 6962 section 2.1: hashes, roots, frontiers, proofs and their verification.

A node has a height (0 = leaves) and an index counted from the left at that height; it covers the
entries ``index << height`` up to ``(index + 1) << height``. In a tree of n entries it is *perfect*
when all of those exist; perfect nodes never change, so they are what tiles store and what proofs
are computed from. There is no padding and no doubling of an odd last node.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from hashlib import sha256

from audit.errors import AuditError

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()
LARGEST_SIZE = 2**63 - 1

NodeReader = Callable[[int, int], bytes]
"""(height, index) of a perfect node -> its hash."""


class TreeInvalid(AuditError):
    """A size, an index or a hash that no tree has."""


class ProofInvalid(AuditError):
    """An inclusion or consistency proof that does not show what it claims."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one log entry."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node from the hashes of its two children."""
    return sha256(b"\x01" + left + right).digest()


def perfect_nodes(begin: int, end: int) -> Iterator[tuple[int, int]]:
    """(height, index) of the perfect nodes that cover entries begin..end-1, left to right.

    ``begin`` is a multiple of a power of two that is at least ``end - begin``, as it is for every
    subtree that RFC 6962 hashes.
    """
    for height in reversed(range((end - begin).bit_length())):
        if (end - begin) >> height & 1:
            yield height, begin >> height
            begin += 1 << height


def _fold(nodes: Sequence[bytes]) -> bytes:
    """The root over perfect nodes given left to right, the smallest last."""
    return reduce(lambda right, left: node_hash(left, right), reversed(nodes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier:
    """The perfect nodes of a tree's right edge: all that appending needs (a compact range).

    ``nodes`` has one hash for each one-bit of ``size``, highest first. Immutable: appending gives
    a new frontier. (size, nodes) is also its stored form; the constructor checks it.
    """

    size: int = 0
    nodes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.size <= LARGEST_SIZE:
            raise TreeInvalid(f"frontier: size {self.size} is outside 0..2^63-1")
        if len(self.nodes) != self.size.bit_count():
            raise TreeInvalid(
                f"frontier: {len(self.nodes)} nodes, but size {self.size} has "
                f"{self.size.bit_count()}"
            )
        if any(len(node) != HASH_SIZE for node in self.nodes):
            raise TreeInvalid("frontier: a node is not 32 bytes")

    @classmethod
    def read(cls, size: int, node: NodeReader) -> "Frontier":
        """The frontier of the first ``size`` entries, from stored nodes."""
        if not 0 <= size <= LARGEST_SIZE:
            raise TreeInvalid(f"frontier: size {size} is outside 0..2^63-1")
        return cls(size=size, nodes=tuple(node(*place) for place in perfect_nodes(0, size)))

    def append(self, leaf: bytes) -> "Frontier":
        """The frontier after one more leaf hash."""
        return self.extend((leaf,))

    def extend(self, leaves: Iterable[bytes]) -> "Frontier":
        """The frontier after more leaf hashes."""
        size, nodes = self.size, list(self.nodes)
        for leaf in leaves:
            right, carry = leaf, size
            while carry & 1:
                right = node_hash(nodes.pop(), right)
                carry >>= 1
            nodes.append(right)
            size += 1
        return Frontier(size=size, nodes=tuple(nodes))

    def root(self) -> bytes:
        """The root hash of the tree."""
        return _fold(self.nodes) if self.nodes else EMPTY_ROOT


def root(leaves: Iterable[bytes]) -> bytes:
    """The root hash over leaf hashes."""
    return Frontier().extend(leaves).root()


def node_reader(leaves: Sequence[bytes]) -> NodeReader:
    """A reader of all perfect nodes over ``leaves`` (leaf hashes), held in memory."""
    levels = [list(leaves)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)])

    def node(height: int, index: int) -> bytes:
        if not (0 <= height < len(levels) and 0 <= index < len(levels[height])):
            raise TreeInvalid(f"node ({height}, {index}): not in a tree of {len(leaves)} entries")
        return levels[height][index]

    return node


def _split(begin: int, end: int) -> int:
    """Where RFC 6962 splits entries begin..end-1: after the largest power of two below their
    number."""
    return begin + (1 << (end - begin - 1).bit_length() - 1)


def _subtree(node: NodeReader, begin: int, end: int) -> bytes:
    return _fold([node(*place) for place in perfect_nodes(begin, end)])


def inclusion_path(index: int, size: int, node: NodeReader) -> tuple[bytes, ...]:
    """PATH(index, D[0:size]), the leaf's sibling first. RFC 6962 section 2.1.1."""
    if not 0 <= index < size <= LARGEST_SIZE:
        raise TreeInvalid(f"inclusion proof: index {index} is not in a tree of {size} entries")
    begin, end, path = 0, size, []
    while end - begin > 1:
        middle = _split(begin, end)
        if index < middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((begin, middle))
            begin = middle
    return tuple(_subtree(node, *part) for part in reversed(path))


def consistency_proof(old: int, new: int, node: NodeReader) -> tuple[bytes, ...]:
    """PROOF(old, D[0:new]) that the tree of ``old`` entries begins the tree of ``new`` entries.

    ``old`` is at least 1: about the empty tree there is nothing to prove. RFC 6962 section 2.1.2.
    """
    if not 0 < old <= new <= LARGEST_SIZE:
        raise TreeInvalid(f"consistency proof: no proof from size {old} to size {new}")
    begin, end, path = 0, new, []
    while end != old:
        middle = _split(begin, end)
        if old <= middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((begin, middle))
            begin = middle
    if begin > 0:  # otherwise the old root is itself a subtree, and the verifier has it
        path.append((begin, end))
    return tuple(_subtree(node, *part) for part in reversed(path))


def _check_hashes(proof: Sequence[bytes], **named: bytes) -> None:
    for name, value in named.items():
        if len(value) != HASH_SIZE:
            raise ProofInvalid(f"{name}: {len(value)} bytes instead of 32")
    for position, value in enumerate(proof):
        if len(value) != HASH_SIZE:
            raise ProofInvalid(f"proof hash {position}: {len(value)} bytes instead of 32")


def verify_inclusion(
    index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """Raise ProofInvalid unless ``proof`` shows that the leaf hash ``leaf`` stands at ``index``
    in the tree of ``size`` entries with this root."""
    if not 0 <= index < size <= LARGEST_SIZE:
        raise ProofInvalid(f"index {index} is not in a tree of {size} entries")
    _check_hashes(proof, leaf=leaf, root=root)
    inner = (index ^ (size - 1)).bit_length()
    border = (index >> inner).bit_count()
    if len(proof) != inner + border:
        raise ProofInvalid(
            f"proof: {len(proof)} hashes instead of {inner + border} "
            f"for index {index} of {size} entries"
        )
    running = leaf
    for level, sibling in enumerate(proof):
        if level >= inner or index >> level & 1:
            running = node_hash(sibling, running)
        else:
            running = node_hash(running, sibling)
    if running != root:
        raise ProofInvalid(f"proof: does not lead from entry {index} to the root of size {size}")


def verify_consistency(
    old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes
) -> None:
    """Raise ProofInvalid unless ``proof`` shows that the tree (old, old_root) is how the tree
    (new, new_root) began.

    Old size 0 is refused: nothing is provable about the empty tree. A caller that starts from
    nothing requires an empty proof and an old root of EMPTY_ROOT itself.
    """
    if not 0 < old <= new <= LARGEST_SIZE:
        raise ProofInvalid(f"sizes: nothing can be shown from size {old} to size {new}")
    if old == new:
        if proof:
            raise ProofInvalid(f"proof: {len(proof)} hashes for equal sizes instead of none")
        if old_root != new_root:
            raise ProofInvalid(f"roots: two different roots for size {old}")
        return
    _check_hashes(proof, old_root=old_root, new_root=new_root)
    shift = (old & -old).bit_length() - 1
    inner = ((old - 1) ^ (new - 1)).bit_length() - shift
    border = ((old - 1) >> (inner + shift)).bit_count()
    whole = old == 1 << shift
    expected = inner + border + (not whole)
    if len(proof) != expected:
        raise ProofInvalid(
            f"proof: {len(proof)} hashes instead of {expected} from size {old} to size {new}"
        )
    seed, rest = (old_root, proof) if whole else (proof[0], proof[1:])
    path = (old - 1) >> shift
    running_old = running_new = seed
    for level, sibling in enumerate(rest):
        if level >= inner or path >> level & 1:
            running_old = node_hash(sibling, running_old)
            running_new = node_hash(sibling, running_new)
        else:
            running_new = node_hash(running_new, sibling)
    if running_old != old_root:
        raise ProofInvalid(f"proof: does not lead to the old root of size {old}")
    if running_new != new_root:
        raise ProofInvalid(f"proof: does not lead to the new root of size {new}")
