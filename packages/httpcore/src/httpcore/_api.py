"""Requests without a pool of one's own."""

from collections.abc import Iterator
from contextlib import contextmanager

from httpcore_models import URL, Content, Extensions, HeaderTypes, Response

from ._sync.connection_pool import ConnectionPool


def request(
    method: bytes | str,
    url: URL | bytes | str,
    *,
    headers: HeaderTypes = None,
    content: Content | None = None,
    extensions: Extensions | None = None,
) -> Response:
    """Send a request over a connection of its own and return the response with the body read.

    For more than one request use a `ConnectionPool`. `method` and `url` are `bytes` or `str`; `headers` a mapping or a
    list of pairs; `content` the body, as bytes or an iterable of bytes; `extensions` as in `Request`, where
    `{"timeout": {"connect": 5.0, "read": 5.0}}` sets limits in seconds: there are none by default.

    Raises the exceptions of this package; `TypeError` and `ValueError` for arguments that cannot be sent.
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
    extensions: Extensions | None = None,
) -> Iterator[Response]:
    """Send a request over a connection of its own and give the response with the body yet to be read.

    The connection is closed at the end of the `with` block. Otherwise as `request()`.
    """
    with (
        ConnectionPool() as pool,
        pool.stream(method, url, headers=headers, content=content, extensions=extensions) as response,
    ):
        yield response
