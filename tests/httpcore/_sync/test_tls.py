# Generated from ../_async/test_tls.py by tools/make_sync.py: edit that file, then run it.
"""TLS with real handshakes: contexts, names and protocols."""

import ssl
from collections.abc import Iterator
from typing import Any

import pytest
from httpcore import ConnectError, ConnectionPool, Proxy, _ssl
from httpcore_models.network._tls.alpn import offered_protocols
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.proxies import AUTH, RealProxies
from httpcore_test_support.scripted import Connection, scripted_server
from httpcore_test_support.steps import close, receive_request, send
from httpcore_test_support.waiting import at_once, wait_until

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SCRIPT = [receive_request(), send(OK)]


@pytest.fixture
def built(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[ssl.SSLContext]]:
    """Collect the default contexts that are created. They trust the authority of the tests."""
    contexts: list[ssl.SSLContext] = []

    def default_ssl_context() -> ssl.SSLContext:
        contexts.append(certificates.client_context())
        return contexts[-1]

    monkeypatch.setattr(_ssl, "default_ssl_context", default_ssl_context)
    _ssl._context_offering.cache_clear()
    yield contexts
    _ssl._context_offering.cache_clear()


class TestDefaultContext:
    @pytest.mark.field(71)
    def test_two_pools_share_one(self, certificates: Certificates, built: list[ssl.SSLContext]) -> None:
        with scripted_server(SCRIPT, tls=certificates.server_context()) as server:
            for _ in range(2):
                pool = ConnectionPool()
                with pool:
                    assert (pool.request("GET", server.url)).content == b"ok"
            assert len(server.connections) == 2
        assert len(built) == 1

    @pytest.mark.field(71)
    def test_connections_without_tls_create_none(self, built: list[ssl.SSLContext]) -> None:
        with scripted_server(SCRIPT) as server:
            pool = ConnectionPool()
            with pool:
                assert (pool.request("GET", server.url)).content == b"ok"
        assert built == []

    @pytest.mark.field(72)
    def test_the_connections_of_a_pool_share_one(self, certificates: Certificates, built: list[ssl.SSLContext]) -> None:
        with scripted_server(SCRIPT, tls=certificates.server_context()) as server:
            pool = ConnectionPool()
            with pool:

                def send_request() -> Any:
                    with pool.stream("GET", server.url) as response:
                        # Keep each connection in use until there are five, so that none is reused.
                        wait_until(lambda: len(server.connections) == 5)
                        return response.read()

                assert at_once(*[send_request] * 5) == [b"ok"] * 5
        assert len(built) == 1

    @pytest.mark.field(73)
    def test_handshakes_do_not_change_it(self, certificates: Certificates, built: list[ssl.SSLContext]) -> None:
        with scripted_server(SCRIPT, tls=certificates.server_context()) as server:
            pool = ConnectionPool(max_keepalive_connections=0)
            with pool:
                assert (pool.request("GET", server.url)).content == b"ok"
                stored = built[0].cert_store_stats()
                for _ in range(20):
                    assert (pool.request("GET", server.url)).content == b"ok"
            assert len(server.connections) == 21
        assert len(built) == 1
        assert built[0].cert_store_stats() == stored

    def test_servers_are_verified(self, certificates: Certificates) -> None:
        with scripted_server(SCRIPT, tls=certificates.server_context()) as server:
            pool = ConnectionPool()
            with pool:
                with pytest.raises(ConnectError, match="certificate verify failed"):
                    pool.request("GET", server.url)
                wait_until(lambda: not server.open_connections)


