"""The entries of the fact files as they were measured, and what may replace one."""

from __future__ import annotations

import json
import sys
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

FACTS = Path(__file__).parent / "facts"


def _error(call: Callable[[], object]) -> str:
    try:
        call()
    except Exception as exc:
        return str(exc)
    raise AssertionError("no error")


def _unpack() -> None:
    _, _ = ("a", "b", "c")  # type: ignore[misc]


_NO_STATUS_LINE = bytearray(b"Wait, this isn't valid HTTP!")
_QUOTED = r"""bytearray(b"Wait, this isn\'t valid HTTP!")"""
_OPTION = typing.Union[  # noqa: UP007
    typing.Tuple[int, int, int],  # noqa: UP006
    typing.Tuple[int, int, typing.Union[bytes, bytearray]],  # noqa: UP006, UP007
    typing.Tuple[int, int, None, int],  # noqa: UP006
]

# The facts quote Python 3.11, on which they were measured. These are the texts of the running interpreter.
WORDING = {
    "too many values to unpack (expected 2)": _error(_unpack),
    "%d format: a real number is required, not str": _error(
        lambda: b"%b://%b:%d" % (b"", b"", "80")  # type: ignore[str-format]
    ),
    "sequence item 0: expected a bytes-like object, str found": _error(
        lambda: b"".join([""])  # type: ignore[list-item]
    ),
    _QUOTED: repr(_NO_STATUS_LINE),
    repr(f"'{_QUOTED}")[3:-1]: repr(f"'{_NO_STATUS_LINE!r}")[3:-1],
    (
        "typing.Union[typing.Tuple[int, int, int], typing.Tuple[int, int, typing.Union[bytes, bytearray]],"
        " typing.Tuple[int, int, NoneType, int]]"
    ): repr(_OPTION),
}
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
