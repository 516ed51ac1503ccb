"""The engine beside h2, in random games: see `fuzz_engine.py`, which plays them for as long as one likes.

The same games are played in every run, unless `HTTPCORE_TEST_SEED` or `hatch run soak` asks for others.
"""

import os
import random

import pytest
from httpcore_test_support.h2_fuzzing.blocks import Blocks
from httpcore_test_support.h2_fuzzing.conversation import Conversation
from httpcore_test_support.h2_fuzzing.search import MakeGame, check
from httpcore_test_support.h2_fuzzing.twins import Twins
from hypothesis import settings

SOAKING = settings.get_current_profile_name() == "soak"
GAMES = 1_000 if SOAKING else 80


@pytest.mark.timeout(600)
@pytest.mark.parametrize("game", [Blocks, Conversation, Twins])
def test_engine_and_h2_agree(game: MakeGame, chance: random.Random) -> None:
    other = SOAKING or "HTTPCORE_TEST_SEED" in os.environ
    first = chance.randrange(2**32) if other else 0
    assert check(game, range(first, first + GAMES)) == GAMES
