"""Pools in a forked process: what they hold belongs to the parent."""

import os
import weakref
from typing import Protocol


class _Resettable(Protocol):
    def reset_after_fork(self) -> None: ...


_registered: "weakref.WeakSet[_Resettable]" = weakref.WeakSet()


def register_for_fork(shared: _Resettable) -> None:
    """Have `shared.reset_after_fork()` called in every child process that is forked from now on.

    A lock may be held and a request be half written at that moment by a thread that does not exist in the child, and
    the sockets are the parent's: two processes writing to one TLS connection break it for both.
    """
    _registered.add(shared)


def _in_child() -> None:
    for shared in list(_registered):
        shared.reset_after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