@pytest.mark.fault("S10")
@pytest.mark.parametrize("proxied", [False, True])
def test_pools_with_different_protocols_share_a_context(certificates: Certificates, proxied: bool) -> None:
    offers: list[list[str]] = []

    def note_offer(connection: Connection) -> None:
        if proxied:
            connection.receive_until(b"\r\n\r\n")
            connection.send(b"HTTP/1.1 200 OK\r\n\r\n")
        hello = connection.receive_until(lambda data: len(data) > 5 and len(data) >= 5 + data[3] * 256 + data[4])
        offers.append(offered_protocols(hello))

    context = certificates.client_context()
    context.set_alpn_protocols(["imap"])
    with scripted_server([note_offer, close()]) as server:
        proxy = Proxy(f"http://127.0.0.1:{server.port}") if proxied else None

        def connect(http1: bool, http2: bool, trace: Any = None) -> None:
            pool = ConnectionPool(ssl_context=context, http1=http1, http2=http2, proxy=proxy)
            with pool:
                extensions = {} if trace is None else {"trace": trace}
                with pytest.raises(ConnectError):
                    pool.request("GET", f"https://127.0.0.1:{server.port}/", extensions=extensions)

        def trace(name: str, info: Any) -> None:
            if name.endswith("start_tls.started"):
                connect(True, True)

        connect(True, False, trace)
        connect(False, True)
    assert offers == [["h2", "http/1.1"], ["http/1.1"], ["h2"]]
    outgoing = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost").do_handshake()
    assert offered_protocols(outgoing.read()) == ["imap"]


@pytest.mark.fault("S10")
def test_tls_to_a_proxy_does_not_change_the_context(certificates: Certificates) -> None:
    context = certificates.client_context()
    context.set_alpn_protocols(["imap"])
    with scripted_server(SCRIPT, tls=certificates.server_context(alpn=["http/1.1", "imap"])) as server:
        pool = ConnectionPool(proxy=Proxy(server.url, ssl_context=context))
        with pool:
            response = pool.request("GET", "http://example.com/")
            tls = response.extensions["network_stream"].get_extra_info("ssl_object")
            assert tls.selected_alpn_protocol() == "http/1.1"
    outgoing = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost").do_handshake()
    assert offered_protocols(outgoing.read()) == ["imap"]


class Source:
    """A function for contexts that counts its calls."""

    def __init__(self, result: Any) -> None:
        self.result = result
        self.calls = 0

    def __call__(self) -> ssl.SSLContext:
        self.calls += 1
        if isinstance(self.result, Exception):
            raise self.result
        return self.result  # type: ignore[no-any-return]


class TestFunctionsForContexts:
    def test_each_handshake_calls_it(self, certificates: Certificates) -> None:
        source = Source(certificates.client_context())
        with scripted_server(SCRIPT, tls=certificates.server_context()) as server, scripted_server(SCRIPT) as clear:
            pool = ConnectionPool(ssl_context=source, max_keepalive_connections=0)
            with pool:
                assert (pool.request("GET", clear.url)).content == b"ok"
                assert source.calls == 0
                for calls in (1, 2):
                    assert (pool.request("GET", server.url)).content == b"ok"
                    assert source.calls == calls

    def test_in_a_tunnel_and_to_a_proxy(self, certificates: Certificates, proxies: RealProxies) -> None:
        origin, proxy = Source(certificates.client_context()), Source(certificates.client_context())
        with scripted_server(SCRIPT, tls=certificates.server_context()) as server:
            pool = ConnectionPool(
                ssl_context=origin, proxy=Proxy(proxies.https.url("https"), auth=AUTH, ssl_context=proxy)
            )
            with pool:
                assert (origin.calls, proxy.calls) == (0, 0)
                assert (pool.request("GET", server.url)).content == b"ok"
                assert (origin.calls, proxy.calls) == (1, 1)

    def test_to_a_proxy_that_forwards(self, certificates: Certificates) -> None:
        source = Source(certificates.client_context())
        with scripted_server(SCRIPT, tls=certificates.server_context()) as server:
            pool = ConnectionPool(proxy=Proxy(server.url, ssl_context=source))
            with pool:
                assert (pool.request("GET", "http://example.com/")).content == b"ok"
        assert source.calls == 1

    @pytest.mark.parametrize(("result", "error"), [(FileNotFoundError("authorities.pem"), OSError), ("a", TypeError)])
    def test_its_errors_are_raised(self, certificates: Certificates, result: Any, error: Any) -> None:
        with scripted_server(SCRIPT, tls=certificates.server_context()) as server:
            pool = ConnectionPool(ssl_context=Source(result), max_connections=1)
            with pool:
                for _ in range(2):
                    with pytest.raises(error, match=r"authorities\.pem|returned no ssl\.SSLContext, but str"):
                        pool.request("GET", server.url)
                wait_until(lambda: not server.open_connections)
                assert pool.connections == []


