"""The life of a connection, as a table. Its state alone decides whether a connection may be used.

           request           request
    IDLE ───────────▶ ACTIVE ◀──────┐
    │ │ ▲              │ │ │ └──────┘
    │ │ └── complete ──┘ │ │
    │ │ retire           │ │
    │ └──▶ RETIRED ◀─────┘ │
    │         │     retire │
    │ close   │ complete   │ close
    │         │ close      │
    └─────▶ CLOSED ◀───────┘

A connection takes requests while it is IDLE or ACTIVE. It starts as IDLE: a request may come before the server has said
anything, and waits for the handshake if there is one. `COMPLETE` is the end of the last request. `RETIRE` is anything
that rules out another request while those in progress may continue: a GOAWAY, the last stream identifier, a failed
write, or a timeout during which nothing arrived at all. A connection that fails is retired too; its requests then end
one by one.
"""

import enum
from typing import TYPE_CHECKING, Final


class State(enum.Enum):
    """Where a connection is in its life."""

    if not TYPE_CHECKING:
        # Members are single objects. The hash of `enum.Enum` is Python code, which each look into the table would run.
        __hash__ = object.__hash__

    IDLE = "idle"
    ACTIVE = "active"
    RETIRED = "retired"
    CLOSED = "closed"


class Input(enum.Enum):
    """What moves a connection to another state."""

    if not TYPE_CHECKING:
        __hash__ = object.__hash__

    REQUEST = "request"
    COMPLETE = "complete"
    RETIRE = "retire"
    CLOSE = "close"


class InvalidTransition(Exception):
    """The table has no such step."""

    def __init__(self, state: State, step: Input) -> None:
        super().__init__(f"no {step.value!r} for a connection that is {state.value}")


class _Table(dict[tuple[State, Input], State]):
    def __missing__(self, key: tuple[State, Input]) -> State:
        raise InvalidTransition(*key)


#: The state that follows a state and an input. Looking up a step that is not in the table raises `InvalidTransition`.
TRANSITIONS: Final[dict[tuple[State, Input], State]] = _Table(
    {
        (State.IDLE, Input.REQUEST): State.ACTIVE,
        (State.IDLE, Input.RETIRE): State.RETIRED,
        (State.IDLE, Input.CLOSE): State.CLOSED,
        (State.ACTIVE, Input.REQUEST): State.ACTIVE,
        (State.ACTIVE, Input.COMPLETE): State.IDLE,
        (State.ACTIVE, Input.RETIRE): State.RETIRED,
        (State.ACTIVE, Input.CLOSE): State.CLOSED,
        (State.RETIRED, Input.COMPLETE): State.CLOSED,
        (State.RETIRED, Input.CLOSE): State.CLOSED,
        (State.CLOSED, Input.CLOSE): State.CLOSED,
    }
)

#: The states in which a connection takes requests.
USABLE: Final = (State.IDLE, State.ACTIVE)

#: Members that are needed for every request: the attributes of an enumeration are slow.
IDLE: Final = State.IDLE
CLOSED: Final = State.CLOSED
