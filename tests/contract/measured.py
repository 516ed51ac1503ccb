"""The measured facts, and what is expected of the installed library: the facts with the listed deviations."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from .deviations import DEVIATIONS

FACTS = Path(__file__).parent / "facts"

# The facts quote the interpreter they were measured on, which was 3.11.
WORDING: dict[str, str] = {}
if sys.version_info < (3, 11):
    WORDING["property 'content' of 'Response' object has no setter"] = "can't set attribute 'content'"


def load(file: str) -> dict[str, Any]:
    """The entries of one fact file as they were measured. Those of a scene are its lines."""
    text = (FACTS / file).read_text("utf-8")
    for measured, said_here in WORDING.items():
        text = text.replace(measured, said_here)
    if file.endswith(".json"):
        entries: dict[str, Any] = json.loads(text)
        return entries
    scenes = text.split("\n## ")[1:]
    return {name: lines.strip("\n").split("\n") for name, lines in (scene.split("\n", 1) for scene in scenes)}


def expected(file: str, entry: str, fact: Any) -> Any:
    """What must be seen now: the fact, or what replaces it."""
    deviation = DEVIATIONS.get((file, entry))
    return fact if deviation is None else deviation.value
