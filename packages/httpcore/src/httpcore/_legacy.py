"""Private names in the modules of httpcore 1.0 that published programs import, and where they are now.

The names that these modules define or import themselves need no entry here. Private attributes of pools and connections
are in `_async/legacy_*.py`. Other private names of 1.0 have no meaning any more and cannot be imported.
"""

import importlib
import logging
from collections.abc import Sequence
from typing import Any, TypeAlias

import httpcore_proxy

# `legacy_name()` imports these by name. Tools that pack a program into one file follow import statements only.
from . import _exceptions, _models, _ssl, _synchronization, _trace, _utils  # noqa: F401
from ._async import http11, interfaces  # noqa: F401
from ._backends import anyio, auto, base, mock, sync, trio  # noqa: F401
from ._sync import http11 as sync_http11  # noqa: F401
from ._sync import interfaces as sync_interfaces  # noqa: F401

Headers: TypeAlias = Sequence[tuple[bytes, bytes]]

# Submodules of packages, so that `import httpcore` is enough for `httpcore._backends.sync.SyncBackend`.
_MODULES = {
    "_async": "connection connection_pool http11 http2 http_proxy interfaces socks_proxy",
    "_sync": "connection connection_pool http11 http2 http_proxy interfaces socks_proxy",
    "_backends": "anyio auto base mock sync trio",
}

# Further names by module. `_sync` has those of `_async`, in their sync form.
_CONNECTIONS = (
    "AsyncConnectionInterface AsyncNetworkStream AsyncLock AsyncShieldCancellation ConnectionNotAvailable "
    "LocalProtocolError Origin RemoteProtocolError Request Response Trace logger"
)
_TUNNELS = (
    "AsyncConnectionInterface AsyncHTTP11Connection AsyncLock Origin ProxyError Request Response Trace "
    "default_ssl_context enforce_bytes enforce_url logger"
)
_NAMES = {
    # For programs that choose between `_async` and `_sync` at run time.
    "_async": "AsyncConnectionInterface AsyncConnectionPool AsyncHTTP11Connection AsyncHTTP2Connection "
    "AsyncHTTPConnection AsyncHTTPProxy AsyncSOCKSProxy",
    # For subclasses that choose the address (gateways to Telegram) or use another TLS implementation (bssl).
    "_async.connection": "Trace logger default_ssl_context AsyncLock",
    # For `isinstance()`, in dstack and others.
    "_async.connection_pool": "AsyncPoolRequest PoolByteStream AsyncRequestInterface AsyncEvent "
    "AsyncShieldCancellation AsyncThreadLock ConnectionNotAvailable UnsupportedProtocol",
    # For tests of cancellation, which look at states and bodies, and for tunnels.
    "_async.http11": "HTTPConnectionState HTTP11ConnectionByteStream AsyncHTTP11UpgradeStream WriteError "
    f"map_exceptions {_CONNECTIONS}",
    # For the same and httpx-tls.
    "_async.http2": f"HTTPConnectionState HTTP2ConnectionByteStream has_body_headers AsyncSemaphore {_CONNECTIONS}",
    # For python-proxy-headers and others that open tunnels in their own way.
    "_async.http_proxy": "merge_headers enforce_headers HeadersAsMapping HeadersAsSequence ByteOrStr "
    f"AsyncHTTPConnection {_TUNNELS}",
    # For tests of SOCKS, and connections through chains of proxies.
    "_async.socks_proxy": f"_init_socks5_connection AutoBackend AsyncNetworkStream ConnectionNotAvailable {_TUNNELS}",
    # For clients that make requests for pools themselves.
    "_async.interfaces": "Extensions HeaderTypes Request Response Origin URL enforce_bytes enforce_headers enforce_url "
    "include_request_headers",
    # For backends of programs, which import from the module that they replace.
    "_backends.anyio": "AsyncNetworkBackend AsyncNetworkStream SOCKET_OPTION ConnectError ConnectTimeout ReadError "
    "ReadTimeout WriteError WriteTimeout map_exceptions is_socket_readable",
    "_backends.auto": "AsyncNetworkBackend AsyncNetworkStream SOCKET_OPTION current_async_library",
    "_backends.mock": "AsyncNetworkBackend AsyncNetworkStream NetworkBackend NetworkStream SOCKET_OPTION ReadError",
    "_backends.sync": "NetworkBackend NetworkStream SOCKET_OPTION ConnectError ConnectTimeout ReadError ReadTimeout "
    "WriteError WriteTimeout ExceptionMapping map_exceptions is_socket_readable",
    "_backends.trio": "AsyncNetworkBackend AsyncNetworkStream SOCKET_OPTION ConnectError ConnectTimeout ReadError "
    "ReadTimeout WriteError WriteTimeout ExceptionMapping map_exceptions",
}

