"""What HTTP/2 and HTTP/3 have in common: many messages on one connection, whose fields are compressed."""

from ._async.body import AsyncMessageBody as AsyncMessageBody
from ._async.body import AsyncMessageExchange as AsyncMessageExchange
from ._async.connection import AsyncMultiplexedConnection as AsyncMultiplexedConnection
from ._async.exchange import AsyncLimitedStreamExchange as AsyncLimitedStreamExchange
from ._async.exchange import AsyncStreamExchange as AsyncStreamExchange
from ._async.sharing import AsyncSharedConnection as AsyncSharedConnection
from ._sync.body import MessageBody as MessageBody
from ._sync.body import MessageExchange as MessageExchange
from ._sync.connection import MultiplexedConnection as MultiplexedConnection
from ._sync.exchange import LimitedStreamExchange as LimitedStreamExchange
from ._sync.exchange import StreamExchange as StreamExchange
from ._sync.sharing import SharedConnection as SharedConnection
