"""One HTTP/2 client connection, sync and async, over any network stream.

Opening the stream is the task of `httpcore_models`, and keeping several connections that of `httpcore`.

Without the extra `h2` everything can still be imported, but making a connection raises `RuntimeError`.
"""

from typing import TYPE_CHECKING, Any

from httpcore_models.multiplexing import State

from ._async.body import AsyncHTTP2Body
from ._events import ChangedSetting, RemoteSettingsChanged
from ._missing import STAND_INS, require_h2
from ._sync.body import HTTP2Body

if TYPE_CHECKING:
    from ._async.connection import AsyncHTTP2Connection
    from ._async.tunnel import AsyncTunnelStream
    from ._sync.connection import HTTP2Connection
    from ._sync.tunnel import TunnelStream

__all__ = [
    "AsyncHTTP2Body",
    "AsyncHTTP2Connection",
    "AsyncTunnelStream",
    "ChangedSetting",
    "HTTP2Body",
    "HTTP2Connection",
    "RemoteSettingsChanged",
    "State",
    "TunnelStream",
    "require_h2",
]

__version__ = "1.0.0"


def __getattr__(name: str) -> Any:
    if name not in STAND_INS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        require_h2()
    except ModuleNotFoundError:
        # Not cached, since h2 may be installed later.
        return STAND_INS[name]
    from ._async.connection import AsyncHTTP2Connection
    from ._async.tunnel import AsyncTunnelStream
    from ._sync.connection import HTTP2Connection
    from ._sync.tunnel import TunnelStream

    for found in (AsyncHTTP2Connection, AsyncTunnelStream, HTTP2Connection, TunnelStream):
        globals()[found.__name__] = found
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*__all__, *globals()})
