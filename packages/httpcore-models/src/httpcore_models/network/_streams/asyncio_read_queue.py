"""Bytes that have arrived and have not been read."""

import collections


class ReadQueue(collections.deque[bytes]):
    """Chunks as they arrived. Reads take from the first one: nothing is joined, and copied only if a read takes less.

    `size` is the number of bytes in the chunks, including the part of the first one that was read already.
    """

    __slots__ = ("_offset", "size")

    def __init__(self) -> None:
        super().__init__()
        self.size = 0
        self._offset = 0  # into the first chunk

    def put(self, data: bytes) -> None:
        """Append `data`."""
        self.append(data)
        self.size += len(data)

    def take(self, max_bytes: int) -> bytes:
        """Return at most `max_bytes` bytes of the first chunk. The queue must not be empty."""
        chunk = self[0]
        end = self._offset + max_bytes
        if end < len(chunk):
            data = chunk[self._offset : end]
            self._offset = end
            return data
        self.popleft()
        data = chunk[self._offset :] if self._offset else chunk
        self._offset = 0
        self.size -= len(chunk)
        return data
