# Generated from ../_async/opening.py by tools/make_sync.py: edit that file, then run it.
"""One connection that several requests wait for: which of them opens it, and what becomes of the others."""

import collections
import threading
import time

from httpcore_models import ConnectError, ConnectionNotAvailable, ConnectTimeout, Origin, ProxyError
from httpcore_models.concurrency import CancellableCall, Event


class Turn:
    """The turn of one request to open the connection, with `timeout` seconds to wait for it, or `None` for no limit."""

    event: Event

    def __init__(self, timeout: float | None) -> None:
        self.timeout = timeout
        self.waited = False
        self.end = None if timeout is None else time.monotonic() + timeout
        self.attempt = CancellableCall()
        # What opening failed with, for this request or for the one that this one waited for.
        self.error: BaseException | None = None

    def remaining(self) -> float | None:
        """How many seconds are left, `None` for no limit."""
        return None if self.end is None else max(0.0, self.end - time.monotonic())

    @property
    def failed_for_all(self) -> bool:
        """Whether the error says that nobody can connect, and not only this request, in its time."""
        if isinstance(self.error, ConnectTimeout):
            return self.timeout is None
        return isinstance(self.error, (ConnectError, ProxyError))


class Opening:
    """Lets one request at a time open the connection to `origin`. Those that come meanwhile wait for the outcome.

    A failure to connect is that of all. Where the one that opens is cancelled, runs out of its own time, or fails by
    what its user does, the next in line opens the connection, with its own limits.
    """

    def __init__(self, origin: Origin) -> None:
        self.is_open = False
        self.closed = False
        # Held while any of this is looked at and changed, never across a wait.
        self.lock = threading.Lock()
        self._origin = origin
        self._opener: Turn | None = None
        self._waiting: collections.deque[Turn] = collections.deque()

    @property
    def under_way(self) -> bool:
        """Whether a request is opening the connection."""
        return self._opener is not None

    def wait(self, turn: Turn) -> None:
        """Return once it is this request's turn to open the connection, or once it is open.

        Raises what the connection failed with, `ConnectTimeout` when that takes longer than the turn has, and
        `ConnectionNotAvailable` when the connection was closed before. `leave()` has to follow in any case.
        """
        with self.lock:
            if self.closed:
                raise ConnectionNotAvailable(f"the connection to {self._origin} is closed")
            if self.is_open:
                return
            if self._opener is None:
                self._opener = turn
                return
            turn.event = Event()
            turn.waited = True
            self._waiting.append(turn)
        while True:
            turn.event.wait(turn.remaining())
            with self.lock:
                if self._opener is turn:
                    if self.closed:
                        raise self.closed_meanwhile()
                    self._waiting.remove(turn)
                    return
                if self.is_open:
                    return
                if turn.error is not None:
                    raise _another(turn.error) from turn.error
                if turn.remaining() == 0.0:
                    raise ConnectTimeout(
                        f"Connect timed out after {turn.timeout:g} seconds ({self._origin}): "
                        "another request was still opening the connection"
                    ) from TimeoutError()

    def leave(self, turn: Turn) -> None:
        """End a turn, with its `error` if there was one: the others are told, or the next in line goes on.

        Doing it once more completes it, wherever it was interrupted.
        """
        waiting = self._waiting
        with self.lock:
            if turn in waiting:
                waiting.remove(turn)
            if self._opener is not turn:
                return
            if self.is_open or turn.failed_for_all:
                self._answer_all(turn.error)
                self._opener = None
            else:
                # In this order, which can be gone through once more. The next one takes itself out of the line.
                if waiting:
                    waiting[0].event.set()
                self._opener = waiting[0] if waiting else None

    def _answer_all(self, error: BaseException | None) -> None:
        for waiter in self._waiting:
            waiter.error = error
            waiter.event.set()
        self._waiting.clear()

    def close(self, *, for_good: bool) -> bool:
        """Have all that wait, and the one that opens the connection, fail with `ConnectError`; return whether they do.

        A connection that nobody has begun to open is left as it is, unless that is to be `for_good`.
        """
        with self.lock:
            opener = self._opener
            if opener is None and not self.is_open and not for_good:
                return False
            self.closed = True
            self._answer_all(None if self.is_open else self.closed_meanwhile())
        if opener is not None:
            opener.attempt.cancel()
        return True

    def closed_meanwhile(self) -> ConnectError:
        """The error for a connection that is closed before it is open."""
        return ConnectError(f"the connection to {self._origin} was closed while it was being opened")


def _another(error: BaseException) -> BaseException:
    """Return an exception like `error`, for another request to raise.

    `copy.copy()` would call the class with the arguments that the exception keeps, and a class of a user's own may take
    others.
    """
    kind = type(error)
    another: BaseException = kind.__new__(kind, *error.args)
    another.__dict__.update(error.__dict__)
    return another
