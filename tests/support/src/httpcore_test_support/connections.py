"""A connection as third parties write them: it uses only the connection interface of this library."""

from ._async.connections import AsyncForeignConnection
from ._sync.connections import ForeignConnection

__all__ = ["AsyncForeignConnection", "ForeignConnection"]
