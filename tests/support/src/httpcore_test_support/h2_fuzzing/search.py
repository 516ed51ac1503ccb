"""Playing games by their seeds, and finding the shortest form of one that fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

__all__ = ["Game", "check"]


class Game(Protocol):
    """Something random whose seed alone decides what happens, in steps that can be left out."""

    steps: int
    log: list[str]

    def play(self) -> None:
        """Play all steps. Raises an exception if anything is wrong."""


MakeGame = Callable[[int, frozenset[int]], Game]


def check(make: MakeGame, seeds: Iterable[int]) -> int:
    """Play a game for each seed; return how many there were. Raises `AssertionError` for the first that fails."""
    played = 0
    for seed in seeds:
        played += 1
        game = make(seed, frozenset())
        try:
            game.play()
        except Exception:
            shortest, cause = _shorten(make, seed, game.steps)
            steps = "\n  ".join(shortest.log)
            raise AssertionError(f"{type(game).__name__} {seed} fails with these steps:\n  {steps}") from cause
    return played


def _shorten(make: MakeGame, seed: int, steps: int) -> tuple[Game, Exception | None]:
    """Leave out steps, many at first, as long as the game still fails."""
    skip: frozenset[int] = frozenset()
    found = _failure(make, seed, skip)
    size = steps // 2
    while size:
        for start in range(0, steps, size):
            less = skip.union(range(start, min(start + size, steps)))
            if less != skip and (shorter := _failure(make, seed, less))[1] is not None:
                skip, found = less, shorter
        size //= 2
    return found


def _failure(make: MakeGame, seed: int, skip: frozenset[int]) -> tuple[Game, Exception | None]:
    game = make(seed, skip)
    try:
        game.play()
    except Exception as exc:
        return game, exc
    return game, None
