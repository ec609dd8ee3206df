"""The log's tree inside a database transaction: how it grows, and the checks before it may.

Tiles are stored beside the entries they hash, in the same transaction. The root is computed by
two ways, the second from what the database gives back: one flipped bit in memory would otherwise
be signed, and what is signed can never be taken back.
"""

from collections.abc import Sequence

from audit import merkle
from audit.merkle import HASH_SIZE, Frontier, NodeReader
from audit.tile import WIDTH, Fetch, FullTiles, Tile, TileReader
from ballot.store.boxtransaction import BoxTransaction, Head
from ballot.store.engine import StoreDamaged


def stored_tiles(transaction: BoxTransaction) -> Fetch:
    """The tiles in the database under their published paths, each as wide as it is asked for."""

    def fetch(path: str) -> bytes:
        tile = Tile.parse(path)
        hashes = transaction.tile(tile.level, tile.index)
        if hashes is None or len(hashes) < tile.width * HASH_SIZE:
            raise StoreDamaged(f"{path}: not among the stored tiles")
        return hashes[: tile.width * HASH_SIZE]

    return fetch


def stored_nodes(
    transaction: BoxTransaction, size: int, full: FullTiles | None = None
) -> NodeReader:
    """The perfect nodes of the first ``size`` entries, from the tiles in the database; full tiles
    from ``full`` where they were read before. Never where something is checked or signed."""
    return TileReader(stored_tiles(transaction), size, full).node


def grow(transaction: BoxTransaction, head: Head, leaves: Sequence[bytes]) -> bytes:
    """Add leaf hashes behind ``head`` to the stored tiles and give the new root.

    The entries themselves must be stored already, from position ``head.size`` on. Raises
    StoreDamaged unless the old tiles give the old root and what was stored gives the new one.
    """
    frontier = Frontier.read(head.size, stored_nodes(transaction, head.size))
    if frontier.root() != head.root:
        raise StoreDamaged(f"log: the tiles of its {head.size} entries do not give its root")
    size = head.size + len(leaves)
    _put_tiles(transaction, head.size, leaves)
    root = frontier.extend(leaves).root()
    if root != check(transaction, head.size, size):
        raise StoreDamaged(f"log: two ways of computing the root of {size} entries differ")
    return root


def _put_tiles(transaction: BoxTransaction, first: int, leaves: Sequence[bytes]) -> None:
    level, nodes = 0, b"".join(leaves)
    while nodes:
        number, width = divmod(first, WIDTH)
        if width:
            nodes = (transaction.tile(level, number) or b"")[: width * HASH_SIZE] + nodes
        above: list[bytes] = []
        for offset in range(0, len(nodes), WIDTH * HASH_SIZE):
            tile = nodes[offset : offset + WIDTH * HASH_SIZE]
            transaction.put_tile(level, number + len(above), tile)
            if len(tile) == WIDTH * HASH_SIZE:
                above.append(merkle.root(_hashes(tile)))
        level, first, nodes = level + 1, number, b"".join(above)


def _hashes(tile: bytes) -> list[bytes]:
    return [tile[i : i + HASH_SIZE] for i in range(0, len(tile), HASH_SIZE)]


def check(transaction: BoxTransaction, begin: int, size: int) -> bytes:
    """The root of ``size`` entries from the stored tiles, after hashing the stored entries from
    ``begin`` on again. Raises StoreDamaged when they and the tiles do not agree."""
    node = stored_nodes(transaction, size)
    position = begin
    for leaf_hash, entry in transaction.entries(begin, size):
        if not merkle.leaf_hash(entry) == leaf_hash == node(0, position):
            raise StoreDamaged(f"entry {position}: is not what its hash says")
        position += 1
    if position != size:
        raise StoreDamaged(f"entry {position}: missing, the log has {size}")
    return Frontier.read(size, node).root()


def check_all(transaction: BoxTransaction, head: Head) -> None:
    """Hash everything that is stored again. Raises StoreDamaged unless that gives the head."""
    if transaction.stored() != head.size:
        raise StoreDamaged(f"log: {transaction.stored()} entries stored instead of {head.size}")
    leaves = Frontier().extend(
        merkle.leaf_hash(entry) for _, entry in transaction.entries(0, head.size)
    )
    if not check(transaction, 0, head.size) == leaves.root() == head.root:
        raise StoreDamaged(f"log: its {head.size} entries do not give its root")
