"""Events that are taken from qh3's core, and those for which its wrapper is needed."""

from typing import Any

import pytest
from httpcore_h3._qh3_events import drain_from


class Core:
    """Has events, and something else that a wrapper asks for."""

    version = 1

    def __init__(self, *events: str) -> None:
        self.events = list(events)

    def next_event(self) -> str | None:
        return self.events.pop(0) if self.events else None


class Wrapper:
    """Notes what it gets from its core."""

    def __init__(self, core: Any) -> None:
        self._core = core
        self.seen: list[Any] = []

    def drain(self) -> None:
        while (event := self._core.next_event()) is not None:
            self.seen.append((event, self._core.version))
            if event == "bad":
                raise ValueError(event)


def test_the_wrapper_gets_the_event_that_was_taken_and_those_behind_it() -> None:
    core = Core("a", "b", "c")
    wrapper = Wrapper(core)
    drain_from([core.next_event()], core, wrapper, wrapper.drain)
    assert wrapper.seen == [("a", 1), ("b", 1), ("c", 1)]
    assert wrapper._core is core


def test_the_wrapper_keeps_its_core_after_an_error() -> None:
    core = Core("bad", "b")
    wrapper = Wrapper(core)
    with pytest.raises(ValueError, match="bad"):
        drain_from([core.next_event()], core, wrapper, wrapper.drain)
    assert wrapper._core is core
    assert core.events == ["b"]
