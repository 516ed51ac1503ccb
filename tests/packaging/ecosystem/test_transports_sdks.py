"""The SDKs of OpenAI and Anthropic, which stand on httpx2, with the transports of httpcore-httpx."""

import inspect
import re
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anthropic
import anyio
import httpcore
import httpx2
import openai
import pytest
from httpcore_httpx.httpx2 import AsyncHTTPTransport, HTTPTransport
from httpcore_test_support.hypercorn import HypercornServer
from httpcore_test_support.proxies import AUTH, ProxyServer
from httpcore_test_support.readmes import code_blocks
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.sockets import refusing_port
from httpcore_test_support.steps import close, hold, receive_request, send
from httpcore_test_support.waiting import async_at_once, async_wait_until, wait_until

MESSAGES = [{"role": "user", "content": "Say hello."}]
ANSWER = "Hello, world!"
ONE_CONNECTION = httpx2.Limits(max_connections=1)
EVENT_STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
EVENTS = {
    "openai": b'data: {"id": "1", "object": "chat.completion.chunk", "choices": []}\n\n',
    "anthropic": b'event: ping\ndata: {"type": "ping"}\n\n',
}


@dataclass
class SDK:
    """One of the SDKs, and how to ask its model."""

    module: Any

    @property
    def name(self) -> str:
        return str(self.module.__name__)

    def client(self, url: str, options: dict[str, Any], **transport: Any) -> Any:
        """A client on a transport with these options."""
        http_client = self.module.DefaultHttpxClient(transport=HTTPTransport(**transport))
        kind = getattr(self.module, {"openai": "OpenAI", "anthropic": "Anthropic"}[self.name])
        return kind(base_url=self._url(url), api_key="secret", http_client=http_client, timeout=10.0, **options)

    def async_client(self, url: str, options: dict[str, Any], **transport: Any) -> Any:
        """The async form of `client()`."""
        http_client = self.module.DefaultAsyncHttpxClient(transport=AsyncHTTPTransport(**transport))
        kind = getattr(self.module, {"openai": "AsyncOpenAI", "anthropic": "AsyncAnthropic"}[self.name])
        return kind(base_url=self._url(url), api_key="secret", http_client=http_client, timeout=10.0, **options)

    def _url(self, url: str) -> str:
        return f"{url}/v1" if self.name == "openai" else url

    def resource(self, client: Any) -> Any:
        """What has the method `create()`."""
        return client.chat.completions if self.name == "openai" else client.messages

    @property
    def question(self) -> dict[str, Any]:
        return {"model": "model", "messages": MESSAGES, **({} if self.name == "openai" else {"max_tokens": 10})}

    def text(self, answer: Any) -> str:
        """The text of an answer, or of an event of a stream."""
        if self.name == "openai":
            choice = answer.choices[0]
            return str(choice.delta.content if hasattr(choice, "delta") else choice.message.content)
        if hasattr(answer, "content"):
            return str(answer.content[0].text)
        return str(answer.delta.text) if answer.type == "content_block_delta" else ""

    def ask(self, client: Any) -> str:
        return self.text(self.resource(client).create(**self.question))

    async def async_ask(self, client: Any) -> str:
        return self.text(await self.resource(client).create(**self.question))


@pytest.fixture(params=[openai, anthropic], ids=["openai", "anthropic"])
def sdk(request: pytest.FixtureRequest) -> SDK:
    return SDK(request.param)


def session() -> dict[str, Any]:
    """The first request with these options is refused."""
    return {"default_headers": {"X-Session": str(uuid.uuid4())}}


class TestSync:
    def test_answers(self, sdk: SDK, services: HypercornServer) -> None:
        with sdk.client(services.http_url, {}) as client:
            assert type(client._client._transport._pool) is httpcore.ConnectionPool
            assert [sdk.ask(client) for _ in range(2)] == [ANSWER] * 2

    def test_a_stream(self, sdk: SDK, services: HypercornServer) -> None:
        with sdk.client(services.http_url, {}) as client:
            events = sdk.resource(client).create(**sdk.question, stream=True)
            assert "".join(sdk.text(event) for event in events) == ANSWER

    def test_streams_left_early_free_the_connection(self, sdk: SDK, services: HypercornServer) -> None:
        with sdk.client(services.http_url, {}, limits=ONE_CONNECTION) as client:
            for _ in range(3):
                with sdk.resource(client).create(**sdk.question, stream=True) as events:
                    next(iter(events))

    def test_overload_is_retried(self, sdk: SDK, services: HypercornServer) -> None:
        with sdk.client(services.http_url, session()) as client:
            answer = sdk.resource(client).with_raw_response.create(**sdk.question)
            assert answer.retries_taken == 1
            assert sdk.text(answer.parse()) == ANSWER

    def test_errors(self, sdk: SDK, services: HypercornServer) -> None:
        with sdk.client(services.http_url, {}) as client, pytest.raises(sdk.module.AuthenticationError):
            sdk.ask(client.with_options(api_key="wrong"))
        with refusing_port() as port, sdk.client(f"http://127.0.0.1:{port}", {"max_retries": 0}) as client:
            with pytest.raises(sdk.module.APIConnectionError) as raised:
                sdk.ask(client)
            assert isinstance(raised.value.__cause__, httpx2.ConnectError)

    def test_timeouts(self, sdk: SDK) -> None:
        with scripted_server([receive_request(), hold()]) as server, sdk.client(server.url, {}) as client:
            with pytest.raises(sdk.module.APITimeoutError):
                sdk.ask(client.with_options(timeout=0.05, max_retries=0))
            wait_until(lambda: not server.open_connections)

    def test_a_stream_that_is_cut(self, sdk: SDK) -> None:
        event = EVENTS[sdk.name]
        part = EVENT_STREAM + b"%x\r\n%b\r\n" % (len(event), event)
        with scripted_server([receive_request(), send(part), close()]) as server, sdk.client(server.url, {}) as client:
            events = sdk.resource(client).create(**sdk.question, stream=True)
            with pytest.raises((httpx2.RemoteProtocolError, sdk.module.APIConnectionError)):
                list(events)

    @pytest.mark.parametrize("scheme", ["http", "socks5"])
    def test_a_proxy(self, sdk: SDK, services: HypercornServer, proxy: ProxyServer, scheme: str) -> None:
        with sdk.client(services.http_url, {}, proxy=httpx2.Proxy(proxy.url(scheme), auth=AUTH)) as client:
            assert sdk.ask(client) == ANSWER

    def test_chains(self, sdk: SDK, services: HypercornServer, proxy: ProxyServer) -> None:
        chain = [httpx2.Proxy(proxy.url(scheme), auth=AUTH) for scheme in ("http", "socks5", "http")]
        with sdk.client(services.http_url, {}, proxy=chain) as client:
            assert sdk.ask(client) == ANSWER


