"""Connecting once for several requests: one request leads and connects, the others follow and share the outcome."""

import collections
import threading
from typing import Any

from httpcore_models import ConnectError, ConnectionNotAvailable, ConnectTimeout, Origin, ProxyError
from httpcore_models.concurrency import AsyncCancellableCall, AsyncEvent, forks
from httpcore_models.deadline import Deadline, limit_text
from httpcore_models.lowlevel import ObservedPhase, Observer

from .._fork import register_for_fork


class AsyncConnectCall:
    """A request that needs the connection before `deadline`."""

    #: Wakes the request while it follows another one.
    event: AsyncEvent

    def __init__(self, deadline: Deadline, timeouts: object = None) -> None:
        """`timeouts` are all time limits of the request, by which its call is recognised."""
        self.deadline = deadline
        self.timeouts = timeouts
        self.process = forks.count
        #: Whether the request has followed another one.
        self.has_followed = False
        #: What closing the connection cancels.
        self.attempt = AsyncCancellableCall()
        #: The observer of the request, and what it is told about a wait for another request.
        self.observer: Observer | None = None
        self.facts: dict[str, Any] = {}
        #: Why this request, or the one that it followed, could not connect.
        self.error: BaseException | None = None

    def is_of(self, timeouts: object, limit: float | None) -> bool:
        """Whether this is the request with these time limits, of which `limit` is the one for connecting."""
        return self.timeouts is timeouts or self.deadline.timeout == limit

    @property
    def failed_for_all(self) -> bool:
        """Whether the followers fail with this error too. A timeout of this request alone does not concern them."""
        if isinstance(self.error, ConnectTimeout):
            return self.deadline.timeout is None
        return isinstance(self.error, (ConnectError, ProxyError))


class AsyncConnecting:
    """Lets one request at a time, the leader, connect to `origin`. Requests that arrive meanwhile follow.

    When connecting fails, all of them fail. But when the leader is cancelled, exceeds its own time limit, or fails in
    code of its user, the first follower becomes the leader, with its own time limit.
    """

    def __init__(self, origin: Origin) -> None:
        #: Guards all attributes. Never held across a wait.
        self.lock = threading.Lock()
        register_for_fork(self)
        self.established = False
        self.closed = False
        self._origin = origin
        #: The request that is connecting.
        self.leader: AsyncConnectCall | None = None
        self._followers: collections.deque[AsyncConnectCall] = collections.deque()

    def reset_after_fork(self) -> None:
        """In a child process: forget who holds the lock, a thread that may not exist here."""
        self.lock = threading.Lock()

    async def join(self, call: AsyncConnectCall) -> None:
        """Return when `call` leads, or when the connection is established.

        Raises the error of the leader, `ConnectTimeout` when the call's time is over, and `ConnectionNotAvailable` when
        the connection was already closed. Call `leave()` afterwards in any case.
        """
        with self.lock:
            if self.closed:
                raise ConnectionNotAvailable(f"The connection to {self._origin} is closed")
            if self.established:
                return
            leader = self.leader
            if leader is None or leader.process != forks.count:
                if leader is not None:
                    self._abandon()
                self.leader = call
                return
            call.event = AsyncEvent()
            call.has_followed = True
            self._followers.append(call)
        with ObservedPhase(call.observer, "connection.wait", call.facts):
            await self._follow(call)

    async def _follow(self, call: AsyncConnectCall) -> None:
        while True:
            await call.event.wait(call.deadline.remaining())
            with self.lock:
                if self.leader is call:
                    if self.closed:
                        raise self.closed_error()
                    self._followers.remove(call)
                    return
                if self.established:
                    return
                if call.error is not None:
                    raise _copy_of(call.error) from call.error
                if call.deadline.has_passed:
                    raise ConnectTimeout(
                        f"Connect timed out {limit_text(call.deadline.timeout)} ({self._origin}): "
                        "another request was still opening the connection"
                    ) from TimeoutError()

    def leave(self, call: AsyncConnectCall) -> None:
        """End `call`, whose `error` is set if it failed: tell the followers the outcome, or let the first of them lead.

        If an exception from a signal handler interrupts this, calling it again completes it.
        """
        followers = self._followers
        with self.lock:
            if call in followers:
                followers.remove(call)
            if self.leader is not call:
                return
            if self.established or call.failed_for_all:
                if followers:
                    self._end_all(call.error)
                self.leader = None
            else:
                # In this order, so that calling this again repeats it. The follower removes itself in join().
                if followers:
                    followers[0].event.set()
                self.leader = followers[0] if followers else None

    def _end_all(self, error: BaseException | None) -> None:
        for follower in self._followers:
            follower.error = error
            follower.event.set()
        self._followers.clear()

    def _abandon(self) -> None:
        """In a child process: the thread that led does not exist here, or its stream belongs to the parent."""
        for follower in self._followers:
            follower.error = ConnectError(f"The connection belongs to another process ({self._origin})")
            follower.event.wake()  # of an event loop that may be gone
        self._followers.clear()

    def close(self, *, for_good: bool) -> bool:
        """Make the leader and its followers fail with `ConnectError`. Return whether the connection is closed now.

        A connection that was never used stays usable, unless it is closed `for_good`.
        """
        with self.lock:
            leader = self.leader
            if leader is None and not self.established and not for_good:
                return False
            self.closed = True
            if self._followers:
                self._end_all(None if self.established else self.closed_error())
        if leader is not None:
            leader.attempt.cancel()
        return True

    def closed_error(self) -> ConnectError:
        """Return the error for a connection that is closed before it is established."""
        return ConnectError(f"The connection to {self._origin} was closed while it was being opened")


def _copy_of(error: BaseException) -> BaseException:
    """Return an exception like `error`, for another request to raise.

    `copy.copy()` calls the class with the arguments that the exception stores, but a user's exception class may take
    other arguments.
    """
    kind = type(error)
    copied: BaseException = kind.__new__(kind, *error.args)
    copied.__dict__.update(error.__dict__)
    return copied
