"""TLS contexts that clients share: making one takes 10 ms or more, and a client may never need it."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Hashable, Iterable

from httpcore_models.concurrency import ForkLock

# With the version of the files that they were made from.
_contexts: dict[Hashable, tuple[Hashable, ssl.SSLContext]] = {}
# Threads that need a context at the same time share one, instead of making one each.
_making = ForkLock()


def shared_context(key: Hashable, make: Callable[[], ssl.SSLContext], files: Iterable[str] = ()) -> ssl.SSLContext:
    """Return the context for `key`. `make()` makes it when it is needed first, and again when `files` have changed."""
    version = tuple(map(_version_of, files))
    context = _known(key, version)
    if context is None:
        with _making.lock:
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
