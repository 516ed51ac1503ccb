# Generated from ../_async/test_uploads.py by tools/make_sync.py: edit that file, then run it.
"""Request bodies: what ends them early, what they may consist of, and which errors are raised."""

import array
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from httpcore_models import LocalProtocolError, ReadTimeout, WriteError, WriteTimeout
from httpcore_test_support import h2_frames
from httpcore_test_support._sync.h2_connections import connected
from httpcore_test_support.background import Background
from httpcore_test_support.http2_peer import Http2Peer, answering, http2_script
from httpcore_test_support.waiting import wait_until
from hyperframe.frame import DataFrame, HeadersFrame, RstStreamFrame

pytestmark = pytest.mark.anyio

TIMEOUTS = {"timeout": {"read": 5.0, "write": 5.0, "pool": 5.0}}
SIZE = 1_000_000


def parts(chunks: list[Any]) -> Iterator[Any]:
    while chunks:
        yield chunks.pop(0)


def receive_all(peer: Http2Peer, stream_id: int) -> int:
    """Receive a body to its end, with credit for more, and return how many bytes it had."""
    size = 0
    while True:
        frame = peer.next_frame()
        if isinstance(frame, RstStreamFrame):
            raise AssertionError(f"the upload was reset after {size} bytes")
        if isinstance(frame, DataFrame):
            size += len(frame.data)
            if "END_STREAM" in frame.flags:
                return size
            peer.send(h2_frames.window_update(0, len(frame.data)), h2_frames.window_update(stream_id, len(frame.data)))


@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize("size", [0, 5, 16_384, 200_000])
def test_a_body_at_hand_ends_with_its_last_frame(size: int, traced: bool) -> None:
    def script(peer: Http2Peer) -> None:
        head = peer.next(HeadersFrame)
        peer.send(h2_frames.window_update(0, SIZE), h2_frames.window_update(head.stream_id, SIZE))
        received, ended = 0, "END_STREAM" in head.flags
        while not ended:
            frame = peer.next(DataFrame)
            assert frame.data
            received, ended = received + len(frame.data), "END_STREAM" in frame.flags
        assert received == size
        peer.send(h2_frames.headers(head.stream_id, end_stream=True))

    def trace(name: str, info: dict[str, Any]) -> None:
        pass

    extensions = {**TIMEOUTS, **({"trace": trace} if traced else {})}
    with connected(http2_script(script)) as (connection, server):
        response = connection.request("PUT", server.url, content=bytes(size), extensions=extensions)
        assert response.status == 200


@pytest.mark.fault("S6", "T16")
@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize("complete", [False, True])
def test_an_early_success_does_not_end_an_upload(complete: bool, traced: bool) -> None:
    def script(peer: Http2Peer) -> None:
        stream_id = peer.next(HeadersFrame).stream_id
        peer.send(h2_frames.headers(stream_id, end_stream=complete))
        assert receive_all(peer, stream_id) == SIZE
        if not complete:
            peer.send(h2_frames.data(stream_id, b"done", end_stream=True))
        answering(peer)

    def trace(name: str, info: dict[str, Any]) -> None:
        pass

    extensions = {**TIMEOUTS, **({"trace": trace} if traced else {})}
    with connected(http2_script(script)) as (connection, server):
        content = parts([bytes(50_000)] * 20)
        headers = {"Content-Length": str(SIZE)}
        response = connection.request("PUT", server.url, headers=headers, content=content, extensions=extensions)
        assert (response.status, response.content) == (200, b"" if complete else b"done")
        assert (connection.request("GET", server.url, extensions=TIMEOUTS)).content == b"hello"


@pytest.mark.fault("S6")
@pytest.mark.parametrize(
    "end",
    [lambda stream_id: h2_frames.rst_stream(stream_id, 0), lambda stream_id: h2_frames.goaway(0)],
    ids=["RST_STREAM", "GOAWAY"],
)
def test_what_ends_an_upload_after_a_complete_success(end: Callable[[int], bytes]) -> None:
    def script(peer: Http2Peer) -> None:
        stream_id = peer.next(DataFrame).stream_id
        peer.send(h2_frames.headers(stream_id), h2_frames.data(stream_id, b"enough", end_stream=True), end(stream_id))
        peer.connection.hold()

    with connected(http2_script(script)) as (connection, server):
        response = connection.request("PUT", server.url, content=bytes(SIZE), extensions=TIMEOUTS)
        assert (response.status, response.content) == (200, b"enough")


@pytest.mark.fault("S4", "S6")
def test_closing_the_connection_ends_an_upload_even_after_a_complete_success() -> None:
    def script(peer: Http2Peer) -> None:
        stream_id = peer.next(DataFrame).stream_id
        peer.send(h2_frames.headers(stream_id), h2_frames.data(stream_id, b"done", end_stream=True))
        # Without credit the upload waits.
        peer.connection.hold()

    with connected(http2_script(script)) as (connection, server), Background() as background:
        call = background.start(connection.request, "PUT", server.url, content=bytes(SIZE), extensions=TIMEOUTS)
        wait_until(lambda: any(s.remote_end for s in connection._engine.streams.by_id.values()))
        connection.close()
        with pytest.raises(WriteError, match="closed while the request was being sent"):
            call.result()


