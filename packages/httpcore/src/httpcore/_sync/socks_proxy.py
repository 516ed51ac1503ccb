# Generated from ../_async/socks_proxy.py by tools/make_sync.py: edit that file, then run it.
"""Connections through SOCKS proxies, and a pool of them."""

import ssl
from collections.abc import Iterable
from typing import Any

from httpcore_models import SOCKET_OPTION, URL, NetworkBackend, Origin
from httpcore_models.network import Dialler
from httpcore_proxy import SocksDialler, SocksProxyDialler

from .._extras import find
from .._proxies import socks_proxy
from .connection import HTTPConnection
from .connection_pool import ConnectionPool
from .legacy import LegacyProxy, LegacySocks


class Socks5Connection(LegacySocks, HTTPConnection):
    """A connection to an origin through a SOCKS5 proxy.

    `through` reaches the proxy where it is not reached directly, and `rdns` says who resolves names, see `Proxy`; for
    further options see `HTTPConnection`.
    """

    def __init__(
        self,
        proxy_origin: Origin,
        remote_origin: Origin,
        proxy_auth: tuple[bytes, bytes] | None = None,
        ssl_context: ssl.SSLContext | None = None,
        keepalive_expiry: float | None = None,
        http1: bool = True,
        http2: bool = False,
        network_backend: NetworkBackend | None = None,
        *,
        local_address: str | None = None,
        uds: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
        rdns: bool | None = None,
        through: Dialler | None = None,
        **options: Any,
    ) -> None:
        super().__init__(
            origin=remote_origin,
            ssl_context=ssl_context,
            keepalive_expiry=keepalive_expiry,
            http1=http1,
            http2=http2,
            network_backend=network_backend,
            **options,
        )
        if through is None:
            through = self._direct = SocksProxyDialler(
                self._network_backend, local_address=local_address, uds=uds, socket_options=socket_options
            )
        self._dialler = SocksDialler(through, proxy_origin, proxy_auth, rdns)


class Socks4Connection(Socks5Connection):
    """The same through a SOCKS4 or SOCKS4a proxy."""


class SOCKSProxy(LegacyProxy, ConnectionPool):
    """A connection pool that sends all requests through a SOCKS proxy.

    * `proxy_url`, `proxy_auth`, `rdns`: see `Proxy`. A URL with a scheme that is none of SOCKS means SOCKS5.
    * All else: see `ConnectionPool`, of which this is a shorthand.
    """

    def __init__(
        self,
        proxy_url: URL | bytes | str,
        proxy_auth: tuple[bytes | str, bytes | str] | None = None,
        ssl_context: ssl.SSLContext | None = None,
        max_connections: int | None = 10,
        max_keepalive_connections: int | None = None,
        keepalive_expiry: float | None = None,
        http1: bool = True,
        http2: bool = False,
        retries: int = 0,
        network_backend: NetworkBackend | None = None,
        *,
        local_address: str | None = None,
        uds: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
        rdns: bool | None = None,
    ) -> None:
        proxy = socks_proxy(proxy_url, proxy_auth, rdns)
        super().__init__(
            ssl_context=ssl_context,
            proxy=proxy,
            max_connections=max_connections,
            max_keepalive_connections=max_keepalive_connections,
            keepalive_expiry=keepalive_expiry,
            http1=http1,
            http2=http2,
            retries=retries,
            local_address=local_address,
            uds=uds,
            network_backend=network_backend,
            socket_options=socket_options,
        )


def __getattr__(name: str) -> Any:
    return find(__name__, name)
