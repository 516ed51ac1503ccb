"""Names that are loaded on first use: classes of HTTP/2, and names of 1.0 that only other programs import."""

import importlib
from typing import Any

# `except httpcore._exceptions.ConnectError` needs only `import httpcore`.
LEGACY_MODULES = ("_backends", "_exceptions", "_models", "_synchronization", "_trace", "_utils")


def load(name: str) -> Any:
    """Return the module `name` of 1.0 or the public class `name` of HTTP/2. Raises `AttributeError` for other names.

    Without the library h2, instantiating such a class raises `RuntimeError`.
    """
    if name in LEGACY_MODULES:
        return importlib.import_module(f"{__package__}.{name}")
    if name not in ("AsyncHTTP2Connection", "HTTP2Connection"):
        raise AttributeError(f"module 'httpcore' has no attribute {name!r}")
    import httpcore_h2

    found = getattr(httpcore_h2, name)
    found.__module__ = "httpcore"
    return found


def legacy_name(module: str, name: str) -> Any:
    """Return what `name` in `module` was in 1.0; see `_legacy.legacy_name()`, which is loaded when it is needed."""
    if name.startswith("__"):  # Python looks for such names as it imports the module
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    return importlib.import_module(f"{__package__}._legacy").legacy_name(module, name)
