# Generated from ../_async/leased_body.py by tools/make_sync.py: edit that file, then run it.
"""The bodies of responses from connections that know nothing of leases."""

from collections.abc import Iterator
from typing import Any

from httpcore_models import BodyIterator, Lease, Request, ResponseStream
from httpcore_models.concurrency import Shield
from httpcore_models.lowlevel import RequestLimits, warn_unclosed


class LeasedBody(ResponseStream):
    """The body of a response from a connection of a user's own class: releases the lease when it is closed."""

    _closed = True  # until the constructor has finished

    def __init__(self, stream: Any, lease: Lease, request: Request) -> None:
        self._stream = stream
        self._lease = lease
        self._request = request
        timeouts = request.extensions.get("timeout", {})
        self._limits = timeouts if isinstance(timeouts, RequestLimits) else None
        self._iterator: Iterator[bytes] | None = None
        self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        # Iterating again starts again, if the stream supports that.
        self._iterator = None
        return BodyIterator(self)

    def __next__(self) -> bytes:
        try:
            if self._limits is not None:
                self._limits.to_read(self._request.url.origin)
            if self._iterator is None:
                self._iterator = self._stream.__iter__()
            return self._iterator.__next__()
        except StopIteration:
            raise
        except BaseException:
            with Shield():
                self.close()
            raise

    def drop(self) -> None:
        if not self._closed:
            # A generator cleans up when it is collected.
            self._iterator = None
            self._lease.drop()

    def close(self) -> None:
        if self._closed:
            return
        try:
            if hasattr(self._stream, "close"):
                self._stream.close()
        finally:
            self._closed = True
            self._lease.release()

    def __del__(self) -> None:
        if self._closed:
            return
        # The next call on the pool closes the connection.
        self._lease.drop()
        warn_unclosed(self._request, self)
