"""TLS contexts that clients share: making one takes 10 ms or more, and a client may never need it."""

import os
import ssl
import threading
from collections.abc import Callable, Hashable

_contexts: dict[Hashable, ssl.SSLContext] = {}
# Threads that need a context at the same time share one, instead of making one each. Reentrant, as a signal handler may
# need one, too.
_making = threading.RLock()
# How long a fork waits for a thread that makes a context, in seconds.
_FORK_TIMEOUT = 1.0


def shared_context(key: Hashable, make: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    """Return the context for `key`, which `make()` makes when it is needed for the first time."""
    context = _contexts.get(key)
    if context is None:
        with _making:
            context = _contexts.get(key)
            if context is None:
                context = _contexts.setdefault(key, make())
    return context


_fork = threading.local()


def _before_fork() -> None:
    # A thread that makes a context holds locks, such as those of modules that it imports. In the child they would stay
    # locked for ever. So wait until it has finished, within limits.
    _fork.waited = _making.acquire(timeout=_FORK_TIMEOUT)


def _in_parent() -> None:
    if _fork.waited:
        _making.release()


def _in_child() -> None:
    # A thread that does not exist in the child may hold the lock.
    global _making
    _making = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_in_parent, after_in_child=_in_child)
