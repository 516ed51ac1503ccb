"""`Request`, `Response`, `Proxy` and `ByteStream`."""

import ssl
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from httpcore_models import URL, ByteStream, Proxy, Request, Response

PARTS = [b"Hello, ", b"world!"]
WHOLE = b"Hello, world!"


class SyncBody:
    """A sync response body that can be closed."""

    def __init__(self) -> None:
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        yield from PARTS

    def close(self) -> None:
        self.closed += 1


class AsyncBody:
    """An async response body that can be closed."""

    def __init__(self) -> None:
        self.closed = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in PARTS:
            yield part

    async def aclose(self) -> None:
        self.closed += 1


class TestByteStream:
    def test_can_be_iterated_over_repeatedly(self) -> None:
        stream = ByteStream(WHOLE)
        assert [list(stream), list(stream)] == [[WHOLE], [WHOLE]]

    @pytest.mark.anyio
    async def test_can_be_iterated_over_repeatedly_in_async_code(self) -> None:
        stream = ByteStream(WHOLE)
        assert [part async for part in stream] == [WHOLE]
        assert [part async for part in stream] == [WHOLE]

    def test_shows_its_bytes_and_size(self) -> None:
        assert bytes(ByteStream(WHOLE)) == WHOLE
        assert repr(ByteStream(WHOLE)) == "<ByteStream [13 bytes]>"


class TestRequest:
    def test_has_defaults(self) -> None:
        request = Request("GET", "http://example.org/path")
        assert request.method == b"GET"
        assert request.url == URL("http://example.org/path")
        assert request.headers == []
        assert isinstance(request.stream, ByteStream)
        assert bytes(request.stream) == b""
        assert request.extensions == {}
        assert repr(request) == "<Request [b'GET', 'http://example.org/path']>"

    @pytest.mark.parametrize(
        ("url", "shown"),
        [
            ("http://user:s3cret@example.org:8080/a?key=s3cret", "http://example.org:8080/a?..."),
            ("http://example.org/a?", "http://example.org/a?..."),
            (URL(scheme=b"http", host=b"user:s3cret@example.org", target=b"/"), "http://example.org/"),
            (
                URL(scheme=b"http", host=b"proxy", target=b"http://user:s3cret@example.org/a?b"),
                "http://example.org/a?...",
            ),
            (URL(scheme=b"http", host=b"proxy", target=b"user:s3cret@example.org:443"), "example.org:443"),
            (URL(scheme=b"http", host=b"::1", port=80, target=b"/http://a@b"), "http://[::1]:80/http://a@b"),
            (URL(scheme=b"http", host=b"example.org", target=b"/\xff"), "http://example.org/\N{REPLACEMENT CHARACTER}"),
            (URL(scheme=b"http", host=b"example.org", target=b"*"), "*"),
        ],
    )
    def test_shows_its_url_without_secrets(self, url: URL | str, shown: str) -> None:
        assert repr(Request("GET", url)) == f"<Request [b'GET', {shown!r}]>"

    def test_keeps_its_arguments(self) -> None:
        url, body, extensions = URL("http://example.org/"), SyncBody(), {"timeout": {"read": 1.0}}
        request = Request(b"PUT", url, headers={"A": "1"}, content=body, extensions=extensions)
        assert request.method == b"PUT"
        assert request.url is url
        assert request.headers == [(b"A", b"1")]
        assert request.stream is body
        assert request.extensions is extensions

    def test_keeps_empty_extensions(self) -> None:
        extensions: dict[str, Any] = {}
        assert Request("GET", "http://example.org/", extensions=extensions).extensions is extensions

    def test_wraps_bytes_in_a_stream(self) -> None:
        request = Request("PUT", b"http://example.org/", content=WHOLE)
        assert isinstance(request.stream, ByteStream)
        assert bytes(request.stream) == WHOLE

    @pytest.mark.parametrize("target", ["*", b"example.org:443"])
    def test_target_extension_replaces_the_target(self, target: bytes | str) -> None:
        url = URL("https://example.org:444/path")
        request = Request("OPTIONS", url, extensions={"target": target})
        assert request.url == URL(scheme="https", host="example.org", port=444, target=target)
        assert url.target == b"/path"

    @pytest.mark.parametrize(
        ("arguments", "text"),
        [
            ({"method": 1}, "method must be bytes or str, but got int."),
            ({"method": "GÉT"}, "method strings may not include unicode characters."),
            ({"url": 1}, "url must be a URL, bytes, or str, but got int."),
            ({"headers": 1}, "headers must be a mapping or sequence of two-tuples, but got int."),
            ({"extensions": {"target": 1}}, "target must be bytes or str, but got int."),
        ],
    )
    def test_rejects_other_types(self, arguments: dict[str, Any], text: str) -> None:
        with pytest.raises(TypeError) as caught:
            Request(**{"method": "GET", "url": "http://example.org/", **arguments})
        assert str(caught.value) == text


