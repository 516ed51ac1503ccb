"""A connection as somebody else might write one: it knows nothing of this library but the connection interface."""

from ._async.connections import AsyncForeignConnection
from ._sync.connections import ForeignConnection

__all__ = ["AsyncForeignConnection", "ForeignConnection"]
