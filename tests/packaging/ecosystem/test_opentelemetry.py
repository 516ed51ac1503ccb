"""The instrumentation of httpx by OpenTelemetry, which wraps the transports."""

from collections.abc import Iterator

import httpx
import pytest
from httpcore_test_support.hypercorn import HypercornServer
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """Where the spans of requests go while httpx is instrumented."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    HTTPXClientInstrumentor().instrument(tracer_provider=provider)
    yield exporter
    HTTPXClientInstrumentor().uninstrument()
    provider.shutdown()


@pytest.mark.parametrize("http2", [False, True])
def test_requests(services: HypercornServer, spans: InMemorySpanExporter, http2: bool) -> None:
    url = services.http_url + "/trace-headers"
    with httpx.Client(http1=not http2, http2=http2) as client:
        response = client.get(url)
    (span,) = spans.get_finished_spans()
    assert (span.name, span.attributes["http.status_code"], span.attributes["http.url"]) == ("GET", 200, url)
    assert f"{span.context.trace_id:032x}-{span.context.span_id:016x}" in response.json()["traceparent"]


@pytest.mark.anyio
async def test_async_requests(services: HypercornServer, spans: InMemorySpanExporter) -> None:
    async with httpx.AsyncClient() as client, client.stream("GET", services.http_url + "/trace-headers") as response:
        assert await response.aread()
    (span,) = spans.get_finished_spans()
    assert span.attributes["http.status_code"] == 200


@pytest.mark.anyio
async def test_errors(spans: InMemorySpanExporter) -> None:
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.ConnectError) as caught:
            await client.get("http://127.0.0.1:1/")
    (span,) = spans.get_finished_spans()
    assert not span.status.is_ok
    assert span.status.description == f"ConnectError: {caught.value}"