# The generators of httpx2 and of the SDKs close none of those inside.
@pytest.mark.filterwarnings(r"ignore:Async generator '(httpx2|openai|anthropic)\.:ResourceWarning")
@pytest.mark.anyio
class TestAsync:
    async def test_answers(self, sdk: SDK, services: HypercornServer) -> None:
        async with sdk.async_client(services.http_url, {}) as client:
            assert type(client._client._transport._pool) is httpcore.AsyncConnectionPool
            assert [await sdk.async_ask(client) for _ in range(2)] == [ANSWER] * 2

    async def test_a_stream(self, sdk: SDK, services: HypercornServer) -> None:
        async with sdk.async_client(services.http_url, {}) as client:
            events = await sdk.resource(client).create(**sdk.question, stream=True)
            assert "".join([sdk.text(event) async for event in events]) == ANSWER

    async def test_streams_left_early_free_the_connection(self, sdk: SDK, services: HypercornServer) -> None:
        async with sdk.async_client(services.http_url, {}, limits=ONE_CONNECTION) as client:
            for _ in range(3):
                async with await sdk.resource(client).create(**sdk.question, stream=True) as events:
                    await anext(aiter(events))

    async def test_overload_is_retried(self, sdk: SDK, services: HypercornServer) -> None:
        async with sdk.async_client(services.http_url, session()) as client:
            answer = await sdk.resource(client).with_raw_response.create(**sdk.question)
            assert answer.retries_taken == 1

    async def test_timeouts(self, sdk: SDK) -> None:
        with scripted_server([receive_request(), hold()]) as server:
            async with sdk.async_client(server.url, {}) as client:
                with pytest.raises(sdk.module.APITimeoutError):
                    await sdk.async_ask(client.with_options(timeout=0.05, max_retries=0))
                await async_wait_until(lambda: not server.open_connections)

    async def test_many_at_once(self, sdk: SDK, services: HypercornServer) -> None:
        async with sdk.async_client(services.http_url, {}) as client:
            answers = await async_at_once(*[lambda: sdk.async_ask(client)] * 50)
        assert answers == [ANSWER] * 50

    async def test_a_cancelled_question_frees_the_connection(self, sdk: SDK, services: HypercornServer) -> None:
        with scripted_server([receive_request(), hold()]) as server:
            async with sdk.async_client(server.url, {}, limits=ONE_CONNECTION) as client:
                with anyio.move_on_after(5.0) as scope:
                    async with anyio.create_task_group() as tasks:
                        tasks.start_soon(sdk.async_ask, client)
                        await async_wait_until(lambda: any(each.received for each in server.connections))
                        scope.cancel()
                await async_wait_until(lambda: not server.open_connections)
                assert client._client._transport._pool.connections == []

    async def test_http2(self, sdk: SDK, services: HypercornServer) -> None:
        async with sdk.async_client(services.http_url, {}, http1=False, http2=True) as client:
            answer = await sdk.resource(client).with_raw_response.create(**sdk.question)
            assert answer.http_response.http_version == "HTTP/2"
            parsed = answer.parse()
            assert sdk.text(await parsed if inspect.isawaitable(parsed) else parsed) == ANSWER


def test_the_example_of_the_readme(services: HypercornServer) -> None:
    (readme,) = Path(__file__).parents[3].glob("packages/httpcore-httpx/README.md")
    (example,) = code_blocks(readme, "py")
    values: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_API_KEY", "secret")
        patch.setenv("OPENAI_BASE_URL", f"{services.http_url}/v1")
        exec(example, values)
    with values["client"] as client:
        assert SDK(openai).ask(client) == ANSWER
        assert client._client._transport._pool._max_connections == 1000
        assert re.match("<HTTPTransport <ConnectionPool", repr(client._client._transport))
