"""Limits sign-in attempts: wrong tokens are counted in memory, by address and in total, and further ones must wait.

The waits are short enough that nobody can keep the owner out for long. How long they would need to be against guessing
depends on the token; a token of twenty random characters needs none.
"""

from __future__ import annotations

import ipaddress
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from errors import TooManySignIns

log = logging.getLogger("patchbay.signin")

FREE_BY_ADDRESS, FREE_IN_ALL = 5, 30
LONGEST_SECONDS = 60.0
# All programs and browsers of this machine share one address, and remote clients must not lock everybody out.
LONGEST_SHARED_SECONDS = 5.0
FORGOTTEN_AFTER_SECONDS = 900.0
MAX_ADDRESSES = 1000
IPV6_NETWORK_BITS = 64
MAX_DOUBLINGS = 16


def wait_seconds(wrong: int, free: int, longest: float) -> float:
    """How long the next attempt waits after so many wrong ones in a row: 1, 2, 4 … seconds beyond the free ones."""
    return min(longest, 2.0 ** min(wrong - free, MAX_DOUBLINGS)) if wrong >= free else 0.0


def group_address(address: str) -> str:
    """The address, or for IPv6 its network, in which one machine has as many addresses as it likes."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, IPV6_NETWORK_BITS), strict=False))


@dataclass(slots=True)
class Count:
    """The number of wrong attempts in a row, and until when the next one waits."""

    free: int
    longest: float
    is_loopback: bool = False
    wrong: int = 0
    last_at: float = 0.0
    waits_until: float = 0.0

    def wait_left(self, now: float) -> float:
        # After a clock step a wait is never longer than intended.
        return max(0.0, min(self.waits_until - now, self.longest))

    def add(self, now: float) -> None:
        if abs(now - self.last_at) > FORGOTTEN_AFTER_SECONDS:
            self.wrong = 0
        self.wrong, self.last_at = self.wrong + 1, now
        self.waits_until = now + wait_seconds(self.wrong, self.free, self.longest)

    def take_back(self) -> None:
        self.wrong, self.waits_until = max(0, self.wrong - 1), 0.0


class Attempts:
    """Decides who may try now. An attempt is counted before it is checked, so parallel attempts gain nothing."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._all = Count(FREE_IN_ALL, LONGEST_SHARED_SECONDS)
        self._by_address: OrderedDict[str, Count] = OrderedDict()
        self.failures = 0
        """Wrong tokens since the start."""

    def begin(self, address: str) -> None:
        """Counts an attempt from `address`. Raises TooManySignIns with the seconds to wait, and then counts nothing."""
        with self._lock:
            now, own = self._clock(), self._count_of(group_address(address))
            # Remote attempts never make a user at this machine wait.
            shared = 0.0 if own.is_loopback else self._all.wait_left(now)
            wait = max(own.wait_left(now), shared)
            if wait > 0:
                raise TooManySignIns(
                    "Too many wrong tokens were sent. Try again in a moment.", retry_after_seconds=wait
                )
            own.add(now)
            self._all.add(now)

    def end(self, address: str, *, is_right: bool) -> None:
        """For a right token, takes back what `begin` counted. Logs a wrong one without its value."""
        group = group_address(address)
        with self._lock:
            if is_right:
                self._by_address.pop(group, None)
                self._all.take_back()
                return
            self.failures += 1
            wrong = self._count_of(group).wrong
        log.warning("A wrong token was given at sign-in from %s: %d in a row.", group, wrong)

    def _count_of(self, group: str) -> Count:
        if group not in self._by_address:
            is_loopback = _is_loopback(group)
            longest = LONGEST_SHARED_SECONDS if is_loopback else LONGEST_SECONDS
            self._by_address[group] = Count(FREE_BY_ADDRESS, longest, is_loopback)
        self._by_address.move_to_end(group)
        if len(self._by_address) > MAX_ADDRESSES:
            self._by_address.popitem(last=False)
        return self._by_address[group]


def _is_loopback(group: str) -> bool:
    return group.startswith("127.") or group.startswith("::/")
