# Generated from ../_async/interfaces.py by tools/make_sync.py: edit that file, then run it.
"""What a pool and a connection have in common with their users, and a connection with its pool."""

from collections.abc import Iterator
from contextlib import contextmanager

from .._headers import HeaderTypes, include_request_headers
from .._request import Content, Extensions, Request
from .._response import Response
from .._url import URL, Origin


class RequestInterface:
    """Sends requests, given `handle_request()`."""

    def request(
        self,
        method: bytes | str,
        url: URL | bytes | str,
        *,
        headers: HeaderTypes = None,
        content: Content | None = None,
        extensions: Extensions | None = None,
    ) -> Response:
        """Send a request and return its response with the body read.

        Host and, for a body, Content-Length or Transfer-Encoding are added unless given. See `Request` for the
        arguments; time limits are set by the `timeout` extension. Interrupting is safe at any point: the connection is
        closed and its place in the pool is free.
        """
        request = Request(method, url, content=content, extensions=extensions)
        request.headers = include_request_headers(headers, url=request.url, content=content)
        response = self.handle_request(request)
        try:
            response.read()
        finally:
            response.close()
        return response

    @contextmanager
    def stream(
        self,
        method: bytes | str,
        url: URL | bytes | str,
        *,
        headers: HeaderTypes = None,
        content: Content | None = None,
        extensions: Extensions | None = None,
    ) -> Iterator[Response]:
        """Send a request and give its response with the body yet to be read, closing it at the end of the block."""
        request = Request(method, url, content=content, extensions=extensions)
        request.headers = include_request_headers(headers, url=request.url, content=content)
        response = self.handle_request(request)
        try:
            yield response
        finally:
            response.close()

    def handle_request(self, request: Request) -> Response:
        """Send a complete request and return its response with the body yet to be read.

        The caller closes the response in any case. Headers are sent as given.
        """
        raise NotImplementedError


class ConnectionInterface(RequestInterface):
    """What a pool needs to know of a connection. The pool relies on nothing else, so any object with these will do."""

    def close(self) -> None:
        """Close the connection; requests in flight on it fail."""
        raise NotImplementedError

    def info(self) -> str:
        """A one-line description of the connection's state."""
        raise NotImplementedError

    def can_handle_request(self, origin: Origin) -> bool:
        """Whether requests to `origin` may be sent over this connection."""
        raise NotImplementedError

    def is_available(self) -> bool:
        """Whether the connection can take a request now.

        A connection that is still being established answers `True` when it may turn out to carry several requests
        at a time. A request sent to a connection that cannot take it raises `ConnectionNotAvailable`.
        """
        raise NotImplementedError

    def has_expired(self) -> bool:
        """Whether an idle connection should be closed instead of used: kept for too long, or closed by the server."""
        raise NotImplementedError

    def is_idle(self) -> bool:
        """Whether the connection is established and carries no request."""
        raise NotImplementedError

    def is_closed(self) -> bool:
        """Whether the connection is closed, or could not be established."""
        raise NotImplementedError
