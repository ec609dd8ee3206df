"""Tiles and entry bundles: the files that a log is published as (C2SP tlog-tiles v0.1).

Tile (level L, index N) holds up to 256 nodes of height 8L, from index 256N on, 32 bytes each;
level 0 are the leaf hashes. An entry bundle holds the 256 entries under level-0 tile N, each after
its length as u16. A partial tile has a width of 1 to 255 and is a prefix of the full one.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock

from audit.errors import AuditError
from audit.merkle import (
    HASH_SIZE,
    LARGEST_SIZE,
    Frontier,
    NodeReader,
    TreeInvalid,
    leaf_hash,
    node_hash,
)
from audit.spelling import shown

WIDTH = 256
HEIGHT = 8
LARGEST_LEVEL = 63
LARGEST_ENTRY = 65_535
ENTRIES = -1
"""The ``level`` of an entry bundle."""

Fetch = Callable[[str], bytes | None]
"""Path below the log's prefix -> the file's bytes, or None when there is no such file."""

_PATH = re.compile(
    r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([0-9]{1,3}))?", re.ASCII
)


class TileInvalid(AuditError):
    """A tile, an entry bundle or a path that breaks the format or does not fit the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """Which tile: ``level`` 0..63 or ENTRIES, ``index`` counted in full tiles, ``width`` nodes."""

    level: int
    index: int
    width: int = WIDTH

    def __post_init__(self) -> None:
        if not ENTRIES <= self.level <= LARGEST_LEVEL:
            raise TileInvalid(f"tile: level {self.level} is outside 0..{LARGEST_LEVEL}")
        if not 0 <= self.index <= LARGEST_SIZE:
            raise TileInvalid(f"tile: index {self.index} is outside 0..2^63-1")
        if not 1 <= self.width <= WIDTH:
            raise TileInvalid(f"tile: width {self.width} is outside 1..{WIDTH}")

    @property
    def path(self) -> str:
        """The file's path below the log's prefix."""
        digits = str(self.index)
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
        index = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        level = "entries" if self.level == ENTRIES else str(self.level)
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{level}/{index}{partial}"

    @classmethod
    def parse(cls, path: str) -> "Tile":
        """The tile that ``path`` names; any other spelling of it is refused."""
        match = _PATH.fullmatch(path)
        if not match:
            raise TileInvalid(f"path: {shown(path)} is no tile's")
        level, index, width = match.groups()
        tile = cls(
            level=ENTRIES if level == "entries" else int(level),
            index=int(index.replace("x", "").replace("/", "")),
            width=WIDTH if width is None else int(width),
        )
        if tile.path != path:
            raise TileInvalid(f"path: {shown(path)} instead of {tile.path}")
        return tile


