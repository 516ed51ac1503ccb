# Generated from ../_async/http2.py by tools/make_sync.py: edit that file, then run it.
"""Alias of 1.0's module path: the HTTP/2 connection is in `httpcore_h2`. As in 1.0, importing this needs h2."""

from typing import Any

from httpcore_h2 import HTTP2Connection as HTTP2Connection
from httpcore_h2 import require_h2

from .._lazy import legacy_name

require_h2()


def __getattr__(name: str) -> Any:
    return legacy_name(__name__, name)
