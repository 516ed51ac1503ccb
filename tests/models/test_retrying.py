"""Which failed requests may be retried."""

import pytest
from httpcore_models import ConnectionNotAvailable, ReadError, Request
from httpcore_models.lowlevel import Retryable, is_refused, is_shut_down, mark_retryable, may_retry, retryable_after


class Iterated:
    def __iter__(self):  # type: ignore[no-untyped-def]
        yield b""


def after(which: Retryable | None, request: Request) -> bool:
    exc = ReadError()
    if which is not None:
        mark_retryable(exc, which)
    return may_retry(request, exc)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"])
def test_idempotent_methods_may_be_retried(method: str) -> None:
    assert after(Retryable.IDEMPOTENT, Request(method, "http://h/"))


@pytest.mark.parametrize("method", ["POST", "PATCH", "CONNECT", "get"])
def test_other_methods_may_be_retried_only_if_the_server_processed_nothing(method: str) -> None:
    assert not after(Retryable.IDEMPOTENT, Request(method, "http://h/"))
    assert after(Retryable.ANY, Request(method, "http://h/"))
    assert after(Retryable.AFTER_SHUTDOWN, Request(method, "http://h/"))


def test_nothing_may_be_retried_after_an_unmarked_exception() -> None:
    assert not after(None, Request("GET", "http://h/"))


@pytest.mark.parametrize("content", [b"body", [b"a", b"b"], (b"a",), None])
def test_replayable_bodies_may_be_retried(content: bytes | list[bytes] | None) -> None:
    headers = {"Content-Length": "4"}
    assert after(Retryable.ANY, Request("PUT", "http://h/", content=content, headers=headers))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, True),
        ({"Content-Length": "0"}, True),
        ({"Content-Length": "10"}, False),
        ({"Transfer-Encoding": "chunked"}, False),
    ],
)
def test_unknown_body_is_retried_only_if_the_headers_declare_none(headers: dict[str, str], expected: bool) -> None:
    request = Request("PUT", "http://h/", content=Iterated(), headers=headers)
    assert after(Retryable.ANY, request) is expected


@pytest.mark.parametrize(
    ("which", "refused", "shut_down"),
    [
        (None, False, False),
        (Retryable.IDEMPOTENT, False, False),
        (Retryable.ANY, True, False),
        (Retryable.AFTER_SHUTDOWN, True, True),
    ],
)
def test_mark_says_what_the_server_did(which: Retryable | None, refused: bool, shut_down: bool) -> None:
    exc = ReadError()
    if which is not None:
        mark_retryable(exc, which)
    assert (retryable_after(exc), is_refused(exc), is_shut_down(exc)) == (which, refused, shut_down)


def test_request_that_a_connection_did_not_take_may_be_retried() -> None:
    exc = ConnectionNotAvailable()
    assert (retryable_after(exc), is_refused(exc)) == (Retryable.ANY, False)
