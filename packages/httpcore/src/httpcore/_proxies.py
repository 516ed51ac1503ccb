"""The `proxy` argument of pools."""

from collections.abc import Sequence

from httpcore_models import Proxy
from httpcore_proxy import SOCKS_SCHEMES, require_socksio


def enforce_proxies(value: Proxy | Sequence[Proxy] | None) -> tuple[Proxy, ...]:
    """Return the proxies to connect through, nearest first.

    Raises `TypeError` for anything else, and `RuntimeError` when a package is missing for one of them.
    """
    proxies = () if value is None else (value,) if isinstance(value, Proxy) else tuple(value)
    for proxy in proxies:
        if not isinstance(proxy, Proxy):
            raise TypeError(f"proxy must be a Proxy or a sequence of them, but got {type(value).__name__}.")
        if proxy.url.scheme in SOCKS_SCHEMES:
            require_socksio()
    return proxies
