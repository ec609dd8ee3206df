from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.merkle import (
    LARGEST_SIZE,
    Frontier,
    TreeInvalid,
    consistency_proof,
    inclusion_path,
    leaf_hash,
    node_reader,
    root,
    verify_consistency,
    verify_inclusion,
)
from audit.tile import (
    ENTRIES,
    FullTiles,
    LogBuilder,
    Tile,
    TileInvalid,
    TileReader,
    decode_bundle,
    encode_bundle,
    new_tiles,
    read_entries,
    tile_bytes,
    tiles_for,
    verify_log,
)
from tests.audit import worked_example as example

MANY = [i.to_bytes(3) for i in range(70_000)]
LARGE = dict(tiles_for(MANY))
LARGE_LEAVES = [leaf_hash(entry) for entry in MANY]
LARGE_NODE = node_reader(LARGE_LEAVES)
SMALL = dict(tiles_for(example.ENTRIES))


def test_worked_example() -> None:
    assert {
        path: (len(data), sha256(data).hexdigest()) for path, data in SMALL.items()
    } == example.FILES
    assert SMALL["tile/1/000.p/1"].hex() == example.ROOTS[256]
    assert SMALL["tile/entries/000"].startswith(b"\0\x08record 0\0\x08record 1")
    verify_log(SMALL.get, 300, example.ROOT)


def test_tiles_of_70000_entries() -> None:
    assert sum(path.startswith("tile/0/") for path in LARGE) == 274
    assert len(LARGE["tile/0/273.p/112"]) == 112 * 32
    assert len(LARGE["tile/1/000"]) == 8192
    assert len(LARGE["tile/1/001.p/17"]) == 17 * 32
    assert len(LARGE["tile/2/000.p/1"]) == 32
    assert set(LARGE) == {tile.path for tile in new_tiles(0, 70_000)}
    assert {tile.path for tile in new_tiles(0, 256)} == {
        "tile/entries/000",
        "tile/0/000",
        "tile/1/000.p/1",
    }


def test_tiles_of_a_log_of_65536_squared_entries_name_level_4() -> None:
    tiles = list(new_tiles(2**32 - 1, 2**32))
    assert [tile.path for tile in tiles] == [
        "tile/entries/x016/x777/215",
        "tile/0/x016/x777/215",
        "tile/1/x065/535",
        "tile/2/255",
        "tile/3/000",
        "tile/4/000.p/1",
    ]


def test_every_tile_is_the_nodes_of_the_tree() -> None:
    for path, data in LARGE.items():
        tile = Tile.parse(path)
        if tile.level == ENTRIES:
            first = tile.index * 256
            assert decode_bundle(data, tile.width) == tuple(MANY[first : first + tile.width])
        else:
            assert tile_bytes(tile, LARGE_NODE) == data


@given(
    st.integers(-1, 63),
    st.integers(0, LARGEST_SIZE) | st.sampled_from([0, 999, 1000, 999_999, 10**6, 1234067]),
    st.integers(1, 256),
)
def test_paths_round_trip(level: int, index: int, width: int) -> None:
    tile = Tile(level=level, index=index, width=width)
    assert Tile.parse(tile.path) == tile


def test_paths_of_the_specification() -> None:
    assert Tile(level=0, index=1234067).path == "tile/0/x001/x234/067"
    assert Tile(level=63, index=5, width=7).path == "tile/63/005.p/7"
    assert Tile(level=ENTRIES, index=1000).path == "tile/entries/x001/000"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0/000/",
        "/tile/0/000",
        "checkpoint",
        "tile/data/000",
        "tile/-1/000",
        "tile/00/000",
        "tile/01/000",
        "tile/64/000",
        "tile/100/000",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0001",
        "tile/0/001/000",
        "tile/0/x000/001",
        "tile/0/x001/x002",
        "tile/0/x001x002",
        "tile/0/00a",
        "tile/0/٠٠١",
        "tile/٠/001",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/257",
        "tile/0/000.p/1000",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000.p/1\n",
        "tile/0/000\n",
        "tile/0/x009/x223/x372/x036/x854/x775/808",
        "tile/0/x001/x000/x000/x000/x000/x000/x000/000",
    ],
)
def test_other_paths_are_refused(path: str) -> None:
    with pytest.raises(TileInvalid):
        Tile.parse(path)


