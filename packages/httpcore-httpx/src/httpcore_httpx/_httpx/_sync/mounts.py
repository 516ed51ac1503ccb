# Generated from ../_async/mounts.py by tools/make_sync.py: edit that file, then run it.
"""The proxies of the environment, for clients with a transport of their own."""

from __future__ import annotations

from typing import Any

from .._environment import environment_proxies
from .transport import HTTPTransport


def mounts_from_environment(**options: Any) -> dict[str, HTTPTransport | None]:
    """Return the `mounts` of a client for HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, which are read now.

    A client that is given a transport ignores these variables. `options` are arguments of `HTTPTransport`, for the
    transports through the proxies. There is one for each proxy.
    """
    transports: dict[str, HTTPTransport] = {}
    mounts: dict[str, HTTPTransport | None] = {}
    for pattern, proxy in environment_proxies().items():
        if proxy is not None and proxy not in transports:
            transports[proxy] = HTTPTransport(proxy=proxy, **options)
        mounts[pattern] = None if proxy is None else transports[proxy]
    return mounts
