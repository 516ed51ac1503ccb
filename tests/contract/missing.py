"""Parts of the measured interface that the library does not have yet, each with its reason.

A test asserts that the names are really absent, so that a part that has arrived must leave this list.
"""

from __future__ import annotations

MISSING_NAMES: dict[str, str] = {}

MISSING_SCENES: dict[str, str] = {}