def test_tiles_outside_the_bounds_cannot_be_made() -> None:
    for level in (-2, 64):
        with pytest.raises(TileInvalid, match="level"):
            Tile(level=level, index=0)
    for index in (-1, LARGEST_SIZE + 1):
        with pytest.raises(TileInvalid, match="index"):
            Tile(level=0, index=index)
    for width in (0, 257):
        with pytest.raises(TileInvalid, match="width"):
            Tile(level=0, index=0, width=width)


@given(st.lists(st.integers(0, 70_000), max_size=5))
def test_growing_in_steps_gives_the_tiles_of_the_whole(sizes: list[int]) -> None:
    stops = [0, *sorted(sizes), 70_000]
    grown = [tile for old, new in pairwise(stops) for tile in new_tiles(old, new)]
    assert len(set(grown)) == len(grown)  # no tile is written twice
    every = {tile for stop in stops for tile in new_tiles(0, stop)}
    assert set(grown) == every


def test_a_log_does_not_shrink() -> None:
    for old, new in ((2, 1), (-1, 1), (0, LARGEST_SIZE + 1)):
        with pytest.raises(TreeInvalid, match="cannot grow"):
            list(new_tiles(old, new))


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_bundles_round_trip(entries: list[bytes]) -> None:
    assert decode_bundle(encode_bundle(entries), len(entries)) == tuple(entries)


def test_bundles_of_another_form_are_refused() -> None:
    data = encode_bundle([b"one", b"", b"three"])
    assert data == b"\0\x03one\0\0\0\x05three"
    for end in range(len(data)):
        with pytest.raises(TileInvalid, match="ends inside entry"):
            decode_bundle(data[:end], 3)
    with pytest.raises(TileInvalid, match="1 bytes after entry 2"):
        decode_bundle(data + b"\0", 3)
    with pytest.raises(TileInvalid, match="7 bytes after entry 1"):
        decode_bundle(data, 2)
    with pytest.raises(TileInvalid, match="0 entries"):
        encode_bundle([])
    with pytest.raises(TileInvalid, match="257 entries"):
        encode_bundle([b""] * 257)


def test_the_longest_entry() -> None:
    longest = bytes(65_535)
    assert decode_bundle(encode_bundle([longest]), 1) == (longest,)
    with pytest.raises(TileInvalid, match="65536 bytes, more than 65535"):
        encode_bundle([longest + b"\0"])
    with pytest.raises(TileInvalid, match="65536 bytes, more than 65535"):
        LogBuilder().append(longest + b"\0")


def test_entry_bundles_are_no_tiles_of_hashes() -> None:
    with pytest.raises(TileInvalid, match="holds entries"):
        tile_bytes(Tile(level=ENTRIES, index=0), LARGE_NODE)


@given(st.data())
def test_the_reader_gives_every_node_and_proof(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 70_000))
    reader = TileReader(LARGE.get, 70_000)
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    expected = Frontier.read(size, reader.node).root()
    assert expected == Frontier.read(size, LARGE_NODE).root()
    path = inclusion_path(index, size, reader.node)
    assert path == inclusion_path(index, size, LARGE_NODE)
    verify_inclusion(index, size, LARGE_LEAVES[index], path, expected)
    proof = consistency_proof(old, size, reader.node)
    before = Frontier.read(old, LARGE_NODE).root()
    verify_consistency(old, size, proof, before, expected)


def test_the_reader_forgets_old_tiles_and_reads_them_again() -> None:
    asked: list[str] = []

    def fetch(path: str) -> bytes | None:
        asked.append(path)
        return LARGE.get(path)

    reader = TileReader(fetch, 70_000)
    for _ in range(2):
        assert [reader.node(0, i) for i in range(70_000)] == LARGE_LEAVES
    assert len(asked) == 2 * 274
    asked.clear()
    assert reader.node(0, 69_999) == LARGE_LEAVES[-1]
    assert asked == []


