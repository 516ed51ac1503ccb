"""Many threads on one HTTP/2 connection."""

import random
import threading
from typing import Any

import pytest
from httpcore import ConnectionPool, ReadError, ReadTimeout
from httpcore_h2 import HTTP2Connection
from httpcore_models import Origin, SyncBackend
from httpcore_test_support import h2_frames
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.http2_peer import Http2Peer, http2_script
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.waiting import wait_until

THREADS, REQUESTS = 40, 50


@pytest.fixture(params=["https", "http"])
def target(
    request: pytest.FixtureRequest, caddy: CaddyServer, certificates: Certificates
) -> tuple[str, dict[str, Any]]:
    if request.param == "https":
        return caddy.https_url, {"http2": True, "ssl_context": certificates.client_context()}
    return caddy.http_url, {"http1": False, "http2": True}


def in_threads(function: Any) -> None:
    errors: list[BaseException] = []

    def run(number: int) -> None:
        try:
            function(number)
        except BaseException as exc:
            errors.append(exc)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


@pytest.mark.field(45)
@pytest.mark.field(49)
def test_they_share_it_safely(target: tuple[str, dict[str, Any]]) -> None:
    url, arguments = target
    with ConnectionPool(max_connections=1, **arguments) as pool:

        def work(number: int) -> None:
            for index in range(REQUESTS):
                content = f"{number} {index}".encode()
                response = pool.request("POST", url + "/echo", content=content)
                assert (response.status, response.content) == (200, content)

        in_threads(work)
        stats = pool.stats()
        assert (stats.opened, stats.connections_idle, stats.requests_active) == (1, 1, 0)


def test_some_give_up(target: tuple[str, dict[str, Any]]) -> None:
    """Responses closed early and requests that time out do not affect those of other threads."""
    url, arguments = target
    with ConnectionPool(max_connections=1, **arguments) as pool:

        def work(number: int) -> None:
            chance = random.Random(number)
            for _ in range(10):
                kind = chance.randrange(3)
                if kind == 0:
                    with pool.stream("GET", url + "/1mb.bin"):
                        pass
                elif kind == 1:
                    with pytest.raises(ReadTimeout):
                        pool.request("GET", url + "/slow", extensions={"timeout": {"read": 0.01}})
                else:
                    assert len(pool.request("GET", url + "/small.txt").content) == 1_000

        in_threads(work)
        # A timeout during which nothing arrived ends the use of a connection.
        stats = pool.stats()
        assert (stats.connections_active, stats.requests_active) == (0, 0)


@pytest.mark.field(45)
def test_trace_callbacks_may_send_requests(target: tuple[str, dict[str, Any]]) -> None:
    """No lock is held while they run."""
    url, arguments = target
    with ConnectionPool(max_connections=1, **arguments) as pool:
        seen: list[int] = []

        def trace(event: str, info: dict[str, Any]) -> None:
            if event.startswith("http2.") and not seen:
                seen.append(pool.connections[0].is_available())
            if event == "http2.receive_response_headers.complete":
                seen.append(pool.request("GET", url + "/").status)

        assert pool.request("GET", url + "/", extensions={"trace": trace}).status == 200
        assert seen[-1] == 200


def test_a_request_waits_for_no_other_write_than_that_which_has_sent_it_already() -> None:
    """A thread that writes may take the bytes of another one before that one asks who writes."""
    opened, taken, left, answered = (threading.Event() for _ in range(4))

    def script(peer: Http2Peer) -> None:
        for _ in range(3):
            stream_id = peer.request()
            if stream_id == 5:
                peer.connection.wait(answered)
            peer.send(h2_frames.headers(stream_id), h2_frames.data(stream_id, b"hello", end_stream=True))

    with scripted_server(http2_script(script)) as server:
        stream = SyncBackend().connect_tcp("127.0.0.1", server.port, timeout=5.0)
        with HTTP2Connection(Origin(b"http", b"127.0.0.1", server.port), stream) as connection:
            writer = connection._shared.writer
            flush, write = writer.flush, writer.write_until_readable
            later = threading.Thread(target=lambda: contents.append(get()))
            contents: list[bytes] = []

            def get() -> bytes:
                response = connection.request("GET", server.url, extensions={"timeout": {"read": 20.0, "write": 20.0}})
                return response.content

            def flush_late(*args: Any, **kwargs: Any) -> None:
                if threading.current_thread() is later:
                    opened.set()
                    taken.wait(5.0)
                flush(*args, **kwargs)
                left.set()

            def hold_write(*args: Any) -> Any:
                if not later.ident:
                    later.start()
                    opened.wait(5.0)
                elif not taken.is_set():
                    taken.set()
                    left.wait(5.0)
                assert write is not None
                return write(*args)

            assert get() == b"hello"
            writer.flush, writer.write_until_readable = flush_late, hold_write  # type: ignore[method-assign]
            assert get() == b"hello"
            answered.set()
            later.join(5.0)
            assert contents == [b"hello"]


def test_a_response_is_closed_after_its_connection_while_a_thread_reads() -> None:
    """Neither call raises: the thread that reads has not noticed yet that the connection is closed."""

    def script(peer: Http2Peer) -> None:
        stream_id = peer.request()
        peer.send(h2_frames.headers(stream_id), h2_frames.data(stream_id, b"half"))

    over = threading.Event()
    failures: list[BaseException] = []
    with scripted_server(http2_script(script)) as server:
        stream: Any = SyncBackend().connect_tcp("127.0.0.1", server.port, timeout=5.0)
        read_stream = stream.read

        def read_and_notice_late(max_bytes: int, timeout: float | None = None) -> bytes:
            try:
                data: bytes = read_stream(max_bytes, timeout)
            except ReadError:
                assert over.wait(20.0)
                raise
            return data

        stream.read = read_and_notice_late
        connection = HTTP2Connection(Origin(b"http", b"127.0.0.1", server.port), stream)
        with connection.stream("GET", server.url) as response:
            body = response.iter_stream()
            assert next(body) == b"half"

            def read() -> None:
                try:
                    next(body)
                except ReadError as exc:
                    failures.append(exc)

            thread = threading.Thread(target=read)
            thread.start()
            try:
                wait_until(lambda: connection._shared.reader.holder is not None)
                connection.close()
                response.close()
            finally:
                over.set()
                thread.join()
    assert [str(exc) for exc in failures] == ["The connection was closed"]
