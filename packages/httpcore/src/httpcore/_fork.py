"""Resets pools and connections in a forked process: sockets are the parent's, locks those of threads that are gone."""

import os
import weakref
from typing import Protocol


class _Resettable(Protocol):
    def reset_after_fork(self) -> None: ...


_registered: "weakref.WeakSet[_Resettable]" = weakref.WeakSet()


def register_for_fork(shared: _Resettable) -> None:
    """Have `shared.reset_after_fork()` called in every child process that is forked from now on.

    At the time of the fork, a thread that does not exist in the child may hold the lock or have sent half a request.
    And the parent goes on using the sockets: two processes that write to one TLS connection break it for both.
    """
    _registered.add(shared)


def _in_child() -> None:
    for shared in list(_registered):
        shared.reset_after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
