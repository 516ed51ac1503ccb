"""What an object keeps alive."""

from __future__ import annotations

import gc
import types
from collections.abc import Iterable, Iterator
from typing import Any

__all__ = ["reachable", "texts_reachable"]

# They lead to everything else of a program.
_LEFT_OUT = (type, types.ModuleType, types.CodeType, types.FrameType)


def reachable(root: object, without: Iterable[object] = ()) -> Iterator[Any]:
    """Yield `root`, and what it leads to, but not through the objects `without`."""
    queue: list[Any] = [root]
    # The objects themselves, so that no other one gets the same address.
    seen: dict[int, Any] = {id(other): other for other in without}
    while queue:
        value = queue.pop()
        if id(value) in seen or isinstance(value, _LEFT_OUT):
            continue
        seen[id(value)] = value
        yield value
        # The globals of a function are those of a module.
        function = isinstance(value, types.FunctionType)
        queue += [value.__closure__, value.__defaults__] if function else gc.get_referents(value)


def texts_reachable(root: object, without: Iterable[object] = ()) -> str:
    """Return all bytes and strings among what is `reachable()`, as one text."""
    found = reachable(root, without)
    return "\n".join(repr(value) for value in found if isinstance(value, (str, bytes, bytearray)))
