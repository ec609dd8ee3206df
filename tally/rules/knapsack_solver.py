"""The 0-1 knapsack problem, solved exactly in integers.

The items are sorted by value for each unit of weight. The first that fit make up the break
solution; an optimum differs from it in few items, mostly such whose rate is near that of the first
that does not fit. So these come first, by turns one to put in and one to take out, and all sets
worth following are kept: those that no other beats in both weight and value, and whose fractional
(Dantzig) bound is above the best value known. An item whose exchange cannot pay by that bound is
never looked at. When no set is left, the best one known is the optimum.

Nothing recurses. Rates are compared by cross-multiplication. There are never more sets than
different weights, and never more than different values.

Sources: Dantzig, *Discrete-Variable Extremum Problems* (1957); Nemhauser and Ullmann, *Discrete
Dynamic Programming and Capital Allocation* (1969); Martello and Toth, *Knapsack Problems* (1990),
chapter 2; Pisinger, *A Minimal Algorithm for the 0-1 Knapsack Problem* (1997).
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import cmp_to_key

Item = tuple[int, int]
"""Weight and value, both positive."""


def by_rate(items: Iterable[Item]) -> list[Item]:
    """The items by value for each unit of weight, highest first; of equal ones the lightest."""

    def compare(one: Item, other: Item) -> int:
        return other[1] * one[0] - one[1] * other[0] or one[0] - other[0]

    return sorted(items, key=cmp_to_key(compare))


def bound(items: Sequence[Item], capacity: int) -> int:
    """The value of the fractional relaxation, rounded down. ``items`` are sorted by rate.

    Items heavier than the capacity must not be among them, or the bound is only weaker.
    """
    value = 0
    for weight, worth in items:
        if weight > capacity:
            return value + capacity * worth // weight
        capacity -= weight
        value += worth
    return value


def greatest(items: Sequence[Item], capacity: int) -> int:
    """The greatest total value of items that together weigh no more than ``capacity`` (>= 0).

    ``items`` are sorted by rate, highest first.
    """
    items = [item for item in items if item[0] <= capacity]
    split, weight, value = 0, 0, 0
    while split < len(items) and weight + items[split][0] <= capacity:
        weight += items[split][0]
        value += items[split][1]
        split += 1
    if split == len(items):
        return value
    best = _filled(items, split, capacity - weight, value)
    rate_weight, rate_value = items[split]
    slack, worth = capacity - weight, value

    def pays(more_weight: int, more_value: int) -> bool:
        """Whether an exchange can lead to a whole number above the best value known."""
        return (best + 1 - worth - more_value) * rate_weight <= (slack - more_weight) * rate_value

    # A set is (weight, -value): sorted, of equally heavy sets the best comes first.
    sets = [(weight, -value)]
    left, right, last = split - 1, split, len(items)
    rightwards = True
    while sets:
        while right < last and not pays(*items[right]):
            right += 1
        while left >= 0 and not pays(-items[left][0], -items[left][1]):
            left -= 1
        if right == last and left < 0:
            break
        if right < last and (rightwards or left < 0):
            heavier, better = items[right]
            right += 1
        else:
            heavier, better = -items[left][0], -items[left][1]
            left -= 1
        rightwards = not rightwards
        sets += [(w + heavier, v - better) for w, v in sets]
        sets.sort()
        sets = _undominated(sets)
        fitting = bisect_left(sets, (capacity + 1,))
        if fitting:
            best = max(best, -sets[fitting - 1][1])
        while right < last and not pays(*items[right]):
            right += 1
        while left >= 0 and not pays(-items[left][0], -items[left][1]):
            left -= 1
        kept: list[Item] = []
        if right < last:
            w_in, v_in = items[right]
            kept = [
                each
                for each in sets[:fitting]
                if (best + 1 + each[1]) * w_in <= (capacity - each[0]) * v_in
            ]
        if left >= 0:
            w_out, v_out = items[left]
            kept += [
                each
                for each in sets[fitting:]
                if (best + 1 + each[1]) * w_out <= (capacity - each[0]) * v_out
            ]
        sets = kept
    return best


def _filled(items: Sequence[Item], split: int, room: int, value: int) -> int:
    """A value that can be reached: the break solution, and what still fits of the rest."""
    for weight, worth in items[split:]:
        if weight <= room:
            room -= weight
            value += worth
    return value


def _undominated(sets: Iterable[Item]) -> list[Item]:
    """Of sorted sets those that are worth more than every lighter one."""
    kept = []
    least = 1
    for each in sets:
        if each[1] < least:
            least = each[1]
            kept.append(each)
    return kept
