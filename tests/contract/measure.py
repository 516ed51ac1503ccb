"""Prints what scenes show, in the form of the fact files: `python -m contract.measure [SCENE…]`, run in `tests/`.

The facts come from an environment with httpcore 1.0.9, its extras, pytest and the test support.
"""

from __future__ import annotations

import sys

from .every_scene import SCENES
from .players import play


def main(names: list[str]) -> None:
    for name in names or SCENES:
        record = play(SCENES[name], "sync")
        for kind, lines in (("events", record.events + record.logs), ("states", record.responses + record.states)):
            print(f"## {name}  ({kind})", *lines, "", sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
