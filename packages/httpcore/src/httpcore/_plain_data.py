"""Recognises objects that hold nothing but data, as opposed to those that reading may use up."""

import os
import threading
from typing import Any

# Locks are among them: they hold no data.
_PLAIN = (
    str,
    bytes,
    bytearray,
    memoryview,
    int,
    float,
    type(None),
    os.PathLike,
    type(threading.Lock()),
    type(threading.RLock()),
)

# How deeply objects may be nested, and how many items each may hold. Anything larger does not count as plain data.
_MAX_DEPTH = 4
_MAX_ITEMS = 1000

_READABLE = ("read", "aread", "__next__", "__anext__")


def is_plain_data(value: Any, depth: int = _MAX_DEPTH) -> bool:
    """Whether `value` consists of plain data only: text, numbers, collections, and objects that hold nothing else.

    Objects of unknown types do not: files, iterators, queues, sockets, cursors, generators, functions. An object that
    iterates over something that it does not hold, such as a global variable, is not recognised.
    """
    if isinstance(value, _PLAIN):
        return True
    if isinstance(value, (list, tuple, set, frozenset)):
        held = list(value)
    elif isinstance(value, dict):
        held = [*value, *value.values()]
    elif _has_visible_state(value):
        held = list(vars(value).values())
    else:
        return False
    return depth > 0 and len(held) <= _MAX_ITEMS and all(is_plain_data(other, depth - 1) for other in held)


def _has_visible_state(value: Any) -> bool:
    """Whether the whole state of an object is in its `__dict__`: its class is written in Python, without slots."""
    kind = type(value)
    return (
        hasattr(value, "__dict__")
        and kind.__new__ is object.__new__  # type: ignore[comparison-overlap]
        and not any(vars(base).get("__slots__") for base in kind.__mro__)
        and not any(hasattr(value, name) for name in _READABLE)
    )
