"""The text of debug log lines, and trace callbacks of the wrong kind."""

from typing import Any

import pytest
from httpcore_models import Request
from httpcore_models._trace import describe, redacted
from httpcore_models.lowlevel import AsyncTracer, Tracer

SENSITIVE = [
    b"Authentication-Info",
    b"Authorization",
    b"COOKIE",
    b"Proxy-Authenticate",
    b"Proxy-Authentication-Info",
    b"proxy-authorization",
    b"Set-Cookie",
    b"WWW-Authenticate",
    b"X-API-Key",
]


@pytest.mark.field(87)
@pytest.mark.parametrize("name", SENSITIVE)
def test_sensitive_values_are_hidden_in_all_lists_of_headers(name: bytes) -> None:
    headers = [(b"A", b"1"), (name, b"secret")]
    hidden = [(b"A", b"1"), (name, b"[secure]")]
    assert redacted(headers) == hidden
    assert redacted((b"HTTP/1.1", headers)) == (b"HTTP/1.1", hidden)
    assert redacted((1, (2, headers))) == (1, (2, hidden))
    assert headers[1] == (name, b"secret")


@pytest.mark.parametrize(
    "value",
    [
        "Authorization",
        b"Authorization",
        None,
        [b"Authorization", b"public"],
        [(b"Authorization", b"a", b"b")],
        [("Authorization", "text")],
        [(b"X-Authorization", b"public")],
        (b"Authorization", b"public"),
    ],
)
def test_other_values_are_unchanged(value: Any) -> None:
    assert redacted(value) == value


def test_line_has_the_event_and_its_details() -> None:
    request = Request("GET", "http://example.org/")
    info = {"request": request, "timeout": None, "host": "a b", "headers": [(b"Cookie", b"secret")]}
    line = "event.started request=<Request [b'GET']> timeout=None host='a b' headers=[(b'Cookie', b'[secure]')]"
    assert describe("event.started", info) == line


def test_return_value_of_none_is_left_out() -> None:
    assert describe("event.complete", {"return_value": None}) == "event.complete"
    assert describe("event.complete", {"return_value": 0}) == "event.complete return_value=0"


def test_sync_tracers_reject_async_callbacks() -> None:
    async def callback(event: str, info: dict[str, Any]) -> None:
        pass

    # A coroutine that was never awaited would cause a warning, which fails the test.
    with pytest.raises(TypeError, match=r"^If you are using a synchronous interface, the callback of the `trace` ext"):
        Tracer(logger(), callback).report("event", {})


@pytest.mark.anyio
async def test_async_tracers_reject_sync_callbacks() -> None:
    with pytest.raises(TypeError, match=r"^If you're using an asynchronous interface, the callback of the `trace` ext"):
        await AsyncTracer(logger(), lambda event, info: None).report("event", {})


@pytest.mark.anyio
async def test_async_callbacks_may_return_any_awaitable() -> None:
    class Done:
        awaited = False

        def __await__(self) -> Any:
            self.awaited = True
            return iter(())

    done = Done()
    await AsyncTracer(logger(), lambda event, info: done).report("event", {})
    assert done.awaited


def logger() -> Any:
    import logging

    return logging.getLogger("httpcore.test")
