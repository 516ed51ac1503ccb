"""What comes with an extra: imported when it is first used."""

import importlib
from typing import Any

# Modules of 1.0 that only others import: `except httpcore._exceptions.ConnectError` needs but `import httpcore`.
LEGACY_MODULES = ("_backends", "_exceptions", "_models", "_synchronization", "_trace", "_utils")


def load(name: str) -> Any:
    """Return the module `name` of 1.0, or the public class of HTTP/2; raises `AttributeError` for other names.

    Without h2 such a class raises `RuntimeError` when an object is made.
    """
    if name in LEGACY_MODULES:
        from . import _legacy  # noqa: F401 - which has import statements for all of them

        return importlib.import_module(f"{__package__}.{name}")
    if name not in ("AsyncHTTP2Connection", "HTTP2Connection"):
        raise AttributeError(f"module 'httpcore' has no attribute {name!r}")
    import httpcore_h2

    found = getattr(httpcore_h2, name)
    found.__module__ = "httpcore"
    return found


def find(module: str, name: str) -> Any:
    """Return what others import from a module of 1.0; see `_legacy`."""
    if name.startswith("__"):  # which Python itself looks for as it imports the module
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    from . import _legacy

    return _legacy.find(module, name)
