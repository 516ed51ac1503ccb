"""`connect()` of the standard library's sockets, which programs replace to guard tests or to use a proxy."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from httpcore_models import AutoBackend, ConnectError, SyncBackend
from httpcore_test_support.asyncs import BACKENDS, run_async
from httpcore_test_support.scripted import ScriptedServer, scripted_server
from httpcore_test_support.steps import hold

TIMEOUT = 10.0

pytestmark = pytest.mark.upgrade("4.3")


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server(hold()) as server:
        yield server


@contextlib.contextmanager
def changed_for_this_thread(name: str, change: Callable[[Any], Any]) -> Iterator[None]:
    """Change a method of the standard library's sockets for this thread: servers keep theirs."""
    stock, thread = getattr(socket.socket, name), threading.current_thread()

    def method(self: Any, *arguments: Any) -> Any:
        return (change(stock) if threading.current_thread() is thread else stock)(self, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, name, method)
        yield


class TestConnectOfSockets:
    """As libraries do that keep tests from the network, or that connect through a proxy."""

    def test_sync(self, server: ScriptedServer) -> None:
        connected: list[Any] = []

        def pinned(stock: Any) -> Any:
            def connect(self: socket.socket, address: Any) -> None:
                # It waits, with a time limit, for the answer of a proxy.
                assert self.gettimeout() == TIMEOUT
                connected.append(address)
                stock(self, ("127.0.0.1", server.port))

            return connect

        with changed_for_this_thread("connect", pinned):
            stream = SyncBackend().connect_tcp("127.0.0.1", 9, TIMEOUT)
        assert connected == [("127.0.0.1", 9)]
        assert stream.get_extra_info("server_addr") == ("127.0.0.1", server.port)
        stream.close()

    @pytest.mark.parametrize("loop", [loop for loop in BACKENDS if loop != "uvloop"])
    def test_async(self, server: ScriptedServer, loop: str) -> None:
        def refusing(stock: Any) -> Any:
            def connect(self: socket.socket, address: Any) -> None:
                raise PermissionError("blocked")

            return connect

        async def connect() -> None:
            with changed_for_this_thread("connect", refusing), pytest.raises(ConnectError):
                await AutoBackend().connect_tcp("127.0.0.1", server.port, TIMEOUT)

        run_async(loop, connect)
        assert not server.open_connections
