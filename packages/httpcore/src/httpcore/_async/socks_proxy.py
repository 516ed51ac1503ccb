"""A pool of connections through one SOCKS proxy."""

import os
from collections.abc import Iterable
from typing import Any

from httpcore_models import SOCKET_OPTION, URL, AsyncNetworkBackend, SSLContextTypes

from .._lazy import legacy_name
from .._proxies import single_socks_proxy
from .connection_pool import AsyncConnectionPool
from .legacy_pool import AsyncLegacyProxy
from .proxied_connection import AsyncSocks5Connection as AsyncSocks5Connection  # where 1.0 has it


class AsyncSOCKSProxy(AsyncLegacyProxy, AsyncConnectionPool):
    """A pool that sends all requests through one SOCKS proxy: a short form of `AsyncConnectionPool(proxy=…)`.

    * `proxy_url`, `proxy_auth`, `rdns`: see `Proxy`. A URL with a scheme other than those of SOCKS means SOCKS5.
    * The other arguments: see `AsyncConnectionPool`.
    """

    def __init__(
        self,
        proxy_url: URL | bytes | str,
        proxy_auth: tuple[bytes | str, bytes | str] | None = None,
        ssl_context: SSLContextTypes | None = None,
        max_connections: int | None = 10,
        max_keepalive_connections: int | None = None,
        keepalive_expiry: float | None = None,
        http1: bool = True,
        http2: bool = False,
        retries: int = 0,
        network_backend: AsyncNetworkBackend | None = None,
        *,
        local_address: str | None = None,
        uds: str | os.PathLike[str] | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
        rdns: bool | None = None,
    ) -> None:
        proxy = single_socks_proxy(proxy_url, proxy_auth, rdns)
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
    return legacy_name(__name__, name)
