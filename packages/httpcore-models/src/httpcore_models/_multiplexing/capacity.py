"""How a connection tells its pool that it can take more requests, or fewer."""

from collections.abc import Callable
from typing import Protocol


class CapacityReporter(Protocol):
    """Calls the pool back whenever a connection can take more requests than before, or fewer."""

    #: The pool's callback, if the connection belongs to a pool.
    on_change: Callable[[], None] | None

    def report(self) -> None:
        """Call the pool if something has changed. The connection's lock is not held."""