def new_tiles(old: int, new: int) -> Iterator[Tile]:
    """The tiles that a log of ``new`` entries has and a log of ``old`` entries had not, entry
    bundles first. ``new_tiles(0, size)`` are all tiles of a log of ``size`` entries."""
    if not 0 <= old <= new <= LARGEST_SIZE:
        raise TreeInvalid(f"tiles: a log cannot grow from {old} to {new} entries")
    for level in (ENTRIES, *range(LARGEST_LEVEL + 1)):
        shift = HEIGHT * max(level, 0)
        before, after = old >> shift, new >> shift
        if before == after:
            return
        for index in range(before // WIDTH, after // WIDTH):
            yield Tile(level=level, index=index)
        if after % WIDTH:
            yield Tile(level=level, index=after // WIDTH, width=after % WIDTH)


def tile_bytes(tile: Tile, node: NodeReader) -> bytes:
    """The content of a tile of hashes, from stored nodes."""
    if tile.level == ENTRIES:
        raise TileInvalid(f"{tile.path}: holds entries, not hashes")
    first = tile.index * WIDTH
    return b"".join(node(HEIGHT * tile.level, first + i) for i in range(tile.width))


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """An entry bundle of 1 to 256 entries, each of at most 65,535 bytes."""
    if not 1 <= len(entries) <= WIDTH:
        raise TileInvalid(f"entry bundle: {len(entries)} entries, not 1..{WIDTH}")
    for entry in entries:
        _check_entry(entry)
    return b"".join(len(entry).to_bytes(2) + entry for entry in entries)


def _check_entry(entry: bytes) -> None:
    if len(entry) > LARGEST_ENTRY:
        raise TileInvalid(f"entry: {len(entry)} bytes, more than {LARGEST_ENTRY}")


def decode_bundle(data: bytes, width: int) -> tuple[bytes, ...]:
    """The ``width`` entries of a bundle; missing and trailing bytes are refused."""
    entries, at = [], 0
    for position in range(width):
        begin = at + 2
        at = begin + int.from_bytes(data[at:begin])
        if begin > len(data) or at > len(data):
            raise TileInvalid(f"entry bundle: ends inside entry {position} of {width}")
        entries.append(data[begin:at])
    if at != len(data):
        raise TileInvalid(f"entry bundle: {len(data) - at} bytes after entry {width - 1}")
    return tuple(entries)


def _read(fetch: Fetch, tile: Tile) -> tuple[bytes, Tile]:
    """The file of a tile, or of the full tile when only that one is still there."""
    for present in (tile, Tile(level=tile.level, index=tile.index)):
        data = fetch(present.path)
        if data is not None:
            return data, present
    raise TileInvalid(f"{tile.path}: missing")


def _read_hashes(fetch: Fetch, tile: Tile) -> bytes:
    data, present = _read(fetch, tile)
    if len(data) != present.width * HASH_SIZE:
        raise TileInvalid(
            f"{present.path}: {len(data)} bytes instead of {present.width * HASH_SIZE}"
        )
    return data[: tile.width * HASH_SIZE]


def read_entries(fetch: Fetch, size: int) -> Iterator[bytes]:
    """The entries of a log of ``size`` entries in order, from its bundles. Not verified."""
    for tile in new_tiles(0, size):
        if tile.level != ENTRIES:
            return
        data, present = _read(fetch, tile)
        try:
            entries = decode_bundle(data, present.width)
        except TileInvalid as error:
            raise TileInvalid(f"{present.path}: {error}") from None
        yield from entries[: tile.width]


class FullTiles:
    """The nodes of the full tiles that were read last, for several readers of one log, which may
    be at different sizes and in different threads: a full tile never changes."""

    def __init__(self, most: int = 256) -> None:
        """``most``: how many are kept, of some 35 kB each."""
        self._most = most
        self._guard = Lock()
        self._kept: dict[tuple[int, int], list[list[bytes]]] = {}

    def find(self, level: int, index: int) -> list[list[bytes]] | None:
        """The nodes of a tile at its eight heights, if they are kept."""
        with self._guard:
            kept = self._kept.pop((level, index), None)
            if kept is not None:
                self._kept[level, index] = kept  # the most recent stands last
            return kept

    def keep(self, level: int, index: int, nodes: list[list[bytes]]) -> None:
        """Keep the nodes of a tile if it is full."""
        if len(nodes[0]) < WIDTH:
            return
        with self._guard:
            self._kept[level, index] = nodes
            if len(self._kept) > self._most:
                self._kept.pop(next(iter(self._kept)))

    def __len__(self) -> int:
        return len(self._kept)


class TileReader:
    """Reads the perfect nodes of a log of ``size`` entries from its tiles; ``node`` is a
    NodeReader. Stateful: keeps the most recently loaded tiles, and full ones in ``full``.

    Nothing read is verified. Verify the proof or root computed from it against a signed root.
    """

    MOST_KEPT = 64

    def __init__(self, fetch: Fetch, size: int, full: FullTiles | None = None) -> None:
        if not 0 <= size <= LARGEST_SIZE:
            raise TreeInvalid(f"tiles: size {size} is outside 0..2^63-1")
        self._fetch = fetch
        self._size = size
        self._full = full
        self._kept: dict[tuple[int, int], list[list[bytes]]] = {}

    def node(self, height: int, index: int) -> bytes:
        """The hash of a perfect node."""
        if height < 0 or index < 0 or (index + 1) << height > self._size:
            raise TreeInvalid(f"node ({height}, {index}): not in a log of {self._size} entries")
        level, inside = divmod(height, HEIGHT)
        position = index << inside
        nodes = self._load(level, position // WIDTH)
        return nodes[inside][(position % WIDTH) >> inside]

    def _load(self, level: int, index: int) -> list[list[bytes]]:
        """The nodes of a tile at its eight heights, lowest first."""
        kept = self._kept.pop((level, index), None)
        if kept is None:
            width = min(WIDTH, (self._size >> HEIGHT * level) - index * WIDTH)
            full = self._full if width == WIDTH else None
            kept = None if full is None else full.find(level, index)
            if kept is None:
                data = _read_hashes(self._fetch, Tile(level=level, index=index, width=width))
                kept = _heights(data)
                if full is not None:
                    full.keep(level, index, kept)
            if len(self._kept) >= self.MOST_KEPT:
                self._kept.pop(next(iter(self._kept)))
        self._kept[level, index] = kept  # the most recent stands last
        return kept


def _heights(data: bytes) -> list[list[bytes]]:
    nodes = [[data[i : i + HASH_SIZE] for i in range(0, len(data), HASH_SIZE)]]
    while len(nodes) < HEIGHT:
        below = nodes[-1]
        nodes.append([node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)])
    return nodes


class LogBuilder:
    """Rebuilds a log's files from its entries, one at a time. Stateful; holds at most one open
    bundle and one open tile a level, whatever the size of the log."""

    def __init__(self) -> None:
        self.size = 0
        self._entries: list[bytes] = []
        self._levels: list[list[bytes]] = [[]]

    def append(self, entry: bytes) -> list[tuple[str, bytes]]:
        """Take the next entry; gives (path, content) of the full tiles that it completed."""
        _check_entry(entry)
        self._entries.append(entry)
        self._levels[0].append(leaf_hash(entry))
        self.size += 1
        return self._full() if len(self._entries) == WIDTH else []

    def _full(self) -> list[tuple[str, bytes]]:
        tile = Tile(level=ENTRIES, index=self.size // WIDTH - 1)
        files = [(tile.path, encode_bundle(self._entries))]
        self._entries.clear()
        for level, nodes in enumerate(self._levels):
            if len(nodes) < WIDTH:
                break
            index = (self.size >> HEIGHT * (level + 1)) - 1
            files.append((Tile(level=level, index=index).path, b"".join(nodes)))
            if level + 1 == len(self._levels):
                self._levels.append([])
            self._levels[level + 1].append(Frontier().extend(nodes).root())
            nodes.clear()
        return files

    def partial(self) -> list[tuple[str, bytes]]:
        """(path, content) of the partial tiles at the present size."""
        files = []
        if self._entries:
            tile = Tile(level=ENTRIES, index=self.size // WIDTH, width=len(self._entries))
            files.append((tile.path, encode_bundle(self._entries)))
        for level, nodes in enumerate(self._levels):
            if nodes:
                index = self.size >> HEIGHT * (level + 1)
                tile = Tile(level=level, index=index, width=len(nodes))
                files.append((tile.path, b"".join(nodes)))
        return files

    def frontier(self) -> Frontier:
        """The frontier of the tree so far; its root is the log's."""
        nodes = (
            node for level in reversed(self._levels) for node in Frontier().extend(level).nodes
        )
        return Frontier(size=self.size, nodes=tuple(nodes))


def tiles_for(
    entries: Iterable[bytes], builder: LogBuilder | None = None
) -> Iterator[tuple[str, bytes]]:
    """(path, content) of every tile and bundle of the log with these entries; streams.

    ``builder``, a new one, has the log's frontier when all are given.
    """
    builder = LogBuilder() if builder is None else builder
    for entry in entries:
        yield from builder.append(entry)
    yield from builder.partial()


def verify_log(fetch: Fetch, size: int, root: bytes) -> None:
    """Rebuild a log from its entry bundles and raise TileInvalid unless every tile is what the
    entries give and the root is ``root``."""
    builder = LogBuilder()

    def compare(files: Iterable[tuple[str, bytes]]) -> None:
        for path, content in files:
            tile = Tile.parse(path)
            if tile.level != ENTRIES and _read_hashes(fetch, tile) != content:
                raise TileInvalid(f"{path}: not the hashes of the log's entries")

    for entry in read_entries(fetch, size):
        compare(builder.append(entry))
    compare(builder.partial())
    if builder.frontier().root() != root:
        raise TileInvalid(f"root: the {size} entries have another root than the one given")
