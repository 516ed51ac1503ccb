"""Single requests, without a pool."""

from collections.abc import Iterator
from contextlib import contextmanager

from httpcore_models import URL, Content, HeaderTypes, RequestExtensionTypes, Response
from httpcore_models import Extensions as Extensions  # a name that 1.0 has here

from ._sync.connection_pool import ConnectionPool


def request(
    method: bytes | str,
    url: URL | bytes | str,
    *,
    headers: HeaderTypes = None,
    content: Content | None = None,
    extensions: RequestExtensionTypes | None = None,
) -> Response:
    """Send a request over a new connection and return the response with its body read.

    For more than one request, use a `ConnectionPool`. `method` and `url` are `bytes` or `str`; `headers` is a mapping
    or a list of pairs; `content` is the body, as bytes or an iterable of bytes; `extensions` are those of `Request`.
    There are no time limits by default: `{"timeout": {"connect": 5.0, "read": 5.0}}` sets two, in seconds.

    Raises the exceptions of this package, and `TypeError` and `ValueError` for arguments that cannot be sent.
    """
    with ConnectionPool() as pool:
        return pool.request(method, url, headers=headers, content=content, extensions=extensions)


@contextmanager
def stream(
    method: bytes | str,
    url: URL | bytes | str,
    *,
    headers: HeaderTypes = None,
    content: Content | None = None,
    extensions: RequestExtensionTypes | None = None,
) -> Iterator[Response]:
    """Send a request over a new connection and return the response without reading its body.

    The connection is closed at the end of the `with` block. For arguments and errors see `request()`.
    """
    with (
        ConnectionPool() as pool,
        pool.stream(method, url, headers=headers, content=content, extensions=extensions) as response,
    ):
        yield response
