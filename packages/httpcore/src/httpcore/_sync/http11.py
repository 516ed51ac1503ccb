# Generated from ../_async/http11.py by tools/make_sync.py: edit that file, then run it.
"""Alias of 1.0's module path: the HTTP/1.1 connection is in `httpcore_h11`."""

from typing import Any

from httpcore_h11 import HTTP11Connection as HTTP11Connection

from .._lazy import legacy_name


def __getattr__(name: str) -> Any:
    return legacy_name(__name__, name)
