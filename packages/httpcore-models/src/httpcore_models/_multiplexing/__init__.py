"""What HTTP/2 and HTTP/3 have in common: many messages on one connection, whose fields are compressed."""

from ._async.body import AsyncMessageBody as AsyncMessageBody
from ._async.body import AsyncMessageExchange as AsyncMessageExchange
from ._sync.body import MessageBody as MessageBody
from ._sync.body import MessageExchange as MessageExchange
