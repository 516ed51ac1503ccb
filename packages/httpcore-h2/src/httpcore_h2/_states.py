"""The life of a connection, as a table.

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

A connection is idle from the start: HTTP/2 takes requests before the server has said anything. It is active while
any response is open, and `COMPLETE` is the end of the last of them. `RETIRE` is whatever keeps it from taking another
request while those it carries may go on: a GOAWAY, the last stream identifier, a failure, or a timeout during which
nothing arrived at all.
"""

import enum


class State(enum.Enum):
    """Where a connection is in its life."""

    IDLE = "idle"
    ACTIVE = "active"
    RETIRED = "retired"
    CLOSED = "closed"


class Input(enum.Enum):
    """What moves a connection on."""

    REQUEST = "request"
    COMPLETE = "complete"
    RETIRE = "retire"
    CLOSE = "close"


TRANSITIONS: dict[tuple[State, Input], State] = {
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
