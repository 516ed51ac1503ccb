"""A lock for what threads make once and share in their process."""

import os
import threading


class ForkLock:
    """A reentrant lock for what threads make slowly, once, and then share: the child of a fork never finds it locked.

    A thread that makes something may hold other locks, too, such as those of modules that it imports. In the child, in
    which that thread does not exist, those would stay locked for ever. So a fork waits until no other thread holds
    `lock`, for `fork_timeout` seconds at most. It is reentrant, since a signal handler may need what is being made.

    For the global variables of modules: a lock registers itself with `os.register_at_fork()`, and stays for good.
    """

    def __init__(self, fork_timeout: float = 1.0) -> None:
        #: How long a fork waits for another thread, in seconds.
        self.fork_timeout: float = fork_timeout
        #: What to use in a `with` statement, taken from here each time: in a child process it is another one. It is no
        #: class around a lock, since an exception of a signal handler between two steps of that would leave it locked.
        self.lock: threading.RLock = threading.RLock()
        self._forking = threading.local()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(before=self._wait, after_in_parent=self._go_on, after_in_child=self._renew)

    def _wait(self) -> None:
        self._forking.waited = self.lock.acquire(timeout=self.fork_timeout)

    def _go_on(self) -> None:
        if self._forking.waited:
            self.lock.release()

    def _renew(self) -> None:
        # A thread that does not exist here may hold it.
        self.lock = threading.RLock()
