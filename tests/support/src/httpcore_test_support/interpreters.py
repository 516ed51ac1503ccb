"""What the tests need to know of the Python that runs them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from traceback import walk_tb
from typing import Any

__all__ = ["COUNTS_REFERENCES", "KEEPS_CALLERS", "SHORT"]

COUNTS_REFERENCES = sys.implementation.name == "cpython"
"""Whether an object that nothing refers to is freed at once."""

SHORT = 0.05 if COUNTS_REFERENCES else 1.0
"""A time limit in seconds that still is enough for an exchange over loopback: PyPy is slow until it has compiled."""


def _failing() -> Iterator[None]:
    raise KeyError
    yield


def _keeps_callers() -> bool:
    frames: list[Any] = []
    try:
        next(_failing())
    except KeyError as exc:
        frames.extend(frame for frame, _ in walk_tb(exc.__traceback__))
    return frames[-1].f_back is not None


KEEPS_CALLERS = COUNTS_REFERENCES and _keeps_callers()
"""Whether the frame of a failed generator or coroutine refers to that of its caller, as in CPython 3.12.1 and 3.13.0.

If so, contextlib and trio make reference cycles of the exceptions that pass through them.
"""
