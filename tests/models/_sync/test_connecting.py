# Generated from ../_async/test_connecting.py by tools/make_sync.py: edit that file, then run it.
"""Connecting: name resolution, several addresses, options, local addresses, Unix sockets and time limits."""

import errno
import socket
import types
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from httpcore_models import SOCKET_OPTION, ConnectError, ConnectTimeout, SyncBackend
from httpcore_models.network._connecting import happy_eyeballs, sockets
from httpcore_test_support.resolving import resolve_to
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.sockets import full_queue, refusing_port, unresponsive_port
from httpcore_test_support.steps import hold
from httpcore_test_support.waiting import at_once, pause, wait_until

pytestmark = pytest.mark.anyio

TIMEOUT = 10.0
KEEPALIVE = (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
# Connecting to the first fails at once, and not even a socket can be made for the second.
UNREACHABLE = (socket.AF_INET, ("255.255.255.255", 80))
UNSUPPORTED = (255, ("127.0.0.1", 80))


def loopback(port: int) -> tuple[int, Any]:
    return (socket.AF_INET, ("127.0.0.1", port))


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


class RecordingSocket(socket.socket):
    """Records what is done to it."""

    def __init__(self, calls: list[tuple[Any, ...]], *arguments: Any) -> None:
        super().__init__(*arguments)
        self._calls = calls

    def setsockopt(self, *arguments: Any) -> None:
        self._calls.append(("setsockopt", *arguments))
        super().setsockopt(*arguments)

    def bind(self, address: Any) -> None:
        self._calls.append(("bind", address))
        super().bind(address)

    def connect(self, address: Any) -> None:
        self._calls.append(("connect", address))
        super().connect(address)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The calls of sockets that connect."""
    recorded: list[tuple[Any, ...]] = []
    module = types.SimpleNamespace(**vars(socket))
    module.socket = lambda *arguments: RecordingSocket(recorded, *arguments)
    monkeypatch.setattr(sockets, "socket", module)
    return recorded


def test_names_are_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_server(hold()) as server:
        resolve_to(monkeypatch, loopback(server.port))
        stream = SyncBackend().connect_tcp("example.org", 80, TIMEOUT)
        assert stream.get_extra_info("server_addr") == ("127.0.0.1", server.port)
        stream.close()


def test_resolver_failure_raises_connect_error(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, socket.gaierror(socket.EAI_NONAME, "Name or service not known"))
    with pytest.raises(ConnectError, match=r"Name or service not known \(example\.org:80\)$"):
        SyncBackend().connect_tcp("example.org", 80, TIMEOUT)


def test_invalid_host_name_raises_connect_error() -> None:
    # Either the encoder or the resolver rejects it.
    with pytest.raises(ConnectError, match=r"(too long|not known).* \(a+\.example:80\)$"):
        SyncBackend().connect_tcp("a" * 64 + ".example", 80, TIMEOUT)


@pytest.mark.skipif(not has_ipv6(), reason="needs IPv6 on the loopback interface")
def test_ipv6_literal_connects() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        port = listener.getsockname()[1]
        stream = SyncBackend().connect_tcp("::1", port, TIMEOUT)
        assert stream.get_extra_info("server_addr")[:2] == ("::1", port)
        stream.close()
    with pytest.raises(ConnectError, match=rf"refused \(\[::1\]:{port}\)$"):
        SyncBackend().connect_tcp("::1", port, TIMEOUT)


def test_refused_connection_raises_connect_error() -> None:
    with refusing_port() as port, pytest.raises(ConnectError, match=rf"Connection refused \(127\.0\.0\.1:{port}\)$"):
        SyncBackend().connect_tcp("127.0.0.1", port, TIMEOUT)


@pytest.mark.field(78)
def test_silent_address_does_not_delay_the_next_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_server(hold()) as server, unresponsive_port() as silent:
        resolve_to(monkeypatch, loopback(silent), loopback(server.port))
        # If the first address had all the time, this would be a timeout.
        stream = SyncBackend().connect_tcp("example.org", 80, 3.0)
        assert stream.get_extra_info("server_addr") == ("127.0.0.1", server.port)
        stream.close()


@pytest.mark.field(78)
def test_all_addresses_share_one_timeout(monkeypatch: pytest.MonkeyPatch, calls: list[tuple[Any, ...]]) -> None:
    with unresponsive_port() as silent:
        resolve_to(monkeypatch, *[loopback(silent)] * 20)
        with pytest.raises(ConnectTimeout, match=r"^Connect timed out after 0\.3 seconds \(example\.org:80\)$"):
            SyncBackend().connect_tcp("example.org", 80, 0.3)
    tried = sum(call[0] == "connect" for call in calls)
    assert 1 <= tried < 20


@pytest.mark.field(78)
def test_all_addresses_are_tried_without_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_server(hold()) as server, unresponsive_port() as silent:
        resolve_to(monkeypatch, loopback(silent), loopback(server.port))
        stream = SyncBackend().connect_tcp("example.org", 80)
        stream.close()


@pytest.mark.parametrize("first", [UNREACHABLE, UNSUPPORTED, "refusing"], ids=["unreachable", "unsupported", "refused"])
def test_next_address_is_tried_at_once_after_a_failure(monkeypatch: pytest.MonkeyPatch, first: Any) -> None:
    monkeypatch.setattr(happy_eyeballs, "CONNECTION_ATTEMPT_DELAY", 1000.0)
    with scripted_server(hold()) as server, refusing_port() as port:
        resolve_to(monkeypatch, loopback(port) if first == "refusing" else first, loopback(server.port))
        stream = SyncBackend().connect_tcp("example.org", 80, TIMEOUT)
        assert stream.get_extra_info("server_addr") == ("127.0.0.1", server.port)
        stream.close()


def test_race_goes_on_if_the_last_address_fails_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(happy_eyeballs, "CONNECTION_ATTEMPT_DELAY", 0.0)
    with unresponsive_port() as silent, refusing_port() as port:
        resolve_to(monkeypatch, loopback(silent), loopback(port))
        with pytest.raises(ConnectTimeout, match=r"^Connect timed out after 0\.1 seconds \(example\.org:80\)$"):
            SyncBackend().connect_tcp("example.org", 80, 0.1)


def test_identical_errors_of_addresses_are_reported_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with refusing_port() as port:
        resolve_to(monkeypatch, loopback(port), loopback(port))
        with pytest.raises(ConnectError) as caught:
            SyncBackend().connect_tcp("example.org", 80, TIMEOUT)
    assert str(caught.value).endswith("[Errno 111] Connection refused (example.org:80)")
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)


def test_different_errors_of_addresses_are_all_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    # On a slow machine, attempts would overtake each other.
    monkeypatch.setattr(happy_eyeballs, "CONNECTION_ATTEMPT_DELAY", 1000.0)
    with refusing_port() as port:
        resolve_to(monkeypatch, loopback(port), UNSUPPORTED, UNREACHABLE)
        with pytest.raises(ConnectError) as caught:
            SyncBackend().connect_tcp("example.org", 80, TIMEOUT)
    errors = (
        "[Errno 111] Connection refused",
        "[Errno 97] Address family not supported by protocol",
        "[Errno 101] Network is unreachable",
    )
    assert str(caught.value).endswith(f"{'; '.join(errors)} (example.org:80)")


def test_only_one_of_several_connections_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(happy_eyeballs, "CONNECTION_ATTEMPT_DELAY", 0.0)
    with scripted_server(hold()) as server:
        resolve_to(monkeypatch, *[loopback(server.port)] * 5)
        stream = SyncBackend().connect_tcp("example.org", 80, TIMEOUT)
        wait_until(lambda: server.open_connections == 1)
        stream.close()


def test_connection_comes_from_local_address() -> None:
    with scripted_server(hold()) as server:
        stream = SyncBackend().connect_tcp("127.0.0.1", server.port, TIMEOUT, local_address="127.0.0.2")
        assert stream.get_extra_info("client_addr")[0] == "127.0.0.2"
        stream.close()


def test_foreign_local_address_raises_connect_error() -> None:
    with scripted_server(hold()) as server:
        with pytest.raises(ConnectError, match=r"Cannot assign requested address"):
            SyncBackend().connect_tcp("127.0.0.1", server.port, TIMEOUT, local_address="192.0.2.1")
        assert server.open_connections == 0


@pytest.mark.skipif(not has_ipv6(), reason="needs IPv6 on the loopback interface")
def test_local_address_selects_the_address_family(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_server(hold()) as server:
        resolve_to(monkeypatch, (socket.AF_INET6, ("::1", server.port, 0, 0)), loopback(server.port))
        stream = SyncBackend().connect_tcp("example.org", 80, TIMEOUT, local_address="127.0.0.2")
        assert stream.get_extra_info("client_addr")[0] == "127.0.0.2"
        stream.close()


@pytest.mark.field(79)
def test_options_and_local_address_are_set_before_connecting(calls: list[tuple[Any, ...]]) -> None:
    with scripted_server(hold()) as server:
        stream = SyncBackend().connect_tcp("127.0.0.1", server.port, TIMEOUT, "127.0.0.2", [KEEPALIVE])
        # On trio there is one more, of its own.
        assert [call for call in calls if socket.TCP_NOTSENT_LOWAT not in call] == [
            ("setsockopt", socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
            ("setsockopt", *KEEPALIVE),
            ("bind", ("127.0.0.2", 0)),
            ("connect", ("127.0.0.1", server.port)),
        ]
        sock = stream.get_extra_info("socket")
        assert sock.getsockopt(*KEEPALIVE[:2]) == 1
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
        stream.close()


@pytest.mark.field(79)
def test_options_of_unix_sockets_are_set_before_connecting(calls: list[tuple[Any, ...]]) -> None:
    with scripted_server(hold(), unix=True) as server:
        stream = SyncBackend().connect_unix_socket(server.unix_socket, TIMEOUT, [KEEPALIVE])
        assert calls == [("setsockopt", *KEEPALIVE), ("connect", server.unix_socket)]
        stream.close()


def test_options_of_all_kinds_are_set_on_each_attempted_socket(
    monkeypatch: pytest.MonkeyPatch, calls: list[tuple[Any, ...]]
) -> None:
    options: list[SOCKET_OPTION] = [
        KEEPALIVE,
        (socket.SOL_SOCKET, socket.SO_SNDBUF, (8192).to_bytes(4, "little")),
        (socket.SOL_SOCKET, socket.SO_BINDTODEVICE, None, 0),
    ]
    with scripted_server(hold()) as server:
        resolve_to(monkeypatch, UNREACHABLE, loopback(server.port))
        stream = SyncBackend().connect_tcp("example.org", 80, TIMEOUT, socket_options=iter(options))
        assert [call[1:] for call in calls if call[0] == "setsockopt" and call[1] == socket.SOL_SOCKET] == options * 2
        stream.close()


def test_unsupported_option_raises_connect_error() -> None:
    with scripted_server(hold()) as server, scripted_server(hold(), unix=True) as unix_server:
        with pytest.raises(ConnectError, match=r"Protocol not available"):
            SyncBackend().connect_tcp("127.0.0.1", server.port, TIMEOUT, socket_options=[(socket.SOL_SOCKET, 9999, 1)])
        with pytest.raises(ConnectError, match=r"Protocol not available"):
            SyncBackend().connect_unix_socket(unix_server.unix_socket, TIMEOUT, [(socket.SOL_SOCKET, 9999, 1)])


@pytest.mark.field(85, 86)
@pytest.mark.parametrize("timeout", [0.0, 1e-6, 0.05])
def test_unresponsive_peer_raises_connect_timeout(timeout: float) -> None:
    with unresponsive_port() as port:
        with pytest.raises(ConnectTimeout) as caught:
            SyncBackend().connect_tcp("127.0.0.1", port, timeout)
        assert str(caught.value) == f"Connect timed out after {timeout:g} seconds (127.0.0.1:{port})"


@pytest.mark.field(86)
def test_timeout_of_the_operating_system_raises_connect_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(sock: socket.socket, address: Any) -> None:
        raise OSError(errno.ETIMEDOUT, "Connection timed out")

    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(ConnectTimeout, match=r"^Connect timed out \(127\.0\.0\.1:80\)$"):
        SyncBackend().connect_tcp("127.0.0.1", 80)


@pytest.mark.field(85, 86)
@pytest.mark.parametrize("timeout", [0.0, 1e-6, 0.05])
def test_unix_socket_with_full_queue_raises_connect_timeout(tmp_path: Path, timeout: float) -> None:
    path = str(tmp_path / "full.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(0)
        with full_queue(listener), pytest.raises(ConnectTimeout) as caught:
            SyncBackend().connect_unix_socket(path, timeout)
        assert str(caught.value) == f"Connect timed out after {timeout:g} seconds ({path})"


@pytest.mark.parametrize("timeout", [0.0, -1.0])
def test_an_expired_timeout_ends_connecting_to_a_unix_socket(tmp_path: Path, timeout: float) -> None:
    """Also if there is room in its queue."""
    path = str(tmp_path / "free.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(5)
        with pytest.raises(ConnectTimeout):
            SyncBackend().connect_unix_socket(path, timeout)


@pytest.mark.parametrize("timeout", [TIMEOUT, None])
def test_connect_waits_for_unix_socket_with_full_queue(tmp_path: Path, timeout: float | None) -> None:
    path = str(tmp_path / "full.sock")
    with socket.socket(socket.AF_UNIX) as listener, ExitStack() as clients:
        listener.bind(path)
        listener.listen(0)
        clients.enter_context(full_queue(listener))

        def connect() -> Any:
            return SyncBackend().connect_unix_socket(path, timeout)

        def accept() -> socket.socket:
            pause()
            return listener.accept()[0]

        stream, accepted = at_once(connect, accept)
        accepted.close()
        assert stream.get_extra_info("server_addr") == path
        stream.close()


def test_missing_unix_socket_raises_connect_error(tmp_path: Path) -> None:
    path = str(tmp_path / "missing.sock")
    with pytest.raises(ConnectError, match=r"^\[Errno 2\] No such file or directory \(.*/missing\.sock\)$"):
        SyncBackend().connect_unix_socket(path, TIMEOUT)


def test_unix_sockets_raise_runtime_error_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = SyncBackend()
    backend.sleep(0)
    with monkeypatch.context() as patch:
        patch.delattr(socket, "AF_UNIX")
        patch.setattr("sys.platform", "win32")
        with pytest.raises(RuntimeError, match=r"^Attempted to connect to a UNIX socket on a Windows system\.$"):
            backend.connect_unix_socket("/path", TIMEOUT)


def test_sleep_returns() -> None:
    SyncBackend().sleep(0.001)
