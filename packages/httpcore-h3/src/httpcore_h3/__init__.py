"""One HTTP/3 client connection, sync and async, over any datagram stream.

Opening the stream is the task of `httpcore_models`, and keeping several connections that of `httpcore`.
"""

from httpcore_models.multiplexing import State

from ._async.body import AsyncHTTP3Body
from ._async.connection import AsyncHTTP3Connection
from ._async.network_stream import AsyncQUICStream
from ._sync.body import HTTP3Body
from ._sync.connection import HTTP3Connection
from ._sync.network_stream import QUICStream
from ._tls.options import tls_obstacle

__all__ = [
    "AsyncHTTP3Body",
    "AsyncHTTP3Connection",
    "AsyncQUICStream",
    "HTTP3Body",
    "HTTP3Connection",
    "QUICStream",
    "State",
    "tls_obstacle",
]

__version__ = "0.1.0"
