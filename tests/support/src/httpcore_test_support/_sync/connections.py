# Generated from ../_async/connections.py by tools/make_sync.py: edit that file, then run it.
"""A connection as third parties write them: it uses only the connection interface of this library."""

from collections.abc import Iterable, Iterator

from httpcore_models import ConnectionInterface, ConnectionNotAvailable, Origin, Request, Response


class ForeignConnection(ConnectionInterface):
    """Answers requests without a network, up to `streams` at a time, after refusing as many as `refusals`.

    The body of a response is an object with `close()`, or with `generator` an async generator. `closed` counts the
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

    def handle_request(self, request: Request) -> Response:
        """Answer with the text `foreign`."""
        if self.refusals or self.closed or self.in_use >= self.streams:
            self.refusals = max(0, self.refusals - 1)
            raise ConnectionNotAvailable
        self.requests.append(request)
        self.in_use += 1
        content: Iterable[bytes] = self._generate() if self.generator else _Body(self)
        return Response(200, content=content)

    def _generate(self) -> Iterator[bytes]:
        try:
            yield b"for"
            yield b"eign"
        finally:
            self.in_use -= 1

    def close(self) -> None:
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


class _Body:
    def __init__(self, connection: ForeignConnection) -> None:
        self._connection = connection
        self._parts = [b"for", b"eign"]

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if not self._parts:
            raise StopIteration
        return self._parts.pop(0)

    def close(self) -> None:
        # Called twice, it fails.
        self._connection.in_use -= 1
