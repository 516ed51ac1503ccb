"""A path to a server that changes all the time: losses, silence, other servers, forged datagrams."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from .datagram_relay import DatagramRelay, Path

__all__ = ["bad_weather"]

# How many seconds a state of the path lasts, at most.
_LONGEST = 0.15

_STATES: tuple[dict[str, float], ...] = (
    {},
    {},
    {"loss": 0.03},
    {"loss": 0.2},
    {"duplicates": 0.3, "reordered": 0.2},
    {"forged": 0.2, "loss": 0.01},
    {"corrupted": 0.05},
    {"delay": 0.004, "reordered": 0.1},
)
_EVENTS = ("rebind", "restart", "refuse", "block", "strangers")


class _Weather:
    def __init__(self, relay: DatagramRelay, servers: list[int], chance: random.Random) -> None:
        self._relay, self._servers, self._chance = relay, servers, chance
        self._over = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="weather")
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()
        self._relay.path = Path()
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            while not self._over.is_set():
                self._relay.path = Path(**self._chance.choice(_STATES))  # type: ignore[arg-type]
                if self._chance.random() < 0.3:
                    self._happen(self._chance.choice(_EVENTS))
                self._over.wait(self._chance.random() * _LONGEST)
        except BaseException as exc:
            self._failure = exc

    def _happen(self, event: str) -> None:
        relay = self._relay
        relay.seen[event] += 1
        if event == "rebind":
            relay.rebind()
        elif event == "restart":
            relay.lead_to(self._chance.choice(self._servers))
        elif event == "block":
            relay.path = Path(blocked=True)
        elif event == "refuse":
            relay.refuse(True)
            # Soon over, since requests fail at once meanwhile.
            self._over.wait(self._chance.random() * 0.02)
            relay.refuse(False)
        else:
            for size in (1, 20, 1200, 1400):
                relay.inject(self._chance.randbytes(size))


@contextmanager
def bad_weather(relay: DatagramRelay, servers: list[int], chance: random.Random) -> Iterator[None]:
    """Let the path of `relay` be bad for the length of the `with` block, and good afterwards.

    From time to time it leads to another one of the `servers`, which are ports: as if the server had been restarted.
    """
    weather = _Weather(relay, servers, chance)
    try:
        yield
    finally:
        weather.stop()
