"""Closing an async stream from anywhere.

A stream belongs to an event loop, and nothing else may touch what the loop watches. Yet a pool closes its connections
in another thread, in another event loop, in a finaliser after the loop has ended, and in a child process, where the
sockets are copies and closing must not reach the parent's connection. `abort()` tells these apart, once for all
streams; each says what to do in each case.
"""

import os

from ...concurrency import call_soon_threadsafe, current_event_loop
from .._async.tls import AsyncTLSCapableStream


class LoopBound:
    """What belongs to the event loop, and the process, in which it is made: a stream of bytes or of datagrams."""

    def __init__(self) -> None:
        self._process = os.getpid()
        self._owner = current_event_loop()
        self._closed = False

    async def aclose(self) -> None:
        """Close the stream. TLS is not shut down, and what has not been sent is dropped."""
        self.abort()

    def abort(self) -> None:
        """Close the stream; see `AsyncNetworkStream`."""
        if self._closed:
            return
        self._mark_closed()
        if os.getpid() != self._process:
            self._close_copy()
        elif self._owner is not None and self._owner is current_event_loop():
            self._close_in_loop()
        else:
            self._close_from_outside()
            try:
                call_soon_threadsafe(self._owner, self._close_soon)
            except RuntimeError:
                self._close_without_loop()

    def _mark_closed(self) -> None:
        self._closed = True

    def _close_copy(self) -> None:
        """Close in a child process, where the event loop does not run."""
        self._close_without_loop()

    def _close_in_loop(self) -> None:
        """Close in the event loop."""
        raise NotImplementedError

    def _close_from_outside(self) -> None:
        """Do, outside of the event loop, what cannot wait for its next turn. There may be none."""

    def _close_soon(self) -> None:
        """Close in the event loop, some turns after `abort()` was called outside of it."""
        self._close_in_loop()

    def _close_without_loop(self) -> None:
        """Close after the event loop has ended."""
        raise NotImplementedError


class LoopBoundStream(LoopBound, AsyncTLSCapableStream):
    """A stream of bytes that belongs to the event loop, and the process, in which it is made."""
