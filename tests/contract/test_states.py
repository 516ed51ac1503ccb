"""What response, pool and connections look like after each step of each scene."""

from __future__ import annotations

import pytest

from .every_scene import SCENES
from .measured import expected, load
from .players import Flavour, every_flavour, in_flavour, play

FACTS = load("states.txt")


@every_flavour
@pytest.mark.parametrize("name", [name for name in SCENES if name in FACTS])
def test_states(name: str, flavour: Flavour) -> None:
    lines = in_flavour(expected("states.txt", name, FACTS[name]), flavour)
    record = play(SCENES[name], flavour)
    assert record.responses + record.states == lines


def test_every_measured_scene_is_played() -> None:
    assert sorted(SCENES) == sorted({*FACTS, *load("events.txt")})
