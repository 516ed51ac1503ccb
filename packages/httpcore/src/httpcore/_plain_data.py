"""Whether an object holds nothing but data, or may hold something that is used up by reading it."""

import os
import threading
from typing import Any

# Locks hold nothing.
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

# How deep, and how far, objects are looked into before they are taken for something else.
_DEEPEST = 4
_MOST = 1000

_READABLE = ("read", "aread", "__next__", "__anext__")


def is_plain_data(value: Any, depth: int = _DEEPEST) -> bool:
    """Whether `value` consists of plain data only: text, numbers, collections, and objects that hold such.

    What is not known is none: files and iterators, queues, sockets, cursors, generators, functions. Where an object
    iterates over something that it does not hold, such as a global variable, that is not seen.
    """
    if isinstance(value, _PLAIN):
        return True
    if isinstance(value, (list, tuple, set, frozenset)):
        held = list(value)
    elif isinstance(value, dict):
        held = [*value, *value.values()]
    elif _shows_all_it_holds(value):
        held = list(vars(value).values())
    else:
        return False
    return depth > 0 and len(held) <= _MOST and all(is_plain_data(other, depth - 1) for other in held)


def _shows_all_it_holds(value: Any) -> bool:
    """Whether all state of an object is in its attributes, as in one of a class written in Python, without slots."""
    kind = type(value)
    return (
        hasattr(value, "__dict__")
        and kind.__new__ is object.__new__  # type: ignore[comparison-overlap]
        and not any(vars(base).get("__slots__") for base in kind.__mro__)
        and not any(hasattr(value, name) for name in _READABLE)
    )
