"""The interfaces of pools and connections: for users, and between a pool and its connections."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from .._extensions import RequestExtensionTypes
from .._headers import HeaderTypes, include_request_headers
from .._request import Content, Request
from .._response import Response
from .._url import URL, Origin


class AsyncRequestInterface:
    """Sends requests by `handle_async_request()`, which subclasses implement."""

    async def request(
        self,
        method: bytes | str,
        url: URL | bytes | str,
        *,
        headers: HeaderTypes = None,
        content: Content | None = None,
        extensions: RequestExtensionTypes | None = None,
    ) -> Response:
        """Send a request, read the body of its response, and return the response.

        See `Request` for the arguments; the `timeout` extension sets time limits. Host and, for a body, Content-Length
        or Transfer-Encoding are added unless given. The request may be cancelled at any point: over HTTP/1.1 its
        connection is closed, over HTTP/2 its stream, and its slot in the pool is free again.
        """
        request = Request(method, url, content=content, extensions=extensions)
        request.headers = include_request_headers(headers, url=request.url, content=content)
        response = await self.handle_async_request(request)
        try:
            await response.aread()
        finally:
            await response.aclose()
        return response

    @asynccontextmanager
    async def stream(
        self,
        method: bytes | str,
        url: URL | bytes | str,
        *,
        headers: HeaderTypes = None,
        content: Content | None = None,
        extensions: RequestExtensionTypes | None = None,
    ) -> AsyncIterator[Response]:
        """Send a request and yield its response before the body is read. The end of the block closes the response."""
        request = Request(method, url, content=content, extensions=extensions)
        request.headers = include_request_headers(headers, url=request.url, content=content)
        response = await self.handle_async_request(request)
        try:
            yield response
        finally:
            await response.aclose()

    async def handle_async_request(self, request: Request) -> Response:
        """Send a request and return its response before the body is read.

        The caller must close the response. Headers are sent as given.
        """
        raise NotImplementedError


class AsyncConnectionInterface(AsyncRequestInterface):
    """What a pool requires of a connection. Any object with these methods will do.

    A connection may carry several requests at a time. It then also offers the following members, which a pool uses if
    they exist:

    * `request_capacity`: how many requests it can carry now, including those that it carries already. Without it, the
      pool goes by `is_available()` alone.
    * `stream_limit`: how many requests the server allows at a time, or `None` if that is not known yet. The pool
      expects the same of the next connection to the origin.
    * `on_capacity_change`: `None`, or a callable without arguments that the pool sets. Call it when `is_available()`,
      `request_capacity` or `stream_limit` may have changed, but not from within these or other methods that the pool
      calls. It may be called from any thread. While it is set, a request for which there is no room raises
      `ConnectionNotAvailable` instead of waiting.

    The pool sets the `lease` of a response's stream that is of the class `AsyncResponseStream`.
    """

    async def aclose(self) -> None:
        """Close the connection. Requests in flight on it fail."""
        raise NotImplementedError

    def info(self) -> str:
        """Describe the connection's state in one line."""
        raise NotImplementedError

    def can_handle_request(self, origin: Origin) -> bool:
        """Whether requests to `origin` may be sent over this connection."""
        raise NotImplementedError

    def is_available(self) -> bool:
        """Whether the connection can take a request now.

        A connection that is still being established returns `True` if it may turn out to carry several requests at a
        time. If such a connection cannot take a request after all, `handle_async_request()` raises
        `ConnectionNotAvailable`.
        """
        raise NotImplementedError

    def has_expired(self) -> bool:
        """Whether the connection is idle and must not be used: it was idle for too long, or the server closed it."""
        raise NotImplementedError

    def is_idle(self) -> bool:
        """Whether the connection is established and carries no requests."""
        raise NotImplementedError

    def is_closed(self) -> bool:
        """Whether the connection is closed, or could not be established."""
        raise NotImplementedError
