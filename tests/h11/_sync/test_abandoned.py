# Generated from ../_async/test_abandoned.py by tools/make_sync.py: edit that file, then run it.
"""Responses that are dropped unread: nothing is left to the garbage collector that could fail there."""

import gc
import sys
import warnings

import pytest
from httpcore_h11 import HTTP11Connection
from httpcore_models import Request
from httpcore_test_support import steps
from httpcore_test_support._sync.h11_connections import first_part, served
from httpcore_test_support.waiting import pause

pytestmark = pytest.mark.anyio

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
def complaints(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What Python says of objects that do not go quietly; event loops say it in the log."""
    found: list[object] = []
    warnings.simplefilter("always")
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: found.append(unraisable.exc_value))
    monkeypatch.setattr(warnings, "showwarning", lambda message, *_: found.append(message))
    return found


def break_out_of_a_body(connection: HTTP11Connection, url: str, *, close: bool) -> None:
    response = connection.handle_request(Request("GET", url, headers={"Host": "localhost"}))
    assert first_part(response) == b"abc"
    if close:
        response.close()


@pytest.mark.field(19)
@pytest.mark.parametrize("close", [False, True], ids=["dropped", "closed"])
def test_an_abandoned_response_goes_quietly(
    complaints: list[object], caplog: pytest.LogCaptureFixture, close: bool
) -> None:
    script = [steps.receive_request(), steps.send(HEAD + b"3\r\nabc\r\n"), steps.hold()]
    with served(script) as (server, connection):
        break_out_of_a_body(connection, server.url, close=close)
        gc.collect()
        pause()
        assert connection.is_closed() == close
    gc.collect()
    assert complaints == []
    assert [record for record in caplog.records if record.levelname != "DEBUG"] == []
