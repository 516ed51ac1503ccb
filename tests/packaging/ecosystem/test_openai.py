"""The OpenAI SDK, whose clients are httpx clients."""

import uuid
from typing import Any

import httpx
import openai
import pytest
from httpcore_test_support.hypercorn import HypercornServer
from httpcore_test_support.proxies import AUTH, ProxyServer

QUESTION: dict[str, Any] = {"model": "model", "messages": [{"role": "user", "content": "Say hello."}]}
ANSWER = "Hello, world!"


def options_of(services: HypercornServer) -> dict[str, Any]:
    """Arguments of clients."""
    return {"base_url": services.http_url + "/v1", "api_key": "secret", "timeout": 10.0}


def open_connections(client: openai.OpenAI | openai.AsyncOpenAI) -> int:
    """What the generated test suites of such SDKs count, to find leaks."""
    transport = client._client._transport
    assert isinstance(transport, (httpx.HTTPTransport, httpx.AsyncHTTPTransport))
    return len(transport._pool._requests)


class TestSync:
    def test_an_answer(self, services: HypercornServer) -> None:
        with openai.OpenAI(**options_of(services)) as client:
            answers = [client.chat.completions.create(**QUESTION) for _ in range(2)]
        assert [answer.choices[0].message.content for answer in answers] == [ANSWER] * 2

    def test_a_stream(self, services: HypercornServer) -> None:
        with openai.OpenAI(**options_of(services)) as client:
            chunks = client.chat.completions.create(**QUESTION, stream=True)
            assert "".join(chunk.choices[0].delta.content for chunk in chunks) == ANSWER

    def test_streams_left_early_free_the_connection(self, services: HypercornServer) -> None:
        http_client = httpx.Client(limits=httpx.Limits(max_connections=1), timeout=10.0)
        with openai.OpenAI(**options_of(services), http_client=http_client) as client:
            for _ in range(3):
                with client.chat.completions.create(**QUESTION, stream=True) as chunks:
                    assert next(iter(chunks)).choices[0].delta.content == "Hello"

    def test_overload_is_retried(self, services: HypercornServer) -> None:
        session = {"X-Session": str(uuid.uuid4())}
        with openai.OpenAI(**options_of(services), default_headers=session) as client:
            answer = client.chat.completions.with_raw_response.create(**QUESTION)
        assert answer.retries_taken == 1

    @pytest.mark.upgrade("3.2")
    def test_open_connections_are_counted(self, services: HypercornServer) -> None:
        session = {"X-Session": str(uuid.uuid4())}
        with openai.OpenAI(**options_of(services), default_headers=session) as client:
            client.chat.completions.create(**QUESTION)  # is retried
            assert open_connections(client) == 0
            with client.chat.completions.with_streaming_response.create(**QUESTION) as response:
                assert open_connections(client) == 1
                assert ANSWER in response.read().decode()
            assert open_connections(client) == 0

    def test_errors(self, services: HypercornServer) -> None:
        wrong = {**options_of(services), "api_key": "wrong"}
        with openai.OpenAI(**wrong) as client, pytest.raises(openai.AuthenticationError, match="who are you"):
            client.chat.completions.create(**QUESTION)
        nobody = {"base_url": "http://127.0.0.1:1", "api_key": "secret", "max_retries": 0}
        with openai.OpenAI(**nobody) as client, pytest.raises(openai.APIConnectionError):
            client.chat.completions.create(**QUESTION)

    def test_a_proxy(self, services: HypercornServer, proxy: ProxyServer) -> None:
        http_client = openai.DefaultHttpxClient(proxy=httpx.Proxy(proxy.url("socks5"), auth=AUTH))
        with openai.OpenAI(**options_of(services), http_client=http_client) as client:
            assert client.chat.completions.create(**QUESTION).choices[0].message.content == ANSWER


# The generators of httpx and of the SDK close none of those inside.
@pytest.mark.filterwarnings(r"ignore:Async generator '(httpx|openai)\.:ResourceWarning")
@pytest.mark.anyio
class TestAsync:
    async def test_an_answer(self, services: HypercornServer) -> None:
        async with openai.AsyncOpenAI(**options_of(services)) as client:
            answers = [await client.chat.completions.create(**QUESTION) for _ in range(2)]
        assert [answer.choices[0].message.content for answer in answers] == [ANSWER] * 2

    async def test_a_stream(self, services: HypercornServer) -> None:
        async with openai.AsyncOpenAI(**options_of(services)) as client:
            chunks = await client.chat.completions.create(**QUESTION, stream=True)
            assert "".join([chunk.choices[0].delta.content async for chunk in chunks]) == ANSWER

    async def test_streams_left_early_free_the_connection(self, services: HypercornServer) -> None:
        http_client = httpx.AsyncClient(limits=httpx.Limits(max_connections=1), timeout=10.0)
        async with openai.AsyncOpenAI(**options_of(services), http_client=http_client) as client:
            for _ in range(3):
                async with await client.chat.completions.create(**QUESTION, stream=True) as chunks:
                    assert (await anext(aiter(chunks))).choices[0].delta.content == "Hello"

    @pytest.mark.upgrade("3.2")
    async def test_open_connections_are_counted(self, services: HypercornServer) -> None:
        session = {"X-Session": str(uuid.uuid4())}
        async with openai.AsyncOpenAI(**options_of(services), default_headers=session) as client:
            await client.chat.completions.create(**QUESTION)  # is retried
            assert open_connections(client) == 0
            async with client.chat.completions.with_streaming_response.create(**QUESTION) as response:
                assert open_connections(client) == 1
                assert ANSWER in (await response.read()).decode()
            assert open_connections(client) == 0

    async def test_http2(self, services: HypercornServer) -> None:
        http_client = openai.DefaultAsyncHttpxClient(http1=False, http2=True)
        async with openai.AsyncOpenAI(**options_of(services), http_client=http_client) as client:
            answer = await client.chat.completions.with_raw_response.create(**QUESTION)
        assert answer.http_response.http_version == "HTTP/2"
        assert answer.parse().choices[0].message.content == ANSWER
