# Generated from ../_async/response_stream.py by tools/make_sync.py: edit that file, then run it.
"""The body of a response that its connection has yet to receive."""

from collections.abc import Iterator


class Lease:
    """What a pool lends to a response, its place in the pool, until the response is closed."""

    def release(self) -> None:
        """Give it back. Doing so again changes nothing."""
        raise NotImplementedError

    def drop(self) -> None:
        """Give it back from a finaliser: at once, without waiting, without a lock, in any thread or none of ours.

        Whoever waits for it is woken. Doing so again, or after `release()`, changes nothing.
        """
        raise NotImplementedError


class ResponseStream:
    """The body of a response that a connection receives while it is iterated over.

    A pool sets `lease`. Whoever implements this releases it when the exchange has ended, however it did: at the end of
    `close()`, and when reading fails or is interrupted. A body that is finalised without having been closed ends its
    exchange, issues a `ResourceWarning` that names the request, and drops the lease.

    Reading a body that was closed before it was read to its end raises `ReadError`.
    """

    lease: Lease | None = None

    def __iter__(self) -> Iterator[bytes]:
        """Iterate over the body once, in parts as they arrive."""
        raise NotImplementedError

    def drop(self) -> None:
        """End the exchange, if it has not ended, since an iterator over the body was dropped half-way.

        As `Lease.drop()`. Where that cannot be done, it is left to `close()`, or to the finaliser.
        """

    def __next__(self) -> bytes:
        """Return the next part."""
        raise NotImplementedError

    def read(self) -> bytes:
        """Return all of the body that is left."""
        parts = bytearray()
        for part in self:
            parts += part
        return bytes(parts)

    def close(self) -> None:
        """End the exchange, whether the body was read to its end or not. Closing again does nothing."""
        raise NotImplementedError


class BodyIterator:
    """Iterates over the body of a response, and ends its exchange when dropped half-way.

    Who leaves a loop over the body, and drops the response without closing it, may have left it in a reference cycle:
    a response of httpx is part of one.
    """

    __slots__ = ("_body", "_half_way")

    def __init__(self, body: ResponseStream) -> None:
        self._body = body
        self._half_way = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        # At the end, and when it fails, the body ends the exchange itself.
        self._half_way = False
        part = self._body.__next__()
        self._half_way = True
        return part

    def close(self) -> None:
        """End the exchange, as closing a generator half-way does."""
        if self._half_way:
            self._half_way = False
            self._body.close()

    def __del__(self) -> None:
        if getattr(self, "_half_way", False):  # not set if an exception came out of a signal handler in __init__
            self._body.drop()
