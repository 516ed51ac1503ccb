"""The race between the addresses of one host: happy eyeballs (RFC 8305), without I/O and without a clock.

Trying one address after another lets a silent one use up the whole time limit. So attempts overlap: each address gets
a short lead, then the next one is tried beside it, and the first to connect wins. A failed attempt makes room for the
next one at once. Families alternate, so that a host whose IPv6 is broken costs one lead, not one for each address.

`connect_sync` runs the race with a selector, `connect_async` with a task for each attempt.
"""

import collections
import itertools
from collections.abc import Iterable

from .._resolving.system import Address

# The lead of an attempt, in seconds. RFC 8305 section 5 recommends 0.25; curl has 0.2 and Go 0.3.
CONNECTION_ATTEMPT_DELAY = 0.25


class Race:
    """Which address is tried when, and the errors of those that failed.

    The driver starts an attempt for the address that `next_address()` returns, then waits up to `delay()` seconds for
    any attempt to end. It reports failures, and goes on until an attempt has connected or the race `is_lost`.
    """

    def __init__(self, addresses: Iterable[Address]) -> None:
        self._untried = collections.deque(interleaved(addresses))
        self._running = 0
        self._errors: list[OSError] = []

    @property
    def is_lost(self) -> bool:
        """Whether all addresses have been tried and have failed."""
        return not self._untried and not self._running

    def next_address(self) -> Address | None:
        """Return the address to try now, or `None` if there is none left."""
        if not self._untried:
            return None
        address = self._untried.popleft()
        self._running += 1
        return address

    def delay(self) -> float | None:
        """Return how many seconds to wait before trying the next address, or `None` if there is none left."""
        return CONNECTION_ATTEMPT_DELAY if self._untried else None

    def attempt_failed(self, error: OSError) -> None:
        """Note that an attempt has failed: the next address may be tried."""
        self._running -= 1
        self._errors.append(error)

    def failure(self) -> OSError:
        """Return one error for all failed attempts. Call it once: the errors are forgotten."""
        errors = self._errors
        self.forget_failures()
        return combined(errors)

    def forget_failures(self) -> None:
        """Let the errors go, however the race has ended.

        A race that kept them would be part of a reference cycle: their tracebacks lead to the driver's variables.
        """
        self._errors = []


def interleaved(addresses: Iterable[Address]) -> list[Address]:
    """Alternate between address families, keeping the resolver's order within each (RFC 8305 section 4)."""
    families: dict[int, list[Address]] = {}
    for address in addresses:
        families.setdefault(address.family, []).append(address)
    rounds = itertools.zip_longest(*families.values())
    return [address for one_round in rounds for address in one_round if address is not None]


def combined(errors: list[OSError]) -> OSError:
    """Return one error for the failed attempts at all addresses of a host."""
    if not errors:
        return OSError("the resolver knows no address of this host")
    texts = dict.fromkeys(str(error) for error in errors)
    return errors[0] if len(texts) == 1 else OSError("; ".join(texts))
