"""Callers that make sense with one peer or a few only: they are played in the chosen scenarios."""

from __future__ import annotations

from . import direct, making, neighbours, processes, wrapped

__all__ = ["ALONE", "CALLERS"]

CALLERS = {**neighbours.CALLERS, **making.CALLERS, **direct.CALLERS, **wrapped.CALLERS}
ALONE = processes.CALLERS
