"""A network that plays back given bytes, and records all calls."""

import ssl
from collections.abc import Iterable
from typing import Any, TypeAlias

from httpcore_models import AsyncMockStream, AsyncNetworkBackend, AsyncNetworkStream

# What becomes of a connection: the parts that reads return, or an exception out of connecting.
AsyncOutcome: TypeAlias = list[bytes] | Exception


class AsyncRecordingStream(AsyncMockStream):
    """Plays back `parts`, and records what is written, the arguments of TLS handshakes, and timeouts."""

    def __init__(self, parts: list[bytes]) -> None:
        super().__init__(parts)
        self.written = b""
        self.handshakes: list[dict[str, Any]] = []
        self.handshake_error: Exception | None = None
        self.timeouts: set[tuple[str, float | None]] = set()
        self.closed = 0

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return the next part."""
        self.timeouts.add(("read", timeout))
        return await super().read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Keep `buffer`."""
        self.timeouts.add(("write", timeout))
        self.written += buffer

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> AsyncNetworkStream:
        """Keep the arguments; raise `handshake_error` if there is one."""
        arguments = {"ssl_context": ssl_context, "server_hostname": server_hostname, "timeout": timeout}
        self.handshakes.append(arguments)
        if self.handshake_error is not None:
            raise self.handshake_error
        return self

    async def aclose(self) -> None:
        """Count this call."""
        self.closed += 1
        await super().aclose()


class AsyncRecordingBackend(AsyncNetworkBackend):
    """Opens one stream for each of `outcomes` in turn, and for the last of them from then on.

    `connects` holds the arguments of all calls that connect, `sleeps` what was slept. `handshake_errors` are raised
    by the TLS handshakes of the first streams, one each.
    """

    def __init__(self, *outcomes: AsyncOutcome, handshake_errors: Iterable[Exception] = ()) -> None:
        self._outcomes = list(outcomes)
        self._handshake_errors = list(handshake_errors)
        self.connects: list[dict[str, Any]] = []
        self.streams: list[AsyncRecordingStream] = []
        self.sleeps: list[float] = []

    async def connect_tcp(self, *args: Any, **kwargs: Any) -> AsyncNetworkStream:
        """Open the next stream. The arguments are expected by name."""
        assert not args
        return self._open(kwargs)

    async def connect_unix_socket(self, *args: Any, **kwargs: Any) -> AsyncNetworkStream:
        """Open the next stream. The arguments are expected by name."""
        assert not args
        return self._open(kwargs)

    async def sleep(self, seconds: float) -> None:
        """Do not sleep."""
        self.sleeps.append(seconds)

    def _open(self, arguments: dict[str, Any]) -> AsyncNetworkStream:
        self.connects.append(arguments)
        outcome = self._outcomes.pop(0) if len(self._outcomes) > 1 else self._outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        stream = AsyncRecordingStream(list(outcome))
        if self._handshake_errors:
            stream.handshake_error = self._handshake_errors.pop(0)
        self.streams.append(stream)
        return stream