@pytest.mark.fault("S6")
def test_a_disconnect_ends_an_upload_after_a_complete_success() -> None:
    def script(peer: Http2Peer) -> None:
        stream_id = peer.next(DataFrame).stream_id
        peer.send(h2_frames.headers(stream_id), h2_frames.data(stream_id, b"enough", end_stream=True))
        peer.connection.shutdown_write()

    with connected(http2_script(script)) as (connection, server):
        response = connection.request("PUT", server.url, content=bytes(SIZE), extensions=TIMEOUTS)
        assert (response.status, response.content) == (200, b"enough")


@pytest.mark.fault("T16")
@pytest.mark.parametrize("declared", [True, False])
def test_an_error_whose_body_comes_after_the_request_has_ended(declared: bool) -> None:
    def script(peer: Http2Peer) -> None:
        stream_id = peer.next(DataFrame).stream_id
        peer.send(h2_frames.headers(stream_id, 404))
        assert receive_all(peer, stream_id) < SIZE
        peer.send(h2_frames.data(stream_id, b"not here", end_stream=True))
        answering(peer)

    with connected(http2_script(script)) as (connection, server):
        headers = {"Content-Length": str(SIZE)} if declared else {}
        content = parts([bytes(10_000)] * 100)
        response = connection.request("PUT", server.url, headers=headers, content=content, extensions=TIMEOUTS)
        assert (response.status, response.content) == (404, b"not here")
        assert (connection.request("GET", server.url, extensions=TIMEOUTS)).content == b"hello"


@pytest.mark.fault("P25")
@pytest.mark.parametrize("complete", [False, True])
def test_a_short_body_is_an_error_even_after_an_early_response(complete: bool) -> None:
    def script(peer: Http2Peer) -> None:
        stream_id = peer.next(HeadersFrame).stream_id
        peer.send(h2_frames.headers(stream_id, end_stream=complete))
        assert peer.next(RstStreamFrame).error_code == 8
        answering(peer)

    with connected(http2_script(script)) as (connection, server):
        with pytest.raises(LocalProtocolError, match="Too little data for declared Content-Length"):
            connection.request(
                "PUT",
                server.url,
                headers={"Content-Length": "200000"},
                content=parts([bytes(30_000)] * 2),
                extensions=TIMEOUTS,
            )
        assert (connection.request("GET", server.url, extensions=TIMEOUTS)).content == b"hello"


@pytest.mark.fault("S14")
@pytest.mark.parametrize(
    "chunk",
    [array.array("I", range(20_000)), memoryview(array.array("d", range(20_000))), memoryview(bytes(40_000))[::2]],
    ids=["array", "numbers", "strided"],
)
def test_a_body_of_numbers_is_sent_as_bytes(chunk: Any) -> None:
    def script(peer: Http2Peer) -> None:
        stream_id = peer.next(HeadersFrame).stream_id
        peer.respond(stream_id, b"%d" % receive_all(peer, stream_id))

    with connected(http2_script(script)) as (connection, server):
        response = connection.request("PUT", server.url, content=parts([b"", chunk]), extensions=TIMEOUTS)
        assert int(response.content) == memoryview(chunk).nbytes


@pytest.mark.fault("T17")
@pytest.mark.parametrize("failure", [WriteError("mine"), WriteTimeout("mine"), ReadTimeout("mine"), OSError("mine")])
@pytest.mark.parametrize("where", ["body", "trace"])
def test_exceptions_of_user_code_propagate(failure: Exception, where: str) -> None:
    def script(peer: Http2Peer) -> None:
        assert peer.next(RstStreamFrame).error_code == 8
        answering(peer)

    def body() -> Iterator[bytes]:
        yield b"a part"
        raise failure

    def trace(name: str, info: dict[str, Any]) -> None:
        if name == "http2.send_request_body.started":
            raise failure

    with connected(http2_script(script)) as (connection, server):
        content: Any = body() if where == "body" else b"a"
        extensions = {**TIMEOUTS, **({"trace": trace} if where == "trace" else {})}
        with pytest.raises(type(failure)) as caught:
            connection.request("POST", server.url, content=content, extensions=extensions)
        assert caught.value is failure
        assert (connection.request("GET", server.url, extensions=TIMEOUTS)).content == b"hello"


@pytest.mark.fault("T4")
def test_a_timeout_raised_by_a_trace_callback_does_not_retire_the_connection() -> None:
    """New settings are traced by the request that waits for credit."""

    def script(peer: Http2Peer) -> None:
        size = 0
        while size < 65535:
            size += len(peer.next(DataFrame).data)
        peer.send(h2_frames.settings({4: 65536}))
        answering(peer)

    failure = ReadTimeout("mine")

    def trace(name: str, info: dict[str, Any]) -> None:
        if name == "http2.receive_remote_settings.complete" and sent:
            raise failure

    sent: list[bytes] = []

    def body() -> Iterator[bytes]:
        yield bytes(65535)
        sent.append(b"")
        yield bytes(65535)

    with connected(http2_script(script)) as (connection, server):
        with pytest.raises(ReadTimeout) as caught:
            connection.request("POST", server.url, content=body(), extensions={**TIMEOUTS, "trace": trace})
        assert caught.value is failure