def test_full_tiles_are_shared_by_readers_of_any_size_and_others_are_not() -> None:
    asked: list[str] = []

    def fetch(path: str) -> bytes | None:
        asked.append(path)
        return LARGE.get(path)

    def changed(path: str) -> bytes | None:
        raise AssertionError(path)

    full = FullTiles(most=100)
    for size in (70_000, 70_000 // 256 * 256):
        reader = TileReader(fetch, size, full)
        assert [reader.node(0, i) for i in range(20_000)] == LARGE_LEAVES[:20_000]
        assert Frontier.read(size, reader.node).root() == Frontier.read(size, LARGE_NODE).root()
    whole = [path for path in asked if ".p/" not in path]
    assert len(whole) == len(set(whole)) > 70
    assert len(asked) > len(set(asked))
    # What is kept is not asked for again, whoever asks and at whatever size.
    later = TileReader(changed, 20_480, full)
    assert later.node(3, 5) == LARGE_NODE(3, 5)
    with pytest.raises(AssertionError, match=r"\.p/"):  # a tile that is not full is read anew
        TileReader(changed, 1_000, full).node(0, 999)
    assert len(full) <= 100
    for index in range(150):
        full.keep(7, index, [[b""] * 256])
    assert len(full) == 100
    assert full.find(7, 49) is None
    assert full.find(7, 50) is not None


def test_every_node_at_every_height_inside_a_tile() -> None:
    reader = TileReader(LARGE.get, 70_000)
    for height in range(17):
        for index in (0, 1, (70_000 >> height) - 1):
            if (index + 1) << height <= 70_000:
                assert reader.node(height, index) == LARGE_NODE(height, index)
    for height, index in ((0, 70_000), (4, 4375), (17, 0), (-1, 0), (0, -1), (200, 0)):
        with pytest.raises(TreeInvalid, match="not in a log of 70000"):
            reader.node(height, index)
    with pytest.raises(TreeInvalid, match="outside"):
        TileReader(LARGE.get, -1)


def test_a_missing_partial_tile_is_read_from_the_full_one() -> None:
    later = dict(tiles_for([*example.ENTRIES, *(b"%d" % i for i in range(300))]))
    assert "tile/0/001.p/44" not in later
    later["tile/1/000.p/1"] = SMALL["tile/1/000.p/1"]  # level 1 is not yet full
    reader = TileReader(later.get, 300)
    assert Frontier.read(300, reader.node).root() == example.ROOT
    assert tuple(read_entries(later.get, 300)) == example.ENTRIES
    verify_log(later.get, 300, example.ROOT)


def test_missing_and_misshapen_files_are_refused() -> None:
    for path, data in SMALL.items():
        for changed, message in (
            ({k: v for k, v in SMALL.items() if k != path}, f"{path}: missing"),
            (SMALL | {path: data[:-1]}, path),
            (SMALL | {path: data + b"\0"}, path),
            (SMALL | {path: b""}, path),
        ):
            with pytest.raises(TileInvalid, match=message):
                verify_log(changed.get, 300, example.ROOT)


@given(st.data())
def test_any_flipped_bit_in_any_file_is_found(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(SMALL)))
    content = SMALL[path]
    bit = data.draw(st.integers(0, len(content) * 8 - 1))
    flipped = (int.from_bytes(content) ^ 1 << bit).to_bytes(len(content))
    with pytest.raises(TileInvalid):
        verify_log((SMALL | {path: flipped}).get, 300, example.ROOT)


def nothing(_path: str) -> None:
    """The files of an empty log."""


def test_another_root_is_refused() -> None:
    verify_log(nothing, 0, root([]))
    with pytest.raises(TileInvalid, match="root: the 300 entries"):
        verify_log(SMALL.get, 300, root([]))
    with pytest.raises(TileInvalid, match="root: the 0 entries"):
        verify_log(nothing, 0, example.ROOT)


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537])
def test_the_builder_knows_frontier_and_partial_tiles_at_every_size(size: int) -> None:
    builder = LogBuilder()
    files: dict[str, bytes] = {}
    for entry in MANY[:size]:
        files.update(builder.append(entry))
    assert builder.size == size
    assert builder.frontier() == Frontier.read(size, LARGE_NODE)
    files.update(builder.partial())
    assert set(files) == {tile.path for tile in new_tiles(0, size)}
    verify_log(files.get, size, builder.frontier().root())
