"""The module paths of 1.0 give the same objects as the public ones."""

from __future__ import annotations

import importlib

import httpcore
import httpcore_models
import pytest
from httpcore_models import concurrency, lowlevel, network

ALIASES = {
    "_async.connection": ["AsyncHTTPConnection"],
    "_async.connection_pool": ["AsyncConnectionPool"],
    "_async.http11": ["AsyncHTTP11Connection"],
    "_async.http2": ["AsyncHTTP2Connection"],
    "_async.http_proxy": ["AsyncHTTPProxy"],
    "_async.socks_proxy": ["AsyncSOCKSProxy"],
    "_async.interfaces": ["AsyncConnectionInterface", "AsyncRequestInterface"],
    "_sync.connection": ["HTTPConnection"],
    "_sync.connection_pool": ["ConnectionPool"],
    "_sync.http11": ["HTTP11Connection"],
    "_sync.http2": ["HTTP2Connection"],
    "_sync.http_proxy": ["HTTPProxy"],
    "_sync.socks_proxy": ["SOCKSProxy"],
    "_sync.interfaces": ["ConnectionInterface", "RequestInterface"],
    "_backends.anyio": ["AnyIOBackend"],
    "_backends.auto": [],
    "_backends.base": [
        "SOCKET_OPTION",
        "AsyncNetworkBackend",
        "AsyncNetworkStream",
        "NetworkBackend",
        "NetworkStream",
    ],
    "_backends.mock": ["AsyncMockBackend", "AsyncMockStream", "MockBackend", "MockStream"],
    "_backends.sync": ["SyncBackend", "SyncStream"],
    "_backends.trio": ["TrioBackend"],
    "_exceptions": [
        "ConnectError",
        "ConnectTimeout",
        "ConnectionNotAvailable",
        "LocalProtocolError",
        "NetworkError",
        "PoolTimeout",
        "ProtocolError",
        "ProxyError",
        "ReadError",
        "ReadTimeout",
        "RemoteProtocolError",
        "TimeoutException",
        "UnsupportedProtocol",
        "WriteError",
        "WriteTimeout",
        "map_exceptions",
    ],
    "_models": ["URL", "ByteStream", "Origin", "Proxy", "Request", "Response"],
    "_ssl": ["default_ssl_context"],
    "_synchronization": ["AsyncLock", "Lock", "current_async_library"],
    "_trace": [],
    "_utils": ["is_socket_readable"],
}


@pytest.mark.parametrize(("path", "name"), [(path, name) for path, names in ALIASES.items() for name in names])
def test_an_alias_is_the_same_object(path: str, name: str) -> None:
    module = importlib.import_module(f"httpcore.{path}")
    places = [place for place in (httpcore, httpcore_models, lowlevel, network, concurrency) if hasattr(place, name)]
    assert places
    assert all(getattr(module, name) is getattr(place, name) for place in places)


@pytest.mark.parametrize("path", ALIASES)
def test_every_module_path_can_be_imported(path: str) -> None:
    assert importlib.import_module(f"httpcore.{path}").__doc__


def test_aliases_of_streams() -> None:
    assert importlib.import_module("httpcore._backends.anyio").AnyIOStream is network.AnyIOStreamWrapper
    assert importlib.import_module("httpcore._backends.trio").TrioStream is network.TrioStreamWrapper


def test_aliases_of_tracing() -> None:
    module = importlib.import_module("httpcore._trace")
    assert (module.AsyncTracer, module.Tracer) == (lowlevel.AsyncTracer, lowlevel.Tracer)


@pytest.mark.parametrize("name", httpcore.__all__)
def test_public_classes_name_the_public_module(name: str) -> None:
    thing = getattr(httpcore, name)
    module = getattr(thing, "__module__", "httpcore")
    assert module == "httpcore" or name in {"SOCKET_OPTION", "Resolver", "AsyncResolver"}  # aliases of types


@pytest.mark.parametrize("kind", [httpcore.HTTPProxy, httpcore.AsyncHTTPProxy])
def test_pools_show_their_http_proxy(kind: type[httpcore.HTTPProxy]) -> None:
    pool = kind("http://proxy.local:8080", proxy_auth=("user", "secret"), proxy_headers={"name": "value"})
    assert pool._proxy_url == httpcore.URL("http://proxy.local:8080")
    assert pool._proxy_headers == [(b"Proxy-Authorization", b"Basic dXNlcjpzZWNyZXQ="), (b"name", b"value")]
