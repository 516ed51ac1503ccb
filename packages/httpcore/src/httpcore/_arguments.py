"""Checks of arguments."""

import math
import operator
from typing import Any


def enforce_max_connections(value: Any) -> None:
    """Raise `TypeError` or `ValueError` unless `value` is a positive number of connections, or `None`."""
    if value is None or value == math.inf:
        return
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"max_connections must be an int or None, but got {type(value).__name__}.") from None
    if number < 1:
        raise ValueError(f"max_connections must be at least 1, or None for no limit, but got {number}.")
