"""The limits of a pool."""

import sys
from typing import NamedTuple


class Limits(NamedTuple):
    """How many connections a pool may have, how many of them may be idle, and for how many seconds each."""

    max_connections: int
    max_keepalive: int
    keepalive_expiry: float | None


def limits_from(
    max_connections: int | None, max_keepalive: int | None = None, keepalive_expiry: float | None = None
) -> Limits:
    """Return limits from arguments in which `None` means no limit."""
    return Limits(
        sys.maxsize if max_connections is None else max_connections,
        sys.maxsize if max_keepalive is None else max_keepalive,
        keepalive_expiry,
    )
