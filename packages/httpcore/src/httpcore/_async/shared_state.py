"""The state of a pool, shared between tasks or threads: each step runs under a lock."""

import collections
import functools
import threading
import time
import weakref
from collections.abc import Callable

from httpcore_models import AsyncConnectionInterface, ConnectError, ConnectionInfo, PoolTimeout, Request
from httpcore_models.deadline import TotalSeconds, limit_text
from httpcore_models.lowlevel import RequestLimits, async_close_all

from .._fork import register_for_fork
from .._pool.slots import PoolRequest, Slot
from .._pool.state import PoolState
from .._pool.unclosed import oldest, unclosed_text
from .._reports import History, Message, OnConnection


class AsyncSharedState:
    """The state of a pool, and methods that carry out its decisions.

    Every change of `state` is a step: it holds the lock, and an exception marks the state as broken. So whatever
    interrupts a step, even an exception from a signal handler, the next step repairs the state first.
    """

    def __init__(self, max_connections: int | None, max_keepalive: int | None, keepalive_expiry: float | None) -> None:
        self.state: PoolState[AsyncConnectionInterface]
        self.state = PoolState(max_connections, max_keepalive, keepalive_expiry)
        #: How often the pool has been closed.
        self.close_count = 0
        self._make_lock()
        #: What finalisers leave to the next step, since they must not wait for the lock: requests to release, and slots
        #: whose connection has changed.
        self.deferred: collections.deque[PoolRequest[AsyncConnectionInterface] | Slot[AsyncConnectionInterface]]
        self.deferred = collections.deque()
        #: The callback of the pool for connections that were opened or closed, and the slots that it has to be told of.
        self.on_connection: OnConnection | None = None
        self.departed: collections.deque[Slot[AsyncConnectionInterface]] = collections.deque()
        register_for_fork(self)

    def _make_lock(self) -> None:
        #: Held for a few microseconds at a time, never across a wait.
        self.lock = threading.RLock()
        #: Whether the calling thread holds the lock.
        self.holds_lock: Callable[[], bool]
        self.holds_lock = self.lock._is_owned  # type: ignore[attr-defined]  # as `threading.Condition`

    def step(self, function: Callable[..., object], *arguments: object) -> None:
        """Run what was deferred, and then `function`, which changes the state."""
        with self.lock:
            state = self.state
            try:
                if state.broken:
                    state.repair()
                if self.deferred:
                    self._run_deferred()
                function(*arguments)
                if state.to_wake:
                    self.wake()
            except BaseException:
                state.broken = True
                raise

    def wake(self) -> None:
        """Wake the requests that were served. Part of a step."""
        to_wake = self.state.to_wake
        for request in to_wake:
            if request.event is not None:
                request.event.wake()
        to_wake.clear()

    def defer(self, what: PoolRequest[AsyncConnectionInterface] | Slot[AsyncConnectionInterface]) -> None:
        """Have the next step release a request or check a connection. A waiting request is woken, and makes that step.

        Takes no lock: the garbage collector may call this at any point, even while the same thread holds the lock.
        """
        self.deferred.append(what)
        waiting = self.state.requests.first_waiting()
        if waiting is not None and waiting.event is not None:
            waiting.event.wake()

    def catch_up(self) -> None:
        """Run what was deferred, so that the state is up to date."""
        if (self.deferred or self.state.broken) and not self.holds_lock():
            self.step(bool)  # nothing but what was deferred

    def _run_deferred(self) -> None:
        while self.deferred:
            what = self.deferred[0]
            if isinstance(what, Slot):
                self.state.changed(what)
            else:
                self.state.release(what, time.monotonic())
            self.deferred.popleft()

    async def close_pending(self) -> None:
        """Run what was deferred, close the connections that left the pool, and report that."""
        self.catch_up()
        try:
            if self.state.to_close:
                await self._close_connections()
        finally:
            if self.departed:
                self.report_departed()

    async def _close_connections(self) -> None:
        closing: list[AsyncConnectionInterface] = []
        try:
            with self.lock:
                closing += self.state.to_close
                self.state.to_close.clear()
            await async_close_all(closing)
        finally:
            if closing:
                # `async_close_all()` empties the list, unless a signal handler raises in it.
                with self.lock:
                    self.state.to_close += closing

    # The callback of the pool. It is never called while this thread holds the lock, so it may use the pool.

    def report_to(self, callback: OnConnection | None) -> None:
        """Tell `callback` of connections that are opened and closed from now on."""
        self.on_connection = callback
        if callback is not None:
            self.state.slots.on_departure = self.departed.append

    def reporter_of(self, slot: Slot[AsyncConnectionInterface]) -> Callable[[ConnectionInfo], None]:
        """Return what the connection of a slot calls when it is open. It keeps neither the pool nor the slot alive."""
        return functools.partial(_report_opened, weakref.ref(self), weakref.ref(slot))

    def report_opened(self, slot: Slot[AsyncConnectionInterface], info: ConnectionInfo) -> None:
        """Report a new connection, once."""
        callback = self.on_connection
        history: History | None = None
        try:
            with self.lock:
                if callback is None or slot.history is not None:
                    return
                history = slot.history = History(info)
            history.opening.tell(callback)
        finally:
            if history is not None:
                try:
                    self._opening_is_over(slot, history)
                except BaseException:
                    # Raised by a signal handler. A second call does no harm, and completes the first.
                    self._opening_is_over(slot, history)
                    raise

    def _opening_is_over(self, slot: Slot[AsyncConnectionInterface], history: History) -> None:
        with self.lock:
            history.told = history.opening.is_told
            if not history.told:
                slot.history = None  # a signal handler has raised before, so its end must not be reported either
            elif slot.gone:  # meanwhile: in this order, the end is reported after the beginning
                self.departed.append(slot)

    def report_departed(self) -> None:
        """Report the connections that were closed, once each."""
        callback = self.on_connection
        while self.departed and callback is not None:
            history: History | None = None
            message: Message | None = None
            try:
                with self.lock:
                    if not self.departed:
                        return
                    slot = self.departed[0]
                    if slot.history is not None and slot.history.told and not slot.history.closed:
                        history = slot.history
                        history.closed = True
                    self.departed.popleft()
                if history is not None:
                    message = history.ending(slot)
                    message.tell(callback)
            finally:
                if history is not None and (message is None or not message.is_told):
                    try:
                        self._restore_departed(slot, history)
                    except BaseException:
                        self._restore_departed(slot, history)  # as above
                        raise

    def _restore_departed(self, slot: Slot[AsyncConnectionInterface], history: History) -> None:
        with self.lock:
            history.closed = False
            if slot not in self.departed:
                self.departed.appendleft(slot)

    def check_not_closed(self, pool_request: PoolRequest[AsyncConnectionInterface]) -> None:
        """Raise `ConnectError` if the pool was closed since the request came.

        Otherwise a request that lost its connection to the closing of the pool would open another one.
        """
        if pool_request.close_count != self.close_count:
            raise ConnectError("The connection pool was closed while the request waited for a connection.")

    def pool_timeout(self, request: Request, waited: float | None) -> PoolTimeout:
        """Return the error for a request that has waited for as long as its `pool` timeout, or its total one, allows.

        `waited` is the limit of its last wait.
        """
        timeouts = request.extensions["timeout"]
        limit = timeouts.own("pool") if isinstance(timeouts, RequestLimits) else timeouts["pool"]
        limit = waited if isinstance(waited, TotalSeconds) else limit
        with self.lock:
            # Nothing that takes longer the more connections there are: many requests may time out at once.
            slots, requests = self.state.slots, self.state.requests
            in_use, waiting = len(slots.all) - len(slots.idle), len(requests.waiting)
            active = oldest(requests.active)
        return PoolTimeout(
            f"Pool timed out {limit_text(limit)}: no connection to {request.url.origin} became available "
            f"({in_use} of {slots.limits.max_connections} in use, {waiting} waiting)"
            f"{unclosed_text(active, time.monotonic())}"
        )

    def close(self) -> None:
        """Let the state close all connections. Part of a step, so that a request finds both changes or none."""
        self.close_count += 1
        self.state.close()

    def reset_after_fork(self) -> None:
        """In a child process: forget what belongs to the parent.

        The connections are closed when the pool is used next, which only closes descriptors of this process.
        """
        inherited = self.state
        self._make_lock()
        self.deferred.clear()
        self.state = PoolState(*inherited.slots.limits)
        self.state.to_close += inherited.slots.disown_connections()
        # Connections that the parent has opened are reported there.
        self.departed = collections.deque()
        self.report_to(self.on_connection)


def _report_opened(
    shared: weakref.ref[AsyncSharedState], slot: weakref.ref[Slot[AsyncConnectionInterface]], info: ConnectionInfo
) -> None:
    this_state, this_slot = shared(), slot()
    if this_state is not None and this_slot is not None:
        this_state.report_opened(this_slot, info)
