"""Credentials appear in no representation, error, trace event or log line."""

import gc
import logging
from collections.abc import Callable, Iterator
from typing import Any

import httpcore
import pytest

# A password, and the end of what Basic credentials make of it.
SECRETS = ("s3cret", "czNjcmV0", "OnMzY3JldA")
USER = "user:s3cret@"


def leaks(text: str) -> list[str]:
    return [text for secret in SECRETS if secret in text]


def chain(exc: BaseException | None) -> Iterator[BaseException]:
    """The exceptions that a traceback shows."""
    while exc is not None:
        yield exc
        exc = exc.__cause__ if exc.__suppress_context__ else exc.__context__


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("proxy", ["http", "https", "socks4", "socks5", None])
@pytest.mark.parametrize("in_url", [True, False])
def test_nothing_shows_credentials(
    scheme: str, proxy: str | None, in_url: bool, caplog: pytest.LogCaptureFixture
) -> None:
    events: list[str] = []
    caplog.set_level(logging.DEBUG)
    through = None
    if proxy is not None:
        place = f"{proxy}://{USER * in_url}localhost:1/"
        through = httpcore.Proxy(place, auth=None if in_url else ("user", "s3cret"), headers={"Cookie": "s3cret"})
    with httpcore.ConnectionPool(proxy=through) as pool:
        url = httpcore.URL(f"{scheme}://{USER}localhost:1/?key=s3cret")
        request = httpcore.Request(
            "GET",
            url,
            headers={"Authorization": "Basic OnMzY3JldA==", "Cookie": "s3cret"},
            extensions={"trace": lambda name, info: events.append(f"{name} {info}")},
        )
        connection: Any = pool.create_connection(url.origin)
        with pytest.raises(httpcore.HTTPCoreError) as caught:
            pool.handle_request(request)
        texts = [f"{error!r} {error}" for error in chain(caught.value)]
        texts += [f"{one!r} {one}" for one in (request, url.origin, through, pool, connection, *pool.connections)]
        ours = [one for one in gc.get_objects() if str(type(one).__module__).startswith("httpcore")]
        texts += [repr(one) for one in ours if not isinstance(one, httpcore.URL)]  # URLs show their query
    assert len(ours) > 10
    assert events
    assert caplog.text
    assert [leaks(text) for text in (*texts, *events, caplog.text) if leaks(text)] == []


@pytest.mark.parametrize(
    "mistake",
    [
        lambda: httpcore.Proxy(f"sock5://{USER}localhost/"),
        lambda: httpcore.Proxy(f"http://{USER}\N{LATIN SMALL LETTER E WITH ACUTE}/"),
        lambda: httpcore.Proxy("http://localhost/", headers=[("Proxy-Authorization", "s3cret", "s3cret")]),
        lambda: httpcore.SOCKSProxy(f"http://{USER}"),
        lambda: httpcore.URL(f"http://{USER}localhost:port/"),
        lambda: httpcore.URL(f"http://{USER}[::1/"),
        lambda: httpcore.URL(f"http://{USER}\N{LATIN SMALL LETTER E WITH ACUTE}/"),
        lambda: httpcore.request("GET", f"ftp://{USER}localhost/"),
        lambda: httpcore.Request("GET", "http://localhost/", headers=[("Cookie", "s3cret", "s3cret")]),
        lambda: httpcore.Request(
            "GET", "http://localhost/", headers={"Cookie": "s3cret\N{LATIN SMALL LETTER E WITH ACUTE}"}
        ),
    ],
)
def test_no_error_about_an_argument_shows_credentials(mistake: Callable[[], object]) -> None:
    with pytest.raises((TypeError, ValueError, httpcore.HTTPCoreError)) as caught:
        mistake()
    texts = [f"{error!r} {error}" for error in chain(caught.value)]
    assert [leaks(text) for text in texts if leaks(text)] == []


class Listener(list[str]):
    """A callback that is false in a condition, because it is empty. It keeps what it is told about requests."""

    def __call__(self, name: str, info: dict[str, Any]) -> None:
        request = info.get("request")
        if request is not None:
            self.append(f"{name} {request.headers}")


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.mark.parametrize("kind", ["trace", "observe"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_callbacks_that_are_false_in_a_condition(kind: str, scheme: str) -> None:
    listener: Any = Listener()
    replies = [OK] if scheme == "http" else [b"HTTP/1.1 200 OK\r\n\r\n", OK]
    proxy = httpcore.Proxy("http://localhost/", auth=("user", "s3cret"))
    with httpcore.ConnectionPool(proxy=proxy, network_backend=httpcore.MockBackend(replies)) as pool:
        pool.request("GET", f"{scheme}://example.com/", extensions={kind: listener})
    assert listener
    assert leaks(str(listener)) == []


@pytest.mark.parametrize("timeout", [{}, {"total": 10.0}])
def test_a_connection_to_a_proxy_without_a_pool(timeout: dict[str, float]) -> None:
    listener: Any = Listener()
    connection: Any = httpcore.ConnectionPool(
        proxy=httpcore.Proxy("http://localhost/", auth=("user", "s3cret")), network_backend=httpcore.MockBackend([OK])
    ).create_connection(httpcore.URL("http://example.com/").origin)
    request = httpcore.Request(
        "GET",
        "http://example.com/",
        headers={"Host": "example.com"},
        extensions={"trace": listener, "timeout": timeout},
    )
    with connection:
        response = connection.handle_request(request)
        response.read()
        response.close()
    assert listener
    assert leaks(str(listener)) == []
