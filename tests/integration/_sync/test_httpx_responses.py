# Generated from ../_async/test_httpx_responses.py by tools/make_sync.py: edit that file, then run it.
"""httpx with responses that are closed early, dropped, or arrive early."""

import gc
import warnings

import httpx
import pytest
from httpcore_test_support import steps
from httpcore_test_support.interpreters import COUNTS_REFERENCES
from httpcore_test_support.scripted import Connection, scripted_server
from httpcore_test_support.waiting import pause, wait_until

pytestmark = pytest.mark.anyio

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
SUCCESS = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
ONE = httpx.Limits(max_connections=1)


def read_and_close(response: httpx.Response, received: list[bytes]) -> None:
    for part in response.stream:  # type: ignore[union-attr]
        received.append(part)
        response.close()


@pytest.mark.fault("S3")
def test_reading_on_after_the_close_is_an_error() -> None:
    with scripted_server([steps.receive_request(), steps.send(HEAD + b"abc"), steps.hold()]) as server:
        with httpx.Client(trust_env=False) as client:
            received: list[bytes] = []
            with client.stream("GET", server.url) as response:
                with pytest.raises(httpx.ReadError, match="after the response was closed"):
                    read_and_close(response, received)
            assert received == [b"abc"]
            with pytest.raises(httpx.StreamClosed):
                response.read()


def drop_response(client: httpx.Client, url: str, read: bool) -> None:
    response = client.send(client.build_request("GET", url), stream=True)
    if read:
        for _ in response.stream:  # type: ignore[union-attr]
            break


@pytest.mark.fault("P2")
@pytest.mark.parametrize("read", [False, True], ids=["unread", "half read"])
def test_a_dropped_response_gives_its_place_back(read: bool) -> None:
    script = steps.by_connection(
        [steps.receive_request(), steps.send(HEAD + b"abc"), steps.hold()],
        [steps.receive_request(), steps.send(SUCCESS)],
    )
    with scripted_server(script) as server:
        with httpx.Client(trust_env=False, limits=ONE, timeout=10.0) as client:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                drop_response(client, f"{server.url}/?secret", read)
                if not read:  # the response of httpx is part of a reference cycle
                    gc.collect()
                pause()
                for _ in range(0 if COUNTS_REFERENCES else 3):  # again for the objects to which a finaliser refers
                    gc.collect()
                    pause()
            texts = [str(each.message) for each in caught if "unclosed response" in str(each.message)]
            assert texts == ([] if read else [f"unclosed response to GET {server.url}/"])
            assert (client.get(server.url)).text == "hello"
            wait_until(lambda: server.open_connections == 1)


@pytest.mark.fault("S5")
def test_early_200_does_not_lift_the_write_limit() -> None:
    def script(connection: Connection) -> None:
        connection.receive_until(b"\r\n\r\n")
        connection.send(SUCCESS)
        connection.hold()

    with scripted_server(script) as server:
        with httpx.Client(trust_env=False, timeout=httpx.Timeout(None, write=1e-6)) as client:
            with pytest.raises(httpx.WriteTimeout):
                client.put(server.url, content=b"*" * 1024 * 1024 * 20)
