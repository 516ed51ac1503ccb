"""Addresses, sockets that connect, the race between addresses, texts of errors, and readiness of sockets."""

import errno
import os
import resource
import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from httpcore_models import AutoBackend, SyncBackend
from httpcore_models.network import is_socket_readable
from httpcore_models.network._connecting.happy_eyeballs import CONNECTION_ATTEMPT_DELAY, Race, interleaved
from httpcore_models.network._connecting.sockets import finish_connecting, new_socket
from httpcore_models.network._error_texts import failure_text, peer_name, timeout_text
from httpcore_models.network._readiness import Readiness
from httpcore_models.network._resolving.system import Address, numeric_addresses
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.steps import receive_until, send

FOUR = [Address(socket.AF_INET, (f"127.0.0.{index}", 80)) for index in range(4)]
SIX = [Address(socket.AF_INET6, (f"::{index}", 80, 0, 0)) for index in range(4)]
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], []),
        (FOUR, FOUR),
        (SIX[:2] + FOUR[:2], [SIX[0], FOUR[0], SIX[1], FOUR[1]]),
        (FOUR[:1] + SIX[:3], [FOUR[0], SIX[0], SIX[1], SIX[2]]),
        (SIX[:1] + FOUR[:3], [SIX[0], FOUR[0], FOUR[1], FOUR[2]]),
    ],
    ids=["none", "one family", "alternating", "more of the second", "fewer of the first"],
)
def test_address_families_alternate(given: list[Address], expected: list[Address]) -> None:
    assert interleaved(iter(given)) == expected


def test_ip_literals_are_not_resolved() -> None:
    assert numeric_addresses("127.0.0.1", 80) == [Address(socket.AF_INET, ("127.0.0.1", 80))]
    assert numeric_addresses("::1", 80) == [Address(socket.AF_INET6, ("::1", 80, 0, 0))]
    assert numeric_addresses("localhost", 80) == []


@pytest.mark.field(58)
def test_zone_of_ipv6_literal_is_kept() -> None:
    ((_, sockaddr),) = numeric_addresses("fe80::1%lo", 80)
    assert sockaddr == ("fe80::1", 80, 0, socket.if_nametoindex("lo"))


def test_new_socket_does_not_block() -> None:
    with new_socket(socket.AF_INET, None, None) as sock:
        assert sock.gettimeout() == 0.0


def test_new_socket_is_closed_if_an_option_fails() -> None:
    # The plugin fails tests that leave a socket open.
    with pytest.raises(OSError, match="Protocol not available"):
        new_socket(socket.AF_INET, None, [(socket.SOL_SOCKET, 9999, 1)])


def test_finish_connecting_raises_the_outcome() -> None:
    first, second = socket.socketpair()
    with first, second:
        finish_connecting(first)
    with socket.socket() as sock:
        sock.setblocking(False)
        sock.connect_ex(("127.0.0.1", 1))
        select.select([], [sock], [], 5.0)
        with pytest.raises(ConnectionRefusedError):
            finish_connecting(sock)


def test_errors_of_a_lost_race_are_combined() -> None:
    refused, other = OSError(errno.ECONNREFUSED, "refused"), OSError(errno.ENETUNREACH, "unreachable")
    assert lost_race(refused).failure() is refused
    assert lost_race(refused, OSError(errno.ECONNREFUSED, "refused")).failure() is refused
    assert str(lost_race(refused, other, refused).failure()) == "[Errno 111] refused; [Errno 101] unreachable"
    assert str(lost_race().failure()) == "the resolver knows no address of this host"


def lost_race(*errors: OSError) -> Race:
    race = Race(FOUR[: len(errors)])
    for error in errors:
        assert race.next_address() is not None
        race.attempt_failed(error)
    assert race.is_lost
    return race


def test_race_is_lost_when_all_attempts_have_failed() -> None:
    race = Race(FOUR[:2])
    assert race.next_address() == FOUR[0]
    assert race.delay() == CONNECTION_ATTEMPT_DELAY
    race.attempt_failed(OSError())
    assert not race.is_lost
    assert race.next_address() == FOUR[1]
    # The last address has all the remaining time.
    assert race.delay() is None
    assert race.next_address() is None
    assert not race.is_lost
    race.attempt_failed(OSError())
    assert race.is_lost


