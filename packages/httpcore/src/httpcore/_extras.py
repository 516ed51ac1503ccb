"""What comes with an extra: imported when it is first used."""

from typing import Any


def load(name: str) -> Any:
    """Return the public class `name` of HTTP/2, which without h2 raises `RuntimeError` when an object is made.

    Raises `AttributeError` for other names.
    """
    if name not in ("AsyncHTTP2Connection", "HTTP2Connection"):
        raise AttributeError(f"module 'httpcore' has no attribute {name!r}")
    import httpcore_h2

    found = getattr(httpcore_h2, name)
    found.__module__ = "httpcore"
    return found
