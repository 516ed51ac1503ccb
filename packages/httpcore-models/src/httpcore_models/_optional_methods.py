"""Optional methods of network streams, which do what `read()` and `write()` do, but may do less."""

from typing import Any


def optional_method(stream: Any, name: str, *, instead_of: str) -> Any:
    """Return the method `name` of `stream`, if that may be called instead of another; else `None`.

    It may not where a program has put the other one in its place: on the object, in a subclass, or in a wrapper that
    leaves all else to the stream inside by `__getattr__()`. Nor may what a mock makes up.
    """
    own = getattr(stream, "__dict__", {})
    if instead_of in own and name not in own:
        return None
    for kind in type(stream).__mro__:
        if name in kind.__dict__:
            return getattr(stream, name, None)
        if instead_of in kind.__dict__:
            return None
    return None
