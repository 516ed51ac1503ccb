"""What asyncio's transports have no public way for. The transports of other event loops need none of it."""

import asyncio
import contextlib
from typing import Any

# asyncio reserves 256 KiB for each read and gives back what it did not need. After a small response that may cost page
# faults, which take longer than all the rest. So a connection starts with less, and gets all once less was not enough.
# Other loops, such as uvloop, read into memory that they keep.
SMALL_READ = 16 * 1024
LARGE_READ = 256 * 1024


def read_up_to(transport: asyncio.BaseTransport, size: int) -> int:
    """Set how many bytes a transport reserves for each read; return `size`, or 0 if that cannot be set."""
    if not hasattr(transport, "max_size"):
        return 0
    transport.max_size = size
    return size


def raise_mmap_threshold() -> None:
    """Have glibc keep the memory of large reads instead of asking the operating system for it each time.

    glibc's allocator serves blocks above a threshold, at first 128 KiB, by `mmap()`, and returns them to the system
    when they are freed: three system calls and many page faults for each large read. The threshold rises to the size of
    the largest such block that was freed (mallopt(3), M_MMAP_THRESHOLD), so making and freeing one that is larger than
    any read is enough. With other allocators this does nothing.
    """
    bytes(LARGE_READ + LARGE_READ // 2)


def forget(transport: asyncio.BaseTransport) -> None:
    """Have a transport take its connection for lost, without its event loop.

    Otherwise it complains, when it is collected, that it was not closed. Doing it twice does nothing.
    """
    lose: Any = getattr(transport, "_call_connection_lost", None)
    if lose is not None:
        with contextlib.suppress(AttributeError):  # it has forgotten its protocol
            lose(None)


# Once in a process, before the first connection.
raise_mmap_threshold()
