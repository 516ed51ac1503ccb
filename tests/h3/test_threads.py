"""Many threads on one HTTP/3 connection."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from httpcore_h3 import HTTP3Connection
from httpcore_models import Origin, ReadError, ReadTimeout, SyncBackend
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.h3_dialogue import OK, data, head
from httpcore_test_support.h3_server import H3Server, Handler, Peer, answering, h3_server, waiting_head
from httpcore_test_support.waiting import wait_until

THREADS, REQUESTS = 20, 25
TIMEOUTS: dict[str, Any] = {"timeout": {"connect": 20.0, "read": 20.0, "write": 20.0, "pool": 20.0}}


def in_threads(function: Callable[[int], None], count: int = THREADS) -> None:
    errors: list[BaseException] = []

    def run(number: int) -> None:
        try:
            function(number)
        except BaseException as exc:
            errors.append(exc)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


@contextmanager
def connected(certificates: Certificates, handler: Handler) -> Iterator[tuple[HTTP3Connection, H3Server]]:
    with h3_server(certificates, handler) as server:
        stream = SyncBackend().connect_udp("127.0.0.1", server.port, timeout=5.0)
        origin = Origin(b"https", b"localhost", server.port)
        with HTTP3Connection(origin, stream, certificates.client_context()) as connection:
            yield connection, server


def test_threads_share_a_connection(caddy_http3: CaddyServer, certificates: Certificates) -> None:
    stream = SyncBackend().connect_udp("127.0.0.1", caddy_http3.https_port, timeout=5.0)
    origin, url = Origin(b"https", b"127.0.0.1", caddy_http3.https_port), caddy_http3.https_url + "/echo"
    with HTTP3Connection(origin, stream, certificates.client_context()) as connection:

        def request(number: int) -> None:
            content = bytes([number]) * (number * 5_000)
            for _ in range(REQUESTS):
                response = connection.request("POST", url, content=content, extensions=TIMEOUTS)
                assert response.content == content

        in_threads(request)
        assert connection.is_idle()
        assert not connection._shared.waiting
        assert not connection._shared.woken
        assert not connection._engine.streams


def test_a_timeout_of_one_thread_leaves_the_others_alone(certificates: Certificates) -> None:
    def handler(peer: Peer, stream_id: int) -> None:
        # Every fourth request gets no answer.
        if stream_id % 16:
            answering(peer, stream_id)

    with connected(certificates, handler) as (connection, server):
        timeouts = []

        def request(number: int) -> None:
            for _ in range(5):
                try:
                    limit = {"timeout": {**TIMEOUTS["timeout"], "read": 0.5}}
                    assert connection.request("GET", server.url + "/", extensions=limit).content == b"hello"
                except ReadTimeout:
                    timeouts.append(number)

        in_threads(request, 8)
        assert len(timeouts) == 10
        assert connection.is_idle()


def test_a_response_is_closed_while_another_thread_reads_it(certificates: Certificates) -> None:
    with connected(certificates, waiting_head) as (connection, server):
        with connection.stream("GET", server.url + "/", extensions=TIMEOUTS) as response:
            errors: list[BaseException] = []

            def read() -> None:
                try:
                    response.read()
                except ReadError as exc:
                    errors.append(exc)

            reader = threading.Thread(target=read)
            reader.start()
            wait_until(lambda: connection._shared._reading is not None)
        reader.join(10)
        assert not reader.is_alive()
        assert len(errors) == 1


def test_closing_the_connection_ends_all_waits(certificates: Certificates) -> None:
    with connected(certificates, waiting_head) as (connection, server):
        errors: list[BaseException] = []
        connection.handshake(20.0)

        def request(number: int) -> None:
            try:
                connection.request("GET", server.url + "/", extensions=TIMEOUTS)
            except ReadError as exc:
                errors.append(exc)

        threads = [threading.Thread(target=request, args=(number,)) for number in range(5)]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(connection._engine.streams) == 5 and len(connection._shared.waiting) == 4)
        connection.close()
        for thread in threads:
            thread.join(10)
        assert len(errors) == 5


def test_a_slow_reader_does_not_hold_up_another(certificates: Certificates) -> None:
    def handler(peer: Peer, stream_id: int) -> None:
        if stream_id:
            answering(peer, stream_id)
        elif stream_id not in peer.answered:
            peer.answered.add(stream_id)
            peer.send(stream_id, head(OK) + data(b"x" * 3_000_000), True)

    with (
        connected(certificates, handler) as (connection, server),
        connection.stream("GET", server.url + "/", extensions=TIMEOUTS) as slow,
    ):
        for _ in range(20):
            assert connection.request("GET", server.url + "/", extensions=TIMEOUTS).content == b"hello"
        assert len(slow.read()) == 3_000_000


def test_much_unread_makes_the_connection_unavailable(certificates: Certificates) -> None:
    def handler(peer: Peer, stream_id: int) -> None:
        if stream_id:
            answering(peer, stream_id)
        elif stream_id not in peer.answered:
            peer.answered.add(stream_id)
            peer.send(stream_id, head(OK) + data(b"x" * 2_000_000), True)

    with connected(certificates, handler) as (connection, server):
        calls: list[bool] = []
        connection.on_capacity_change = lambda: calls.append(connection.is_available())
        with connection.stream("GET", server.url + "/", extensions=TIMEOUTS) as response:
            while connection.is_available():
                connection.request("GET", server.url + "/", extensions=TIMEOUTS)
            assert calls[-1] is False
            assert len(response.read()) == 2_000_000
        assert connection.is_available()
