"""The network seam: stream and backend interfaces, their implementations, and diallers.

Implementations that need an event loop are imported when they are first used.
"""

from ._async.dialler import AsyncDialler as AsyncDialler
from ._async.dialler import AsyncDirectDialler as AsyncDirectDialler
from ._async.dialler import async_start_tls as async_start_tls
from ._async.interface import AsyncNetworkBackend as AsyncNetworkBackend
from ._async.interface import AsyncNetworkStream as AsyncNetworkStream
from ._async.mock import AsyncMockBackend as AsyncMockBackend
from ._async.mock import AsyncMockStream as AsyncMockStream
from ._async.tls import AsyncTLSStream as AsyncTLSStream
from ._backends.anyio import AnyIOBackend as AnyIOBackend
from ._backends.anyio import TrioBackend as TrioBackend
from ._backends.auto import AutoBackend as AutoBackend
from ._backends.sync import SyncBackend as SyncBackend
from ._backends.sync import SyncStream as SyncStream
from ._connecting.resolving import async_resolve as async_resolve
from ._connecting.resolving import resolve as resolve
from ._readiness import is_socket_readable as is_socket_readable
from ._socket_options import SOCKET_OPTION as SOCKET_OPTION
from ._streams.wrapped import AnyIOStreamWrapper as AnyIOStreamWrapper
from ._streams.wrapped import TrioStreamWrapper as TrioStreamWrapper
from ._sync.dialler import Dialler as Dialler
from ._sync.dialler import DirectDialler as DirectDialler
from ._sync.dialler import start_tls as start_tls
from ._sync.interface import NetworkBackend as NetworkBackend
from ._sync.interface import NetworkStream as NetworkStream
from ._sync.mock import MockBackend as MockBackend
from ._sync.mock import MockSSLObject as MockSSLObject
from ._sync.mock import MockStream as MockStream
from ._sync.tls import TLSStream as TLSStream
