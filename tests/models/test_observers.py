"""What an observer may be."""

import asyncio
import logging
from typing import Any

import pytest
from httpcore_models._observing import ConnectObserver
from httpcore_models.lowlevel import ObservedPhase, Observer, observe


def test_coroutine_functions_are_refused() -> None:
    async def observer(event: str, info: dict[str, Any]) -> None:
        raise AssertionError("never awaited")

    with pytest.raises(TypeError, match="`observe` extension should be a normal function"):
        observe(observer, "event", {})


def fail(event: str, info: dict[str, Any]) -> None:
    """Raise an error for the failure of a phase."""
    if event.endswith(".failed"):
        raise ValueError("of the observer")


class TestFailureOfAPhase:
    @pytest.mark.parametrize("observer", [fail, ConnectObserver(fail)], ids=["request", "connecting"])
    @pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit, asyncio.CancelledError])
    def test_an_interruption_outlives_what_the_observer_raises(
        self, interruption: type[BaseException], observer: Observer, caplog: pytest.LogCaptureFixture
    ) -> None:
        with pytest.raises(interruption), ObservedPhase(observer, "phase", {}):
            raise interruption
        [record] = caplog.records
        assert (record.name, record.levelno) == ("httpcore.observe", logging.ERROR)
        assert "phase.failed" in record.getMessage()

    def test_an_error_gives_way(self) -> None:
        with pytest.raises(ValueError, match="of the observer"), ObservedPhase(fail, "phase", {}):
            raise OSError

    def test_an_interruption_that_comes_later_counts(self) -> None:
        def interrupt(event: str, info: dict[str, Any]) -> None:
            if event.endswith(".failed"):
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt), ObservedPhase(interrupt, "phase", {}):
            raise asyncio.CancelledError
