"""Pools with HTTP/3, and requests to a server that offers it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from httpcore import AsyncConnectionPool, AsyncNetworkStream, AutoBackend

from ..certificates import Certificates
from ..http3_offers import Server

__all__ = ["TIMEOUTS", "AsyncGuard", "get", "pool_for"]

TIMEOUTS = {"timeout": {"connect": 20.0, "read": 20.0, "write": 20.0, "pool": 20.0}}


@asynccontextmanager
async def pool_for(certificates: Certificates, **options: Any) -> AsyncIterator[AsyncConnectionPool]:
    """Yield a pool that trusts the certificates, if `options` have no other context."""
    options.setdefault("ssl_context", certificates.client_context())
    async with AsyncConnectionPool(http3=True, **options) as pool:
        yield pool


async def get(pool: AsyncConnectionPool, server: Server, **extensions: Any) -> bytes:
    """Return the content of a response, which is b"tcp" or b"h3"."""
    return (await pool.request("GET", server.url, extensions={**TIMEOUTS, **extensions})).content


class AsyncGuard(AutoBackend):
    """Has a `connect_tcp()` of its own, as the guard of a program has that was written before HTTP/3."""

    async def connect_tcp(self, *arguments: Any, **options: Any) -> AsyncNetworkStream:
        """Connect."""
        return await super().connect_tcp(*arguments, **options)
