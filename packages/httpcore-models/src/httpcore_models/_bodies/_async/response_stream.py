"""The body of a response that a connection is still receiving."""

from collections.abc import AsyncIterator


class AsyncLease:
    """The slot in a pool that a response occupies until it is closed."""

    async def release(self) -> None:
        """Give the slot back. Further calls have no effect."""
        raise NotImplementedError

    def drop(self) -> None:
        """Give the slot back from a finaliser, in any thread, without waiting or taking a lock.

        Requests that wait for a slot are woken. Further calls, or a call after `release()`, have no effect.
        """
        raise NotImplementedError


class AsyncResponseStream:
    """The body of a response. Iterating over it receives it from the connection.

    A pool sets `lease`. Implementations release it at the end of `aclose()`, and when reading fails or is cancelled. A
    body that is garbage-collected without having been closed ends its exchange, issues a `ResourceWarning` that names
    the request, and drops the lease.

    Reading from a body that was closed before its end raises `ReadError`.
    """

    lease: AsyncLease | None = None

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Return an iterator over the parts of the body as they arrive. The body can be read once."""
        raise NotImplementedError

    def drop(self) -> None:
        """End the exchange from a finaliser, in any thread, without waiting or taking a lock.

        An iterator calls this if it is dropped before the end of the body. An implementation that cannot end the
        exchange in this way does nothing, and leaves it to `aclose()` or to its own finaliser.
        """

    async def __anext__(self) -> bytes:
        """Return the next part."""
        raise NotImplementedError

    async def aread(self) -> bytes:
        """Read the rest of the body and return it."""
        parts = bytearray()
        async for part in self:
            parts += part
        return bytes(parts)

    async def aclose(self) -> None:
        """End the exchange, whether or not the body was read to its end. Further calls have no effect."""
        raise NotImplementedError


class AsyncBodyIterator:
    """Iterates over the body of a response, and ends the exchange if it is dropped before the end of the body.

    A program may leave a loop over the body and drop the response without closing it. The response may be part of a
    reference cycle, as those of httpx are, and stay alive; the iterator does not.
    """

    __slots__ = ("_body", "_unfinished")

    def __init__(self, body: AsyncResponseStream) -> None:
        self._body = body
        self._unfinished = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        # At its end and on errors the body ends the exchange itself.
        self._unfinished = False
        part = await self._body.__anext__()
        self._unfinished = True
        return part

    async def aclose(self) -> None:
        """End the exchange, as closing a generator does before it is exhausted."""
        if self._unfinished:
            self._unfinished = False
            await self._body.aclose()

    def __del__(self) -> None:
        if getattr(self, "_unfinished", False):  # not set if an exception came out of a signal handler in __init__
            self._body.drop()
