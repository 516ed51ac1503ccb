"""Alias of 1.0's module path: the HTTP/1.1 connection is in `httpcore_h11`."""

from typing import Any

from httpcore_h11 import AsyncHTTP11Connection as AsyncHTTP11Connection

from .._lazy import legacy_name


def __getattr__(name: str) -> Any:
    return legacy_name(__name__, name)
