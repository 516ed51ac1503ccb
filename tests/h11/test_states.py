"""The states of a connection: the table, and the diagram of it."""

import collections
import re
from collections.abc import Iterator

import pytest
from httpcore_h11 import _states
from httpcore_h11._states import TRANSITIONS, Input, State

STEPS = {
    State.NEW: {Input.REQUEST: State.ACTIVE, Input.COMPLETE: None, Input.CLOSE: State.CLOSED},
    State.ACTIVE: {Input.REQUEST: None, Input.COMPLETE: State.IDLE, Input.CLOSE: State.CLOSED},
    State.IDLE: {Input.REQUEST: State.ACTIVE, Input.COMPLETE: None, Input.CLOSE: State.CLOSED},
    State.CLOSED: {Input.REQUEST: None, Input.COMPLETE: None, Input.CLOSE: State.CLOSED},
}

# The directions in which a line leaves a character of the diagram, as (rows, columns).
UP, DOWN, LEFT, RIGHT = (-1, 0), (1, 0), (0, -1), (0, 1)
WAYS = {
    "│": {UP, DOWN},
    "▲": {UP, DOWN},
    "▼": {UP, DOWN},
    "─": {LEFT, RIGHT},
    "▶": {LEFT, RIGHT},
    "└": {UP, RIGHT},
    "┘": {UP, LEFT},
    "┌": {DOWN, RIGHT},
    "┐": {DOWN, LEFT},
    "┤": {UP, DOWN, LEFT},
}


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("step", list(Input))
def test_every_state_with_every_input(state: State, step: Input) -> None:
    assert TRANSITIONS[state].get(step) is STEPS[state][step]


def test_the_diagram_shows_the_table() -> None:
    diagram = (_states.__doc__ or "").split("\n\n")[1]
    steps = {
        (start.name, end.name): step.value
        for start, ends in TRANSITIONS.items()
        for step, end in ends.items()
        if start is not end
    }
    assert sorted(arrows(diagram)) == sorted(steps)
    labels = re.findall("[a-z]+", diagram)
    assert collections.Counter(labels) == collections.Counter(steps.values())


def arrows(diagram: str) -> Iterator[tuple[str, str]]:
    """Follow the lines that leave the names to the right and downwards; yield the names at both ends."""
    lines = diagram.splitlines()
    cells = {(row, column): cell for row, line in enumerate(lines) for column, cell in enumerate(line)}
    # The blanks beside a name count as part of it, so that all lines end at names.
    matches = [(row, match) for row, line in enumerate(lines) for match in re.finditer(" ?[A-Z]+ ?", line)]
    names = {(row, column): match[0].strip() for row, match in matches for column in range(*match.span())}

    def ends(row: int, column: int, way: tuple[int, int]) -> Iterator[str]:
        if (row, column) in names:
            yield names[row, column]
            return
        back = (-way[0], -way[1])
        for onward in {way} if cells[row, column] == "┼" else WAYS[cells[row, column]] - {back}:
            yield from ends(row + onward[0], column + onward[1], onward)

    for (row, column), name in names.items():
        if cells.get((row, column + 1)) == "─":
            yield from ((name, end) for end in ends(row, column + 1, RIGHT))
        if cells.get((row + 1, column)) == "│":
            yield from ((name, end) for end in ends(row + 1, column, DOWN))
