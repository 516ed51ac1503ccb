"""The table of states: each step that it has, and none besides."""

import itertools

import pytest
from httpcore_h3._states import TRANSITIONS, USABLE, Input, InvalidTransition, State

STEPS = {
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


@pytest.mark.parametrize(("state", "step"), list(itertools.product(State, Input)))
def test_each_state_with_each_input(state: State, step: Input) -> None:
    if (state, step) in STEPS:
        assert TRANSITIONS[state, step] is STEPS[state, step]
    else:
        with pytest.raises(InvalidTransition, match=f"no '{step.value}' for a connection that is {state.value}"):
            TRANSITIONS[state, step]


def test_requests_are_taken_in_two_states() -> None:
    assert USABLE == (State.IDLE, State.ACTIVE)
