"""`Recorder`: records requests, one by one, of a pool, or of a client of httpx."""

from collections import deque
from collections.abc import Callable
from typing import Any, overload

import httpcore

from ._async.pool import AsyncRecordedPool
from ._lifecycle import LOCK, Lifecycle
from ._observation import Observation, Observe
from ._record import RequestRecord
from ._sync.pool import RecordedPool


class Recorder:
    """Records what requests do. It may be shared by threads and event loops.

    * `max_requests`: how many records are kept; those that began first are dropped.
    * `on_start`, `on_end`: called with each `RequestRecord` when it begins and when it has ended, well or badly, once
      each. They are called in the middle of the request, in whichever thread it is at work, so they should be quick.
      What they raise ends the request.

    There are three ways to have requests recorded: `observer()` for one, `pool()` for all that are sent through a pool,
    and the hooks for all of a client of httpx or httpx2.
    """

    def __init__(
        self,
        *,
        max_requests: int = 1000,
        on_start: Callable[[RequestRecord], object] | None = None,
        on_end: Callable[[RequestRecord], object] | None = None,
    ) -> None:
        if max_requests < 1:
            raise ValueError(f"max_requests has to be 1 or more, not {max_requests}")
        self._requests: deque[RequestRecord] = deque(maxlen=max_requests)
        self._lifecycle = Lifecycle(self._requests, on_start, on_end)

    @property
    def requests(self) -> tuple[RequestRecord, ...]:
        """The records, in order of start."""
        self._lifecycle.end_dropped()
        with LOCK.lock:
            return tuple(self._requests)

    def clear(self) -> None:
        """Forget all records. Requests in progress go on, but are not kept."""
        with LOCK.lock:
            self._requests.clear()

    def observer(self) -> Observe:
        """Return an `observe` extension for one request: `extensions={"observe": recorder.observer()}`.

        The record begins with the first event of the request. If the request fails, its record may end later, when the
        observer is no longer used, since a plain observer is not told whether a failed request is sent again.
        """
        self._lifecycle.end_dropped()
        return Observation(self._lifecycle)

    @overload
    def pool(self, pool: httpcore.ConnectionPool | httpcore.ConnectionInterface | RecordedPool) -> RecordedPool: ...

    @overload
    def pool(
        self, pool: httpcore.AsyncConnectionPool | httpcore.AsyncConnectionInterface | AsyncRecordedPool
    ) -> AsyncRecordedPool: ...

    def pool(self, pool: Any) -> RecordedPool | AsyncRecordedPool:
        """Return an object that is used like `pool`, a pool or a connection, and records all requests that it sends.

        What this recorder has returned is returned as it is: requests are recorded once.
        """
        if isinstance(pool, RecordedPool | AsyncRecordedPool) and vars(pool)["_observation"] == self._observation:
            return pool
        if hasattr(pool, "handle_async_request"):
            return AsyncRecordedPool(pool, self._observation)
        return RecordedPool(pool, self._observation)

    def httpx_request_hook(self, request: Any) -> None:
        """Record a request of `httpx.Client(event_hooks={"request": [recorder.httpx_request_hook]})`.

        It sees what reaches httpcore: with another transport there is nothing to record. Each redirect is a request.
        """
        observation = self._observation(request.extensions.get("observe"))
        observation.prepare(request.method, str(request.url), request.headers.raw)
        request.extensions = {**request.extensions, "observe": observation}

    async def httpx_async_request_hook(self, request: Any) -> None:
        """Be the hook of an `httpx.AsyncClient`."""
        self.httpx_request_hook(request)

    def _observation(self, forward: Observe | None) -> Observation:
        self._lifecycle.end_dropped()
        if isinstance(forward, Observation) and forward.recorder is self._lifecycle:
            forward = forward.forward  # of a request that led to this one, such as a redirect
        return Observation(self._lifecycle, forward)