def test_peer_names() -> None:
    assert peer_name("example.org", 80) == "example.org:80"
    assert peer_name("::1", 80) == "[::1]:80"


@pytest.mark.field(85)
def test_timeouts_name_phase_seconds_and_peer() -> None:
    assert timeout_text("Connect", "example.org:80", 5.0) == "Connect timed out after 5 seconds (example.org:80)"
    assert timeout_text("Connect", "example.org:80", 0.25) == "Connect timed out after 0.25 seconds (example.org:80)"
    assert timeout_text("Connect", "example.org:80", 0.0) == "Connect timed out after 0 seconds (example.org:80)"
    assert timeout_text("Connect", "example.org:80", None) == "Connect timed out (example.org:80)"


def test_errors_name_cause_and_peer() -> None:
    assert failure_text(OSError(5, "cause"), "example.org:80") == "[Errno 5] cause (example.org:80)"
    assert failure_text(OSError(), "example.org:80") == "OSError (example.org:80)"


@pytest.fixture(params=["poll", "selectors"])
def _readiness(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask the operating system by `poll()` and, as on Windows, by a selector."""
    if request.param == "selectors":
        monkeypatch.delattr(select, "poll")


@pytest.mark.usefixtures("_readiness")
def test_socket_is_readable_with_bytes_at_end_of_stream_and_when_closed() -> None:
    first, second = socket.socketpair()
    with first, second:
        assert not is_socket_readable(first)
        second.send(b"data")
        assert is_socket_readable(first)
        first.recv(100)
        assert not is_socket_readable(first)
        second.close()
        assert is_socket_readable(first)
    assert is_socket_readable(first)
    assert is_socket_readable(None)


@pytest.mark.usefixtures("_readiness")
def test_readiness_can_be_checked_repeatedly() -> None:
    first, second = socket.socketpair()
    with first, second:
        readiness = Readiness(first)
        for _ in range(2):
            assert not readiness.is_readable()
            second.send(b"data")
            assert readiness.is_readable()
            first.recv(100)
        second.close()
        assert readiness.is_readable()
    # Another socket may have the same descriptor now.
    with socket.socket():
        assert readiness.is_readable()


def test_several_threads_can_check_readiness() -> None:
    class Busy:
        def poll(self, timeout: float) -> list[tuple[int, int]]:
            raise RuntimeError("concurrent poll() invocation")

    first, second = socket.socketpair()
    with first, second:
        readiness = Readiness(first)
        readiness._poll = Busy()  # type: ignore[assignment]
        assert not readiness.is_readable()
        second.send(b"data")
        assert readiness.is_readable()


@pytest.fixture
def _many_files() -> Iterator[None]:
    """Every descriptor below 1100 is in use."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2048:
        pytest.skip("needs 1100 open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    with ExitStack() as stack:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        null = os.open(os.devnull, os.O_RDONLY)
        stack.callback(os.close, null)
        while (descriptor := os.dup(null)) < 1100:
            stack.callback(os.close, descriptor)
        os.close(descriptor)
        yield


@pytest.mark.field(80)
@pytest.mark.usefixtures("_many_files")
@pytest.mark.parametrize("timeout", [None, 10.0])
def test_sync_requests_work_with_many_open_files(timeout: float | None) -> None:
    with scripted_server([receive_until(b"\r\n\r\n"), send(RESPONSE)]) as server:
        stream = SyncBackend().connect_tcp("127.0.0.1", server.port, timeout)
        assert stream.get_extra_info("socket").fileno() > 1023
        assert not stream.get_extra_info("is_readable")
        stream.write(REQUEST, timeout)
        assert stream.read(1000, timeout) == RESPONSE
        stream.close()


@pytest.mark.anyio
@pytest.mark.field(80)
@pytest.mark.usefixtures("_many_files")
@pytest.mark.parametrize("timeout", [None, 10.0])
async def test_async_requests_work_with_many_open_files(timeout: float | None) -> None:
    with scripted_server([receive_until(b"\r\n\r\n"), send(RESPONSE)]) as server:
        stream = await AutoBackend().connect_tcp("127.0.0.1", server.port, timeout)
        assert stream.get_extra_info("socket").fileno() > 1023
        assert not stream.get_extra_info("is_readable")
        await stream.write(REQUEST, timeout)
        assert await stream.read(1000, timeout) == RESPONSE
        await stream.aclose()
