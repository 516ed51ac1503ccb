"""Optional methods of network streams: faster or more capable forms of `read()` and `write()`."""

from typing import Any


def optional_method(stream: Any, name: str, *, instead_of: str) -> Any:
    """Return the method `name` of `stream` if it may be called in place of the method `instead_of`, else `None`.

    Programs replace `read()` and `write()`: on the object, in a subclass, or in a wrapper whose `__getattr__()`
    forwards all other names to the stream inside. Their replacements must be called. So `name` counts only if it is
    defined in the same class as `instead_of`, or in one that overrides it. Methods that a mock makes up do not count.
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
