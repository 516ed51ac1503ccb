"""httpx-sse, which reads server-sent events."""

import json

import httpx
import httpx_sse
import pytest
from httpcore_test_support.hypercorn import HypercornServer

ASK = {"json": {"stream": True}, "headers": {"Authorization": "Bearer secret"}}
WORDS = ["Hello", ", ", "world", "!"]


def word_of(event: httpx_sse.ServerSentEvent) -> str:
    """A word of the language model."""
    return json.loads(event.data)["choices"][0]["delta"]["content"]


@pytest.mark.parametrize("http2", [False, True])
def test_events(services: HypercornServer, http2: bool) -> None:
    with (
        httpx.Client(http1=not http2, http2=http2, timeout=5.0) as client,
        httpx_sse.connect_sse(client, "POST", services.http_url + "/v1/chat/completions", **ASK) as source,
    ):
        *events, last = source.iter_sse()
    assert [word_of(event) for event in events] == WORDS
    assert last.data == "[DONE]"


# The generators of httpx close none of those inside.
@pytest.mark.filterwarnings(r"ignore:Async generator 'httpx(_sse)?\.:ResourceWarning")
@pytest.mark.anyio
@pytest.mark.parametrize("http2", [False, True])
async def test_leaving_early(services: HypercornServer, http2: bool) -> None:
    url = services.http_url + "/v1/chat/completions"
    limits = httpx.Limits(max_connections=1)
    async with httpx.AsyncClient(http1=not http2, http2=http2, limits=limits, timeout=5.0) as client:
        for _ in range(3):
            async with httpx_sse.aconnect_sse(client, "POST", url, **ASK) as source:
                events = source.aiter_sse()
                assert word_of(await anext(events)) == WORDS[0]
                await events.aclose()
