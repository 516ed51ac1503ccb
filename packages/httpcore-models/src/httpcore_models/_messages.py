"""`Request`, `Response` and `Proxy`: what goes into a connection and what comes out."""

import base64
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import unquote_to_bytes

from . import _arguments
from ._arguments import enforce_content, enforce_extensions, enforce_ssl_context
from ._async.streams import AsyncResponseStream
from ._headers import Headers, HeaderTypes, enforce_headers
from ._sync.streams import ResponseStream
from ._url import URL, enforce_bytes, split_userinfo, url_from_str

Extensions: TypeAlias = MutableMapping[str, Any]
Content: TypeAlias = bytes | Iterable[bytes] | AsyncIterable[bytes]


class ByteStream:
    """A body held in memory: iterates, sync and async, over its bytes in one piece, any number of times."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        yield self._content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content

    def __bytes__(self) -> bytes:
        return self._content

    def __repr__(self) -> str:
        return f"<{type(self).__name__} [{len(self._content)} bytes]>"


_NOTHING = ByteStream(b"")

# Almost all methods are one of these, so that they need not be encoded each time.
_METHODS = {method.decode(): method for method in (b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS")}


def enforce_url(value: URL | bytes | str, *, name: str) -> URL:
    """Return `value` as a `URL`; raises `TypeError`, naming the argument `name`, for any other type."""
    if isinstance(value, URL):
        return value
    if isinstance(value, (bytes, str)):
        return URL(value)
    raise TypeError(f"{name} must be a URL, bytes, or str, but got {type(value).__name__}.")


class Request:
    """An HTTP request, as handed to `handle_request()` of a pool or connection.

    `method` is `bytes`, `url` a `URL`, `headers` a list of pairs of bytes, `stream` the body as an iterable of bytes,
    sync or async to suit the connection. Headers are sent as given: nothing is added here.

    `extensions` may hold:

    * `timeout`: a dict with any of `connect`, `read`, `write` and `pool`, each in seconds as a float or `None`.
    * `trace`: a callable `(event_name: str, info: dict)`, async for async connections.
    * `sni_hostname`: a name sent in TLS, and checked against the certificate, instead of the URL's host.
    * `target`: `bytes` that replace the request target of the URL.

    Raises `TypeError` for arguments of the wrong type and for text beyond ASCII, `ValueError` for limits that are none,
    and warns of unknown ones.
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
        extensions: Extensions | None = None,
    ) -> None:
        if type(method) is str and method in _METHODS:
            self.method = _METHODS[method]
        else:
            self.method = enforce_bytes(method, name="method")
        self.url = url_from_str(url) if type(url) is str else enforce_url(url, name="url")
        self.headers = [] if headers is None else enforce_headers(headers, name="headers")
        if content is None:
            self.stream = _NOTHING
        elif isinstance(content, bytes):
            self.stream = ByteStream(content)
        else:
            enforce_content(content)
            self.stream = content
        if extensions is None:
            self.extensions = {}
        else:
            self.extensions = extensions
            if type(extensions) is not dict or (
                "timeout" in extensions and extensions["timeout"] != _arguments.last_timeout
            ):
                enforce_extensions(extensions)
            if "target" in extensions:
                url = self.url
                self.url = URL(scheme=url.scheme, host=url.host, port=url.port, target=extensions["target"])

    def __repr__(self) -> str:
        return f"<{type(self).__name__} [{self.method!r}]>"


class Response:
    """An HTTP response whose body is yet to be read.

    `status` is an `int`, `headers` a list of pairs of bytes as received. Read the body with `read()` or
    `iter_stream()`, or with `aread()` or `aiter_stream()` on async connections, and close the response in any case:
    that is what gives the connection back.

    `extensions` holds `http_version` (`bytes`), `reason_phrase` (`bytes`, HTTP/1.1 only) and `network_stream`, the
    stream below, which is the caller's after a 101 or a successful CONNECT.
    """

    status: int
    headers: Headers
    stream: Iterable[bytes] | AsyncIterable[bytes]
    extensions: Extensions

    _content: bytes | None

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
            self.stream = _NOTHING
        else:
            self.stream = ByteStream(content) if isinstance(content, bytes) else content
        self.extensions = {} if extensions is None else extensions
        self._content = None
        self._stream_consumed = False

    @property
    def content(self) -> bytes:
        """The whole body, once it has been read; raises `RuntimeError` before."""
        if self._content is None:
            call = "response.read()" if hasattr(self.stream, "__iter__") else "await response.aread()"
            raise RuntimeError(f"Attempted to access 'response.content' on a streaming response. Call '{call}' first.")
        return self._content

    def __repr__(self) -> str:
        return f"<{type(self).__name__} [{self.status}]>"

    def read(self) -> bytes:
        """Read the whole body and return it; a second call returns the same bytes."""
        stream = self.stream
        if not isinstance(stream, ResponseStream) and not hasattr(stream, "__iter__"):
            raise RuntimeError(
                "Attempted to read an asynchronous response using 'response.read()'. "
                "You should use 'await response.aread()' instead."
            )
        if self._content is None:
            body = self._consume()
            self._content = body.read() if isinstance(body, ResponseStream) else b"".join(body)
        return self._content

    def iter_stream(self) -> Iterator[bytes]:
        """Iterate over the body as it arrives, once; raises `RuntimeError` the second time."""
        if not hasattr(self.stream, "__iter__"):
            raise RuntimeError(
                "Attempted to stream an asynchronous response using 'for ... in response.iter_stream()'. "
                "You should use 'async for ... in response.aiter_stream()' instead."
            )
        yield from self._consume()

    def _consume(self) -> Iterable[bytes]:
        if self._stream_consumed:
            raise RuntimeError("Attempted to call 'for ... in response.iter_stream()' more than once.")
        self._stream_consumed = True
        return self.stream  # type: ignore[return-value]  # checked by the callers

    def close(self) -> None:
        """Give the connection back, or close it when the body was not read to its end."""
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
        """The async twin of `read()`."""
        stream = self.stream
        if not isinstance(stream, AsyncResponseStream) and not hasattr(stream, "__aiter__"):
            raise RuntimeError(
                "Attempted to read an synchronous response using 'await response.aread()'. "
                "You should use 'response.read()' instead."
            )
        if self._content is None:
            body = self._aconsume()
            if isinstance(body, AsyncResponseStream):
                self._content = await body.aread()
            else:
                self._content = b"".join([part async for part in body])
        return self._content

    async def aiter_stream(self) -> AsyncIterator[bytes]:
        """The async twin of `iter_stream()`."""
        if not hasattr(self.stream, "__aiter__"):
            raise RuntimeError(
                "Attempted to stream an synchronous response using 'async for ... in response.aiter_stream()'. "
                "You should use 'for ... in response.iter_stream()' instead."
            )
        async for chunk in self._aconsume():
            yield chunk

    def _aconsume(self) -> AsyncIterable[bytes]:
        if self._stream_consumed:
            raise RuntimeError("Attempted to call 'async for ... in response.aiter_stream()' more than once.")
        self._stream_consumed = True
        return self.stream  # type: ignore[return-value]  # checked by the callers

    async def aclose(self) -> None:
        """The async twin of `close()`."""
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


