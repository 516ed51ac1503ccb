"""What asyncio's transports have no public way for. Those of other loops need none of it, and have none of it."""

import asyncio
import contextlib
from typing import Any


def read_up_to(transport: asyncio.BaseTransport, size: int) -> int:
    """Set how many bytes of memory a transport reserves for each read; return it, or zero where it cannot be set."""
    if not hasattr(transport, "max_size"):
        return 0
    transport.max_size = size
    return size


def forget(transport: asyncio.BaseTransport) -> None:
    """Have a transport take its connection for lost, without its event loop.

    Without this it complains, when it is collected, that it was not closed. Doing it twice does nothing.
    """
    lose: Any = getattr(transport, "_call_connection_lost", None)
    if lose is not None:
        with contextlib.suppress(AttributeError):  # it has forgotten its protocol
            lose(None)
