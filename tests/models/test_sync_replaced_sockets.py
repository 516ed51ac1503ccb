"""Sockets by which green threads, proxies and mocks replace the standard library's."""

import gc
import socket
import ssl
import subprocess
import sys
import threading
from typing import Any

import pytest
from httpcore_models import ConnectTimeout, NetworkStream, ReadTimeout, SyncBackend, WriteError, WriteTimeout
from httpcore_models.network import SyncStream
from httpcore_test_support._sync.conformance import ENDLESS, TIMEOUT
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.sockets import unresponsive_port
from httpcore_test_support.steps import hold, send


class GreenSocket(socket.socket):
    """Supports timeouts by `settimeout()` only, and waits in its own way."""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        assert not flags
        return super().recv(size)

    def send(self, data: Any, flags: int = 0, /) -> int:
        assert not flags
        return super().send(data)

    def setsockopt(self, level: int, option: int, *value: Any) -> None:
        assert option not in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO)
        super().setsockopt(level, option, *value)


class Duck:
    """Like a socket, but not one of the standard library's."""

    def __init__(self, *arguments: Any) -> None:
        self._socket = GreenSocket(*arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


@pytest.mark.fault("T1")
@pytest.mark.upgrade("4.4")
@pytest.mark.parametrize("kind", [GreenSocket, Duck])
def test_timeouts_apply_to_replaced_sockets(kind: Any) -> None:
    with scripted_server([send(b"data"), hold()]) as server:
        stream = connected(kind, server.port)
        assert type(stream) is SyncStream
        assert stream.read(100, TIMEOUT) == b"data"
        assert not stream.get_extra_info("is_readable")
        with pytest.raises(ReadTimeout, match=r"^The read operation timed out after 0\.05 seconds \("):
            stream.read(100, 0.05)
        with pytest.raises(WriteTimeout, match=r"^The write operation timed out after 0\.05 seconds \("):
            stream.write(ENDLESS, 0.05)
        stream.close()
        assert stream.get_extra_info("is_readable")


@pytest.mark.fault("T1")
@pytest.mark.upgrade("4.4")
def test_timeouts_apply_during_and_after_a_handshake(certificates: Certificates) -> None:
    with (
        scripted_server(hold()) as silent,
        scripted_server([send(b"data"), hold()], tls=certificates.server_context()) as server,
    ):
        context = certificates.client_context()
        stream = connected(GreenSocket, silent.port)
        with pytest.raises(ConnectTimeout, match=r"^The handshake operation timed out after 0\.05 seconds \("):
            stream.start_tls(context, "localhost", 0.05)
        stream = connected(GreenSocket, server.port)
        tls = stream.start_tls(context, "localhost", TIMEOUT)
        assert tls.read(100, TIMEOUT) == b"data"
        with pytest.raises(ReadTimeout):
            tls.read(100, 0.05)
        tls.close()


@pytest.mark.fault("T1")
@pytest.mark.upgrade("4.4")
def test_replaced_create_connection_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    stock = socket.create_connection

    def guard(address: Any, *arguments: Any, **options: Any) -> socket.socket:
        made.append(address)
        return stock(("127.0.0.1", server.port), *arguments, **options)

    with scripted_server([send(b"data"), hold()]) as server:
        monkeypatch.setattr(socket, "create_connection", guard)
        keepalive = (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        stream = SyncBackend().connect_tcp("example.org", 80, TIMEOUT, "127.0.0.2", [keepalive])
        assert made == [("example.org", 80)]
        assert stream.read(100, TIMEOUT) == b"data"
        assert stream.get_extra_info("client_addr")[0] == "127.0.0.2"
        sock = stream.get_extra_info("socket")
        assert sock.getsockopt(*keepalive[:2]) == sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
        stream.close()


@pytest.mark.fault("T1")
@pytest.mark.upgrade("4.4")
@pytest.mark.parametrize("kind", [GreenSocket, Duck])
def test_unresponsive_address_raises_connect_timeout(kind: Any) -> None:
    with unresponsive_port() as port, pytest.raises(ConnectTimeout, match=r"^Connect timed out after 0\.05 seconds"):
        connected(kind, port, 0.05)


class Mocket:
    """Like the sockets of mocket: connects at once, and has no descriptor of its own before it sends."""

    def __init__(self, *arguments: Any) -> None:
        self.calls: list[Any] = []
        self._answers = [b"data"]

    def settimeout(self, limit: float | None) -> None:
        self.calls.append(limit)

    def setsockopt(self, *option: Any) -> None:
        pass

    def connect(self, address: Any) -> None:
        self.calls.append(address)

    def send(self, data: bytes, *flags: int) -> int:
        return len(data)

    def recv(self, size: int, *flags: int) -> bytes:
        if self._answers:
            return self._answers.pop()
        raise TimeoutError("timed out")

    def fileno(self) -> int:
        raise AssertionError("there is none to wait for")

    def close(self) -> None:
        self.calls.append("close")


@pytest.mark.upgrade("4.4")
def test_socket_that_connects_at_once_is_used() -> None:
    stream = connected(Mocket, 1)
    stream.write(b"ping", TIMEOUT)
    assert stream.read(100, TIMEOUT) == b"data"
    with pytest.raises(ReadTimeout):
        stream.read(100, 0.05)
    stream.close()
    gc.collect()  # where references are not counted, the socket is closed no earlier
    sock = stream.get_extra_info("socket")
    assert sock.calls == [TIMEOUT, ("127.0.0.1", 1), TIMEOUT, TIMEOUT, 0.05, "close"]


def connected(kind: Any, port: int, timeout: float = TIMEOUT) -> NetworkStream:
    """Connect while `kind` replaces the standard library's sockets in this thread; servers keep theirs."""
    stock, thread = socket.socket, threading.current_thread()

    def replacement(*arguments: Any, **options: Any) -> Any:
        return (kind if threading.current_thread() is thread else stock)(*arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "socket", replacement)
        return SyncBackend().connect_tcp("127.0.0.1", port, timeout)


PROGRAM = """
import sys
{early}
import socket, threading
from httpcore_models import ReadTimeout, SyncBackend, WriteTimeout, ReadError
{late}
import gevent
listener = socket.create_server(("127.0.0.1", 0))
accepted = []
gevent.spawn(lambda: [accepted.append(listener.accept()) for _ in range(3)])
connect = lambda: SyncBackend().connect_tcp("127.0.0.1", listener.getsockname()[1], 5.0)
ticks = []
gevent.spawn(lambda: [(ticks.append(1), gevent.sleep(0.01)) for _ in range(100)])
silent = ((lambda s: s.read(100, 0.2), ReadTimeout), (lambda s: s.write(bytes(2**25), 0.2), WriteTimeout))
for operation, error in silent:
    with gevent.Timeout(5.0):
        stream = connect()
        try:
            operation(stream)
            sys.exit("no error")
        except error:
            pass
        stream.close()
assert len(ticks) > 5, "other greenlets did not run"
stream = connect()
gevent.spawn_later(0.05, stream.close)
try:
    with gevent.Timeout(5.0):
        stream.read(100, 4.0)
    sys.exit("no error")
except ReadError as exc:
    assert "The stream is closed" in str(exc), exc
"""
PATCH = "import gevent.monkey; gevent.monkey.patch_all()"


@pytest.mark.fault("T1")
@pytest.mark.upgrade("4.4")
@pytest.mark.parametrize("when", ["early", "late"])
def test_gevent(when: str) -> None:
    pytest.importorskip("gevent")
    program = PROGRAM.format(**{"early": "", "late": "", when: PATCH})
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr


def test_is_stock_detects_modified_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = socket.socketpair()
    with first, second:
        assert type(SyncStream(first, "peer")) is not SyncStream
        monkeypatch.setattr(socket.socket, "recv", lambda *_: b"", raising=False)
        assert type(SyncStream(first, "peer")) is SyncStream


class Layered:
    """Like python-socks' TLS inside TLS: it lacks `getpeername()` and socket options."""

    def __init__(self, sock: socket.socket) -> None:
        self.settimeout, self.recv, self.send, self.close = sock.settimeout, sock.recv, sock.send, sock.close


@pytest.mark.upgrade("4.4")
def test_peer_of_a_socket_without_getpeername_is_unknown() -> None:
    first, second = socket.socketpair()
    layered: Any = Layered(first)
    with second:
        stream = SyncStream(layered)
        stream.write(b"text", TIMEOUT)
        assert second.recv(100) == b"text"
        second.send(b"data")
        assert stream.read(100, TIMEOUT) == b"data"
        with pytest.raises(ReadTimeout, match=r"unknown peer"):
            stream.read(100, 0.05)
        stream.close()
        gc.collect()
        assert first.fileno() == -1


@pytest.mark.upgrade("4.4")
def test_peer_of_a_disconnected_socket_is_unknown() -> None:
    with socket.socket() as sock:
        stream = SyncStream(sock)
        with pytest.raises(WriteError, match=r"unknown peer"):
            stream.write(b"text", TIMEOUT)
        stream.close()


@pytest.mark.upgrade("4.4")
def test_methods_of_tls_sockets_that_a_program_has_replaced_are_called(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also on a connection that exists already."""
    counted = {"recv": 0, "send": 0}
    recv, send_data = ssl.SSLSocket.recv, ssl.SSLSocket.send

    def counting_recv(sock: ssl.SSLSocket, *arguments: Any) -> bytes:
        data = recv(sock, *arguments)
        counted["recv"] += 0 if sock.server_side else len(data)
        return data

    def counting_send(sock: ssl.SSLSocket, *arguments: Any) -> int:
        sent = send_data(sock, *arguments)
        counted["send"] += 0 if sock.server_side else sent
        return sent

    with scripted_server([send(b"data"), hold()], tls=certificates.server_context()) as server:
        stream: NetworkStream = SyncBackend().connect_tcp("127.0.0.1", server.port, TIMEOUT)
        stream = stream.start_tls(certificates.client_context(), "127.0.0.1", TIMEOUT)
        monkeypatch.setattr(ssl.SSLSocket, "recv", counting_recv)
        monkeypatch.setattr(ssl.SSLSocket, "send", counting_send)
        assert stream.read(100, TIMEOUT) == b"data"
        stream.write(b"request")
        stream.close()
    assert counted == {"recv": 4, "send": 7}
