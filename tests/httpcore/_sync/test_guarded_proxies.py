# Generated from ../_async/test_guarded_proxies.py by tools/make_sync.py: edit that file, then run it.
"""A guard is told which connections are to proxies, wherever it stands between the pool and the network."""

from typing import Any

import httpcore
import pytest

pytestmark = pytest.mark.anyio

PROXIES = ["http://192.0.2.1:3128", "https://192.0.2.1:3128", "socks5://192.0.2.1:1080", "socks4://192.0.2.1:1080"]
CHAINS = [[proxy] for proxy in PROXIES] + [[proxy, "http://192.0.2.2:3128"] for proxy in PROXIES]
URLS = ["http://192.0.2.3/", "https://192.0.2.3/"]


class Wrapper(httpcore.NetworkBackend):
    """A program's own backend, to log for example, around a guard."""

    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        self._backend = backend

    def connect_tcp(self, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        return self._backend.connect_tcp(*args, **kwargs)

    def connect_unix_socket(self, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        return self._backend.connect_unix_socket(*args, **kwargs)


class Rule:
    """Refuses everything, and records what it is asked."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    def __call__(self, destination: httpcore.Destination) -> bool:
        self.seen.append((str(destination.address or destination.path), destination.purpose))
        return False


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("chain", CHAINS, ids="-".join)
def test_behind_another_backend(chain: list[str], url: str) -> None:
    rule = Rule()
    backend = Wrapper(httpcore.GuardedBackend(rule))
    proxies = [httpcore.Proxy(proxy) for proxy in chain]
    for path, seen in ((None, "192.0.2.1"), ("/run/proxy.sock", "/run/proxy.sock")):
        with httpcore.ConnectionPool(proxy=proxies, network_backend=backend, uds=path) as pool:
            with pytest.raises(httpcore.ConnectError, match="Rule refuses"):
                pool.request("GET", url)
        assert rule.seen.pop() == (seen, "proxy")
    with httpcore.ConnectionPool(network_backend=backend) as pool:
        with pytest.raises(httpcore.ConnectError, match="Rule refuses"):
            pool.request("GET", url)
    assert rule.seen == [("192.0.2.3", "origin")]


@pytest.mark.parametrize("url", URLS)
def test_put_into_a_connection_later(url: str) -> None:
    # As programs do that forbid some hosts.
    pool = httpcore.ConnectionPool(proxy=httpcore.Proxy(PROXIES[0]))
    for inner in (False, True):
        rule = Rule()
        connection: Any = pool.create_connection(httpcore.URL(url).origin)
        (connection._connection if inner else connection)._network_backend = httpcore.GuardedBackend(rule)
        with pytest.raises(httpcore.ConnectError, match="Rule refuses"):
            connection.handle_request(httpcore.Request("GET", url))
        assert rule.seen == [("192.0.2.1", "proxy")]


def test_in_a_connection_to_the_proxy_of_ones_own() -> None:
    rule = Rule()
    origin, proxy = httpcore.URL(URLS[1]).origin, httpcore.URL(PROXIES[0]).origin
    pool = httpcore.ConnectionPool(proxy=httpcore.Proxy(PROXIES[0]))
    connection: Any = pool.create_connection(origin)
    connection._connection = httpcore.HTTPConnection(proxy, network_backend=httpcore.GuardedBackend(rule))
    with pytest.raises(httpcore.ConnectError, match="Rule refuses"):
        connection.handle_request(httpcore.Request("GET", URLS[1]))
    assert rule.seen == [("192.0.2.1", "proxy")]


class ImpatientBackend(Wrapper):
    def sleep(self, seconds: float) -> None:
        raise AssertionError("it is tried again")


@pytest.mark.parametrize("proxies", [[], [httpcore.Proxy(PROXIES[0])], [httpcore.Proxy(PROXIES[2])]])
def test_a_refusal_is_not_retried(proxies: list[httpcore.Proxy]) -> None:
    rule = Rule()
    backend = ImpatientBackend(httpcore.GuardedBackend(rule))
    with httpcore.ConnectionPool(proxy=proxies, network_backend=backend, retries=3) as pool:
        with pytest.raises(httpcore.ConnectError, match="Rule refuses"):
            pool.request("GET", URLS[0])
    assert len(rule.seen) == 1


def test_a_refusal_by_a_guard_behind_a_guard_is_not_retried() -> None:
    rule = Rule()
    # The one outside connects to one address after the other.
    guard = httpcore.GuardedBackend(
        lambda destination: True,
        ImpatientBackend(httpcore.GuardedBackend(rule)),
        resolver=lambda host, port: ["192.0.2.1", "192.0.2.2"],
    )
    with httpcore.ConnectionPool(network_backend=guard, retries=3) as pool:
        with pytest.raises(httpcore.ConnectError, match="Rule refuses"):
            pool.request("GET", "http://example.org/")
    assert len(rule.seen) == 2


def test_a_refused_unix_socket_is_not_retried() -> None:
    rule = Rule()
    guard = httpcore.GuardedBackend(rule, ImpatientBackend(httpcore.SyncBackend()))
    with httpcore.ConnectionPool(network_backend=guard, retries=3, uds="/run/any.sock") as pool:
        with pytest.raises(httpcore.ConnectError, match="Rule refuses"):
            pool.request("GET", URLS[0])
    assert len(rule.seen) == 1


def test_a_wrong_port_is_not_retried() -> None:
    backend = ImpatientBackend(httpcore.SyncBackend())
    with httpcore.ConnectionPool(network_backend=backend, retries=3) as pool:
        with pytest.raises(httpcore.ConnectError, match="port must be"):
            pool.request("GET", "http://192.0.2.1:0/")
