# Generated from ../_async/http3_offers.py by tools/make_sync.py: edit that file, then run it.
"""Pools with HTTP/3, and requests to a server that offers it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from httpcore import ConnectionPool, NetworkStream, SyncBackend

from ..certificates import Certificates
from ..http3_offers import Server

__all__ = ["TIMEOUTS", "Guard", "get", "pool_for"]

TIMEOUTS = {"timeout": {"connect": 20.0, "read": 20.0, "write": 20.0, "pool": 20.0}}


@contextmanager
def pool_for(certificates: Certificates, **options: Any) -> Iterator[ConnectionPool]:
    """Yield a pool that trusts the certificates, if `options` have no other context."""
    options.setdefault("ssl_context", certificates.client_context())
    with ConnectionPool(http3=True, **options) as pool:
        yield pool


def get(pool: ConnectionPool, server: Server, **extensions: Any) -> bytes:
    """Return the content of a response, which is b"tcp" or b"h3"."""
    return (pool.request("GET", server.url, extensions={**TIMEOUTS, **extensions})).content


class Guard(SyncBackend):
    """Has a `connect_tcp()` of its own, as the guard of a program has that was written before HTTP/3."""

    def connect_tcp(self, *arguments: Any, **options: Any) -> NetworkStream:
        """Connect."""
        return super().connect_tcp(*arguments, **options)
