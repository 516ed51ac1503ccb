# Generated from ../_async/test_connecting.py by tools/make_sync.py: edit that file, then run it.
"""Connecting once for several requests, closing while that is in progress, and server names."""

from typing import Any

import pytest
from httpcore import (
    URL,
    ConnectError,
    ConnectionNotAvailable,
    ConnectionPool,
    ConnectTimeout,
    HTTPConnection,
    NetworkStream,
    Origin,
    Proxy,
    ProxyError,
)
from httpcore_models import SyncBackend
from httpcore_models.concurrency import Event
from httpcore_models.deadline import limit_text
from httpcore_test_support.background import Background, Call
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.recording import RecordingBackend
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.steps import hold, receive_request, receive_until, send, start_tls
from httpcore_test_support.waiting import pause, wait_until

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SECURE_URL = "https://example.com/"
SECURE_ORIGIN = Origin(b"https", b"example.com", 443)


def limits(**seconds: float) -> dict[str, Any]:
    return {"timeout": seconds}


def error_of(call: Call) -> Exception:
    """Return what a call in the background raises."""
    try:
        outcome = call.result()
    except Exception as error:
        return error
    raise AssertionError(f"it returned {outcome!r}")


class ErrorOfAnotherShape(ConnectError):
    """An exception whose constructor takes other arguments than it stores."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.status = code


class HeldBackend(RecordingBackend):
    """Connects once its gate is open. `begun` counts the attempts."""

    def __init__(self, *outcomes: Any) -> None:
        super().__init__(*outcomes)
        self.gate = Event()
        self.begun = 0

    def connect_tcp(self, *args: Any, **kwargs: Any) -> NetworkStream:
        self.begun += 1
        if not self.gate.wait(kwargs["timeout"]):
            raise ConnectTimeout("too late")
        return super().connect_tcp(*args, **kwargs)


@pytest.mark.fault("T8")
class TestWaiting:
    def test_a_follower_keeps_its_own_time_limit(self) -> None:
        with scripted_server(hold()) as server:
            url = f"https://127.0.0.1:{server.port}/"
            pool = ConnectionPool(http2=True)
            with Background() as background:
                with pool:
                    first = background.start(pool.request, "GET", url)
                    wait_until(lambda: server.connections)
                    second = background.start(pool.request, "GET", url, extensions=limits(connect=0.05))
                    error = error_of(second)
                    assert isinstance(error, ConnectTimeout)
                    assert str(error) == (
                        f"Connect timed out after 0.05 seconds (https://127.0.0.1:{server.port}): "
                        "another request was still opening the connection"
                    )
                    assert not first.done
                assert isinstance(error_of(first), ConnectError)

    def test_followers_time_out_together(self) -> None:
        with scripted_server(hold()) as server:
            url = f"https://127.0.0.1:{server.port}/"
            pool = ConnectionPool(http2=True)
            with pool, Background() as background:
                calls = [background.start(pool.request, "GET", url, extensions=limits(connect=0.2)) for _ in range(60)]
                # One after the other, they would take twelve seconds.
                wait_until(lambda: all(call.done for call in calls), 10.0)
                assert {type(error_of(call)) for call in calls} == {ConnectTimeout}

    @pytest.mark.parametrize("error", [ConnectError("no"), ProxyError("no", status=407), ErrorOfAnotherShape("no", 5)])
    def test_a_failure_is_shared(self, error: Exception) -> None:
        backend = HeldBackend(error)
        connection = HTTPConnection(SECURE_ORIGIN, http2=True, network_backend=backend)
        with Background() as background:
            calls = [background.start(connection.request, "GET", SECURE_URL) for _ in range(3)]
            wait_until(lambda: len(connection._connecting._followers) == 2)
            backend.gate.set()
            errors = [error_of(call) for call in calls]
        assert {(type(each), str(each), getattr(each, "status", None)) for each in errors} == {
            (type(error), "no", getattr(error, "status", None))
        }
        assert len({id(each) for each in errors}) == 3
        assert backend.begun == 1
        assert connection.is_closed()

    def test_a_timeout_of_the_leader_is_not_shared(self) -> None:
        backend = HeldBackend(ConnectTimeout("too late"), [OK])
        connection = HTTPConnection(SECURE_ORIGIN, http2=True, network_backend=backend)
        with connection, Background() as background:
            hasty = background.start(connection.request, "GET", SECURE_URL, extensions=limits(connect=10.0))
            wait_until(lambda: backend.begun == 1)
            patient = background.start(connection.request, "GET", SECURE_URL, extensions=limits(connect=100.0))
            wait_until(lambda: connection._connecting._followers)
            backend.gate.set()
            assert isinstance(error_of(hasty), ConnectTimeout)
            assert (patient.result()).content == b"ok"
            assert not connection.is_closed()
        assert backend.begun == 2
        limit = backend.connects[-1]["timeout"]
        assert 10.0 < limit < 100.0
        assert limit_text(limit) == "after 100 seconds"  # what the error of a backend names

    def test_an_exception_from_the_leaders_callback_is_not_shared(self) -> None:
        backend = HeldBackend([OK])
        connection = HTTPConnection(SECURE_ORIGIN, http2=True, network_backend=backend)

        def trace(name: str, info: Any) -> None:
            if name.endswith("connect_tcp.complete"):
                raise LookupError(name)

        with connection, Background() as background:
            failing = background.start(connection.request, "GET", SECURE_URL, extensions={"trace": trace})
            wait_until(lambda: backend.begun == 1)
            other = background.start(connection.request, "GET", SECURE_URL)
            wait_until(lambda: connection._connecting._followers)
            backend.gate.set()
            assert isinstance(error_of(failing), LookupError)
            assert (other.result()).content == b"ok"
        assert backend.begun == 2


@pytest.mark.fault("T10")
class TestClosing:
    def test_while_the_server_is_silent_in_the_handshake(self) -> None:
        with scripted_server(hold()) as server:
            url = f"https://127.0.0.1:{server.port}/"
            pool = ConnectionPool()
            with Background() as background:
                call = background.start(pool.request, "GET", url)
                wait_until(lambda: server.connections)
                pause()
                pool.close()
                error = error_of(call)
            assert isinstance(error, ConnectError)
            assert str(error) == (
                f"The connection to https://127.0.0.1:{server.port} was closed while it was being opened"
            )
            wait_until(lambda: not server.open_connections)

    @pytest.mark.parametrize("scheme", ["http", "socks5"])
    def test_while_the_proxy_is_silent(self, scheme: str) -> None:
        with scripted_server(hold()) as server:
            pool = ConnectionPool(proxy=Proxy(f"{scheme}://127.0.0.1:{server.port}"))
            with Background() as background:
                call = background.start(pool.request, "GET", SECURE_URL)
                wait_until(lambda: server.connections)
                pause()
                pool.close()
                assert isinstance(error_of(call), ConnectError)
            wait_until(lambda: not server.open_connections)

    def test_nothing_is_sent_once_it_is_closed(self) -> None:
        """This backend cannot be interrupted. The stream that it opens is closed."""
        backend = HeldBackend([OK])
        connection = HTTPConnection(Origin(b"http", b"example.com", 80), retries=3, network_backend=backend)
        with Background() as background:
            call = background.start(connection.request, "GET", "http://example.com/")
            wait_until(lambda: backend.begun)
            connection.close()
            backend.gate.set()
            assert isinstance(error_of(call), ConnectError)
        assert backend.begun == 1
        assert all(stream.closed and not stream.written for stream in backend.streams)
        assert connection.is_closed()

    def test_followers_fail_too(self) -> None:
        backend = HeldBackend([OK])
        connection = HTTPConnection(SECURE_ORIGIN, http2=True, network_backend=backend)
        with Background() as background:
            calls = [background.start(connection.request, "GET", SECURE_URL) for _ in range(3)]
            wait_until(lambda: len(connection._connecting._followers) == 2)
            connection.close()
            backend.gate.set()
            assert {type(error_of(call)) for call in calls} == {ConnectError}

    def test_a_request_after_the_pool_has_closed_the_connection(self) -> None:
        backend = RecordingBackend([OK])
        connection = HTTPConnection(SECURE_ORIGIN, network_backend=backend)
        connection.on_capacity_change = lambda: None
        connection.close()
        with pytest.raises(ConnectionNotAvailable, match=r"^The connection to https://example\.com:443 is closed$"):
            connection.request("GET", SECURE_URL)
        assert connection.is_closed()
        assert not backend.connects


@pytest.mark.fault("S9")
class TestNames:
    @pytest.mark.parametrize(
        ("first", "then"), [("a.example", "b.example"), ("a.example", None), (None, "b.example")], ids=str
    )
    def test_a_request_for_another_name_is_not_sent(self, first: str | None, then: str | None) -> None:
        backend = RecordingBackend([OK, OK])
        with HTTPConnection(SECURE_ORIGIN, network_backend=backend) as connection:
            connection.request("GET", SECURE_URL, extensions={"sni_hostname": first})
            sent = backend.streams[0].written
            with pytest.raises(ConnectionNotAvailable) as raised:
                connection.request("GET", SECURE_URL, extensions={} if then is None else {"sni_hostname": then})
            assert str(raised.value) == (
                "The server of this connection to https://example.com:443 was checked for the name "
                f"{first or 'example.com'!r}, not for {then or 'example.com'!r}"
            )
            assert backend.streams[0].written == sent

    @pytest.mark.parametrize(("first", "then"), [("a.example", "a.example"), (None, "example.com")], ids=str)
    def test_a_request_for_the_same_name_is_sent(self, first: str | None, then: str) -> None:
        backend = RecordingBackend([OK, OK])
        with HTTPConnection(SECURE_ORIGIN, network_backend=backend) as connection:
            for name in (first, then):
                extensions = {} if name is None else {"sni_hostname": name}
                assert (connection.request("GET", SECURE_URL, extensions=extensions)).status == 200
        assert len(backend.connects) == 1

    def test_without_tls_the_name_is_ignored(self) -> None:
        url, names = "http://example.com/", ["a", "b", 5]
        backend = RecordingBackend([OK] * 3)
        with HTTPConnection(Origin(b"http", b"example.com", 80), network_backend=backend) as connection:
            for name in names:
                extensions: dict[str, Any] = {"sni_hostname": name}
                assert (connection.request("GET", url, extensions=extensions)).status == 200
        backend = RecordingBackend([OK] * 3)
        with ConnectionPool(network_backend=backend) as pool:
            for name in names:
                assert (pool.request("GET", url, extensions={"sni_hostname": name})).status == 200
        assert len(backend.connects) == 1


def test_an_origin_without_tls_ignores_the_protocol_of_the_proxy(certificates: Certificates) -> None:
    """The proxy has chosen HTTP/2 in TLS, but the origin of the ws:// URL has not."""
    proxy = [receive_until(b"\r\n\r\n"), send(b"HTTP/1.1 200 OK\r\n\r\n"), receive_request(), send(OK)]
    with scripted_server(proxy, tls=certificates.server_context(alpn=["h2"])) as server:
        context = certificates.client_context()
        pool = ConnectionPool(http2=True, proxy=Proxy(server.url, ssl_context=context))
        with pool:
            response = pool.request("GET", "ws://example.com/")
            assert response.extensions["http_version"] == b"HTTP/1.1"


