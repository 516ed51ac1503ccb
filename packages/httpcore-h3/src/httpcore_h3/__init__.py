"""One HTTP/3 client connection, sync and async, over any datagram stream.

Opening the stream is the task of `httpcore_models`, and keeping several connections that of `httpcore`.
"""

from ._states import State
from ._tls.options import tls_obstacle

__all__ = ["State", "tls_obstacle"]

__version__ = "0.1.0"
