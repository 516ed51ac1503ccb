"""What is installed as an extra: imported when it is first used, and told by name where it is missing."""

import importlib
import importlib.util
from typing import Any

# Public names, and the package that has them.
_HOMES = {"AsyncHTTP2Connection": "httpcore_h2", "HTTP2Connection": "httpcore_h2"}

_NO_HTTP2 = "HTTP/2 needs the package 'httpcore-h2'. Use 'pip install httpcore[http2]'."


def require_http2() -> None:
    """Raise `ImportError` unless HTTP/2 is installed."""
    if importlib.util.find_spec("httpcore_h2") is None:
        raise ImportError(_NO_HTTP2)


def load(name: str) -> Any:
    """Return the public class `name`; where its package is missing, one whose construction raises `RuntimeError`.

    Raises `AttributeError` for other names.
    """
    if name not in _HOMES:
        raise AttributeError(f"module 'httpcore' has no attribute {name!r}")
    try:
        found = getattr(importlib.import_module(_HOMES[name]), name)
    except ImportError:
        found = type(name, (), {"__init__": _refuse})
    found.__module__ = "httpcore"
    return found


def _refuse(self: Any, *args: Any, **kwargs: Any) -> None:
    raise RuntimeError(f"Attempted to use 'httpcore.{type(self).__name__}'. {_NO_HTTP2}")
