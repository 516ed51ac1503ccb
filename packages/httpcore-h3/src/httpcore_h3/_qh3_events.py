"""How the events of qh3's core are shared between us and qh3's wrapper of it."""

from collections.abc import Callable
from typing import Any


class _CoreWith:
    """A core as it was before an event was taken from it."""

    def __init__(self, event: Any, core: Any) -> None:
        self._event = event
        self._core = core

    def next_event(self) -> Any:
        event, self._event = self._event, None
        return self._core.next_event() if event is None else event

    def __getattr__(self, name: str) -> Any:
        return getattr(self._core, name)


def drain_from(event: Any, core: Any, wrapper: Any, drain: Callable[[], None]) -> None:
    """Have the wrapper make events of one that was taken from its core, and of those that are behind it."""
    attributes = vars(wrapper)
    try:
        attributes["_core"] = _CoreWith(event, core)
        drain()
    finally:
        attributes["_core"] = core
