"""Trace events and log lines of each scene: which, in which order, with which values."""

from __future__ import annotations

import pytest

from .every_scene import SCENES
from .log_lines import CLOSE_LINES, expected_lines, without_closing
from .measured import expected, load
from .players import Flavour, every_flavour, in_flavour, play

FACTS = load("events.txt")


@every_flavour
@pytest.mark.parametrize("name", SCENES)
def test_events(name: str, flavour: Flavour) -> None:
    """A scene that is not in the file shows no event."""
    lines = in_flavour(expected("events.txt", name, FACTS.get(name, [])), flavour)
    assert play(SCENES[name], flavour).events == [line for line in lines if line.startswith("event ")]


@every_flavour
@pytest.mark.parametrize("name", SCENES)
def test_log_lines(name: str, flavour: Flavour) -> None:
    """A scene that is not in the file logs nothing."""
    lines, closing = expected_lines(name)
    assert without_closing(play(SCENES[name], flavour).logs) == (in_flavour(lines, flavour), closing)


def test_every_scene_with_events_has_log_lines() -> None:
    for name, lines in FACTS.items():
        kinds = {line.split()[0] for line in lines}
        assert kinds == {"event", "log"}, name


def test_each_deviation_in_closing_belongs_to_a_scene() -> None:
    assert CLOSE_LINES.keys() <= FACTS.keys()
