"""The servers that the packages talk to, as one ASGI application: /ws, /v1/…, /api/…, /cached and /count."""

from __future__ import annotations

import gzip
import itertools
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

MODEL = "model"
WORDS = ("Hello", ", ", "world", "!")

numbers = itertools.count()
envelopes: list[dict[str, Any]] = []
failed: set[str] = set()


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """What hypercorn serves."""
    if scope["type"] == "websocket":
        await websocket(scope, receive, send)
    elif scope["type"] == "http":
        await http(scope, await read(receive), send)
    else:
        raise NotImplementedError(scope["type"])


async def websocket(scope: Scope, receive: Receive, send: Send) -> None:
    """Send all messages back, until one is "bye"."""
    await receive()
    if scope["path"] != "/ws":
        await send({"type": "websocket.close"})
        return
    await send({"type": "websocket.accept", "subprotocol": next(iter(scope["subprotocols"]), None)})
    while (message := await receive())["type"] == "websocket.receive":
        if message.get("text") == "bye":
            await send({"type": "websocket.close", "code": 4000, "reason": "Goodbye!"})
            return
        await send({**message, "type": "websocket.send"})


async def read(receive: Receive) -> bytes:
    """The whole body of a request."""
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def http(scope: Scope, body: bytes, send: Send) -> None:
    """Find the handler."""
    headers = {name.decode(): value.decode() for name, value in scope["headers"]}
    match scope["path"]:
        case "/cached":
            await cached(headers, send)
        case "/count":
            await respond(send, str(next(numbers)).encode())
        case "/trace-headers":
            await respond(send, json.dumps(headers).encode())
        case "/api/1/envelope/":
            content = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
            envelopes.append({"http_version": scope["http_version"], "content": content.decode()})
            await respond(send, b"{}")
        case "/envelopes":
            await respond(send, json.dumps(envelopes).encode())
        case "/v1/chat/completions" | "/v1/messages":
            await language_model(scope["path"], headers, json.loads(body), send)
        case _:
            await respond(send, b"not here", 404)


async def respond(send: Send, body: bytes, status: int = 200, *headers: tuple[bytes, bytes]) -> None:
    """Send a response in one piece."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def cached(headers: dict[str, str], send: Send) -> None:
    """A cacheable response whose content changes each time."""
    if "if-none-match" in headers:
        await respond(send, b"", 304, (b"etag", b'"1"'))
        return
    max_age = headers.get("x-max-age", "3600").encode()
    extra = ((b"cache-control", b"max-age=" + max_age), (b"etag", b'"1"'))
    await respond(send, str(next(numbers)).encode(), 200, *extra)


async def language_model(path: str, headers: dict[str, str], request: dict[str, Any], send: Send) -> None:
    """Say `WORDS` in one piece or word by word, whatever the question; refuse with 503 once per session."""
    session = headers.get("x-session", "")
    if session and session not in failed:
        failed.add(session)
        await respond(send, b"overloaded", 503, (b"retry-after-ms", b"1"))
    elif "secret" not in (headers.get("authorization", "") + headers.get("x-api-key", "")):
        await respond(send, b'{"error": {"message": "who are you?"}}', 401)
    elif not request.get("stream"):
        answer = completion() if path == "/v1/chat/completions" else message("".join(WORDS))
        await respond(send, json.dumps(answer).encode(), 200, (b"content-type", b"application/json"))
    else:
        content_type = (b"content-type", b"text/event-stream")
        await send({"type": "http.response.start", "status": 200, "headers": [content_type]})
        for event in chunks() if path == "/v1/chat/completions" else message_events():
            await send({"type": "http.response.body", "body": event, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def completion() -> dict[str, Any]:
    """An answer of the OpenAI API."""
    choice = {"index": 0, "message": {"role": "assistant", "content": "".join(WORDS)}, "finish_reason": "stop"}
    return {"id": "1", "object": "chat.completion", "created": 0, "model": MODEL, "choices": [choice]}


def chunks() -> Iterator[bytes]:
    """The same response, word by word."""
    for word in WORDS:
        choice = {"index": 0, "delta": {"content": word}, "finish_reason": None}
        chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": MODEL, "choices": [choice]}
        yield b"data: " + json.dumps(chunk).encode() + b"\n\n"
    yield b"data: [DONE]\n\n"


def message(text: str) -> dict[str, Any]:
    """An answer of the Anthropic API."""
    content = [{"type": "text", "text": text}] if text else []
    usage = {"input_tokens": 1, "output_tokens": 1}
    start = {"id": "1", "type": "message", "role": "assistant", "model": MODEL, "content": content, "usage": usage}
    return {**start, "stop_reason": "end_turn" if text else None, "stop_sequence": None}


def message_events() -> Iterator[bytes]:
    """The same response, word by word."""
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": message("")},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}} for word in WORDS),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 4}},
        {"type": "message_stop"},
    ]
    for event in events:
        yield f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()
