"""`Request`: what a pool or connection is asked to send."""

from collections.abc import AsyncIterable, Iterable
from typing import Any, TypeAlias

from . import _arguments
from ._arguments import enforce_content, enforce_extensions
from ._bodies import EMPTY, ByteStream
from ._extensions import Extensions, RequestExtensionTypes
from ._headers import Headers, HeaderTypes, enforce_headers
from ._url import URL, enforce_bytes, enforce_url, url_without_secrets

Content: TypeAlias = bytes | Iterable[bytes] | AsyncIterable[bytes]

# The common methods, encoded once.
_METHODS = {method.decode(): method for method in (b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS")}


class Request:
    """An HTTP request, the argument of `handle_request()` of pools and connections.

    `method` is `bytes`, `url` is a `URL`, and `headers` is a list of pairs of bytes. `stream` is the body, an iterable
    of bytes: sync for sync connections, async for async ones. Headers are sent as given; none are added.

    `extensions` may hold:

    * `timeout`: a dict with any of `connect`, `read`, `write`, `pool` and `total`, in seconds as a float, or `None`.
      The first four limit single waits. `total` limits all of the request: waiting in the pool, connecting, sending,
      retries and pauses before them, and reading the body of the response to its end, with the time that the caller
      takes between reads. Whatever the request waits for when that time is over raises its own timeout exception.
      It ends with the head of a response that hands the network stream over: 101, or a success to CONNECT.
    * `trace`: a callable `(event_name: str, info: dict)`, async for async connections.
    * `observe`: a plain function `(event: str, info: dict)`, also for async connections. It gets the events of `trace`,
      and facts that are no trace events. It may be called from any thread that works for the request.
    * `sni_hostname`: the server name for TLS, sent and checked against the certificate instead of the URL's host.
    * `target`: `bytes` that replace the request target of the URL.
    * `protocol`: `bytes`, what an extended CONNECT request over HTTP/2 asks for, such as `b"websocket"` (RFC 8441).

    Raises `TypeError` for arguments of the wrong type and for text outside ASCII, and `ValueError` for a timeout below
    0. Unknown keys of `timeout` cause a warning.
    """

    method: bytes
    url: URL
    headers: Headers
    stream: Iterable[bytes] | AsyncIterable[bytes]
    extensions: Extensions

    def __init__(
        self,
        method: bytes | str,
        url: URL | bytes | str,
        *,
        headers: HeaderTypes = None,
        content: Content | None = None,
        extensions: RequestExtensionTypes | None = None,
    ) -> None:
        if type(method) is str and method in _METHODS:
            self.method = _METHODS[method]
        elif type(method) is bytes:
            self.method = method
        else:
            self.method = enforce_bytes(method, name="method")
        if isinstance(url, str):
            self.url = URL(url)
        else:
            self.url = url if type(url) is URL else enforce_url(url, name="url")
        self.headers = [] if headers is None else enforce_headers(headers, name="headers")
        if content is None:
            self.stream = EMPTY
        elif isinstance(content, bytes):
            self.stream = ByteStream(content)
        else:
            enforce_content(content)
            self.stream = content
        if extensions is None:
            self.extensions = {}
        else:
            given: Any = extensions
            self.extensions = given
            # Most clients set the same time limits for each request: those need no second check.
            if type(given) is not dict or ("timeout" in given and given["timeout"] != _arguments.last_valid_timeout):
                enforce_extensions(given)
            if "target" in given:
                url = self.url
                self.url = URL(scheme=url.scheme, host=url.host, port=url.port, target=given["target"])

    def __repr__(self) -> str:
        query = "?..." if b"?" in self.url.target else ""
        return f"<{type(self).__name__} [{self.method!r}, {url_without_secrets(self.url) + query!r}]>"
