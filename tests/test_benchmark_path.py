"""The benchmarks over HTTP/2: the relay that makes a path long, the servers, and what is measured on them."""

from __future__ import annotations

import http.client
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import hpack
import pytest

pytest.importorskip("resource", reason="the benchmarks run on Linux")

from httpcore import ConnectionPool

from benchmarks import _http2, _nginx
from benchmarks._meter import Sample
from benchmarks._runner import Bench, Cores, Effort, Server, running_server
from benchmarks.workloads import WORKLOADS

ROOT = Path(__file__).parents[1]
MIB = 2**20
EFFORT = Effort(0, 0.01, limit=20, memory_limit=20, idle_connections=1, short=True)
DELAY = 0.05


@contextmanager
def relayed(serve: Callable[[socket.socket], None], delay: float = DELAY) -> Iterator[socket.socket]:
    """Connect through a relay to a server, which is called with its side of the connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(20)
                serve(connection)

        thread = threading.Thread(target=accept)
        thread.start()
        command = [sys.executable, "-m", "benchmarks._relay", f"{listener.getsockname()[1]}:{delay}"]
        with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as relay:
            assert relay.stdout is not None
            with socket.create_connection(("127.0.0.1", int(relay.stdout.readline())), timeout=20) as client:
                yield client
                client.close()
            thread.join()
        assert relay.returncode == 0


def read_all(sock: socket.socket) -> bytes:
    received = bytearray()
    while data := sock.recv(MIB):
        received += data
    return bytes(received)


class TestRelay:
    def test_an_answer_takes_the_handshake_and_a_round_trip(self) -> None:
        def answer(server: socket.socket) -> None:
            while data := server.recv(100):
                server.sendall(data.upper())

        with relayed(answer) as client:
            times = [time.perf_counter()]
            for word in (b"one", b"two"):
                client.sendall(word)
                assert client.recv(100) == word.upper()
                times.append(time.perf_counter())
        # The handshake began before the first time was taken.
        assert times[1] - times[0] > 3 * DELAY
        assert times[2] - times[1] >= 2 * DELAY

    def test_bytes_keep_their_order_and_the_end_follows_them(self) -> None:
        body = b"".join(number.to_bytes(4, "big") for number in range(500_000))
        received: list[bytes] = []

        def echo(server: socket.socket) -> None:
            received.append(read_all(server))
            server.sendall(received[0])

        with relayed(echo, delay=0.001) as client:
            client.sendall(body)
            client.shutdown(socket.SHUT_WR)
            assert read_all(client) == body
        assert received == [body]

    def test_a_sender_does_not_wait_for_a_receiver_that_does_not_read(self) -> None:
        sent = threading.Event()
        body = bytes(64 * MIB)

        def send(server: socket.socket) -> None:
            server.sendall(body)
            sent.set()

        with relayed(send, delay=0.001) as client:
            assert sent.wait(20)
            assert len(read_all(client)) == len(body)

    def test_a_connection_that_breaks_is_closed_on_the_other_side(self) -> None:
        def reset(server: socket.socket) -> None:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

        with relayed(reset, delay=0.001) as client, suppress(ConnectionResetError):
            assert read_all(client) == b""


@pytest.fixture(scope="module", params=["own", "nginx"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    if request.param == "nginx" and _nginx.version() is None:
        pytest.skip("nginx is not installed")
    with running_server(Cores(None, None), nginx=request.param == "nginx") as server:
        yield server


def measured(server: Server, workload: str) -> Sample:
    sample = Bench(server, Cores(None, None), EFFORT, None).measure("httpcore", WORKLOADS[workload])
    assert sample["complete"]
    assert sample["requests"] == sample["server_requests"] >= WORKLOADS[workload].tasks
    assert sample["cpu_per_request"] > 0
    assert sample["switches_per_request"] >= 0
    assert sample["server_busy_share"] > 0
    return sample


@pytest.mark.parametrize(
    "workload",
    ["http2-threads-16", "http2-tls-threads-4", "http2-tls-asyncio-16", "http2-tls-trio-1", "http2-tls-upload-sync"],
)
def test_http2_is_measured_on_one_connection(server: Server, workload: str) -> None:
    assert measured(server, workload)["server_connections"] == 1


@pytest.mark.parametrize("name", ["download-sync", "upload-asyncio", "first-asyncio", "cold-download"])
def test_a_long_path_is_measured(server: Server, name: str) -> None:
    workload = WORKLOADS[f"path-20-{name}"]
    sample = measured(server, workload.name)
    assert sample["seconds_each"] >= workload.round_trip
    assert sample["server_accepted"] == (1 if workload.start == "cold" else 0)


def test_the_server_of_uploads_and_of_http1_is_the_own_one(server: Server) -> None:
    names = {name: server.name_for(WORKLOADS[name]) for name in ("sync-1", "http2-upload-sync", "http2-sync-1")}
    assert names["sync-1"] == names["http2-upload-sync"] == "the benchmarks' own"
    assert names["http2-sync-1"].startswith("nginx" if server.nginx else "the benchmarks")


@pytest.mark.parametrize("behind", ["nginx", "own"])
def test_http1_is_not_taken_for_http2(server: Server, behind: str) -> None:
    nginx = server.nginx if behind == "nginx" else None
    port = nginx.tls_port if nginx else server.http2_port
    context = ssl.create_default_context(cafile=server.authority)
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context)
    with suppress(http.client.RemoteDisconnected):
        connection.request("GET", "/small")
        assert connection.getresponse().status == 505
    connection.close()


def test_uploads_at_the_same_time_get_credit_each(server: Server) -> None:
    own = replace(server, nginx=None)
    context = ssl.create_default_context(cafile=own.authority)
    url = f"https://127.0.0.1:{own.http2_port}/upload"
    with ConnectionPool(context, http2=True, max_connections=1) as pool:
        pool.request("GET", url)
        answers: list[int] = []

        def upload() -> None:
            answers.append(len(pool.request("POST", url, content=bytes(70 * MIB)).content))

        threads = [threading.Thread(target=upload) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == [1024] * 3


@pytest.mark.parametrize("size", [1, 5, 9, 100, 1009, 1012, 10_000])
def test_an_upload_may_be_cut_anywhere(size: int) -> None:
    session = _http2.Session(lambda length: [(b"content-length", b"%d" % length)], {b"/small": 10})
    head = hpack.Encoder().encode([(":method", "POST"), (":path", "/upload")])
    data = frame(1, 4, 1, head) + 3 * frame(0, 0, 1, bytes(1000)) + frame(0, 0, 1, b"") + frame(0, 1, 1, b"end")
    for start in range(0, len(data), size):
        assert not session.done
        session.receive(memoryview(data)[start : start + size])
    assert session.done == 1
    session.receive(frame(6, 0, 0, b"question"))
    assert session.outgoing.endswith(b"question")


def frame(kind: int, flags: int, stream_id: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream_id.to_bytes(4, "big") + payload


def test_the_status_of_nginx_is_read() -> None:
    text = "Active connections: 3 \nserver accepts handled requests\n 20 20 300 \nReading: 0 Writing: 1 Waiting: 2 \n"
    assert _nginx.parse_status(text) == (300, 20, 3)
