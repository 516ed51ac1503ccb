"""One HTTP/2 client connection, sync and async, over any network stream.

Not here: opening the stream (`httpcore_models`), keeping several connections (`httpcore`).
"""

from ._async.connection import AsyncHTTP2Connection as AsyncHTTP2Connection
from ._async.tunnel import AsyncTunnelStream as AsyncTunnelStream
from ._events import ChangedSetting as ChangedSetting
from ._events import RemoteSettingsChanged as RemoteSettingsChanged
from ._sync.connection import HTTP2Connection as HTTP2Connection
from ._sync.tunnel import TunnelStream as TunnelStream

__version__ = "1.0.0"
