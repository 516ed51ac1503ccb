# Generated from ../_async/test_guarded.py by tools/make_sync.py: edit that file, then run it.
"""A guarded backend connects where its rule allows it, to what it has checked, and nowhere else."""

import re
import socket
from collections.abc import Callable, Iterable, Sequence
from ipaddress import ip_address
from typing import Any

import pytest
from httpcore_models import (
    ConnectError,
    ConnectTimeout,
    Destination,
    GuardedBackend,
    NetworkBackend,
    NetworkStream,
    Origin,
    Request,
    SyncBackend,
    only_global_addresses,
)
from httpcore_models.network import DirectDialler
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.resolving import resolve_to
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.sockets import refusing_port, unresponsive_port
from httpcore_test_support.steps import hold

pytestmark = pytest.mark.anyio

TIMEOUT = 10.0


class Rule:
    """Allows some addresses and paths, and records what it is asked."""

    def __init__(self, *allowed: str) -> None:
        self.seen: list[Destination] = []
        self._allowed = allowed

    def __call__(self, destination: Destination) -> bool | str:
        self.seen.append(destination)
        return str(destination.address or destination.path) in self._allowed or "not on the list"


def answering(*answers: Sequence[str]) -> Callable[[str, int], Sequence[str]]:
    """A resolver that has a new answer each time."""
    left = list(answers)
    return lambda host, port: left.pop(0)