# The modules of this package that `legacy_name()` searches, in this order, for a name that `_RENAMED` lacks.
_SEARCHED = ["", "_legacy", "_models", "_exceptions", "_trace", "_synchronization", "_utils", "_ssl", "_backends.auto"]
_SEARCHED += ["_async.interfaces", "_sync.interfaces", "_async.legacy_proxied", "_sync.legacy_proxied"]
_LOGGERS = {
    "connection": "httpcore.connection",
    "http11": "httpcore.http11",
    "http2": "httpcore.http2",
    "http_proxy": "httpcore.proxy",
    "socks_proxy": "httpcore.socks",
}
# Names that have changed: the module and name of 1.0, and those of today.
_RENAMED = {
    ("http11", "HTTPConnectionState"): ("httpcore_h11", "State"),
    ("http11", "HTTP11ConnectionByteStream"): ("httpcore_h11", "AsyncHTTP11Body"),
    ("http11", "AsyncHTTP11UpgradeStream"): ("httpcore_h11", "AsyncUpgradeStream"),
    ("http2", "HTTPConnectionState"): ("httpcore_h2", "State"),
    ("http2", "HTTP2ConnectionByteStream"): ("httpcore_h2", "AsyncHTTP2Body"),
    # A request in the pool, and the body of a response.
    ("connection_pool", "AsyncPoolRequest"): ("httpcore._pool.slots", "PoolRequest"),
    ("connection_pool", "PoolByteStream"): ("httpcore_models", "AsyncResponseStream"),
}


def names() -> dict[str, list[str]]:
    """Return the names by the module that they can be imported from."""
    found = {}
    for module, text in _NAMES.items():
        found[module] = text.split()
        if module.startswith("_async"):
            found[module.replace("_async", "_sync")] = [_sync_name(name) for name in found[module]]
    return found


def legacy_name(module: str, name: str) -> Any:
    """Return what `name` in `module` was in 1.0. Raises `AttributeError` for a name without a meaning."""
    package, _, path = module.partition(".")
    if name in _MODULES.get(path, "").split():
        try:
            return importlib.import_module(f"{module}.{name}")
        except ImportError as exc:
            raise AttributeError(str(exc)) from exc
    if name not in names().get(path, ()):
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    last = path.rpartition(".")[2]
    if name == "logger":
        return logging.getLogger(_LOGGERS[last])
    is_async = path.startswith("_async")
    for (old_module, old_name), (new_module, new_name) in _RENAMED.items():
        if old_module == last and name == (old_name if is_async else _sync_name(old_name)):
            return getattr(importlib.import_module(new_module), new_name if is_async else _sync_name(new_name))
    for searched in _SEARCHED:
        if searched.startswith("_sync." if is_async else "_async."):
            continue
        found = importlib.import_module(f"{package}.{searched}".rstrip("."))
        if name in vars(found) or (not searched and name in found.__all__):
            return getattr(found, name)
    raise AttributeError(f"module {module!r} has no attribute {name!r}")


def merge_headers(
    default_headers: Headers | None = None, override_headers: Headers | None = None
) -> list[tuple[bytes, bytes]]:
    """Return the default headers that are not overridden, then the overriding ones, for python-proxy-headers."""
    return httpcore_proxy.merge_headers(list(default_headers or ()), list(override_headers or ()))


def _sync_name(name: str) -> str:
    return "SyncBackend" if name == "AutoBackend" else name.removeprefix("Async")