@pytest.mark.fault("N1")
@pytest.mark.parametrize(
    ("host", "name"),
    [("example.com.", "example.com"), ("[fe80::1%eth0]", "fe80::1"), ("127.0.0.1", "127.0.0.1"), ("[::1]", "::1")],
)
@pytest.mark.parametrize("through", [None, "http", "socks5", "https"])
def test_the_server_name_has_no_final_dot_and_no_zone(host: str, name: str, through: str | None) -> None:
    replies = {"http": [b"HTTP/1.1 200 OK\r\n\r\n"], "socks5": [b"\x05\x00", b"\x05\x00\x00\x01" + bytes(6)]}
    backend = RecordingBackend([*replies.get(through or "", []), OK])
    proxy = None if through is None else Proxy(f"{through}://{host if through == 'https' else 'proxy.local'}")
    pool = ConnectionPool(proxy=proxy, network_backend=backend)
    with pool:
        url = "http://example.com/" if through == "https" else f"https://{host}/"
        assert (pool.request("GET", url)).status == 200
    assert backend.streams[0].handshakes[0]["server_hostname"] == name


@pytest.mark.fault("N1")
def test_the_certificate_is_checked_without_a_final_dot(certificates: Certificates) -> None:
    names: list[Any] = []
    context = certificates.server_context(identities=["localhost"])
    context.sni_callback = lambda tls, name, context: names.append(name)
    with scripted_server([start_tls(context), receive_request(), send(OK)]) as server:
        origin = URL(f"https://localhost.:{server.port}/").origin

        class Backend(RecordingBackend):
            def connect_tcp(self, *args: Any, **kwargs: Any) -> NetworkStream:
                # Some systems do not resolve the name with the dot.
                return SyncBackend().connect_tcp("127.0.0.1", server.port)

        tls = certificates.client_context()
        with HTTPConnection(origin, ssl_context=tls, network_backend=Backend([])) as connection:
            assert (connection.request("GET", f"https://localhost.:{server.port}/")).status == 200
    assert names == ["localhost"]
