"""The life of a connection, as a table.

             request                    complete
    NEW ───────────────────▶ ACTIVE ───────────────▶ IDLE
     │                       ▲    │      request      │
     │                       └────┼───────────────────┤
     │ close                close │             close │
     └──────────────────────────┐ ▼ ┌─────────────────┘
                                CLOSED

All that decides whether a connection may be used lives here. What is not in the table cannot happen: a second request
on an active connection, or any on a closed one.
"""

import enum
from collections.abc import Callable
from typing import Any


class State(enum.Enum):
    """Where a connection is in its life."""

    NEW = "new"
    ACTIVE = "active"
    IDLE = "idle"
    CLOSED = "closed"

    # Members are equal only to themselves. The hash that enumerations have is a function in Python, and not fast.
    __hash__: Callable[[Any], int] = object.__hash__  # type: ignore[assignment]


class Input(enum.Enum):
    """What moves a connection on."""

    REQUEST = "request"
    COMPLETE = "complete"
    CLOSE = "close"

    __hash__ = object.__hash__


TRANSITIONS: dict[tuple[State, Input], State] = {
    (State.NEW, Input.REQUEST): State.ACTIVE,
    (State.NEW, Input.CLOSE): State.CLOSED,
    (State.ACTIVE, Input.COMPLETE): State.IDLE,
    (State.ACTIVE, Input.CLOSE): State.CLOSED,
    (State.IDLE, Input.REQUEST): State.ACTIVE,
    (State.IDLE, Input.CLOSE): State.CLOSED,
    (State.CLOSED, Input.CLOSE): State.CLOSED,
}


class InvalidTransition(Exception):
    """The table has no such step."""

    def __init__(self, state: State, step: Input) -> None:
        super().__init__(f"no {step.value!r} for a connection that is {state.value}")


def transition(state: State, step: Input) -> State:
    """Return the state that `step` leads to; raises `InvalidTransition`."""
    try:
        return TRANSITIONS[state, step]
    except KeyError:
        raise InvalidTransition(state, step) from None
