"""Callers: coroutine functions that take a `Stage`, the same for all worlds, layers and protocols."""

from __future__ import annotations

from . import bodies, leaving, requests
from .stage import CALLERS, Stage

__all__ = ["CALLERS", "SIDE_BY_SIDE", "Stage", "bodies", "leaving", "requests"]

# Those whose requests come in any order.
SIDE_BY_SIDE = {"four at once", "many on four", "pool closed while reading"}
