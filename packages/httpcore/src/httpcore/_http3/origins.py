"""Where HTTP/3 is offered, and where it did not work lately. Without I/O, locks or clocks.

Threads may share an object: each step replaces one entry of a dictionary, and losing one of two simultaneous steps does
no harm.

    unknown --advertised()--> offered --failed()--> broken for 5 minutes, doubling up to 2 days --> offered again
       ^                         |                     |
       |                         |                     +-- succeeded(), connected_from() another address: offered
       +---- dropped(), expiry --+
"""

import contextlib
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from .alt_svc import parse_alt_svc

# What a connection can be reused for: host, port, and the name that TLS verifies.
Key = tuple[bytes, int, str]

V = TypeVar("V")

# How many origins are remembered.
_MOST_ORIGINS = 1024

# For how many seconds an origin is broken after a failure; twice as many after each further one.
_BROKEN_FOR = 5 * 60.0
_LONGEST_BROKEN = 2 * 24 * 60 * 60.0
_MOST_DOUBLINGS = 10

# How many seconds a handshake over QUIC may take before TCP is tried, and how many times the time that TCP took.
_HEAD_START = 0.3
_TIMES_OF_TCP = 3.0


class _Offer(NamedTuple):
    expires: float
    persist: bool


class _Failure(NamedTuple):
    until: float
    doublings: int


class Origins:
    """What is known about origins. `now` is the time in seconds, of any clock that only goes forward."""

    def __init__(self) -> None:
        self._offers: dict[Key, _Offer] = {}
        self._failures: dict[Key, _Failure] = {}
        self._connect_times: dict[Key, float] = {}
        self._local_addresses: dict[Key, str] = {}
        self._peers: dict[Key, str] = {}

    def advertised(self, key: Key, values: Sequence[bytes], now: float) -> None:
        """Note the Alt-Svc header of a response, one item for each field. The connection must have been verified.

        Only alternatives at the host and port of the origin count: others would let a server choose what this program
        connects to (SSRF).
        """
        alternatives = parse_alt_svc(values)
        if alternatives is None:
            return
        host, port, _ = key
        for other in alternatives:
            if other.protocol == b"h3" and other.port == port and other.host.lower() in (b"", host.lower()):
                if other.max_age:
                    _put(self._offers, key, _Offer(now + other.max_age, other.persist))
                    return
                break
        self._offers.pop(key, None)

    def may_try(self, key: Key, now: float) -> bool:
        """Whether HTTP/3 is offered and not known to be broken."""
        offer = self._offers.get(key)
        if offer is None:
            return False
        if offer.expires <= now:
            self._offers.pop(key, None)
            return False
        failure = self._failures.get(key)
        return failure is None or failure.until <= now

    def failed(self, key: Key, now: float) -> float:
        """Note that HTTP/3 did not work. Return until when the origin is broken."""
        failure = self._failures.get(key)
        if failure is not None and now < failure.until:
            return failure.until  # another attempt that began at the same time
        doublings = 0 if failure is None else min(failure.doublings + 1, _MOST_DOUBLINGS)
        until = now + min(_BROKEN_FOR * 2.0**doublings, _LONGEST_BROKEN)
        _put(self._failures, key, _Failure(until, doublings))
        return until

    def succeeded(self, key: Key) -> None:
        """Note that HTTP/3 works."""
        self._failures.pop(key, None)

    def dropped(self, key: Key) -> None:
        """Forget that HTTP/3 is offered: the server there says that it is the wrong one, for example."""
        self._offers.pop(key, None)

    def connected_from(self, key: Key, local_address: str, seconds: float, peer: str | None = None) -> None:
        """Note that connecting over TCP took so many seconds, from an IP address of this machine to that of a `peer`.

        From another address than before, the network is another one: failures do not count any more, nor do offers that
        are not said to persist.
        """
        _put(self._connect_times, key, seconds)
        if peer is not None:
            _put(self._peers, key, peer)
        before = self._local_addresses.get(key)
        if before != local_address:
            _put(self._local_addresses, key, local_address)
        # A host may be reached over IPv4 and IPv6 by turns.
        if before not in (None, local_address) and (":" in str(before)) == (":" in local_address):
            self._failures.pop(key, None)
            offer = self._offers.get(key)
            if offer is not None and not offer.persist:
                self._offers.pop(key, None)

    def last_peer(self, key: Key) -> str | None:
        """Return the IP address that answered over TCP last, if any is known."""
        return self._peers.get(key)

    def head_start(self, key: Key) -> float:
        """Return how many seconds a handshake over QUIC may take before TCP is tried."""
        return max(_HEAD_START, _TIMES_OF_TCP * self._connect_times.get(key, 0.0))

    def broken(self, now: float) -> int:
        """Return how many origins are broken."""
        while True:
            with contextlib.suppress(RuntimeError):  # another thread changed the table meanwhile
                return sum(failure.until > now for failure in self._failures.values())


def _put(table: dict[Key, V], key: Key, value: V) -> None:
    table.pop(key, None)  # the new entry goes last
    while len(table) >= _MOST_ORIGINS:
        with contextlib.suppress(RuntimeError, StopIteration):  # another thread changed the table meanwhile
            table.pop(next(iter(table)), None)
    table[key] = value
