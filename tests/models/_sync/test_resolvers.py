# Generated from ../_async/test_resolvers.py by tools/make_sync.py: edit that file, then run it.
"""Resolvers that a backend is given: what is asked, what is done with the answers, errors and time limits."""

import errno
import math
import socket
from collections.abc import Sequence
from typing import Any

import pytest
from httpcore_models import (
    CachingResolver,
    ConnectError,
    ConnectTimeout,
    Resolver,
    SyncBackend,
)
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.resolving import resolve_to
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.sockets import refusing_port, unresponsive_port
from httpcore_test_support.steps import hold

pytestmark = pytest.mark.anyio

TIMEOUT = 10.0


class Answers:
    """A resolver with fixed answers, one for each question; the last one is repeated."""

    def __init__(self, *answers: Any) -> None:
        self.questions: list[tuple[str, int]] = []
        self._answers = list(answers)

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.questions.append((host, port))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer  # type: ignore[no-any-return]


def test_its_addresses_are_connected_to() -> None:
    resolver = Answers(["127.0.0.1"])
    with scripted_server(hold()) as server:
        stream = SyncBackend(resolver=resolver).connect_tcp("example.org", server.port, TIMEOUT)
        assert stream.get_extra_info("server_addr") == ("127.0.0.1", server.port)
        stream.close()
        assert resolver.questions == [("example.org", server.port)]


def test_a_plain_function_will_do() -> None:
    def resolver(host: str, port: int) -> Sequence[str]:
        return {"example.org": ("127.0.0.1",)}[host]

    with scripted_server(hold()) as server:
        stream = SyncBackend(resolver=resolver).connect_tcp("example.org", server.port)
        stream.close()


@pytest.mark.parametrize("literal", ["127.0.0.1", "::1", "fe80::1%lo"])
def test_an_ip_address_is_not_resolved(literal: str) -> None:
    resolver = Answers(AssertionError("asked"))
    with refusing_port() as port, pytest.raises(ConnectError):
        SyncBackend(resolver=resolver).connect_tcp(literal, port, TIMEOUT)


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0177.0.0.1", "0x7f.1", "localhost"])
def test_all_else_is_resolved(host: str) -> None:
    resolver = Answers(["127.0.0.1"])
    with scripted_server(hold()) as server:
        stream = SyncBackend(resolver=resolver).connect_tcp(host, server.port, TIMEOUT)
        stream.close()
    assert [question[0] for question in resolver.questions] == [host]


def test_its_addresses_race() -> None:
    with scripted_server(hold()) as server, unresponsive_port("127.0.0.2", server.port):
        # If the first address had all the time, this would be a timeout.
        backend = SyncBackend(resolver=Answers(["127.0.0.2", "127.0.0.1"]))
        stream = backend.connect_tcp("example.org", server.port, 3.0)
        assert stream.get_extra_info("server_addr") == ("127.0.0.1", server.port)
        stream.close()


def test_resolving_and_connecting_share_one_limit() -> None:
    with unresponsive_port() as silent:
        backend = SyncBackend(resolver=Answers(["127.0.0.1"]))
        with pytest.raises(ConnectTimeout, match=rf"^Connect timed out after 0\.1 seconds \(example\.org:{silent}\)$"):
            backend.connect_tcp("example.org", silent, 0.1)


def test_timeout_of_the_operating_system_names_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(sock: socket.socket, address: Any) -> None:
        raise OSError(errno.ETIMEDOUT, "Connection timed out")

    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(ConnectTimeout, match=r"^Connect timed out \("):
        SyncBackend(resolver=Answers(["127.0.0.1"])).connect_tcp("example.org", 80)


def test_tls_is_for_the_name_and_not_the_address(certificates: Certificates) -> None:
    with scripted_server(hold(), tls=certificates.server_context()) as server:
        backend = SyncBackend(resolver=Answers(["127.0.0.1"]))
        stream = backend.connect_tcp("localhost", server.port, TIMEOUT)
        stream = stream.start_tls(certificates.client_context(), "localhost", TIMEOUT)
        stream.close()


@pytest.mark.parametrize(
    "error", [socket.gaierror(socket.EAI_NONAME, "Name or service not known"), UnicodeError("label too long")]
)
def test_its_failure_is_a_connect_error(error: Exception) -> None:
    with pytest.raises(ConnectError, match=r"(not known|too long) \(example\.org:80\)$") as caught:
        SyncBackend(resolver=Answers(error)).connect_tcp("example.org", 80, TIMEOUT)
    assert caught.value.__cause__ is error


def test_its_own_timeout_is_a_connect_timeout() -> None:
    with pytest.raises(ConnectTimeout, match=r"^Name resolution timed out \(example\.org:80\)$"):
        SyncBackend(resolver=Answers(TimeoutError())).connect_tcp("example.org", 80, TIMEOUT)


def test_other_exceptions_pass_through() -> None:
    error = LookupError("a mistake of the program")
    with pytest.raises(LookupError) as caught:
        SyncBackend(resolver=Answers(error)).connect_tcp("example.org", 80, TIMEOUT)
    assert caught.value is error


@pytest.mark.parametrize("timeout", [None, TIMEOUT])
@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        ([], ConnectError, r"^The resolver knows no address of this host \(example\.org:80\)$"),
        (["localhost"], ConnectError, r"^The resolver returned 'localhost', which is no IP address"),
        (["2130706433"], ConnectError, r"^The resolver returned '2130706433', which is no IP address"),
        ("127.0.0.1", TypeError, r"must return a sequence of IP addresses, but returned '127\.0\.0\.1'\.$"),
        (None, TypeError, r"must return a sequence of IP addresses, but returned None\.$"),
        ([2130706433], TypeError, r"must return IP addresses as str, but returned int\.$"),
    ],
)
def test_wrong_answers_are_told(timeout: float | None, answer: Any, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        SyncBackend(resolver=Answers(answer)).connect_tcp("example.org", 80, timeout)
    resolver = CachingResolver(Answers(answer))
    for _ in range(2):
        with pytest.raises(kind, match=text):
            SyncBackend(resolver=resolver).connect_tcp("example.org", 80, timeout)


def test_limit_that_is_no_number_is_refused() -> None:
    resolver = Answers(["127.0.0.1"])
    with pytest.raises(ValueError, match=r"^a timeout is a number of seconds or None, not NaN$"):
        SyncBackend(resolver=resolver).connect_tcp("example.org", 80, math.nan)
    assert not resolver.questions


def test_all_errors_of_its_addresses_are_told() -> None:
    with refusing_port() as port, pytest.raises(ConnectError) as caught:
        SyncBackend(resolver=Answers(["127.0.0.1", "255.255.255.255"])).connect_tcp("example.org", port)
    assert str(caught.value).endswith(
        f"[Errno {errno.ECONNREFUSED}] Connection refused; "
        f"[Errno {errno.ENETUNREACH}] Network is unreachable (example.org:{port})"
    )


def test_without_one_the_system_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_server(hold()) as server:
        resolve_to(monkeypatch, (socket.AF_INET, ("127.0.0.1", server.port)))
        stream = SyncBackend(resolver=None).connect_tcp("example.org", 80, TIMEOUT)
        assert stream.get_extra_info("server_addr") == ("127.0.0.1", server.port)
        stream.close()


def test_resolver_is_a_keyword_only_argument() -> None:
    resolver: Resolver = Answers([])
    assert SyncBackend(resolver=resolver).resolver is resolver
    assert SyncBackend().resolver is None
    with pytest.raises(TypeError):
        SyncBackend(resolver)  # type: ignore[misc]
