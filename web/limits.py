"""Rate limits by address, kept in memory only: no address is ever written down.

Each process can count by itself (:class:`Windows`); the processes of one host count together by
asking one place for all of them (``web.shared_limits``).
"""

import time
from ipaddress import AddressValueError, IPv6Address
from typing import Protocol

import limits
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter


class Counts(Protocol):
    """Where requests are counted: ``what`` is counted by ``who``, at most ``per_minute``."""

    def hit(self, what: str, who: str, per_minute: int) -> int:
        """Count one; 0 if within the limit, else the seconds to wait."""
        ...

    def full(self, what: str, who: str, per_minute: int) -> int:
        """Without counting: 0 if another would be within the limit, else the seconds to wait."""
        ...


class Windows:
    """Moving windows of one minute, in the memory of this process."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def hit(self, what: str, who: str, per_minute: int) -> int:
        item = limits.RateLimitItemPerMinute(per_minute)
        return 0 if self._limiter.hit(item, what, who) else self._wait(item, what, who)

    def full(self, what: str, who: str, per_minute: int) -> int:
        item = limits.RateLimitItemPerMinute(per_minute)
        return 0 if self._limiter.test(item, what, who) else self._wait(item, what, who)

    def _wait(self, item: limits.RateLimitItem, what: str, who: str) -> int:
        stats = self._limiter.get_window_stats(item, what, who)
        return max(1, int(stats.reset_time - time.time()) + 1)


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
