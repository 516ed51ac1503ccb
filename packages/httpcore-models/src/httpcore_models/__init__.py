"""The vocabulary of httpcore: requests, responses, errors, the interfaces of connections, and the network.

This module has the names for users, and for those who write connections or network backends of their own. The modules
`network`, `concurrency`, `deadline` and `lowlevel` serve the packages that are built on this one.

Not here: HTTP itself (`httpcore_h11`, `httpcore_h2`), proxies (`httpcore_proxy`) and pooling (`httpcore`).
"""

from . import concurrency as concurrency
from . import deadline as deadline
from . import lowlevel as lowlevel
from . import network as network
from ._arguments import SSLContextTypes as SSLContextTypes
from ._async.interfaces import AsyncConnectionInterface as AsyncConnectionInterface
from ._async.interfaces import AsyncRequestInterface as AsyncRequestInterface
from ._bodies import AsyncBodyIterator as AsyncBodyIterator
from ._bodies import AsyncLease as AsyncLease
from ._bodies import AsyncResponseStream as AsyncResponseStream
from ._bodies import BodyIterator as BodyIterator
from ._bodies import ByteStream as ByteStream
from ._bodies import Lease as Lease
from ._bodies import ResponseStream as ResponseStream
from ._connection_info import ConnectionInfo as ConnectionInfo
from ._exceptions import ConnectError as ConnectError
from ._exceptions import ConnectionNotAvailable as ConnectionNotAvailable
from ._exceptions import ConnectTimeout as ConnectTimeout
from ._exceptions import HTTPCoreError as HTTPCoreError
from ._exceptions import LocalProtocolError as LocalProtocolError
from ._exceptions import NetworkError as NetworkError
from ._exceptions import PoolTimeout as PoolTimeout
from ._exceptions import ProtocolError as ProtocolError
from ._exceptions import ProxyError as ProxyError
from ._exceptions import ReadError as ReadError
from ._exceptions import ReadTimeout as ReadTimeout
from ._exceptions import RemoteProtocolError as RemoteProtocolError
from ._exceptions import TimeoutException as TimeoutException
from ._exceptions import UnsupportedProtocol as UnsupportedProtocol
from ._exceptions import WriteError as WriteError
from ._exceptions import WriteTimeout as WriteTimeout
from ._exceptions import map_exceptions as map_exceptions
from ._extensions import Extensions as Extensions
from ._extensions import RequestExtensions as RequestExtensions
from ._extensions import RequestExtensionTypes as RequestExtensionTypes
from ._extensions import Timeouts as Timeouts
from ._headers import HeaderTypes as HeaderTypes
from ._proxy import Proxy as Proxy
from ._request import Content as Content
from ._request import Request as Request
from ._response import Response as Response
from ._sync.interfaces import ConnectionInterface as ConnectionInterface
from ._sync.interfaces import RequestInterface as RequestInterface
from ._url import URL as URL
from ._url import Origin as Origin
from .network import SOCKET_OPTION as SOCKET_OPTION
from .network import AnyIOBackend as AnyIOBackend
from .network import AsyncCachingResolver as AsyncCachingResolver
from .network import AsyncDatagramStream as AsyncDatagramStream
from .network import AsyncGuardedBackend as AsyncGuardedBackend
from .network import AsyncMockBackend as AsyncMockBackend
from .network import AsyncMockStream as AsyncMockStream
from .network import AsyncNetworkBackend as AsyncNetworkBackend
from .network import AsyncNetworkStream as AsyncNetworkStream
from .network import AsyncResolver as AsyncResolver
from .network import AutoBackend as AutoBackend
from .network import CachingResolver as CachingResolver
from .network import DatagramStream as DatagramStream
from .network import Destination as Destination
from .network import GuardedBackend as GuardedBackend
from .network import MockBackend as MockBackend
from .network import MockStream as MockStream
from .network import NetworkBackend as NetworkBackend
from .network import NetworkStream as NetworkStream
from .network import Resolver as Resolver
from .network import SyncBackend as SyncBackend
from .network import TrioBackend as TrioBackend
from .network import only_global_addresses as only_global_addresses
from .network import tcp_keepalive as tcp_keepalive

__version__ = "1.0.0"
