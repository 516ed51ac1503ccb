"""An HTTP client core: connection pools for HTTP/1.1 and HTTP/2, sync and async, and nothing above them.

Not here: redirects, cookies, authentication, decoding of bodies. `httpx` has them, on top of this package.
"""

from typing import TYPE_CHECKING, Any

from httpcore_h11 import AsyncHTTP11Connection, HTTP11Connection
from httpcore_models import (
    SOCKET_OPTION,
    URL,
    AnyIOBackend,
    AsyncCachingResolver,
    AsyncConnectionInterface,
    AsyncDatagramStream,
    AsyncGuardedBackend,
    AsyncMockBackend,
    AsyncMockStream,
    AsyncNetworkBackend,
    AsyncNetworkStream,
    AsyncResolver,
    CachingResolver,
    ConnectError,
    ConnectionInfo,
    ConnectionInterface,
    ConnectionNotAvailable,
    ConnectTimeout,
    DatagramStream,
    Destination,
    GuardedBackend,
    LocalProtocolError,
    MockBackend,
    MockStream,
    NetworkBackend,
    NetworkError,
    NetworkStream,
    Origin,
    PoolTimeout,
    ProtocolError,
    Proxy,
    ProxyError,
    ReadError,
    ReadTimeout,
    RemoteProtocolError,
    Request,
    RequestExtensions,
    Resolver,
    Response,
    SyncBackend,
    TimeoutException,
    Timeouts,
    TrioBackend,
    UnsupportedProtocol,
    WriteError,
    WriteTimeout,
    only_global_addresses,
    tcp_keepalive,
)

from ._api import request, stream
from ._async.connection import AsyncHTTPConnection
from ._async.connection_pool import AsyncConnectionPool
from ._async.http_proxy import AsyncHTTPProxy
from ._async.socks_proxy import AsyncSOCKSProxy
from ._connection_event import ConnectionEvent
from ._default_backends import AutoBackend
from ._lazy import LEGACY_MODULES as _LEGACY_MODULES
from ._lazy import load as _load
from ._pool.stats import PoolStats
from ._ssl import default_ssl_context
from ._sync.connection import HTTPConnection
from ._sync.connection_pool import ConnectionPool
from ._sync.http_proxy import HTTPProxy
from ._sync.socks_proxy import SOCKSProxy

if TYPE_CHECKING:
    from httpcore_h2 import AsyncHTTP2Connection, HTTP2Connection
    from httpcore_models import HTTPCoreError

__all__ = [
    # Top-level functions
    "request",
    "stream",
    # Models
    "Origin",
    "URL",
    "Request",
    "RequestExtensions",
    "Timeouts",
    "Response",
    "Proxy",
    "PoolStats",
    "ConnectionInfo",
    "ConnectionEvent",
    # Async
    "AsyncHTTPConnection",
    "AsyncConnectionPool",
    "AsyncHTTPProxy",
    "AsyncSOCKSProxy",
    "AsyncHTTP11Connection",
    "AsyncHTTP2Connection",
    "AsyncConnectionInterface",
    # Sync
    "HTTPConnection",
    "ConnectionPool",
    "HTTPProxy",
    "SOCKSProxy",
    "HTTP11Connection",
    "HTTP2Connection",
    "ConnectionInterface",
    # The network
    "SyncBackend",
    "AutoBackend",
    "AnyIOBackend",
    "TrioBackend",
    "AsyncMockBackend",
    "AsyncMockStream",
    "MockBackend",
    "MockStream",
    "AsyncNetworkStream",
    "AsyncNetworkBackend",
    "NetworkStream",
    "NetworkBackend",
    "AsyncDatagramStream",
    "DatagramStream",
    "SOCKET_OPTION",
    "Resolver",
    "AsyncResolver",
    "CachingResolver",
    "AsyncCachingResolver",
    "GuardedBackend",
    "AsyncGuardedBackend",
    "Destination",
    "only_global_addresses",
    "tcp_keepalive",
    # TLS
    "default_ssl_context",
    # Exceptions
    "HTTPCoreError",
    "ConnectionNotAvailable",
    "ProxyError",
    "ProtocolError",
    "LocalProtocolError",
    "RemoteProtocolError",
    "UnsupportedProtocol",
    "TimeoutException",
    "PoolTimeout",
    "ConnectTimeout",
    "ReadTimeout",
    "WriteTimeout",
    "NetworkError",
    "ConnectError",
    "ReadError",
    "WriteError",
]

__version__ = "1.1.0"

# Tracebacks, reprs and pickles name these classes `httpcore.…`, where users import them. Where this package is not
# imported, the classes of the sibling packages keep the names of their own modules.
for _name in __all__:
    _object = globals().get(_name)
    if getattr(_object, "__module__", "").startswith("httpcore"):
        _object.__module__ = "httpcore"
del _name, _object


def __getattr__(name: str) -> Any:
    if name in _LEGACY_MODULES:
        # Tools that pack a program into one file follow import statements only. `_legacy` imports all of these modules.
        from . import _legacy  # noqa: F401
    value = globals()[name] = _load(name)
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *_LEGACY_MODULES, *(name for name in globals() if name.startswith("_"))})
