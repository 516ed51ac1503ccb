"""The arguments of pools about proxies."""

from collections.abc import Iterable, Sequence
from typing import Any

from httpcore_models import URL, HeaderTypes, Proxy, SSLContextTypes
from httpcore_models.lowlevel import ArgumentTypeError, enforce_bytes, enforce_url
from httpcore_proxy import SOCKS_SCHEMES, require_socksio


def enforce_proxies(value: Proxy | Sequence[Proxy] | None) -> tuple[Proxy, ...]:
    """Return the proxies to connect through, nearest first.

    Raises `TypeError` for anything else, and `RuntimeError` when socksio is missing for a SOCKS proxy.
    """
    given: Any = (value,) if isinstance(value, Proxy) else value or ()
    proxies: tuple[Any, ...] = tuple(given) if isinstance(given, Iterable) else (given,)
    for proxy in proxies:
        if not isinstance(proxy, Proxy):
            hint = ": pass Proxy(url)" if isinstance(value, (str, URL)) else ""
            raise ArgumentTypeError(
                f"proxy must be a Proxy or a sequence of them, but got {type(value).__name__}{hint}."
            )
        if proxy.url.scheme in SOCKS_SCHEMES:
            require_socksio()
    return proxies


# Errors about arguments of `Proxy`. The pools for one proxy call these arguments `proxy_url`, `proxy_auth` and so on.
_PROXY_ARGUMENT_ERRORS = tuple(f"{name} must be " for name in ("url", "auth", "headers", "ssl_context"))


def single_proxy(
    url: URL | bytes | str,
    auth: tuple[bytes | str, bytes | str] | None = None,
    headers: HeaderTypes = None,
    ssl_context: SSLContextTypes | None = None,
    rdns: bool | None = None,
) -> Proxy:
    """Return the proxy for a pool with one proxy. Errors name the arguments as that pool does."""
    try:
        return Proxy(url, auth, headers, ssl_context, rdns)
    except (TypeError, ValueError) as exc:
        if str(exc).startswith(_PROXY_ARGUMENT_ERRORS):
            raise type(exc)(f"proxy_{exc}") from None
        raise


def single_socks_proxy(
    url: URL | bytes | str, auth: tuple[bytes | str, bytes | str] | None = None, rdns: bool | None = None
) -> Proxy:
    """Return the proxy for a pool with one SOCKS proxy. For a URL with a scheme other than those of SOCKS it is SOCKS5.

    Raises `ValueError` for a URL without a host or a port.
    """
    parsed = enforce_url(url, name="proxy_url")
    try:
        port = parsed.origin.port
    except KeyError:
        port = 0
    if parsed.scheme in SOCKS_SCHEMES or not port:
        return single_proxy(url, auth, rdns=rdns)
    if isinstance(url, URL):
        url = URL(scheme=b"http", host=url.host, port=port, target=url.target)
    else:
        # Replace the scheme only: the URL may contain a user name and a password.
        url = b"http:" + enforce_bytes(url, name="url").partition(b":")[2]
    proxy = single_proxy(url, auth, rdns=rdns)
    proxy.url = URL(scheme=b"socks5", host=parsed.host, port=port, target=parsed.target)
    return proxy
