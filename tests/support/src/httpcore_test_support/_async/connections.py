"""A connection as third parties write them: it uses only the connection interface of this library."""

from collections.abc import AsyncIterable, AsyncIterator

from httpcore_models import AsyncConnectionInterface, ConnectionNotAvailable, Origin, Request, Response


class AsyncForeignConnection(AsyncConnectionInterface):
    """Answers requests without a network, up to `streams` at a time, after refusing as many as `refusals`.

    The body of a response is an object with `aclose()`, or with `generator` an async generator. `closed` counts the
    calls that close the connection.
    """

    def __init__(self, origin: Origin, *, streams: int = 1, refusals: int = 0, generator: bool = False) -> None:
        self.origin = origin
        self.streams = streams
        self.refusals = refusals
        self.generator = generator
        self.requests: list[Request] = []
        self.in_use = 0
        self.closed = 0

    async def handle_async_request(self, request: Request) -> Response:
        """Answer with the text `foreign`."""
        if self.refusals or self.closed or self.in_use >= self.streams:
            self.refusals = max(0, self.refusals - 1)
            raise ConnectionNotAvailable
        self.requests.append(request)
        self.in_use += 1
        content: AsyncIterable[bytes] = self._generate() if self.generator else _AsyncBody(self)
        return Response(200, content=content)

    async def _generate(self) -> AsyncIterator[bytes]:
        try:
            yield b"for"
            yield b"eign"
        finally:
            self.in_use -= 1

    async def aclose(self) -> None:
        """Count this call."""
        self.closed += 1

    def info(self) -> str:
        """A text."""
        return "foreign"

    def can_handle_request(self, origin: Origin) -> bool:
        """Whether this is the origin."""
        return origin == self.origin

    def is_available(self) -> bool:
        """Whether there is room; one for several requests has room from the start."""
        started = bool(self.requests) or self.streams > 1
        return started and not self.closed and self.in_use < self.streams

    def has_expired(self) -> bool:
        """Never."""
        return False

    def is_idle(self) -> bool:
        """Whether it has been used, and is not now."""
        return bool(self.requests) and not self.closed and not self.in_use

    def is_closed(self) -> bool:
        """Whether it was closed."""
        return bool(self.closed)


class _AsyncBody:
    def __init__(self, connection: AsyncForeignConnection) -> None:
        self._connection = connection
        self._parts = [b"for", b"eign"]

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if not self._parts:
            raise StopAsyncIteration
        return self._parts.pop(0)

    async def aclose(self) -> None:
        # Called twice, it fails.
        self._connection.in_use -= 1