class TestResponse:
    def test_has_defaults(self) -> None:
        response = Response(204)
        assert response.status == 204
        assert response.headers == []
        assert response.extensions == {}
        assert response.read() == b""
        assert repr(response) == "<Response [204]>"

    def test_keeps_its_arguments(self) -> None:
        body, extensions = SyncBody(), {"http_version": b"HTTP/1.1"}
        response = Response(200, headers=[("A", "1")], content=body, extensions=extensions)
        assert response.headers == [(b"A", b"1")]
        assert response.stream is body
        assert response.extensions is extensions

    def test_reads_once(self) -> None:
        response = Response(200, content=SyncBody())
        assert [response.read(), response.read(), response.content] == [WHOLE] * 3

    def test_streams_once(self) -> None:
        response = Response(200, content=SyncBody())
        assert list(response.iter_stream()) == PARTS
        with pytest.raises(RuntimeError, match=r"call 'for \.\.\. in response\.iter_stream\(\)' more than once"):
            next(response.iter_stream())

    def test_has_no_content_before_it_is_read(self) -> None:
        with pytest.raises(RuntimeError, match=r"streaming response\. Call 'response\.read\(\)' first\.$"):
            _ = Response(200, content=SyncBody()).content
        with pytest.raises(RuntimeError, match=r"streaming response\. Call 'await response\.aread\(\)' first\.$"):
            _ = Response(200, content=AsyncBody()).content

    def test_closes_its_stream(self) -> None:
        body = SyncBody()
        Response(200, content=body).close()
        assert body.closed == 1

    def test_can_be_closed_if_its_stream_has_no_close_method(self) -> None:
        response = Response(200, content=[WHOLE])
        response.close()
        assert response.read() == WHOLE

    def test_rejects_sync_calls_for_async_bodies(self) -> None:
        response = Response(200, content=AsyncBody())
        with pytest.raises(RuntimeError, match=r"^Attempted to read an asynchronous .*'await response\.aread\(\)'"):
            response.read()
        with pytest.raises(RuntimeError, match=r"^Attempted to stream an asynchronous .*response\.aiter_stream\(\)'"):
            next(response.iter_stream())
        with pytest.raises(RuntimeError, match=r"^Attempted to close an asynchronous .*'await response\.aclose\(\)'"):
            response.close()


@pytest.mark.anyio
class TestAsyncResponse:
    async def test_reads_once(self) -> None:
        response = Response(200, content=AsyncBody())
        assert [await response.aread(), await response.aread(), response.content] == [WHOLE] * 3

    async def test_streams_once(self) -> None:
        response = Response(200, content=AsyncBody())
        assert [part async for part in response.aiter_stream()] == PARTS
        with pytest.raises(RuntimeError, match=r"'async for \.\.\. in response\.aiter_stream\(\)' more than once"):
            await response.aiter_stream().__anext__()

    async def test_closes_its_stream(self) -> None:
        body = AsyncBody()
        await Response(200, content=body).aclose()
        assert body.closed == 1

    async def test_can_be_closed_if_its_stream_has_no_close_method(self) -> None:
        response = Response(200, content=WHOLE)
        await response.aclose()
        assert await response.aread() == WHOLE

    async def test_rejects_async_calls_for_sync_bodies(self) -> None:
        response = Response(200, content=SyncBody())
        with pytest.raises(RuntimeError, match=r"^Attempted to read an synchronous .*'response\.read\(\)'"):
            await response.aread()
        with pytest.raises(RuntimeError, match=r"^Attempted to stream an synchronous .*response\.iter_stream\(\)'"):
            await response.aiter_stream().__anext__()
        with pytest.raises(RuntimeError, match=r"^Attempted to close a synchronous .*'response\.close\(\)'"):
            await response.aclose()


class TestProxy:
    def test_has_defaults(self) -> None:
        proxy = Proxy("http://localhost:8080/")
        assert proxy.url == URL("http://localhost:8080/")
        assert (proxy.auth, proxy.headers, proxy.ssl_context) == (None, [], None)

    def test_keeps_its_arguments(self) -> None:
        url, context = URL("https://localhost:8080/"), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        proxy = Proxy(url, headers={"A": "1"}, ssl_context=context)
        assert proxy.url is url
        assert proxy.headers == [(b"A", b"1")]
        assert proxy.ssl_context is context

    def test_sends_credentials_before_other_headers(self) -> None:
        proxy = Proxy("http://localhost/", auth=("Aladdin", b"open sesame"), headers=[("A", "1")])
        assert proxy.auth == (b"Aladdin", b"open sesame")
        assert proxy.headers == [(b"Proxy-Authorization", b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), (b"A", b"1")]

    @pytest.mark.parametrize("auth", [("ü", "b"), ("a", "ü")])
    def test_rejects_credentials_outside_ascii(self, auth: tuple[str, str]) -> None:
        with pytest.raises(TypeError, match=r"^auth strings may not include unicode characters\.$"):
            Proxy("http://localhost/", auth=auth)

    def test_rejects_other_types(self) -> None:
        with pytest.raises(TypeError, match=r"^url must be a URL, bytes, or str, but got NoneType\.$"):
            Proxy(None)  # type: ignore[arg-type]
