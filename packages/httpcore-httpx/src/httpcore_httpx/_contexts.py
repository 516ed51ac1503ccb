"""TLS contexts that clients share: making one takes 10 ms or more, and a client may never need it."""

from __future__ import annotations

import os
import ssl
import threading
from collections.abc import Callable, Hashable, Iterable

# With the version of the files that they were made from.
_contexts: dict[Hashable, tuple[Hashable, ssl.SSLContext]] = {}
# Threads that need a context at the same time share one, instead of making one each. Reentrant, as a signal handler may
# need one, too.
_making = threading.RLock()
# How long a fork waits for a thread that makes a context, in seconds.
_FORK_TIMEOUT = 1.0


def shared_context(key: Hashable, make: Callable[[], ssl.SSLContext], files: Iterable[str] = ()) -> ssl.SSLContext:
    """Return the context for `key`. `make()` makes it when it is needed first, and again when `files` have changed."""
    version = tuple(map(_version_of, files))
    context = _known(key, version)
    if context is None:
        with _making:
            context = _known(key, version)
            if context is None:
                made = make()
                context = _known(key, version)  # from a signal handler, meanwhile
                if context is None:
                    _contexts[key] = (version, made)
                    context = made
    return context


def _known(key: Hashable, version: Hashable) -> ssl.SSLContext | None:
    found = _contexts.get(key)
    return found[1] if found is not None and found[0] == version else None


def _version_of(path: str) -> tuple[int, ...] | None:
    """Return what changes when the file or folder does."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


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
