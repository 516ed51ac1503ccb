"""The network: streams and what opens them.

For users, and also in `httpcore`:

* `AsyncNetworkStream`, `AsyncNetworkBackend` and their sync twins: the interfaces of a replacement for the network.
* `AsyncDatagramStream` and its sync twin: the interface of what a backend's optional `connect_udp()` opens, for HTTP/3.
* `AutoBackend`, `AnyIOBackend`, `TrioBackend`, `SyncBackend`: the network itself.
* `AsyncGuardedBackend`, which connects where a rule allows it; `Destination`, what a rule decides on;
  `only_global_addresses()`, a rule.
* `AsyncMockBackend`, `AsyncMockStream`, `AsyncMockDatagramStream` and their sync twins, and `MockSSLObject`: a network
  that plays back bytes.
* `SOCKET_OPTION`: the type of a socket option. `tcp_keepalive()`: the options for TCP keepalive.
* `AsyncResolver`, the type of what finds the addresses of a host, and `AsyncCachingResolver`.

For sibling packages, which build connections and proxies from it:

* `AsyncDialler`, `AsyncDirectDialler`: how a stream to an origin is opened, directly or by way of a proxy. The latter
  tells guards which connections are to proxies.
* `async_start_tls()`: a TLS handshake on behalf of a request. `AsyncTLSStream`, `AsyncTLSCapableStream`: TLS over any
  stream, and the base class of streams that offer it.
* `async_resolve()`: the addresses of a name, for a proxy that takes addresses only.
* `SyncStream`, `AnyIOStreamWrapper`, `TrioStreamWrapper`, `is_socket_readable()`: what programs import from private
  modules of httpcore 1.0, which `httpcore` keeps as aliases.

Each async name has a sync twin without the prefix. Modules that need an event loop's library are imported when they
are first used.
"""

from ._async.caching_resolver import AsyncCachingResolver as AsyncCachingResolver
from ._async.datagrams import AsyncDatagramStream as AsyncDatagramStream
from ._async.dialler import AsyncDialler as AsyncDialler
from ._async.dialler import AsyncDirectDialler as AsyncDirectDialler
from ._async.dialler import async_start_tls as async_start_tls
from ._async.interface import AsyncNetworkBackend as AsyncNetworkBackend
from ._async.interface import AsyncNetworkStream as AsyncNetworkStream
from ._async.mock import AsyncMockBackend as AsyncMockBackend
from ._async.mock import AsyncMockDatagramStream as AsyncMockDatagramStream
from ._async.mock import AsyncMockStream as AsyncMockStream
from ._async.tls import AsyncTLSCapableStream as AsyncTLSCapableStream
from ._async.tls import AsyncTLSStream as AsyncTLSStream
from ._backends.anyio import AnyIOBackend as AnyIOBackend
from ._backends.auto import AutoBackend as AutoBackend
from ._backends.sync import SyncBackend as SyncBackend
from ._backends.sync import SyncStream as SyncStream
from ._backends.trio import TrioBackend as TrioBackend
from ._guarding import AsyncGuardedBackend as AsyncGuardedBackend
from ._guarding import Destination as Destination
from ._guarding import GuardedBackend as GuardedBackend
from ._guarding import only_global_addresses as only_global_addresses
from ._keepalive import tcp_keepalive as tcp_keepalive
from ._readiness import is_socket_readable as is_socket_readable
from ._resolving.finding import async_resolve as async_resolve
from ._resolving.finding import resolve as resolve
from ._resolving.types import AsyncResolver as AsyncResolver
from ._resolving.types import Resolver as Resolver
from ._socket_options import SOCKET_OPTION as SOCKET_OPTION
from ._streams.wrapped import AnyIOStreamWrapper as AnyIOStreamWrapper
from ._streams.wrapped import TrioStreamWrapper as TrioStreamWrapper
from ._sync.caching_resolver import CachingResolver as CachingResolver
from ._sync.datagrams import DatagramStream as DatagramStream
from ._sync.dialler import Dialler as Dialler
from ._sync.dialler import DirectDialler as DirectDialler
from ._sync.dialler import start_tls as start_tls
from ._sync.interface import NetworkBackend as NetworkBackend
from ._sync.interface import NetworkStream as NetworkStream
from ._sync.mock import MockBackend as MockBackend
from ._sync.mock import MockDatagramStream as MockDatagramStream
from ._sync.mock import MockSSLObject as MockSSLObject
from ._sync.mock import MockStream as MockStream
from ._sync.tls import TLSCapableStream as TLSCapableStream
from ._sync.tls import TLSStream as TLSStream
