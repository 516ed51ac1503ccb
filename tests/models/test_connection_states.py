"""The life of a connection that HTTP/2 and HTTP/3 have in common: the table, and the diagram that shows it."""

import collections
import re

import pytest
from httpcore_models._multiplexing import states
from httpcore_models.multiplexing import CLOSED, IDLE, TRANSITIONS, USABLE, Input, InvalidTransition, State

STEPS: dict[State, dict[Input, State | None]] = {
    State.IDLE: {
        Input.REQUEST: State.ACTIVE,
        Input.COMPLETE: None,
        Input.RETIRE: State.RETIRED,
        Input.CLOSE: State.CLOSED,
    },
    State.ACTIVE: {
        Input.REQUEST: State.ACTIVE,
        Input.COMPLETE: State.IDLE,
        Input.RETIRE: State.RETIRED,
        Input.CLOSE: State.CLOSED,
    },
    State.RETIRED: {
        Input.REQUEST: None,
        Input.COMPLETE: State.CLOSED,
        Input.RETIRE: None,
        Input.CLOSE: State.CLOSED,
    },
    State.CLOSED: {Input.REQUEST: None, Input.COMPLETE: None, Input.RETIRE: None, Input.CLOSE: State.CLOSED},
}


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("step", list(Input))
def test_every_state_with_every_input(state: State, step: Input) -> None:
    expected = STEPS[state][step]
    if expected is not None:
        assert TRANSITIONS[state, step] is expected
        return
    with pytest.raises(InvalidTransition, match=f"^no '{step.value}' for a connection that is {state.value}$"):
        TRANSITIONS[state, step]


def test_the_diagram_names_all_states_and_the_steps_of_the_table() -> None:
    diagram = (states.__doc__ or "").split("\n\n")[1]
    # Closing a closed connection needs no arrow.
    steps = [step.value for (start, step) in TRANSITIONS if start is not State.CLOSED]
    assert collections.Counter(re.findall("[a-z]+", diagram)) == collections.Counter(steps)
    assert sorted(re.findall("[A-Z]+", diagram)) == sorted(state.name for state in State)


def test_usable_states_are_those_that_allow_a_request() -> None:
    assert {state for state, step in TRANSITIONS if step is Input.REQUEST} == set(USABLE)
    assert (IDLE, CLOSED) == (State.IDLE, State.CLOSED)
