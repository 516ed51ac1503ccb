"""What asyncio's transports have no public way for. Those of other loops need none of it, and have none of it."""

import asyncio
import contextlib
from typing import Any

# asyncio reserves 256 KiB for each read and gives back what it did not need. With a small response, that may cost page
# faults, which take longer than all else, so a connection starts with less, and has all when less was not enough.
# Other loops, such as uvloop, read into memory that they keep.
SMALL_READ = 16 * 1024
LARGE_READ = 256 * 1024

# glibc's allocator maps blocks as large as that anew each time, at three system calls and many page faults a read,
# until it has seen a larger one freed.
bytes(384 * 1024)


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
