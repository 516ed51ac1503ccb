"""Private attributes of httpcore 1.0 that programs reach for, and this package does not need."""


class LegacyAsyncioStream:
    """The attribute `_stream` of a stream on asyncio, where httpcore 1.0 had a stream of anyio inside."""

    @property
    def _stream(self) -> "LegacyAsyncioStream":
        """The stream with the transport, for programs that shut sockets down by `_stream._transport`."""
        return self
