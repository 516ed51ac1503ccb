"""Where 1.0 kept the interfaces; see `httpcore_models`."""

from typing import Any

from httpcore_models import AsyncConnectionInterface as AsyncConnectionInterface
from httpcore_models import AsyncRequestInterface as AsyncRequestInterface

from .._extras import find


def __getattr__(name: str) -> Any:
    return find(__name__, name)
