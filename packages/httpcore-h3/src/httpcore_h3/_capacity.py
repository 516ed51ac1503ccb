"""Telling a pool whether a connection can take a request."""

from collections.abc import Callable

from httpcore_models.multiplexing import USABLE

from ._engine import Engine


class CapacityReport:
    """Calls the pool back whenever a connection that could take no request can take one, or the other way round."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        # What the pool has been told last, by a report or as the answer to its question.
        self._reported: bool | None = None
        #: The pool's callback, if the connection belongs to a pool.
        self.on_change: Callable[[], None] | None = None

    def has_room(self, waiting: int = 0) -> bool:
        """Whether the connection can take a request after `waiting` others; while that is not known, it may."""
        engine = self._engine
        if (
            engine.limit - engine.opened <= waiting
            and engine.first_limit is not None
            # Otherwise it waits for a stream, but not for long: see `ConnectionState.expects_credit`.
            and (engine.overdue or len(engine.requests) >= engine.first_limit)
        ):
            return False
        return engine.state in USABLE and not engine.clogged

    def tell(self, waiting: int) -> bool:
        """Return `has_room()` to a pool, which is called back when that changes."""
        if self.has_room(waiting):
            return True
        # In this order: it may change meanwhile, and another thread would not report that before.
        self._reported = False
        return self.has_room(waiting)

    @property
    def is_due(self) -> bool:
        """Whether there is something to report."""
        return self.has_room() is not self._reported

    @property
    def was_full(self) -> bool:
        """Whether the pool believes that the connection can take no request."""
        return self._reported is False

    def report(self) -> None:
        """Call the pool if something has changed. The connection's lock is not held."""
        has_room = self.has_room()
        if has_room is not self._reported:
            self._reported = has_room
            if self.on_change is not None:
                self.on_change()
