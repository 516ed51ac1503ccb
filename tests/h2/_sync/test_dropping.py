# Generated from ../_async/test_dropping.py by tools/make_sync.py: edit that file, then run it.
"""A response that is dropped without being closed releases what it had."""

import contextlib
import sys
import threading
import time
import warnings
from typing import Any

import pytest
from httpcore_models import URL, Lease, ReadError, Request, Response
from httpcore_test_support import h2_frames
from httpcore_test_support._sync.h2_connections import connected
from httpcore_test_support.http2_peer import Http2Peer, answering, http2_script
from httpcore_test_support.scripted import ScriptedServer
from httpcore_test_support.waiting import wait_until
from hyperframe.frame import DataFrame, HeadersFrame, RstStreamFrame

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.fault("P2"),
    pytest.mark.skipif(sys.implementation.name != "cpython", reason="the responses go when the collector finds them"),
]

CANCEL = 8
MAX_CONCURRENT_STREAMS = 3
TIMEOUTS = {"timeout": {"read": 20.0, "write": 20.0, "pool": 20.0}}


def request_to(server: ScriptedServer, method: str = "GET") -> Request:
    return Request(method, URL(server.url + "/"), headers={"Host": "localhost"}, extensions=TIMEOUTS)


def half(peer: Http2Peer) -> None:
    """Send half of the first response, and answer all other requests."""
    stream_id = peer.request()
    peer.send(h2_frames.headers(stream_id), h2_frames.data(stream_id, b"half"))
    answering(peer)


def tunnel(peer: Http2Peer) -> None:
    """Open a tunnel, and answer all other requests."""
    peer.send(h2_frames.headers(peer.next(HeadersFrame).stream_id))
    answering(peer)


class Lease(Lease):
    """Counts how often it is released."""

    def __init__(self) -> None:
        self.released = self.dropped = 0

    def release(self) -> None:
        self.released += 1

    def drop(self) -> None:
        self.dropped += 1


def test_a_response_that_was_not_closed() -> None:
    def script(peer: Http2Peer) -> None:
        stream_id = peer.request()
        peer.send(h2_frames.headers(stream_id), h2_frames.data(stream_id, b"half"))
        reset = peer.next(RstStreamFrame)
        assert (reset.stream_id, reset.error_code) == (stream_id, CANCEL)
        assert peer.frames.index(reset) < len(peer.frames)
        peer.respond(peer.request())

    with connected(http2_script(script)) as (connection, server):
        url = URL(server.url.replace("//", "//user:secret@") + "/path?secret=1")
        request = Request("GET", url, headers={"Host": "localhost"}, extensions=TIMEOUTS)
        response: Response = connection.handle_request(request)
        body: Any = response.stream
        assert next(body) == b"half"
        lease = body.lease = Lease()
        with pytest.warns(ResourceWarning) as warned:
            del response, body
        assert [str(each.message) for each in warned] == [f"unclosed response to GET {server.url}/path"]
        assert (lease.released, lease.dropped) == (0, 1)
        assert (connection.is_idle(), connection._engine.streams.open_count) == (True, 0)
        assert (connection.request("GET", server.url, extensions=TIMEOUTS)).content == b"hello"


def test_while_the_lock_is_held() -> None:
    with connected(http2_script(half)) as (connection, server):
        response: Response = connection.handle_request(request_to(server))
        with pytest.warns(ResourceWarning, match="unclosed response"), connection._shared.lock:
            del response
        assert connection.is_idle()
        assert (connection.request("GET", server.url, extensions=TIMEOUTS)).content == b"hello"


@pytest.mark.filterwarnings("ignore:unclosed response:ResourceWarning")
@pytest.mark.parametrize("locked", [False, True], ids=["free", "locked"])
def test_in_another_thread_while_a_request_waits_for_a_stream(locked: bool) -> None:
    """The garbage collector runs in any thread and at any point, even while the lock is held."""
    with connected(http2_script(half, {MAX_CONCURRENT_STREAMS: 1})) as (connection, server):
        held: list[Response] = [connection.handle_request(request_to(server))]

        def collect() -> None:
            # Nothing else would wake the event loop in the meantime.
            wait_until(lambda: connection._shared.waiters.openers)
            with connection._shared.lock if locked else contextlib.nullcontext():
                held.clear()

        thread = threading.Thread(target=collect)
        thread.start()
        started = time.monotonic()
        assert (connection.request("GET", server.url, extensions=TIMEOUTS)).content == b"hello"
        thread.join()
        assert time.monotonic() - started < TIMEOUTS["timeout"]["pool"] / 2


