"""Rate limits by address, kept in memory only: no address is ever written down.

Each process can count by itself (:class:`Windows`); the processes of one host count together by
asking one place for all of them (``web.shared_limits``).
"""

from collections import deque
from collections.abc import Callable
from ipaddress import AddressValueError, IPv6Address
from math import floor
from threading import Lock
from time import monotonic
from typing import Protocol

MINUTE = 60.0


class Counts(Protocol):
    """Where requests are counted: ``what`` is counted by ``who``, at most ``per_minute``."""

    def hit(self, what: str, who: str, per_minute: int) -> int:
        """Count one; 0 if within the limit, else the seconds to wait."""
        ...

    def full(self, what: str, who: str, per_minute: int) -> int:
        """Without counting: 0 if another would be within the limit, else the seconds to wait."""
        ...


class Windows:
    """Moving windows of one minute, in the memory of this process.

    Whoever has not come for one to two minutes is forgotten, all at once and without looking at
    each: a city's evening is a hundred thousand addresses (docs/decisions/0030).
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._guard = Lock()
        self._turned = clock()
        self._recent: dict[tuple[str, str], deque[float]] = {}
        self._before: dict[tuple[str, str], deque[float]] = {}

    def hit(self, what: str, who: str, per_minute: int) -> int:
        with self._guard:
            now = self._clock()
            times = self._times((what, who), now)
            if len(times) < per_minute:
                times.append(now)
                self._recent[what, who] = times
                return 0
            return _wait(times, per_minute, now)

    def full(self, what: str, who: str, per_minute: int) -> int:
        with self._guard:
            now = self._clock()
            times = self._times((what, who), now)
            return 0 if len(times) < per_minute else _wait(times, per_minute, now)

    def __len__(self) -> int:
        """Of how many something is remembered."""
        return len(self._recent) + len(self._before)

    def _times(self, key: tuple[str, str], now: float) -> deque[float]:
        """When somebody came in the last minute. What is not put back is as good as forgotten."""
        if now - self._turned >= MINUTE:
            self._before = self._recent if now - self._turned < 2 * MINUTE else {}
            self._recent, self._turned = {}, now
        times = self._recent.get(key)
        if times is None:
            times = self._before.get(key, deque())
        while times and times[0] <= now - MINUTE:
            times.popleft()
        return times


def _wait(times: deque[float], per_minute: int, now: float) -> int:
    """Whole seconds until one more is within the limit."""
    return max(1, floor(times[-per_minute] + MINUTE - now) + 1)


class Limits:
    """Limits by address. ``factor`` multiplies every limit (load tests, big proxies)."""

    def __init__(self, *, factor: int = 1, counts: Counts | None = None) -> None:
        self._factor = factor
        self._counts = counts or Windows()

    def hit(self, what: str, address: str, per_minute: int) -> int:
        """Count one; 0 if within the limit, else the seconds to wait."""
        return self._counts.hit(what, network(address), per_minute * self._factor)

    def full(self, what: str, address: str, per_minute: int) -> int:
        """Without counting: 0 if another would be within the limit, else the seconds to wait."""
        return self._counts.full(what, network(address), per_minute * self._factor)


def network(address: str) -> str:
    """Who an address counts as: itself, or for IPv6 its /64, since one connection has them all
    (RFC 6177)."""
    try:
        read = IPv6Address(address)
    except AddressValueError:
        return address
    if read.ipv4_mapped is not None:
        return str(read.ipv4_mapped)
    return str(IPv6Address(int(read) >> 64 << 64))
