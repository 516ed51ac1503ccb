"""The bodies of responses from connections that know nothing of leases."""

from collections.abc import AsyncIterator
from typing import Any

from httpcore_models import AsyncBodyIterator, AsyncLease, AsyncResponseStream, Request
from httpcore_models.concurrency import AsyncShield
from httpcore_models.lowlevel import RequestLimits, warn_unclosed


class AsyncLeasedBody(AsyncResponseStream):
    """The body of a response from a connection of a user's own class: releases the lease when it is closed."""

    _closed = True  # until the constructor has finished

    def __init__(self, stream: Any, lease: AsyncLease, request: Request) -> None:
        self._stream = stream
        self._lease = lease
        self._request = request
        timeouts = request.extensions.get("timeout", {})
        self._limits = timeouts if isinstance(timeouts, RequestLimits) else None
        self._iterator: AsyncIterator[bytes] | None = None
        self._closed = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        # Iterating again starts again, if the stream supports that.
        self._iterator = None
        return AsyncBodyIterator(self)

    async def __anext__(self) -> bytes:
        try:
            if self._limits is not None:
                self._limits.to_read(self._request.url.origin)
            if self._iterator is None:
                self._iterator = self._stream.__aiter__()
            return await self._iterator.__anext__()
        except StopAsyncIteration:
            raise
        except BaseException:
            with AsyncShield():
                await self.aclose()
            raise

    def drop(self) -> None:
        if not self._closed:
            # A generator cleans up when it is collected.
            self._iterator = None
            self._lease.drop()

    async def aclose(self) -> None:
        if self._closed:
            return
        try:
            if hasattr(self._stream, "aclose"):
                await self._stream.aclose()
        finally:
            self._closed = True
            await self._lease.release()

    def __del__(self) -> None:
        if self._closed:
            return
        # The next call on the pool closes the connection.
        self._lease.drop()
        warn_unclosed(self._request, self)
