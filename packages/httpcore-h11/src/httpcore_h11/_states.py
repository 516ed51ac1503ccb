"""The states of a connection, as a table.

             request                    complete
    NEW ───────────────────▶ ACTIVE ───────────────▶ IDLE
     │                       ▲    │      request      │
     │                       └────┼───────────────────┤
     │ close                close │             close │
     └──────────────────────────┐ ▼ ┌─────────────────┘
                                CLOSED

The state decides whether a connection may be used. A step that is not in the table cannot happen: a second request on
an active connection, or any request on a closed one. An exchange ends with `complete` only if `Engine.next_cycle()`
allows another one on the connection, and with `close` otherwise.
"""

import enum
from collections.abc import Callable
from typing import Any


class State(enum.Enum):
    """The state of a connection."""

    NEW = "new"
    ACTIVE = "active"
    IDLE = "idle"
    CLOSED = "closed"

    # Members equal only themselves. `Enum.__hash__()` is a Python function, and slow.
    __hash__: Callable[[Any], int] = object.__hash__  # type: ignore[assignment]


class Input(enum.Enum):
    """What changes the state of a connection."""

    REQUEST = "request"
    """A request begins."""

    COMPLETE = "complete"
    """Request and response are complete, and the connection is kept alive."""

    CLOSE = "close"
    """The connection is closed."""

    __hash__ = object.__hash__


TRANSITIONS: dict[State, dict[Input, State]] = {
    State.NEW: {Input.REQUEST: State.ACTIVE, Input.CLOSE: State.CLOSED},
    State.ACTIVE: {Input.COMPLETE: State.IDLE, Input.CLOSE: State.CLOSED},
    State.IDLE: {Input.REQUEST: State.ACTIVE, Input.CLOSE: State.CLOSED},
    State.CLOSED: {Input.CLOSE: State.CLOSED},
}
