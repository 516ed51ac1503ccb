"""How the outcomes of a scenario over HTTP/2 and over HTTP/3 differ: in each thing that can be seen, one by one."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from ..outcomes import Difference, Outcome, answers_side_by_side
from ..runner.callers import SIDE_BY_SIDE
from ..scenarios import Scenario

__all__ = ["HTTP3Difference", "differences"]

# For the reader, or told in another way.
_NOT_COMPARED = ("taken", "hang")
# Of requests at the same time these come in any order.
_IN_ANY_ORDER = ("events", "lines", "pool", "stats", "info")
_TOGETHER = ("get beside", "read beside", "response closed", "other origin", "pool closed while")
# Callers that send as many requests as they have time for.
_ANY_NUMBER = {"other origin waits"}
# Peers that send megabytes, which takes a server in Python some time.
_MEGABYTES = {"h2 answers in mid upload"}


@dataclass(frozen=True)
class HTTP3Difference(Difference):
    """A difference between HTTP/2 (`original`) and HTTP/3 (`ours`), and the errors of the steps before it."""

    before: tuple[str, ...] = ()

    def __str__(self) -> str:
        theirs, mine = self.original, self.ours
        if isinstance(theirs, dict) and isinstance(mine, dict):
            differing = [key for key in {**theirs, **mine} if theirs.get(key) != mine.get(key)]
            theirs, mine = ({key: side.get(key) for key in differing} for side in (theirs, mine))
        return f"{self.step}: HTTP/2 {theirs!r}, HTTP/3 {mine!r}"


def differences(scenario: Scenario, http2: Outcome, http3: Outcome) -> list[Difference]:
    """Return the differences between the outcomes: of steps up to the first one that ends otherwise, and the rest."""
    found: list[Difference] = []
    before: list[str] = []
    steps: list[tuple[dict[str, Any], dict[str, Any]]] = list(
        itertools.zip_longest(http2.steps, http3.steps, fillvalue={})
    )
    for theirs, mine in steps:
        pair = [_compared(scenario, step) for step in (theirs, mine)]
        if pair[0] != pair[1]:
            name = str(theirs.get("step", mine.get("step")))
            found.append(HTTP3Difference(scenario, name, pair[0], pair[1], tuple(before)))
            if _end(pair[0]) != _end(pair[1]):
                break
        before.append(str(theirs.get("error")))
        if theirs.get("step") == "at once":
            before += [each.split()[-1] for each in answers_side_by_side(theirs)]
    else:
        seen = [outcome.peer for outcome in (http2, http3)]
        if scenario.caller in SIDE_BY_SIDE:
            seen = [sorted((request for conn in each for request in conn["sent"]), key=repr) for each in seen]
        if seen[0] != seen[1] and scenario.caller not in _ANY_NUMBER:
            found.append(HTTP3Difference(scenario, "peer", seen[0], seen[1], tuple(before)))
    noise = [sorted({line.split(":")[0] for line in outcome.noise}) for outcome in (http2, http3)]
    if noise[0] != noise[1]:
        found.append(HTTP3Difference(scenario, "noise", noise[0], noise[1], tuple(before)))
    return found


def _end(step: dict[str, Any]) -> Any:
    return step.get("error"), step.get("status"), step.get("time") == "hang"


def _compared(scenario: Scenario, step: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in step.items() if key not in _NOT_COMPARED}
    if scenario.caller in SIDE_BY_SIDE or scenario.caller.startswith(_TOGETHER):
        kept = {key: value for key, value in kept.items() if key not in _IN_ANY_ORDER}
    if step.get("step") == "at once" or scenario.peer in _MEGABYTES:
        kept.pop("time", None)
    if step.get("step") == "at once":
        kept["ends"] = answers_side_by_side(step)
    return kept
