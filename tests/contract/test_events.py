"""Trace events and log lines of each scene: which, in which order, with which values."""

from __future__ import annotations

import pytest

from .every_scene import SCENES
from .measured import expected, load
from .players import Flavour, every_flavour, in_flavour, play

FACTS = load("events.txt")


@every_flavour
@pytest.mark.parametrize("name", SCENES)
def test_events_and_log_lines(name: str, flavour: Flavour) -> None:
    """A scene that is not in the file showed no event. The log lines were measured for some scenes only."""
    lines = in_flavour(expected("events.txt", name, FACTS.get(name, [])), flavour)
    record = play(SCENES[name], flavour)
    assert record.events == [line for line in lines if line.startswith("event ")]
    logs = [line for line in lines if line.startswith("log ")]
    assert record.logs == logs or not logs
