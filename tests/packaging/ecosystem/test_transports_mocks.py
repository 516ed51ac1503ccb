"""What replaces methods of httpx's own transports, or of the pools, beside the transports of httpcore-httpx."""

from typing import Any

import httpx
import pytest
import respx
from httpcore_httpx import AsyncHTTPTransport, HTTPTransport
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.hypercorn import HypercornServer
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pytest_httpx import HTTPXMock

URL = "https://mocked.invalid/path"


class TestRespx:
    @pytest.mark.parametrize("using", ["httpcore", "httpx"])
    def test_its_mockers_see_the_requests(self, using: str) -> None:
        with respx.mock(using=using) as mock, httpx.Client(transport=HTTPTransport()) as client:
            mock.post(URL, json={"key": "value"}).respond(201, json={"answer": 42})
            mock.get(URL).mock(side_effect=httpx.ReadTimeout)
            assert client.post(URL, json={"key": "value"}).json() == {"answer": 42}
            with pytest.raises(httpx.ReadTimeout):
                client.get(URL)

    @pytest.mark.anyio
    async def test_async(self) -> None:
        async with (
            respx.mock() as mock,
            httpx.AsyncClient(transport=AsyncHTTPTransport()) as client,
        ):
            mock.get(URL).respond(content=b"mocked")
            assert (await client.get(URL)).content == b"mocked"

    def test_what_passes_reaches_the_server(self, caddy: CaddyServer) -> None:
        with respx.mock() as mock, httpx.Client(transport=HTTPTransport()) as client:
            mock.post(caddy.http_url + "/echo").pass_through()
            assert client.post(caddy.http_url + "/echo", content=b"text").content == b"text"


@pytest.mark.httpx_mock(assert_all_responses_were_requested=False)
def test_pytest_httpx_does_not_see_the_requests(httpx_mock: HTTPXMock, caddy: CaddyServer) -> None:
    httpx_mock.add_response(status_code=500)
    with httpx.Client(transport=HTTPTransport()) as client:
        assert client.get(caddy.http_url).status_code == 200
    with httpx.Client() as client:
        assert client.get(URL).status_code == 500


@pytest.fixture
def spans() -> Any:
    """Where the spans of an instrumented client go, and their provider."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield exporter, provider
    provider.shutdown()


def test_instrumented_client(services: HypercornServer, spans: Any) -> None:
    exporter, provider = spans
    url = services.http_url + "/trace-headers"
    with httpx.Client(transport=HTTPTransport()) as client:
        HTTPXClientInstrumentor.instrument_client(client, tracer_provider=provider)
        response = client.get(url)
    (span,) = exporter.get_finished_spans()
    assert (span.name, span.attributes["http.status_code"], span.attributes["http.url"]) == ("GET", 200, url)
    assert f"{span.context.trace_id:032x}-{span.context.span_id:016x}" in response.json()["traceparent"]


@pytest.mark.anyio
async def test_instrumented_async_client(services: HypercornServer, spans: Any) -> None:
    exporter, provider = spans
    async with httpx.AsyncClient(transport=AsyncHTTPTransport()) as client:
        HTTPXClientInstrumentor.instrument_client(client, tracer_provider=provider)
        assert (await client.get(services.http_url + "/trace-headers")).status_code == 200
        with pytest.raises(httpx.ConnectError):
            await client.get("http://127.0.0.1:1/")
    assert [span.status.is_ok for span in exporter.get_finished_spans()] == [True, False]


def test_global_instrumentation_does_not_see_the_requests(services: HypercornServer, spans: Any) -> None:
    exporter, provider = spans
    HTTPXClientInstrumentor().instrument(tracer_provider=provider)
    try:
        with httpx.Client(transport=HTTPTransport()) as client:
            assert client.get(services.http_url + "/trace-headers").status_code == 200
    finally:
        HTTPXClientInstrumentor().uninstrument()
    assert exporter.get_finished_spans() == ()
