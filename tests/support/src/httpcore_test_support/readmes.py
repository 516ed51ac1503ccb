"""Parts of a README for tests."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["code_blocks", "listed_names"]


def code_blocks(readme: Path, language: str) -> list[str]:
    """The contents of the fenced blocks in `language`."""
    return re.findall(rf"^```{language}\n(.*?)^```$", readme.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def listed_names(readme: Path, heading: str) -> list[str]:
    """The names at the beginning of the items, up to the colon, below the line `heading`."""
    _, found, rest = readme.read_text(encoding="utf-8").partition(f"\n{heading}\n")
    assert found, f"{readme.parent.name}: no {heading!r}"
    section = re.split(r"^#", rest, maxsplit=1, flags=re.MULTILINE)[0]
    items = re.findall(r"^- (.*?):", section, re.MULTILINE)
    return [name for item in items for name in re.findall(r"`(\w+)`", item)]
