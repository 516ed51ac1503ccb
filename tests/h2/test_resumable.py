"""Which exceptions end only one wait on a connection, and do not affect other requests."""

import asyncio

import pytest
import trio
from httpcore_h2._resumable import is_resumable
from httpcore_models import ReadTimeout, WriteTimeout


def _made_by(module: str, name: str) -> type[BaseException]:
    return type(name, (BaseException,), {"__module__": module})


GREEN = [
    _made_by("gevent.timeout", "Timeout"),
    _made_by("eventlet.timeout", "Timeout"),
    _made_by("greenlet", "GreenletExit"),
]


@pytest.mark.fault("T15")
@pytest.mark.parametrize("kind", [asyncio.CancelledError, ReadTimeout, WriteTimeout, *GREEN])
def test_timeouts_and_cancellations_end_one_request_only(kind: type[BaseException]) -> None:
    assert is_resumable(kind())
    assert is_resumable(type("Own", (kind,), {})())


def test_trio_cancels_one_request_only() -> None:
    async def main() -> None:
        with trio.CancelScope() as scope:
            scope.cancel()
            with pytest.raises(trio.Cancelled) as caught:
                await trio.sleep_forever()
        assert is_resumable(caught.value)

    trio.run(main)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, TimeoutError, _made_by("somebody", "Timeout")])
def test_a_signal_handler_may_raise_anywhere(kind: type[BaseException]) -> None:
    assert not is_resumable(kind())
