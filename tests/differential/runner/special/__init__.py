"""Callers that make sense with few peers only: the chosen scenarios have them."""

from __future__ import annotations

from . import direct, making, neighbours, processes, wrapped

__all__ = ["ALONE", "CALLERS"]

CALLERS = {**neighbours.CALLERS, **making.CALLERS, **direct.CALLERS, **wrapped.CALLERS}
ALONE = processes.CALLERS
