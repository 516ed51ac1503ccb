"""How much a server may send ahead of us (RFC 9113 section 5.2).

A download runs at most one window per round trip. Too small a window starves it, 64 KiB being the default; too large
a one lets a server fill our memory with what a slow consumer has not asked for. The window of a stream bounds what is
held for its consumer. That of the connection only has to keep several streams going at once: its credit comes back as
soon as bytes arrive.
"""

# As Go's net/http: 320 Mbit/s at a round trip of 100 ms.
STREAM_WINDOW = 4 * 1024 * 1024
CONNECTION_WINDOW = 16 * 1024 * 1024

# The largest frame that a server may send: as large as our reads, so that one read completes at least one frame.
MAX_FRAME_SIZE = 64 * 1024


class Credit:
    """Returns credit in batches: half a window at a time, long before it runs dry."""

    __slots__ = ("_batch", "_pending")

    def __init__(self, window: int) -> None:
        self._batch = window // 2
        self._pending = 0

    def consumed(self, size: int) -> int:
        """Count `size` consumed bytes; return how many to give back now, mostly none."""
        self._pending += size
        if self._pending < self._batch:
            return 0
        returned, self._pending = self._pending, 0
        return returned
