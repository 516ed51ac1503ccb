"""An entry of THE list, and how it is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..outcomes import Difference

__all__ = ["Entry", "List", "errors"]


@dataclass(frozen=True)
class Entry:
    """A difference that is meant, with its rows of FIELD (numbers) and FAULTS, or `-`."""

    name: str
    reason: str
    row: str
    readme: str | None
    matches: Callable[[Difference], bool]
    luck: bool = False  # whether it comes out so is a matter of timing: it need not match in every run


class List:
    """The entries of one subject."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def means(
        self, row: str, reason: str, readme: str | None = None, *, luck: bool = False
    ) -> Callable[[Callable[[Difference], bool]], None]:
        """Add an entry: the function that is decorated says whether it explains a difference."""

        def add(matches: Callable[[Difference], bool]) -> None:
            self.entries.append(Entry(matches.__name__.replace("_", " "), reason, row, readme, matches, luck))

        return add


def errors(difference: Difference) -> tuple[str, str]:
    """Return how the step ended on both; no error is `ok`."""
    if difference.step in ("peer", "noise"):
        return difference.step, difference.step
    return difference.original.get("error") or "ok", difference.ours.get("error") or "ok"
