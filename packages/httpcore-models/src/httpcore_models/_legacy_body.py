"""Private attributes of httpcore 1.0 that nothing here needs, but programs reach for, in both protocols."""

from typing import Any


class LegacyBody:
    """What others look for on the body of a response: in 1.0, a body of the pool held that of the connection."""

    @property
    def _stream(self) -> "LegacyBody":
        """The connection's body, for those that break a blocked read (`_stream._connection._network_stream`)."""
        return self

    @property
    def _pool(self) -> Any:
        """The pool, for debuggers of leaks; `None` without one, or once the body is closed."""
        return getattr(getattr(self, "lease", None), "pool", None)

    @property
    def _pool_request(self) -> Any:
        """What stands for the request in the pool, for the same."""
        return getattr(getattr(self, "lease", None), "pool_request", None)
