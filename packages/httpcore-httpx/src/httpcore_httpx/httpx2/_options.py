# Generated from ../_httpx/_options.py by tools/make_httpx2.py: edit that file, then run it.
"""The arguments of transports, for pools."""

from __future__ import annotations

import contextlib
import functools
import os
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import httpx2

from .._contexts import shared_context
from .._core import httpcore

CertTypes: TypeAlias = "str | tuple[str, str] | tuple[str, str, str]"
ProxyTypes: TypeAlias = "httpx2.URL | str | httpx2.Proxy | httpcore.Proxy"

# Those of httpx2.
DEFAULT_LIMITS = httpx2.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=5.0)

_SOCKS4 = ("socks4", "socks4a")


# What `create_ssl_context()` reads, unless `verify` is false: what to trust, and where to log the secrets of TLS.
_FILES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_KEY_LOG = ("SSLKEYLOGFILE",)


def ssl_context_for(
    verify: ssl.SSLContext | str | bool,
    cert: CertTypes | None,
    trust_env: bool,
    offer: tuple[bool, bool] | None = None,
) -> ssl.SSLContext | Callable[[], ssl.SSLContext]:
    """Return a TLS context, or what makes it when it is needed.

    Without files and contexts of the user's own, the transports share one for each setting and environment. The
    environment is that of this call, also for what is made later.

    `offer` is for streams of the user's own, which may know no other way to offer protocols than to set them on the
    context: whether HTTP/1.1 and HTTP/2 are offered. Only those that offer the same share a context.
    """
    if not isinstance(verify, bool) or cert is not None:
        return httpx2.create_ssl_context(verify=verify, cert=cert, trust_env=trust_env)
    names = () if not verify else (*_FILES, *_KEY_LOG) if trust_env else _KEY_LOG
    environment = _values(names)
    key = ("httpx2", verify, trust_env, environment, offer)
    files = tuple(filter(None, environment[:-1]))
    make = functools.partial(_make, verify, trust_env, names, environment)
    if any(environment):
        # Made later, it might be that of another environment. What fails here fails again in the requests.
        with contextlib.suppress(OSError):
            return shared_context(key, make, files)
    return functools.partial(_shared, key, make, files)


def _values(names: tuple[str, ...]) -> tuple[str | None, ...]:
    return tuple(os.environ.get(name) or None for name in names)


def _make(verify: bool, trust_env: bool, names: tuple[str, ...], environment: tuple[str | None, ...]) -> ssl.SSLContext:
    """Make a context for an environment in which the variables `names` have these values."""
    if _values(names) == environment:
        return httpx2.create_ssl_context(verify=verify, trust_env=trust_env)
    if any(environment):
        raise OSError(f"{', '.join(names)}: changed since the transport was made, when a file could not be opened")
    context = httpx2.create_ssl_context(verify=verify, trust_env=False)
    if getattr(context, "keylog_filename", None) is not None:
        context.keylog_filename = None  # type: ignore[assignment]
    return context


def _shared(key: tuple[object, ...], make: Callable[[], ssl.SSLContext], files: tuple[str, ...]) -> ssl.SSLContext:
    try:
        return shared_context(key, make, files)
    except OSError as exc:
        # The files that the environment names are read when a request needs them, which then fails as any other one.
        raise httpcore.ConnectError(f"The TLS context could not be made: {exc}") from exc


def proxies_for(
    proxy: ProxyTypes | Sequence[ProxyTypes] | None, trust_env: bool, own_streams: bool
) -> list[httpcore.Proxy]:
    """Return the proxies, nearest first. Those over TLS without a context get the default one of httpx2."""
    if proxy is None:
        return []
    if isinstance(proxy, (str, httpx2.URL, httpx2.Proxy, httpcore.Proxy)):
        proxy = [proxy]
    return [_proxy_for(each, trust_env, own_streams) for each in proxy]


def _proxy_for(proxy: ProxyTypes, trust_env: bool, own_streams: bool) -> httpcore.Proxy:
    if isinstance(proxy, httpcore.Proxy):
        return proxy
    if not isinstance(proxy, httpx2.Proxy):
        url = httpx2.URL(proxy)
        if url.scheme in _SOCKS4:  # httpx2.Proxy refuses them
            return httpcore.Proxy(str(url))
        proxy = httpx2.Proxy(url)
    url = proxy.url
    ssl_context: ssl.SSLContext | Callable[[], ssl.SSLContext] | None = proxy.ssl_context
    if ssl_context is None and url.scheme == "https":
        ssl_context = ssl_context_for(True, None, trust_env, (True, False) if own_streams else None)
    return httpcore.Proxy(
        httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        auth=proxy.raw_auth,
        headers=proxy.headers.raw,
        ssl_context=ssl_context,
    )


def with_total_timeout(extensions: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """Return the extensions of a request with a limit for all of it, unless there is one."""
    return {**extensions, "timeout": {"total": seconds, **extensions.get("timeout", {})}}
