"""Fuzz the engine beside h2: `python tests/h2/fuzz_engine.py [MINUTES]`, by default for 10 minutes.

It ends with the first game that fails, and with the shortest steps that lead there. A game has a seed, which alone
decides what happens. Seeds begin at random, or at that in the environment variable `HTTPCORE_TEST_SEED`.
"""

import os
import random
import sys
import time

from httpcore_test_support.h2_fuzzing.blocks import Blocks
from httpcore_test_support.h2_fuzzing.conversation import Conversation
from httpcore_test_support.h2_fuzzing.search import check
from httpcore_test_support.h2_fuzzing.twins import Twins

GAMES = (Blocks, Conversation, Twins)
TOGETHER = 25


def main(arguments: list[str]) -> None:
    """Play games of each kind in turn until the time is up."""
    deadline = time.monotonic() + 60 * float(arguments[0] if arguments else 10)
    first = seed = int(os.environ.get("HTTPCORE_TEST_SEED") or random.randrange(2**32))
    print(f"from seed {first}", flush=True)
    while time.monotonic() < deadline:
        for game in GAMES:
            check(game, range(seed, seed + TOGETHER))
        seed += TOGETHER
    print(f"{seed - first} games of each kind without a failure")


if __name__ == "__main__":
    main(sys.argv[1:])
