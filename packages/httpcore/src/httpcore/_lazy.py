"""Names that are loaded on first use: classes of HTTP/2, and names of 1.0 that only other programs import.

Also `HTTPCoreError`, which 1.0 does not have: programs look through `vars(httpcore)` for exceptions that they map.
"""

import contextlib
import functools
import importlib
from typing import Any

from httpcore_models import HTTPCoreError
from httpcore_models.concurrency import importing

# `except httpcore._exceptions.ConnectError` needs only `import httpcore`.
LEGACY_MODULES = ("_backends", "_exceptions", "_models", "_synchronization", "_trace", "_utils")


def load(name: str) -> Any:
    """Return the module `name` of 1.0 or the public class `name`. Raises `AttributeError` for other names.

    Without the library h2, instantiating a class of HTTP/2 raises `RuntimeError`.
    """
    if name in LEGACY_MODULES:
        return importlib.import_module(f"{__package__}.{name}")
    if name == "HTTPCoreError":
        found: Any = HTTPCoreError
    elif name in ("AsyncHTTP2Connection", "HTTP2Connection"):
        import httpcore_h2

        found = getattr(httpcore_h2, name)
    else:
        raise AttributeError(f"module 'httpcore' has no attribute {name!r}")
    found.__module__ = "httpcore"
    return found


@functools.cache
def preload_http2() -> None:
    """Import what HTTP/2 needs, so that no request has to wait for that.

    If it cannot be imported, this does nothing: the request that needs it raises the error.
    """
    with contextlib.suppress(Exception), importing.lock:
        from httpcore_h2 import AsyncHTTP2Connection, HTTP2Connection  # noqa: F401


def legacy_name(module: str, name: str) -> Any:
    """Return what `name` in `module` was in 1.0; see `_legacy.legacy_name()`, which is loaded when it is needed."""
    if name.startswith("__"):  # Python looks for such names as it imports the module
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    return importlib.import_module(f"{__package__}._legacy").legacy_name(module, name)
