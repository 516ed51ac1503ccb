"""Private attributes of httpcore 1.0 that nothing here needs, but programs reach for."""


class LegacyAsyncioStream:
    """What others look for on a stream on asyncio, where 1.0 had a stream of anyio around another."""

    @property
    def _stream(self) -> "LegacyAsyncioStream":
        """The stream with the transport, for those that shut sockets down by `_stream._transport`."""
        return self
