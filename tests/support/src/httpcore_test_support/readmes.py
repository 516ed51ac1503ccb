"""Parts of a README, or of another page, for tests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from doctest import ELLIPSIS, OutputChecker
from pathlib import Path
from typing import NamedTuple

__all__ = ["Example", "code_blocks", "examples", "listed_names", "matches", "replaced"]

_FENCE = re.compile(r"^```python\n(?P<code>.*?)^```\n(?:\n*```output\n(?P<output>.*?)^```$)?", re.MULTILINE | re.DOTALL)


class Example(NamedTuple):
    """A program in a page."""

    line: int
    """Where it begins."""

    code: str

    output: str | None
    """What the page says that it prints, in a block `output` directly behind."""


def examples(page: Path) -> list[Example]:
    """The Python programs of a page."""
    text = page.read_text(encoding="utf-8")
    return [
        Example(text.count("\n", 0, match.start()) + 1, match["code"], match["output"])
        for match in _FENCE.finditer(text)
    ]


def replaced(text: str, replacements: Mapping[str, str]) -> str:
    """Replace each key of `replacements` by its value; of two that match at one place, the one that comes first."""
    pattern = re.compile("|".join(map(re.escape, replacements)))
    return pattern.sub(lambda match: replacements[match[0]], text)


def matches(output: str, expected: str) -> bool:
    """Whether a program printed what a page says. `...` in the page stands for anything; ends of lines do not count."""
    printed = re.sub(r" +$", "", output, flags=re.MULTILINE)
    return OutputChecker().check_output(expected, printed, ELLIPSIS)


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
