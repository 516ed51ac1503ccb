"""The exception tree.

Exception
└── HTTPCoreError
    ├── ConnectionNotAvailable
    ├── ProxyError
    ├── UnsupportedProtocol
    ├── ProtocolError
    │   ├── RemoteProtocolError
    │   └── LocalProtocolError
    ├── TimeoutException
    │   ├── PoolTimeout
    │   ├── ConnectTimeout
    │   ├── ReadTimeout
    │   └── WriteTimeout
    └── NetworkError
        ├── ConnectError
        ├── ReadError
        └── WriteError
"""

import contextlib
from collections.abc import Iterable, Iterator, Mapping


class HTTPCoreError(Exception):
    """The base class of all exceptions here: whatever goes wrong with a request.

    Errors in a program's own arguments, such as `TypeError`, are not among them, nor is cancellation.
    """


class ConnectionNotAvailable(HTTPCoreError):
    """The connection cannot take the request now. Nothing was sent, so another connection may be tried."""


class ProxyError(HTTPCoreError):
    """A proxy refused to connect to the origin, or did not follow its protocol.

    If an HTTP proxy refused, `status`, `headers` and the beginning of `body` are those of its response. A 407 response
    says in `Proxy-Authenticate` which credentials it requires (RFC 9110 section 11.7). Otherwise `status` is `None`.
    """

    def __init__(
        self,
        *args: object,
        status: int | None = None,
        headers: Iterable[tuple[bytes, bytes]] = (),
        body: bytes = b"",
    ) -> None:
        super().__init__(*args)
        self.status = status
        self.headers: list[tuple[bytes, bytes]] = list(headers)
        self.body = body


class UnsupportedProtocol(HTTPCoreError):
    """The URL has no scheme, or one other than `http`, `https`, `ws` and `wss`."""


class ProtocolError(HTTPCoreError):
    """One side broke the HTTP protocol."""


class RemoteProtocolError(ProtocolError):
    """The server broke the HTTP protocol, or closed the connection before its response was complete."""


class LocalProtocolError(ProtocolError):
    """The request breaks the HTTP protocol. It was not sent, or not completely."""


class TimeoutException(HTTPCoreError):
    """An operation took longer than the `timeout` request extension allows."""


class PoolTimeout(TimeoutException):
    """No connection in the pool became available in time."""


class ConnectTimeout(TimeoutException):
    """The connection was not established in time: name resolution, TCP, TLS or proxy negotiation."""


class ReadTimeout(TimeoutException):
    """The server sent nothing for too long."""


class WriteTimeout(TimeoutException):
    """The server accepted no data for too long."""


class NetworkError(HTTPCoreError):
    """The operating system or TLS reported that the connection failed."""


class ConnectError(NetworkError):
    """The connection could not be established: name resolution, TCP, TLS or proxy negotiation."""


class ReadError(NetworkError):
    """The connection failed while reading."""


class WriteError(NetworkError):
    """The connection failed while writing."""


@contextlib.contextmanager
def map_exceptions(mapping: Mapping[type[Exception], type[Exception]]) -> Iterator[None]:
    """Raise exceptions whose type is a key of `mapping` as the type that is its value, chained to the original.

    The first match in the mapping's order wins. Other exceptions pass through unchanged.
    """
    try:
        yield
    except Exception as exc:
        for original, mapped in mapping.items():
            if isinstance(exc, original):
                raise mapped(exc) from exc
        raise
