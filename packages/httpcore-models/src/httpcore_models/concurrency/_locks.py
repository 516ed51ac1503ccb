"""Locks for threads and for tasks."""

import collections
import threading

from ._events import AsyncEvent

# Itself, and not a class around it: an exception from a signal handler that comes between taking the lock and the
# block it is for would leave it locked.
Lock = threading.Lock


class AsyncLock:
    """A mutex for tasks, used as an async context manager. First come, first served; free of waits when unlocked."""

    def __init__(self) -> None:
        self._locked = False
        self._waiting: collections.deque[AsyncEvent] = collections.deque()

    async def __aenter__(self) -> "AsyncLock":
        if not self._locked:
            self._locked = True
            return self
        turn = AsyncEvent()
        self._waiting.append(turn)
        try:
            await turn.wait()
        except BaseException:
            # Cancelled, maybe just after being handed the lock: then it goes to the next in line.
            if turn.is_set():
                self._release()
            else:
                self._waiting.remove(turn)
            raise
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._release()

    def _release(self) -> None:
        if self._waiting:
            self._waiting.popleft().set()
        else:
            self._locked = False
