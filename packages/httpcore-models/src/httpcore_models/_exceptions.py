"""The exception tree.

Exception
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


class ConnectionNotAvailable(Exception):
    """The connection cannot take the request now; nothing was sent, so another connection may be tried."""


class ProxyError(Exception):
    """A proxy refused to connect to the origin, or did not speak its protocol.

    When an HTTP proxy refused, `status`, `headers` and `body` hold its response: a 407 names in `Proxy-Authenticate`
    what it wants (RFC 9110 section 11.7). Of a long body only the beginning is kept. For all else `status` is `None`.
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


class UnsupportedProtocol(Exception):
    """The URL has no scheme, or one that is not `http`, `https`, `ws` or `wss`."""


class ProtocolError(Exception):
    """One side broke the HTTP protocol."""


class RemoteProtocolError(ProtocolError):
    """The server broke the HTTP protocol, or closed the connection before its response was complete."""


class LocalProtocolError(ProtocolError):
    """The request breaks the HTTP protocol: it is not sent, or not completed."""


class TimeoutException(Exception):
    """An operation took longer than its limit in the `timeout` request extension."""


class PoolTimeout(TimeoutException):
    """No connection of the pool became available in time."""


class ConnectTimeout(TimeoutException):
    """The connection was not established in time: name resolution, TCP, TLS or proxy negotiation."""


class ReadTimeout(TimeoutException):
    """The peer sent nothing for too long."""


class WriteTimeout(TimeoutException):
    """The peer accepted nothing for too long."""


class NetworkError(Exception):
    """The operating system or TLS reported a failure of the connection."""


class ConnectError(NetworkError):
    """The connection could not be established: name resolution, TCP, TLS or proxy negotiation."""


class ReadError(NetworkError):
    """The connection failed while reading."""


class WriteError(NetworkError):
    """The connection failed while writing."""


@contextlib.contextmanager
def map_exceptions(mapping: Mapping[type[Exception], type[Exception]]) -> Iterator[None]:
    """Raise exceptions of the types on the left as the types on the right, chained to the original.

    The first match in the mapping's order wins; anything else passes through unchanged.
    """
    try:
        yield
    except Exception as exc:
        for original, mapped in mapping.items():
            if isinstance(exc, original):
                raise mapped(exc) from exc
        raise
