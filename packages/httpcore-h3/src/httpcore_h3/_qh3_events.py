"""How the events of qh3's core are shared between us and qh3's wrapper of it."""

from collections.abc import Callable
from typing import Any


class _CoreWith:
    """A core as it was before events were taken from it."""

    def __init__(self, events: list[Any], core: Any) -> None:
        self._events = iter(events)
        self._core = core

    def next_event(self) -> Any:
        event = next(self._events, None)
        return self._core.next_event() if event is None else event

    def __getattr__(self, name: str) -> Any:
        return getattr(self._core, name)


def drain_from(events: list[Any], core: Any, wrapper: Any, drain: Callable[[], None]) -> None:
    """Have the wrapper make events of those that were taken from its core, and of what is behind them."""
    attributes = vars(wrapper)
    try:
        attributes["_core"] = _CoreWith(events, core)
        drain()
    finally:
        attributes["_core"] = core
