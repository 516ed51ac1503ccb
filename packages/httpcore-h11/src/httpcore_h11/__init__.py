"""One HTTP/1.1 client connection, sync and async, over any network stream.

`httpcore_models` opens network streams. `httpcore` has pools of connections.
"""

from ._async.body import AsyncHTTP11Body as AsyncHTTP11Body
from ._async.connection import AsyncHTTP11Connection as AsyncHTTP11Connection
from ._async.upgrade import AsyncUpgradeStream as AsyncUpgradeStream
from ._states import State as State
from ._sync.body import HTTP11Body as HTTP11Body
from ._sync.connection import HTTP11Connection as HTTP11Connection
from ._sync.upgrade import UpgradeStream as UpgradeStream

__version__ = "1.0.0"
