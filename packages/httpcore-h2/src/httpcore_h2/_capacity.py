"""Telling a pool how many requests a connection can take."""

from collections.abc import Callable

from httpcore_models.multiplexing import USABLE

from ._engine import Engine


class CapacityReport:
    """Calls the pool back whenever the number of requests that a connection can take may have changed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reported: int | None = None
        #: The pool's callback, if the connection belongs to a pool.
        self.on_change: Callable[[], None] | None = None

    def report(self) -> None:
        """Call the pool if the limit, or whether there is one, has changed. The connection's lock is not held."""
        limit = self._engine.stream_limit if self._engine.state in USABLE else 0
        if limit != self._reported:
            self._reported = limit
            if self.on_change is not None:
                self.on_change()