def test_where_warnings_are_errors() -> None:
    """The interpreter reports the error, and nothing is lost."""
    unraisable: list[Any] = []
    with connected(http2_script(half)) as (connection, server):
        response: Response = connection.handle_request(request_to(server))
        body: Any = response.stream
        lease = body.lease = Lease()
        with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
            warnings.simplefilter("error")
            patch.setattr("sys.unraisablehook", unraisable.append)
            del response, body
        assert len(unraisable) == 1
        assert lease.dropped == 1
        assert connection.is_idle()


def test_the_last_response_on_a_retired_connection() -> None:
    def script(peer: Http2Peer) -> None:
        stream_id = peer.request()
        peer.send(h2_frames.headers(stream_id), h2_frames.data(stream_id, b"half"), h2_frames.goaway(stream_id))

    with connected(http2_script(script)) as (connection, server):
        response: Response = connection.handle_request(request_to(server))

        def retired() -> bool:
            connection._shared.reader.catch_up()
            return not connection.is_available()

        wait_until(retired)
        with pytest.warns(ResourceWarning, match="unclosed response"):
            del response
        assert connection.is_closed()


def test_one_that_was_closed() -> None:
    with connected(http2_script(half)) as (connection, server):
        with connection.stream("GET", server.url, extensions=TIMEOUTS) as response:
            pass
        body: Any = response.stream
        lease = body.lease = Lease()
        del response, body
        assert (lease.released, lease.dropped) == (0, 0)


def test_one_whose_connection_was_closed() -> None:
    """There is nothing left to close, and its lease is released."""
    with connected(http2_script(half)) as (connection, server):
        response: Response = connection.handle_request(request_to(server))
        body: Any = response.stream
        lease = body.lease = Lease()
        connection.close()
        del response, body
        assert lease.dropped == 1


def test_the_response_of_a_tunnel_in_use() -> None:
    def script(peer: Http2Peer) -> None:
        stream_id = peer.next(HeadersFrame).stream_id
        peer.send(h2_frames.headers(stream_id))
        assert peer.next(DataFrame).data == b"ping"
        peer.send(h2_frames.data(stream_id, b"pong"))
        answering(peer)

    with connected(http2_script(script)) as (connection, server):
        response: Response = connection.handle_request(request_to(server, "CONNECT"))
        stream = response.extensions["network_stream"]
        body: Any = response.stream
        lease = body.lease = Lease()
        del response, body
        assert lease.dropped == 0
        stream.write(b"ping", timeout=5.0)
        assert stream.read(64, timeout=5.0) == b"pong"
        with pytest.warns(ResourceWarning, match="unclosed response to CONNECT"):
            del stream
        assert lease.dropped == 1
        assert connection.is_idle()


def test_a_tunnel_that_was_closed_after_its_response_was_dropped() -> None:
    with connected(http2_script(tunnel)) as (connection, server):
        response: Response = connection.handle_request(request_to(server, "CONNECT"))
        stream = response.extensions["network_stream"]
        body: Any = response.stream
        lease = body.lease = Lease()
        del response, body
        stream.close()
        assert lease.released == 1
        del stream
        assert connection.is_idle()


def test_a_tunnel_and_its_response() -> None:
    with connected(http2_script(tunnel)) as (connection, server):
        response: Response = connection.handle_request(request_to(server, "CONNECT"))
        body: Any = response.stream
        lease = body.lease = Lease()
        with pytest.warns(ResourceWarning, match="unclosed response to CONNECT"):
            del response, body
        assert lease.dropped == 1
        assert connection.is_idle()


def test_a_tunnel_dropped_at_once() -> None:
    with connected(http2_script(tunnel)) as (connection, server):
        response: Response = connection.handle_request(request_to(server, "CONNECT"))
        stream = response.extensions["network_stream"]
        stream.abort()
        stream.abort()
        assert connection.is_idle()
        with pytest.raises(ReadError):
            stream.read(1)
        response.close()
        assert (connection.request("GET", server.url, extensions=TIMEOUTS)).content == b"hello"
