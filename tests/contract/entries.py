"""The entries of the fact files as they were measured, and what may stand in place of one."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

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


class Deviation(NamedTuple):
    """The value that holds instead of a fact, and the reason."""

    value: Any
    reason: str
