"""A mapping that cannot change, so that what was frozen stays frozen."""

from collections.abc import ItemsView, Iterable, Iterator, Mapping, ValuesView
from typing import TypeVar, cast

K = TypeVar("K")
V = TypeVar("V")


class FrozenMap(Mapping[K, V]):
    """A read-only mapping that keeps its order; equal to any mapping with the same items.

    Unlike ``types.MappingProxyType`` it owns its items, hashes and pickles.
    """

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[K, V] | Iterable[tuple[K, V]] = ()) -> None:
        self._items: dict[K, V] = dict(items)

    def __getitem__(self, key: K) -> V:
        return self._items[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    # The views of the dict itself: those of Mapping look every key up, and hash it, once more.
    def items(self) -> ItemsView[K, V]:
        return self._items.items()

    def values(self) -> ValuesView[V]:
        return self._items.values()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, FrozenMap):
            return self._items == other._items
        return super().__eq__(other)

    def __hash__(self) -> int:
        return frozenset(self._items.items()).__hash__()

    def __repr__(self) -> str:
        return f"FrozenMap({self._items!r})"

    def __reduce__(self) -> tuple[type["FrozenMap[K, V]"], tuple[dict[K, V]]]:
        return (type(self), (dict(self._items),))


def freeze(value: object) -> object:
    """``value`` with every list turned into a tuple and every mapping into a FrozenMap."""
    if isinstance(value, Mapping):
        return FrozenMap({key: freeze(inner) for key, inner in value.items()})
    if isinstance(value, list | tuple):
        return tuple(freeze(inner) for inner in value)
    return value


def thaw(value: object) -> object:
    """The reverse of ``freeze``: plain dicts and lists."""
    if isinstance(value, Mapping):
        return {key: thaw(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [thaw(inner) for inner in value]
    return value


def freeze_map(value: Mapping[str, V]) -> FrozenMap[str, V]:
    """``freeze`` for a mapping, with its type kept."""
    return cast("FrozenMap[str, V]", freeze(value))
