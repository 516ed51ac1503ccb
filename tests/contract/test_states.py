"""What response, pool and connections look like after each step of each scene."""

from __future__ import annotations

import pytest

from .every_scene import SCENES
from .measured import expected, load
from .missing import MISSING_NAMES, MISSING_SCENES
from .players import Flavour, every_flavour, in_flavour, play

FACTS = load("states.txt")


@every_flavour
@pytest.mark.parametrize("name", [name for name in SCENES if name in FACTS])
def test_states(name: str, flavour: Flavour) -> None:
    lines = in_flavour(expected("states.txt", name, FACTS[name]), flavour)
    record = play(SCENES[name], flavour)
    assert record.responses + record.states == lines


def test_every_measured_scene_is_played_or_listed_as_missing() -> None:
    assert sorted([*SCENES, *MISSING_SCENES]) == sorted({*FACTS, *load("events.txt")})


def test_scenes_are_missing_for_a_reason_that_still_holds() -> None:
    assert set(MISSING_SCENES.values()) <= set(MISSING_NAMES.values())
