"""`Response`: what a connection has received, with the body still to be read."""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator

from ._bodies import EMPTY, AsyncResponseStream, ByteStream, ResponseStream
from ._extensions import Extensions
from ._headers import Headers, HeaderTypes, enforce_headers
from ._request import Content

_ITERATED_TWICE = "Attempted to call 'for ... in response.iter_stream()' more than once."
_ASYNC_ITERATED_TWICE = "Attempted to call 'async for ... in response.aiter_stream()' more than once."


class Response:
    """An HTTP response. Its body is read after it has been returned.

    `status` is an `int`, and `headers` is a list of pairs of bytes, as received. Read the body with `read()` or
    `iter_stream()`; on async connections with `aread()` or `aiter_stream()`. Always close the response: closing gives
    the connection back to its pool.

    `extensions` holds:

    * `http_version`: `bytes`.
    * `reason_phrase`: `bytes`, HTTP/1.1 only.
    * `stream_id`: an `int`, HTTP/2 only.
    * `network_stream`: the stream that carried the response. It belongs to the caller after status 101 or a successful
      CONNECT.
    * `connection`: a `ConnectionInfo`.
    * `trailing_headers`: a list like `headers`, once the body is read, if there were any.
    """

    status: int
    headers: Headers
    stream: Iterable[bytes] | AsyncIterable[bytes]
    extensions: Extensions

    _content: bytes | None = None
    _stream_consumed = False

    def __init__(
        self,
        status: int,
        *,
        headers: HeaderTypes = None,
        content: Content | None = None,
        extensions: Extensions | None = None,
    ) -> None:
        self.status = status
        self.headers = [] if headers is None else enforce_headers(headers, name="headers")
        if content is None:
            self.stream = EMPTY
        else:
            self.stream = ByteStream(content) if isinstance(content, bytes) else content
        self.extensions = {} if extensions is None else extensions

    @property
    def content(self) -> bytes:
        """The whole body. Raises `RuntimeError` if it has not been read."""
        if self._content is None:
            call = "response.read()" if hasattr(self.stream, "__iter__") else "await response.aread()"
            raise RuntimeError(f"Attempted to access 'response.content' on a streaming response. Call '{call}' first.")
        return self._content

    def __repr__(self) -> str:
        return f"<{type(self).__name__} [{self.status}]>"

    def read(self) -> bytes:
        """Read the whole body and return it. A second call returns the same bytes."""
        stream = self.stream
        if not isinstance(stream, ResponseStream) and not hasattr(stream, "__iter__"):
            raise RuntimeError(
                "Attempted to read an asynchronous response using 'response.read()'. "
                "You should use 'await response.aread()' instead."
            )
        if self._content is None:
            if self._stream_consumed:
                raise RuntimeError(_ITERATED_TWICE)
            self._stream_consumed = True
            if isinstance(stream, ResponseStream):
                self._content = stream.read()
            else:
                self._content = b"".join(stream)  # type: ignore[arg-type]  # it has __iter__()
        return self._content

    def iter_stream(self) -> Iterator[bytes]:
        """Iterate over the body as it arrives. Raises `RuntimeError` when called a second time."""
        stream = self.stream
        if not hasattr(stream, "__iter__"):
            raise RuntimeError(
                "Attempted to stream an asynchronous response using 'for ... in response.iter_stream()'. "
                "You should use 'async for ... in response.aiter_stream()' instead."
            )
        if self._stream_consumed:
            raise RuntimeError(_ITERATED_TWICE)
        self._stream_consumed = True
        yield from stream  # type: ignore[misc]  # it has __iter__()

    def close(self) -> None:
        """Give the connection back to its pool.

        If the body was not read to its end, this closes the connection, or over HTTP/2 resets the stream.
        """
        stream = self.stream
        if isinstance(stream, ResponseStream):
            stream.close()
        elif not hasattr(stream, "__iter__"):
            raise RuntimeError(
                "Attempted to close an asynchronous response using 'response.close()'. "
                "You should use 'await response.aclose()' instead."
            )
        elif hasattr(stream, "close"):
            stream.close()

    async def aread(self) -> bytes:
        """The async form of `read()`."""
        stream = self.stream
        if not isinstance(stream, AsyncResponseStream) and not hasattr(stream, "__aiter__"):
            raise RuntimeError(
                "Attempted to read an synchronous response using 'await response.aread()'. "
                "You should use 'response.read()' instead."
            )
        if self._content is None:
            if self._stream_consumed:
                raise RuntimeError(_ASYNC_ITERATED_TWICE)
            self._stream_consumed = True
            if isinstance(stream, AsyncResponseStream):
                self._content = await stream.aread()
            else:
                self._content = b"".join([part async for part in stream])
        return self._content

    async def aiter_stream(self) -> AsyncIterator[bytes]:
        """The async form of `iter_stream()`."""
        stream = self.stream
        if not hasattr(stream, "__aiter__"):
            raise RuntimeError(
                "Attempted to stream an synchronous response using 'async for ... in response.aiter_stream()'. "
                "You should use 'for ... in response.iter_stream()' instead."
            )
        if self._stream_consumed:
            raise RuntimeError(_ASYNC_ITERATED_TWICE)
        self._stream_consumed = True
        async for chunk in stream:
            yield chunk

    async def aclose(self) -> None:
        """The async form of `close()`."""
        stream = self.stream
        if isinstance(stream, AsyncResponseStream):
            await stream.aclose()
        elif not hasattr(stream, "__aiter__"):
            raise RuntimeError(
                "Attempted to close a synchronous response using 'await response.aclose()'. "
                "You should use 'response.close()' instead."
            )
        elif hasattr(stream, "aclose"):
            await stream.aclose()


def received_response(
    status: int, headers: Headers, stream: ResponseStream | AsyncResponseStream, extensions: Extensions
) -> Response:
    """Make a response from what a connection has received. For speed, nothing is checked or copied."""
    response = Response.__new__(Response)
    response.status = status
    response.headers = headers
    response.stream = stream
    response.extensions = extensions
    # The values of the class, which take longer to look up than to set.
    response._content = None  # noqa: SLF001
    response._stream_consumed = False  # noqa: SLF001
    return response