class PlainBackend(NetworkBackend):
    """Not of this package: it connects to one address at a time, and would resolve names."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> NetworkStream:
        self.calls.append((host, port, timeout, local_address, socket_options))
        return SyncBackend().connect_tcp(host, port, timeout, local_address, socket_options)


class StrictBackend(SyncBackend):
    """A subclass with a say of its own."""

    def connect_tcp(self, host: str, *arguments: Any, **options: Any) -> NetworkStream:
        raise ConnectError(f"{host} is not for you")


def test_the_rule_is_told_the_destination() -> None:
    rule = Rule("127.0.0.1")
    with scripted_server(hold()) as server:
        backend = GuardedBackend(rule, resolver=answering(["127.0.0.1"]))
        stream = backend.connect_tcp("example.org", server.port, TIMEOUT)
        assert stream.get_extra_info("server_addr") == ("127.0.0.1", server.port)
        stream.close()
        assert rule.seen == [Destination(ip_address("127.0.0.1"), server.port, "example.org", None, "origin")]


def test_an_ip_address_is_checked_too() -> None:
    rule = Rule()
    with (
        refusing_port() as port,
        pytest.raises(ConnectError, match=rf"^Rule refuses ::1: not on the list \(\[::1\]:{port}"),
    ):
        GuardedBackend(rule).connect_tcp("::1", port, TIMEOUT)
    assert [destination.host for destination in rule.seen] == ["::1"]


@pytest.mark.parametrize(
    "host", ["localhost", "127.1", "2130706433", "0177.0.0.1", "0x7f.1", "127.0.0.1", "::ffff:7f00:1"]
)
@pytest.mark.parametrize("plain", [False, True], ids=["stock", "plain"])
def test_no_spelling_of_this_machine_is_global(host: str, plain: bool) -> None:
    backend = GuardedBackend(only_global_addresses, PlainBackend() if plain else None)
    with scripted_server(hold()) as server:
        with pytest.raises(ConnectError, match=r"^only_global_addresses refuses .*127\.0\.0\.1|refuses ::") as caught:
            backend.connect_tcp(host, server.port, TIMEOUT)
        assert "loopback" in str(caught.value)
        assert f"{host}" in str(caught.value)
        assert server.open_connections == 0


def test_the_error_names_all_addresses() -> None:
    backend = GuardedBackend(only_global_addresses, resolver=answering(["10.0.0.1", "fe80::1%1"]))
    with pytest.raises(ConnectError) as caught:
        backend.connect_tcp("example.org", 80, TIMEOUT)
    assert str(caught.value) == (
        "only_global_addresses refuses 10.0.0.1: a private address (RFC 1918); "
        "only_global_addresses refuses fe80::1%1: it has a zone of this machine (example.org:80)"
    )


@pytest.mark.parametrize("plain", [False, True], ids=["stock", "plain"])
def test_only_allowed_addresses_are_tried(plain: bool) -> None:
    with scripted_server(hold()) as server, unresponsive_port("127.0.0.2", server.port):
        backend = GuardedBackend(
            Rule("127.0.0.1"),
            PlainBackend() if plain else None,
            resolver=answering(["127.0.0.2", "127.0.0.1", "127.0.0.3"]),
        )
        stream = backend.connect_tcp("example.org", server.port)
        assert stream.get_extra_info("server_addr") == ("127.0.0.1", server.port)
        stream.close()


@pytest.mark.parametrize("guards", [1, 2])
def test_allowed_addresses_race(guards: int) -> None:
    with scripted_server(hold()) as server, unresponsive_port("127.0.0.2", server.port):
        backend: Any = None
        for _ in range(guards):
            backend = GuardedBackend(lambda destination: True, backend, resolver=answering(["127.0.0.2", "127.0.0.1"]))
        stream = backend.connect_tcp("example.org", server.port, 3.0)
        assert stream.get_extra_info("server_addr") == ("127.0.0.1", server.port)
        stream.close()


def test_a_second_answer_of_the_resolver_does_not_count() -> None:
    """DNS rebinding: the address that was checked is the one that is connected to."""
    inner = PlainBackend()
    backend = GuardedBackend(Rule("127.0.0.1"), inner, resolver=answering(["127.0.0.1"], ["127.0.0.2"]))
    with scripted_server(hold()) as server:
        stream = backend.connect_tcp("rebinding.example", server.port, TIMEOUT)
        stream.close()
        assert [call[0] for call in inner.calls] == ["127.0.0.1"]
        with pytest.raises(ConnectError, match=r"^Rule refuses 127\.0\.0\.2: not on the list \(rebinding\.example:"):
            backend.connect_tcp("rebinding.example", server.port, TIMEOUT)
        assert len(inner.calls) == 1


def test_another_backend_gets_one_address_after_the_other() -> None:
    inner = PlainBackend()
    backend = GuardedBackend(
        lambda destination: True, inner, resolver=answering(["127.0.0.3", "127.0.0.2", "127.0.0.1"])
    )
    option = (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    with scripted_server(hold()) as server:
        stream = backend.connect_tcp("example.org", server.port, 30.0, "127.0.0.5", iter([option]))
        assert stream.get_extra_info("client_addr")[0] == "127.0.0.5"
        stream.close()
        hosts, ports, limits, local, options = zip(*inner.calls, strict=True)
        assert hosts == ("127.0.0.3", "127.0.0.2", "127.0.0.1")
        assert set(ports) == {server.port}
        # Each has an equal share of what is left.
        assert [round(limit) for limit in limits] == [10, 15, 30]
        assert set(local) == {"127.0.0.5"}
        assert list(options) == [[option]] * 3


def test_all_failures_of_another_backend_are_told() -> None:
    backend = GuardedBackend(
        lambda destination: True, PlainBackend(), resolver=answering(["127.0.0.2", "127.0.0.1"], ["127.0.0.1"] * 2)
    )
    with refusing_port() as port, pytest.raises(ConnectError) as caught:
        backend.connect_tcp("example.org", port)
    assert re.search(rf"refused \(127\.0\.0\.2:{port}\); .*refused \(127\.0\.0\.1:{port}\)$", str(caught.value))
    with unresponsive_port() as silent, pytest.raises(ConnectTimeout) as late:
        backend.connect_tcp("example.org", silent, 0.1)
    assert str(late.value) == f"Connect timed out after 0.1 seconds (example.org:{silent})"


def test_local_address_and_options_reach_the_stock_backend() -> None:
    backend = GuardedBackend(Rule("127.0.0.1"), SyncBackend(resolver=answering(["127.0.0.1"])))
    option = (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    with scripted_server(hold()) as server:
        stream = backend.connect_tcp("example.org", server.port, TIMEOUT, "127.0.0.5", iter([option]))
        assert stream.get_extra_info("client_addr")[0] == "127.0.0.5"
        assert stream.get_extra_info("socket").getsockopt(*option[:2]) == 1
        stream.close()


def test_tls_is_for_the_name_and_not_the_address(certificates: Certificates) -> None:
    with scripted_server(hold(), tls=certificates.server_context()) as server:
        stream = GuardedBackend(Rule("127.0.0.1")).connect_tcp("localhost", server.port, TIMEOUT)
        stream = stream.start_tls(certificates.client_context(), "localhost", TIMEOUT)
        stream.close()


def test_the_resolver_of_the_system_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, (socket.AF_INET6, ("fe80::1", 80, 0, 7)), (socket.AF_INET, ("10.0.0.1", 80)))
    rule = Rule()
    with pytest.raises(ConnectError):
        GuardedBackend(rule).connect_tcp("example.org", 80, TIMEOUT)
    assert [str(destination.address) for destination in rule.seen] == ["fe80::1%7", "10.0.0.1"]


def test_a_subclass_of_a_stock_backend_is_asked() -> None:
    backend = GuardedBackend(lambda destination: True, StrictBackend(), resolver=answering(["127.0.0.1"]))
    with scripted_server(hold()) as server, pytest.raises(ConnectError, match=r"^127\.0\.0\.1 is not for you$"):
        backend.connect_tcp("example.org", server.port, TIMEOUT)


@pytest.mark.parametrize("place", ["class", "object"])
def test_a_replaced_method_of_a_stock_backend_is_called(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    def connect_tcp(*arguments: Any, **options: Any) -> NetworkStream:
        raise ConnectError("replaced")

    inner = SyncBackend()
    monkeypatch.setattr(SyncBackend if place == "class" else inner, "connect_tcp", connect_tcp)
    backend = GuardedBackend(lambda destination: True, inner, resolver=answering(["127.0.0.1"]))
    with pytest.raises(ConnectError, match=r"^replaced$"):
        backend.connect_tcp("example.org", 80, TIMEOUT)


@pytest.mark.parametrize("answer", [False, None, 0, 1, "", "no", ["yes"], object()])
def test_only_true_allows(answer: Any) -> None:
    backend = GuardedBackend(lambda destination: answer)
    with scripted_server(hold()) as server:
        with pytest.raises(ConnectError, match=r"^<lambda> refuses 127\.0\.0\.1"):
            backend.connect_tcp("127.0.0.1", server.port, TIMEOUT)
        with pytest.raises(ConnectError, match=r"^<lambda> refuses the Unix socket /run/x\.sock"):
            backend.connect_unix_socket("/run/x.sock", TIMEOUT)
        assert server.open_connections == 0


def test_exceptions_of_the_rule_pass_through() -> None:
    error = LookupError("a mistake of the program")

    def rule(destination: Destination) -> bool:
        raise error

    with pytest.raises(LookupError) as caught:
        GuardedBackend(rule).connect_tcp("127.0.0.1", 80, TIMEOUT)
    assert caught.value is error


def test_unix_sockets_are_checked() -> None:
    with scripted_server(hold(), unix=True) as server:
        rule = Rule(server.unix_socket)
        stream = GuardedBackend(rule).connect_unix_socket(server.unix_socket, TIMEOUT)
        stream.close()
        assert rule.seen == [Destination(None, None, None, server.unix_socket, "origin")]
        with pytest.raises(ConnectError) as caught:
            GuardedBackend(only_global_addresses).connect_unix_socket(server.unix_socket, TIMEOUT)
        assert str(caught.value) == (
            f"only_global_addresses refuses the Unix socket {server.unix_socket}: it is on this machine"
        )


def test_connections_to_proxies_are_told_apart() -> None:
    rule = Rule("127.0.0.1")
    inner = Rule("127.0.0.1")
    dialler = DirectDialler(GuardedBackend(rule, GuardedBackend(inner)))
    with scripted_server([hold()] * 3, unix=False) as server:
        for dialler.purpose in ("origin", "proxy", "origin"):
            stream = dialler.dial(Origin(b"http", b"127.0.0.1", server.port), Request("GET", "/"), TIMEOUT)
            stream.close()
    assert [destination.purpose for destination in rule.seen] == ["origin", "proxy", "origin"]
    assert [destination.purpose for destination in inner.seen] == ["origin", "proxy", "origin"]


def test_connections_by_the_way_have_their_own_purpose() -> None:
    # A resolver may itself connect, while the name of a proxy is resolved.
    rule = Rule()

    def resolver(host: str, port: int) -> Sequence[str]:
        with pytest.raises(ConnectError):
            dial_to("127.0.0.2", DirectDialler(GuardedBackend(rule)))
        return ["127.0.0.1"]

    def dial_to(host: str, dialler: DirectDialler) -> None:
        dialler.dial(Origin(b"http", host.encode(), 80), Request("GET", "/"), None)

    to_proxy = DirectDialler(GuardedBackend(rule, resolver=resolver))
    to_proxy.purpose = "proxy"
    with pytest.raises(ConnectError):
        dial_to("proxy.example", to_proxy)
    with pytest.raises(ConnectError):
        GuardedBackend(rule).connect_unix_socket("/run/x.sock")
    assert [(str(seen.address or seen.path), seen.purpose) for seen in rule.seen] == [
        ("127.0.0.2", "origin"),
        ("127.0.0.1", "proxy"),
        ("/run/x.sock", "origin"),
    ]


def test_a_port_out_of_range_is_refused() -> None:
    rule = Rule("127.0.0.1")
    for port in (0, 65536):
        with pytest.raises(ConnectError, match="port must be an int from 1 to 65535"):
            GuardedBackend(rule).connect_tcp("127.0.0.1", port, TIMEOUT)
        with pytest.raises(ConnectError, match="port must be an int from 1 to 65535"):
            GuardedBackend(rule).connect_tcp_to(["127.0.0.1"], "example.org", port, TIMEOUT)
    assert rule.seen == []


def test_names_in_the_place_of_addresses_are_refused() -> None:
    with pytest.raises(ConnectError, match=r"^'localhost' is no IP address \(example\.org:80\)$"):
        GuardedBackend(lambda destination: True).connect_tcp_to(["localhost"], "example.org", 80, TIMEOUT)


def test_sleeping_is_left_to_the_backend_inside() -> None:
    GuardedBackend(only_global_addresses).sleep(0)
