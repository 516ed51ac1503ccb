"""The pytest plugin of the test support, and the sockets and code that its checks tell apart."""

from __future__ import annotations

import asyncio
import os
import re
import socket

import httpcore
import pytest
import trio
from httpcore_test_support.asyncs import BACKENDS, run_async
from httpcore_test_support.library_code import is_library_code
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.sockets import no_leaked_sockets, open_sockets, refusing_port, unresponsive_port

pytest_plugins = ["pytester"]


class TestSockets:
    def test_open_sockets_knows_both_ends(self) -> None:
        with scripted_server([]) as server, socket.create_connection(("127.0.0.1", server.port)) as client:
            (found,) = [entry for entry in open_sockets() if entry.fd == client.fileno()]
            assert (found.family, found.local) == (socket.AF_INET, client.getsockname())
            assert found.peer == ("127.0.0.1", server.port)

    def test_open_sockets_changes_no_socket(self) -> None:
        with socket.socket() as sock:
            sock.setblocking(False)
            assert open_sockets()
            assert not os.get_blocking(sock.fileno())

    def test_a_leaked_socket_is_reported(self) -> None:
        leaked = socket.socket()
        leaked.close()
        with pytest.raises(AssertionError, match=r"leaked sockets: fd \d+ .*127\.0\.0\.1"), no_leaked_sockets():
            leaked = socket.create_server(("127.0.0.1", 0))
        leaked.close()

    def test_a_closed_socket_is_not_reported(self) -> None:
        with no_leaked_sockets():
            socket.create_server(("127.0.0.1", 0)).close()

    def test_refusing_and_unresponsive_ports(self) -> None:
        with refusing_port() as port, pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=10)
        with unresponsive_port() as port, pytest.raises(TimeoutError):
            socket.create_connection(("127.0.0.1", port), timeout=0.2)


class TestLibraryCode:
    def test_only_the_packages_themselves_are_library_code(self) -> None:
        assert is_library_code(httpcore.request.__code__)
        assert not is_library_code(is_library_code.__code__)
        assert not is_library_code(running_loop.__code__)
        elsewhere = compile("", "/src/httpcore/__init__.py", "exec")
        assert not is_library_code(elsewhere)

    def test_modules_and_packages_can_be_named(self) -> None:
        code = httpcore.request.__code__
        assert is_library_code(code, "httpcore")
        assert is_library_code(code, "httpcore_h11", "httpcore._api")
        assert not is_library_code(code, "httpcore_h11", "httpcore._fork")


LEAKY_TESTS = """
import socket, threading
import anyio, pytest

kept = []
release = threading.Event()

def test_clean():
    socket.socket().close()

def test_leaks_socket():
    kept.append(socket.create_server(("127.0.0.1", 0)))

def test_leaks_thread():
    kept.append(threading.Thread(target=release.wait, name="stray"))
    kept[-1].start()

@pytest.mark.anyio
async def test_clean_async():
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        async with await anyio.connect_tcp("localhost", port):
            pass
    await anyio.to_thread.run_sync(int)

@pytest.fixture(scope="module")
async def module_wide(anyio_backend):
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        yield listener

@pytest.mark.anyio
async def test_wider_fixture_is_no_leak(module_wide):
    await anyio.sleep(0)

def test_end():
    release.set()
"""


class TestPlugin:
    def test_leaks_fail_the_test_that_leaks(self, pytester: pytest.Pytester) -> None:
        pytester.makepyfile(LEAKY_TESTS)
        result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-v")
        result.assert_outcomes(passed=3 + 1 + 2 * len(BACKENDS), errors=2)
        result.stdout.fnmatch_lines(["*ERROR*test_leaks_socket*", "leaked sockets: fd *", "leaked threads: stray"])
        result.stdout.no_fnmatch_line("*ERROR*test_clean*")

    def test_a_failure_tells_the_seed_of_its_random_numbers(
        self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pytester.makepyfile("def test_it(chance):\n    raise ValueError(f'drawn: {chance.random()}')")
        monkeypatch.delenv("HTTPCORE_TEST_SEED", raising=False)
        drawn = []
        for _ in range(2):
            result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
            output = result.stdout.str()
            (number,) = set(re.findall(r"ValueError: drawn: (\S+)", output))
            (seed,) = re.findall(r"HTTPCORE_TEST_SEED=(\d+)", output)
            drawn.append(number)
            monkeypatch.setenv("HTTPCORE_TEST_SEED", seed)
        assert drawn[0] == drawn[1]

    @pytest.mark.anyio
    async def test_async_tests_run_on_every_loop(self, request: pytest.FixtureRequest) -> None:
        assert await running_loop() == request.node.callspec.id

    def test_run_async_uses_the_named_loop(self) -> None:
        assert [run_async(backend, running_loop) for backend in BACKENDS] == ["asyncio", "uvloop", "trio"]


async def running_loop() -> str:
    """Return the name of the package that runs this coroutine."""
    return "trio" if trio.lowlevel.in_trio_run() else type(asyncio.get_running_loop()).__module__.split(".")[0]
