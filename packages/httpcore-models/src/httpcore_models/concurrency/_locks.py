"""Locks for threads and for tasks."""

import collections
import threading

from ._events import AsyncEvent

# The lock itself and not a class around it: an exception from a signal handler between taking the lock and entering the
# block would leave it locked.
Lock = threading.Lock


class AsyncLock:
    """A lock for tasks, used as an async context manager. Tasks get it in the order in which they asked for it.

    Taking it does not wait, nor yield to other tasks, if it is free.
    """

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
            # If the task was cancelled after the lock had been handed to it, the next task in line gets the lock.
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
