"""What a pool tells its `on_connection` callback."""

from dataclasses import dataclass
from typing import Literal

from httpcore_models import ConnectionInfo


@dataclass(frozen=True, slots=True)
class ConnectionEvent:
    """A connection of a pool was opened or closed."""

    kind: Literal["opened", "closed"]
    """What happened."""

    connection: ConnectionInfo
    """The connection. Both of its events have the same object."""

    reason: str | None
    """Why it was closed, as text; `None` when it was opened."""

    age: float
    """How many seconds it was open; 0.0 when it was opened."""

    requests: int
    """How many requests it has carried, failed ones included; 0 when it was opened."""
