"""`on_connection` is a plain function, in async code too."""

import pytest
from httpcore import AsyncConnectionPool, ConnectionEvent, ConnectionPool, MockBackend

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def callback(event: ConnectionEvent) -> None:
    raise AssertionError("never awaited")


@pytest.mark.parametrize("kind", [ConnectionPool, AsyncConnectionPool])
def test_an_async_function_is_refused(kind: type[ConnectionPool] | type[AsyncConnectionPool]) -> None:
    with pytest.raises(TypeError, match=r"^on_connection must be a plain function or None"):
        kind(on_connection=callback)


def test_what_turns_out_to_be_async_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with ConnectionPool(network_backend=MockBackend([OK]), on_connection=lambda event: callback(event)) as pool:
        assert pool.request("GET", "http://example.com/").status == 200
    assert "a normal function instead of an asynchronous function" in caplog.text