class TestNames:
    def test_the_host_has_to_match(self, certificates: Certificates) -> None:
        context = certificates.server_context(identities=["example.org"])
        with scripted_server(SCRIPT, tls=context) as server:
            pool = ConnectionPool(ssl_context=certificates.client_context())
            with pool:
                with pytest.raises(ConnectError, match="certificate verify failed"):
                    pool.request("GET", server.url)
                assert pool.connections == []

    @pytest.mark.parametrize("asked_for", ["example.org", b"example.org"])
    def test_sni_hostname(self, asked_for: Any, certificates: Certificates) -> None:
        names: list[Any] = []
        context = certificates.server_context(identities=["example.org"])
        context.sni_callback = lambda tls, name, context: names.append(name)
        with scripted_server(SCRIPT, tls=context) as server:
            pool = ConnectionPool(ssl_context=certificates.client_context())
            with pool:
                response = pool.request("GET", server.url, extensions={"sni_hostname": asked_for})
                assert response.content == b"ok"
        assert names == ["example.org"]


class TestProtocols:
    def test_http_1_1_is_offered(self, certificates: Certificates) -> None:
        context = certificates.server_context(alpn=["h2", "http/1.1"])
        with scripted_server(SCRIPT, tls=context) as server:
            pool = ConnectionPool(ssl_context=certificates.client_context())
            with pool:
                response = pool.request("GET", server.url)
                tls = response.extensions["network_stream"].get_extra_info("ssl_object")
                assert tls.selected_alpn_protocol() == "http/1.1"

    def test_without_http_2_each_concurrent_request_gets_a_connection(
        self, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """At first, the others wait for the protocol that the server chooses. Later it is known."""
        monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
        with scripted_server(SCRIPT, tls=certificates.server_context(alpn=["http/1.1"])) as server:
            pool = ConnectionPool(ssl_context=certificates.client_context(), http2=True)
            with pool:
                for count in (3, 6):

                    def send_request(count: int = count) -> Any:
                        headers = [("Connection", "close")]
                        with pool.stream("GET", server.url, headers=headers) as response:
                            wait_until(lambda: len(server.connections) == count)
                            return response.read()

                    assert at_once(*[send_request] * 3) == [b"ok"] * 3
                    assert pool.connections == []


@pytest.mark.fault("S9")
def test_a_connection_is_reused_only_for_the_verified_name(certificates: Certificates) -> None:
    names: list[str | None] = []
    context = certificates.server_context()
    context.sni_callback = lambda tls, name, context: names.append(name)
    client = certificates.client_context()
    client.check_hostname = False
    with scripted_server([receive_request(), send(OK)] * 3, tls=context) as server:
        with ConnectionPool(ssl_context=client) as pool:
            for name in ("a.example", "b.example", b"a.example", "a.example", None, "127.0.0.1", b"127.0.0.1"):
                extensions: dict[str, Any] = {} if name is None else {"sni_hostname": name}
                assert (pool.request("GET", server.url, extensions=extensions)).content == b"ok"
            assert len(server.connections) == 3
            assert names[:2] == ["a.example", "b.example"]
            assert pool.stats().reused == 4


@pytest.mark.fault("S9")
def test_without_tls_sni_hostname_is_ignored() -> None:
    with scripted_server([receive_request(), send(OK)] * 2) as server:
        with ConnectionPool() as pool:
            for name in ("a.example", "b.example"):
                pool.request("GET", server.url, extensions={"sni_hostname": name})
            assert len(server.connections) == 1
