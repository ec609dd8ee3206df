"""Numbers that win while the one before does not, where more is not always better."""

from collections.abc import Callable


def border_near(wins: Callable[[int], bool], likely: int, last: int) -> int | None:
    """A number from 1 to ``last`` that wins while the one before does not, near a ``likely`` one.
    0 and less never wins."""
    step = 1
    if wins(likely):
        high, low = likely, likely - 1
        while low > 0 and wins(low):
            high, low, step = low, low - 2 * step, 2 * step
        low = max(low, 0)
    else:
        low, high = likely, likely + 1
        while high <= last and not wins(high):
            low, high, step = high, high + 2 * step, 2 * step
        if high > last:
            return border(wins, last)
    while low + 1 < high:
        middle = (low + high) // 2
        if wins(middle):
            high = middle
        else:
            low = middle
    return high


def border(wins: Callable[[int], bool], last: int) -> int | None:
    """A number from 1 to ``last`` that wins while the one before does not."""
    high = 1
    while high <= last and not wins(high):
        high *= 2
    if high > last:
        if last < 1 or not wins(last):
            return None
        high = last
    low = high // 2
    while low + 1 < high:
        middle = (low + high) // 2
        if wins(middle):
            high = middle
        else:
            low = middle
    return high
