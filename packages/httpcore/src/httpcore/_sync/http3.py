# Generated from ../_async/http3.py by tools/make_sync.py: edit that file, then run it.
"""The way from a pool to HTTP/3, whose code is loaded only if the pool may use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._options import ConnectionOptions

if TYPE_CHECKING:
    from .http3_connection import HTTP3Connections


def http3_connections(options: ConnectionOptions, *, has_proxy: bool) -> HTTP3Connections | None:
    """Return what makes connections that may use HTTP/3, or `None` if they cannot: UDP does not go through a proxy.

    Raises `ValueError` if nothing else is allowed, and `ModuleNotFoundError` if HTTP/3 is not installed.
    """
    from .http3_connection import HTTP3Connections

    connections = HTTP3Connections(options)
    if not has_proxy and options.uds is None:
        return connections
    if not (options.http1 or options.http2):
        raise ValueError(f"HTTP/3 cannot be used with a {'proxy' if has_proxy else 'Unix socket'}.")
    return None
