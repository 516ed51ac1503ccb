"""What a chosen scenario must show on ours, whatever 1.0.9 does.

It follows the scenario: `=> GET /2: 200, no late; peer: Proxy-Authorization` says that the step `GET /2` has
"200" and does not have "late", and that what the peer saw has the name of a field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .outcomes import Outcome
from .scenarios import Scenario

__all__ = ["Expectations", "expectations", "scenario_of"]


def scenario_of(text: str) -> Scenario:
    """Return the scenario without its expectations."""
    return Scenario.parse(text.partition(" => ")[0])


class Expectations:
    """What some scenarios must show."""

    def __init__(self, by_scenario: Mapping[Scenario, list[tuple[str, str]]]) -> None:
        self._by_scenario = by_scenario

    def __contains__(self, scenario: Scenario) -> bool:
        return scenario in self._by_scenario

    def unmet(self, scenario: Scenario, outcome: Outcome) -> list[str]:
        """Return what is missing in the outcome."""
        found = []
        for step, word in self._by_scenario.get(scenario, ()):
            shown = repr(outcome.peer if step == "peer" else [each for each in outcome.steps if each["step"] == step])
            plain = word.removeprefix("no ")
            if (plain in shown) == (plain != word):
                found.append(f"{step}: {word!r} is expected, not {shown}")
        return found

    def mended(self, scenario: Scenario, original: Outcome, ours: Outcome) -> bool:
        """Return whether 1.0.9 has the fault that the scenario is about, and ours does not."""
        return bool(self.unmet(scenario, original)) and not self.unmet(scenario, ours)


def expectations(texts: Iterable[str]) -> Expectations:
    """Read the expectations that follow scenarios."""
    found: dict[Scenario, list[tuple[str, str]]] = {}
    for text in texts:
        for part in filter(None, text.partition(" => ")[2].split("; ")):
            step, _, words = part.partition(": ")
            found.setdefault(scenario_of(text), []).extend((step, word) for word in words.split(", "))
    return Expectations(found)
