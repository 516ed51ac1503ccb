"""Private attributes of httpcore 1.0 that other programs use, on the bodies of both protocols."""

from typing import Any


class LegacyBody:
    """Private attributes of a response body in 1.0, where the pool's body held the connection's body."""

    @property
    def _stream(self) -> "LegacyBody":
        """The connection's body, for programs that break a blocked read (`_stream._connection._network_stream`)."""
        return self

    @property
    def _pool(self) -> Any:
        """The pool, for programs that look for leaks. `None` without a pool, and after the body is closed."""
        return getattr(getattr(self, "lease", None), "pool", None)

    @property
    def _pool_request(self) -> Any:
        """The pool's record of the request, for the same programs."""
        return getattr(getattr(self, "lease", None), "pool_request", None)
