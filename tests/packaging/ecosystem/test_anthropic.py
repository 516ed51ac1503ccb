"""The Anthropic SDK, whose clients are httpx clients with their own socket options."""

from typing import Any

import anthropic
import pytest
from httpcore_test_support.hypercorn import HypercornServer

QUESTION: dict[str, Any] = {
    "model": "model",
    "max_tokens": 10,
    "messages": [{"role": "user", "content": "Say hello."}],
}
ANSWER = "Hello, world!"


def options_of(services: HypercornServer) -> dict[str, Any]:
    """Arguments of clients."""
    return {"base_url": services.http_url, "api_key": "secret", "timeout": 10.0}


def test_answer(services: HypercornServer) -> None:
    with anthropic.Anthropic(**options_of(services)) as client:
        assert client.messages.create(**QUESTION).content[0].text == ANSWER


def test_a_stream(services: HypercornServer) -> None:
    with anthropic.Anthropic(**options_of(services)) as client, client.messages.stream(**QUESTION) as stream:
        assert "".join(stream.text_stream) == ANSWER
        assert stream.get_final_message().usage.output_tokens == 4


@pytest.mark.anyio
async def test_async_answer(services: HypercornServer) -> None:
    async with anthropic.AsyncAnthropic(**options_of(services)) as client:
        assert (await client.messages.create(**QUESTION)).content[0].text == ANSWER


@pytest.mark.anyio
async def test_a_stream_async(services: HypercornServer) -> None:
    async with (
        anthropic.AsyncAnthropic(**options_of(services)) as client,
        client.messages.stream(**QUESTION) as stream,
    ):
        assert "".join([text async for text in stream.text_stream]) == ANSWER
