"""Rate limits by address, kept in memory only: no address is ever written down."""

import time
from ipaddress import AddressValueError, IPv6Address

import limits
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter


class Limits:
    """Moving windows of one minute. ``factor`` multiplies every limit (load tests, big proxies)."""

    def __init__(self, *, factor: int = 1) -> None:
        self._factor = factor
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def _item(self, per_minute: int) -> limits.RateLimitItem:
        return limits.RateLimitItemPerMinute(per_minute * self._factor)

    def hit(self, what: str, address: str, per_minute: int) -> int:
        """Count one; 0 if within the limit, else the seconds to wait."""
        item, who = self._item(per_minute), network(address)
        return 0 if self._limiter.hit(item, what, who) else self._wait(item, what, who)

    def full(self, what: str, address: str, per_minute: int) -> int:
        """Without counting: 0 if another would be within the limit, else the seconds to wait."""
        item, who = self._item(per_minute), network(address)
        return 0 if self._limiter.test(item, what, who) else self._wait(item, what, who)

    def _wait(self, item: limits.RateLimitItem, what: str, address: str) -> int:
        stats = self._limiter.get_window_stats(item, what, address)
        return max(1, int(stats.reset_time - time.time()) + 1)


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