_new = object.__new__


def received_response(
    status: int, headers: Headers, stream: ResponseStream | AsyncResponseStream, extensions: Extensions
) -> Response:
    """Return a `Response` made of what a connection has received: nothing is checked or copied."""
    response = _new(Response)
    response.status = status
    response.headers = headers
    response.stream = stream
    response.extensions = extensions
    response._content = None
    response._stream_consumed = False
    return response


_PROXY_SCHEMES = (b"http", b"https", b"socks4", b"socks4a", b"socks5", b"socks5h")


def _enforce_proxy_url(value: URL | bytes | str) -> tuple[URL, bytes | None]:
    """Return the URL, and its user information where there is some."""
    userinfo = None
    if isinstance(value, (bytes, str)):
        value, userinfo = split_userinfo(enforce_bytes(value, name="url"))
    url = enforce_url(value, name="url")
    # Neither text shows more of the URL than the scheme: what looks like another part of it may be a password.
    if url.scheme not in _PROXY_SCHEMES or not url.host:
        schemes = ", ".join(f"{scheme.decode()}://" for scheme in _PROXY_SCHEMES)
        got = f"one with {url.scheme.decode()}://" if url.scheme and url.host else "one without scheme or host"
        raise ValueError(f"url must be that of a proxy, which begins with one of {schemes}, but got {got}.")
    return url, userinfo


class Proxy:
    """A proxy to connect through.

    The URL's scheme is `http`, `https`, `socks4`, `socks4a`, `socks5` or `socks5h`. User name and password in the URL,
    percent-encoded, serve as `auth` where neither that nor a `Proxy-Authorization` header is given.

    `auth` is a pair of user name and password, sent as Basic credentials (RFC 7617) to HTTP proxies and as
    user/password (RFC 1929) to SOCKS5 proxies; of SOCKS4, the user name is the user id. `headers` go to HTTP proxies
    only. `ssl_context` is for the TLS connection to an `https://` proxy.

    `rdns` says who resolves the names of origins, if true the proxy, and if false this machine. By default the proxy
    of a `socks5://` URL does, and this machine for `socks4://`, since plain SOCKS4 knows addresses only. The schemes
    `socks5h` and `socks4a` mean the proxy, whatever `rdns` is, and HTTP proxies are always given names.

    Raises `ValueError` for a URL that is none of a proxy, and `TypeError` for arguments of the wrong type.
    """

    def __init__(
        self,
        url: URL | bytes | str,
        auth: tuple[bytes | str, bytes | str] | None = None,
        headers: Any = None,
        ssl_context: ssl.SSLContext | None = None,
        rdns: bool | None = None,
    ) -> None:
        self.url: URL
        self.url, userinfo = _enforce_proxy_url(url)
        self.headers: Headers = enforce_headers(headers, name="headers")
        enforce_ssl_context(ssl_context, name="ssl_context")
        self.ssl_context = ssl_context
        self.rdns = rdns
        self.auth: tuple[bytes, bytes] | None = None
        if auth is None and userinfo and not any(name.lower() == b"proxy-authorization" for name, _ in self.headers):
            name, _, password = userinfo.partition(b":")
            auth = (unquote_to_bytes(name), unquote_to_bytes(password))
        if auth is not None:
            username = enforce_bytes(auth[0], name="auth")
            password = enforce_bytes(auth[1], name="auth")
            credentials = base64.b64encode(b"%b:%b" % (username, password))
            self.headers = [(b"Proxy-Authorization", b"Basic %b" % credentials), *self.headers]
            self.auth = (username, password)
