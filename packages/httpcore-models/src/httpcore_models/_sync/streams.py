# Generated from ../_async/streams.py by tools/make_sync.py: edit that file, then run it.
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
    `close()`, and when reading fails or is cancelled. A body that is finalised without having been closed ends its
    exchange, issues a `ResourceWarning` that names the request, and drops the lease.

    Reading a body that was closed before it was read to its end raises `ReadError`.
    """

    lease: Lease | None = None

    def __iter__(self) -> Iterator[bytes]:
        """Iterate over the body once, in parts as they arrive."""
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
