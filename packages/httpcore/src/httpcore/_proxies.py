"""What pools are told about their proxies."""

from collections.abc import Sequence

from httpcore_models import URL, Proxy, enforce_bytes
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


def socks_proxy(
    url: URL | bytes | str, auth: tuple[bytes | str, bytes | str] | None = None, rdns: bool | None = None
) -> Proxy:
    """Return the proxy of a pool for SOCKS only: a URL with a scheme that is none of SOCKS means SOCKS5.

    Raises `ValueError` for a URL that is none of a proxy.
    """
    parsed = url if isinstance(url, URL) else URL(enforce_bytes(url, name="url"))
    try:
        port = parsed.origin.port
    except KeyError:
        port = 0
    if parsed.scheme in SOCKS_SCHEMES or not port:
        return Proxy(url, auth, rdns=rdns)
    if isinstance(url, URL):
        url = URL(scheme=b"http", host=url.host, port=port, target=url.target)
    else:
        # It may have a user name and a password.
        url = b"http:" + enforce_bytes(url, name="url").partition(b":")[2]
    proxy = Proxy(url, auth, rdns=rdns)
    proxy.url = URL(scheme=b"socks5", host=parsed.host, port=port, target=parsed.target)
    return proxy
