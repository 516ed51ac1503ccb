"""Retries: whether a request that failed is sent again, and the slot for it."""

import random
import time

from httpcore_models import (
    AsyncConnectionInterface,
    ConnectError,
    ConnectionNotAvailable,
    RemoteProtocolError,
    Request,
    Response,
)
from httpcore_models.concurrency import AsyncEvent
from httpcore_models.lowlevel import (
    RequestLimits,
    Retryable,
    expects_continue,
    has_replayable_body,
    is_refused,
    is_shut_down,
    may_retry_method,
    retryable_after,
    without_expectation,
)

from .._pool.slots import PoolRequest, Slot
from .._reports import report_resend
from .bodies import AsyncRewindableBody, async_can_resend_body
from .shared_state import AsyncSharedState

# How many connections a request opens, at most. Another thread may be faster and take the connection that a request
# has opened, but hardly so often: more likely the connections do not work.
_MAX_OPENED = 5

# How often a refused request is sent again, and the longest pause before the second retry, in seconds. The pause
# doubles with each further retry. All pauses together take less than a second.
_MAX_REFUSED = 6
_PAUSE = 0.03


class AsyncRetries:
    """The retries of a request, which has a slot or waits for one again."""

    def __init__(
        self, request: Request, pool_request: PoolRequest[AsyncConnectionInterface], shared: AsyncSharedState
    ) -> None:
        #: What is sent next.
        self.request: Request = request
        self._pool_request = pool_request
        self._shared = shared
        # How often the request was refused, and for how many seconds it pauses before the next attempt.
        self._refused = 0
        self._pause = 0.0
        # Whether the connection that the request failed on may get it again.
        self._usable = False

    async def may_retry(self, exc: Exception, body: AsyncRewindableBody | None) -> bool:
        """Whether to send the request again, which failed with `exc`. `body` is its body, if it can be rewound.

        The observer of the request is told if so. Raises what the pool says instead of `exc`.
        """
        if not await self._is_retryable(exc, body):
            return False
        if "observe" in self.request.extensions:
            report_resend(self.request, exc)
        return True

    async def _is_retryable(self, exc: Exception, body: AsyncRewindableBody | None) -> bool:
        request, pool_request, shared = self.request, self._pool_request, self._shared
        self._usable = is_refused(exc) and not is_shut_down(exc)
        not_available = isinstance(exc, ConnectionNotAvailable)
        if not_available:
            shared.check_not_closed(pool_request)
            if not is_refused(exc):
                self._check_opened(exc)
        elif not may_retry_method(request, exc):
            return False
        self._pause = 0.0
        if body is not None:
            request.stream = body
        if retryable_after(exc) is Retryable.IDEMPOTENT:
            # Once, and on another connection: a server that fails twice would fail for ever.
            if pool_request.failed_on is not None or pool_request.slot is None:
                return False
            if pool_request.close_count != shared.close_count or not await async_can_resend_body(request, exc):
                return False
            pool_request.failed_on = pool_request.slot.number
            return True
        # A server that ends each connection after a number of requests processes all of them in the end, however often
        # one request comes too late. Only other refusals are counted.
        if (is_refused(exc) and not is_shut_down(exc)) or _says_available(pool_request.slot):
            self._refused += 1
            if self._refused > 1:
                self._pause = _PAUSE * 2 ** (self._refused - 2) * random.uniform(0.5, 1.0)
        in_time = self._has_time_to_pause()
        if self._refused <= _MAX_REFUSED and in_time and await async_can_resend_body(request, exc):
            shared.check_not_closed(pool_request)
            return True
        if not not_available:
            return False
        if not in_time:
            raise shared.pool_timeout(request, self.request.extensions["timeout"]["pool"]) from exc
        tried = self._refused > _MAX_REFUSED
        why = f"refused {self._refused} times" if tried else "and its body cannot be sent again"
        raise RemoteProtocolError(f"{request.url.origin} did not process the request, {why}: {exc}") from exc

    async def may_drop_expectation(self, response: Response, body: AsyncRewindableBody | None) -> bool:
        """Whether to send the request again without the header Expect, because of which its server has refused it.

        If so, close the response. `body` is the body of the request, if it can be rewound.
        """
        request = self.request
        unconsumed = has_replayable_body(request) or (body is not None and not body.started)
        if not (unconsumed and expects_continue(request.headers)):
            return False
        await response.aclose()
        self.request = without_expectation(request)
        self._usable, self._pause = True, 0.0
        self._shared.check_not_closed(self._pool_request)
        if "observe" in request.extensions:
            report_resend(request, None)
        return True

    def _check_opened(self, exc: Exception) -> None:
        opened = self._pool_request.opened
        if opened >= _MAX_OPENED:
            raise ConnectError(
                f"{opened} new connections to {self.request.url.origin} were not available to the request "
                "that opened them"
            ) from exc

    def _has_time_to_pause(self) -> bool:
        if not self._pause:
            return True
        now = time.monotonic()
        waiting_since = self._pool_request.waiting_since = self._pool_request.waiting_since or now
        timeouts = self.request.extensions.get("timeout", {})
        if isinstance(timeouts, RequestLimits):
            return self._pause <= timeouts.left("pool", waiting_since)
        timeout: float | None = timeouts.get("pool")
        return timeout is None or now + self._pause <= waiting_since + timeout

    async def retry(self) -> None:
        """Return the slot and get another, or the same if its connection is still usable; after a pause, if any."""
        pool_request, shared = self._pool_request, self._shared
        state = shared.state
        if self._usable and pool_request.failed_on is None:
            shared.step(state.release, pool_request, time.monotonic())
        elif self._pause:
            shared.step(state.suspend, pool_request)
        else:
            shared.step(self._requeue)
            shared.check_not_closed(pool_request)
            return
        await shared.close_pending()
        if self._pause:
            await AsyncEvent().wait(self._pause)
        shared.step(self._resume)
        # Closing the pool does not reach a request that has no slot and does not wait. From here on it does.
        shared.check_not_closed(pool_request)

    def _requeue(self) -> None:
        self._shared.state.requeue(self._pool_request)
        self._prepare_to_wait()

    def _resume(self) -> None:
        self._shared.state.resume(self._pool_request)
        self._prepare_to_wait()

    def _prepare_to_wait(self) -> None:
        pool_request = self._pool_request
        if pool_request.slot is None:
            pool_request.event = AsyncEvent()
            pool_request.waiting_since = pool_request.waiting_since or time.monotonic()


def _says_available(slot: Slot[AsyncConnectionInterface] | None) -> bool:
    try:
        return slot is not None and slot.connection is not None and slot.connection.is_available()
    except Exception:
        return False
