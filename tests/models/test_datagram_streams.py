"""Datagram streams: cancellation, other threads and event loops, forks, signals, and what Linux joins and splits."""

import asyncio
import contextlib
import errno
import gc
import itertools
import os
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from httpcore_models import AnyIOBackend, AutoBackend, ConnectError, ReadError, ReadTimeout, SyncBackend, WriteError
from httpcore_models.network import AsyncDatagramStream, DatagramStream
from httpcore_models.network._streams import datagram_socket
from httpcore_models.network._streams.asyncio_datagrams import AsyncioDatagramStream
from httpcore_models.network._streams.datagram_socket import DatagramSocket
from httpcore_test_support.asyncs import BACKENDS, run_async
from httpcore_test_support.datagrams import DatagramPeer, datagram_peer
from httpcore_test_support.interrupting import Interrupted, raised_at
from httpcore_test_support.library_code import is_library_code
from httpcore_test_support.sockets import no_leaked_sockets, open_sockets
from httpcore_test_support.waiting import async_wait_until, wait_until

TIMEOUT = 10.0
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux joins and splits datagrams")


def connected(peer: DatagramPeer) -> DatagramStream:
    stream = SyncBackend().connect_udp("127.0.0.1", peer.port, TIMEOUT)
    stream.send([b"hello"])
    peer.receive()
    return stream


async def async_connected(peer: DatagramPeer) -> AsyncDatagramStream:
    stream = await AutoBackend().connect_udp("127.0.0.1", peer.port, TIMEOUT)
    await stream.send([b"hello"])
    peer.receive()
    return stream


class RefusingSocket:
    """Counts what is sent, and refuses to split datagrams."""

    def __init__(self, error: int | None) -> None:
        self.calls: list[tuple[str, int]] = []
        self._error = error

    def setsockopt(self, *arguments: Any) -> None:
        raise OSError(errno.ENOPROTOOPT, "no such option")

    def sendmsg(self, datagrams: list[bytes], ancillary: Any) -> None:
        self.calls.append(("sendmsg", len(datagrams)))
        if self._error is not None:
            raise OSError(self._error, os.strerror(self._error))

    def send(self, datagram: bytes) -> None:
        self.calls.append(("send", len(datagram)))

    def recv(self, size: int) -> bytes:
        return b"data"


# From asm-generic/socket.h. The module `socket` lacks it.
SO_TIMESTAMP = 29


@LINUX
class TestSegments:
    @pytest.mark.parametrize("options", [[], [(socket.SOL_SOCKET, SO_TIMESTAMP, 1)]], ids=["plain", "stamped"])
    def test_the_system_joins_and_splits(self, options: list[Any]) -> None:
        datagrams = [bytes([number]) * 1200 for number in range(50)]
        with datagram_peer() as peer:
            stream = SyncBackend().connect_udp("127.0.0.1", peer.port, socket_options=options)
            peer.socket.connect(stream.get_extra_info("client_addr"))
            sender = DatagramSocket(peer.socket)
            assert sender.send(datagrams, 0) == 50
            buffer, size = stream.receive(TIMEOUT)
            assert (size, buffer) == (1200, b"".join(datagrams))
            stream.close()

    @pytest.mark.parametrize("error", datagram_socket._REFUSALS)
    def test_a_refusal_to_split_counts_for_good(self, error: int) -> None:
        sock: Any = RefusingSocket(error)
        datagrams = DatagramSocket(sock)
        assert datagrams.send([b"one", b"two"], 0) == 2
        assert datagrams.send([b"one", b"two"], 0) == 2
        assert sock.calls == [("sendmsg", 2)] + [("send", 3)] * 4
        assert datagrams.receive() == (b"data", 4)

    def test_other_errors_are_raised(self) -> None:
        sock: Any = RefusingSocket(errno.ECONNREFUSED)
        with pytest.raises(ConnectionRefusedError):
            DatagramSocket(sock).send([b"one", b"two"], 0)

    def test_a_dropped_datagram_counts_as_sent(self) -> None:
        sock: Any = RefusingSocket(errno.ENOBUFS)
        assert DatagramSocket(sock).send([b"one", b"two"], 0) == 2

    @pytest.mark.parametrize(
        ("sizes", "calls"),
        [
            ([5] * 64, [64]),
            ([5] * 65, [64, 1]),
            ([5] * 130, [64, 64, 2]),
            ([5, 5, 3, 5], [3, 1]),
            ([5, 6, 6, 7], [1, 2, 1]),
            ([5, 0, 5], [1, 1, 1]),
            ([30000] * 3, [2, 1]),
            ([65507] * 2, [1, 1]),
            ([0, 0], [1, 1]),
        ],
    )
    def test_what_is_sent_together(self, sizes: list[int], calls: list[int]) -> None:
        sock: Any = RefusingSocket(None)
        assert DatagramSocket(sock).send([bytes(size) for size in sizes], 0) == len(sizes)
        assert [count if name == "sendmsg" else 1 for name, count in sock.calls] == calls


@pytest.mark.parametrize("loop", BACKENDS)
class TestTasks:
    def test_cancellation_loses_no_later_datagram(self, loop: str) -> None:
        async def run() -> None:
            with datagram_peer() as peer:
                stream = await async_connected(peer)
                for _ in range(3):
                    with anyio.move_on_after(0.005):
                        await stream.receive(TIMEOUT)
                    with pytest.raises(ReadTimeout):
                        await stream.receive(0.005)
                    peer.send(b"data")
                    assert await stream.receive(TIMEOUT) == (b"data", 4)
                await stream.aclose()

        run_async(loop, run)

    def test_only_one_task_receives(self, loop: str) -> None:
        async def run() -> None:
            with datagram_peer() as peer:
                stream = await async_connected(peer)
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(stream.receive, TIMEOUT)
                    await anyio.wait_all_tasks_blocked()
                    with pytest.raises(ReadError, match="Another read"):
                        await stream.receive(TIMEOUT)
                    peer.send(b"data")
                await stream.aclose()

        run_async(loop, run)

    def test_a_thread_closes(self, loop: str) -> None:
        async def run() -> None:
            with no_leaked_sockets(), datagram_peer() as peer:
                stream = await async_connected(peer)

                async def receive() -> None:
                    with pytest.raises(ReadError, match="closed"):
                        await stream.receive(TIMEOUT)

                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(receive)
                    await anyio.sleep(0.01)
                    thread = threading.Thread(target=stream.abort)
                    thread.start()
                    thread.join()
                idle = await async_connected(peer)
                thread = threading.Thread(target=idle.abort)
                thread.start()
                thread.join()
                await async_wait_until(lambda: idle.get_extra_info("socket").fileno() < 0)

        run_async(loop, run)

    def test_a_stream_belongs_to_its_loop(self, loop: str) -> None:
        with datagram_peer() as peer, no_leaked_sockets():
            stream = run_async(loop, async_connected, peer)

            async def use() -> None:
                with pytest.raises(ReadError, match="another event loop"):
                    await stream.receive(TIMEOUT)
                with pytest.raises(ReadError, match="another event loop"):
                    stream.receive_nowait()
                with pytest.raises(WriteError, match="another event loop"):
                    await stream.send([b"data"])
                assert stream.get_extra_info("is_readable") is True
                await stream.aclose()

            run_async(loop, use)

    def test_a_stream_is_closed_after_its_loop(self, loop: str) -> None:
        with datagram_peer() as peer, no_leaked_sockets():
            run_async(loop, async_connected, peer).abort()

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork()")
    @pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
    def test_a_child_process_sends_nothing(self, loop: str) -> None:
        async def run() -> None:
            with datagram_peer() as peer:
                stream = await async_connected(peer)
                peer.send(b"for the parent")

                async def fails(use: Callable[[], Any]) -> bool:
                    with contextlib.suppress(ReadError, WriteError):
                        result = use()
                        if result is not None and not isinstance(result, tuple):
                            await result
                        return False
                    return True

                child = os.fork()
                if not child:
                    works = False
                    try:
                        uses = (stream.receive_nowait, lambda: stream.send([b"x"]), lambda: stream.receive(TIMEOUT))
                        works = all([await fails(use) for use in uses]) and stream.get_extra_info("is_readable")
                        stream.abort()
                    finally:
                        os._exit(0 if works else 1)
                assert os.waitpid(child, 0)[1] == 0
                assert await stream.receive(TIMEOUT) == (b"for the parent", 14)
                peer.send(b"more")
                assert await stream.receive(TIMEOUT) == (b"more", 4)
                await stream.send([b"data"])
                assert peer.receive() == b"data"
                await stream.aclose()

        run_async(loop, run)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
class TestAsyncio:
    def test_the_loop_stops_watching_what_nobody_waits_for(self, loop: str) -> None:
        async def run() -> None:
            with datagram_peer() as peer:
                stream = await async_connected(peer)
                assert isinstance(stream, AsyncioDatagramStream)
                for _ in range(10):
                    peer.send(b"data")
                    assert await stream.receive(TIMEOUT) == (b"data", 4)
                    assert stream._watching
                peer.send(b"data")
                await async_wait_until(lambda: not stream._watching)
                assert stream.receive_nowait() == (b"data", 4)
                peer.send(b"data")
                assert await stream.receive(TIMEOUT) == (b"data", 4)
                await stream.aclose()

        run_async(loop, run)

    def test_what_a_cancelled_call_has_received_is_for_the_next(self, loop: str) -> None:
        async def run() -> None:
            with datagram_peer() as peer:
                stream = await async_connected(peer)
                assert isinstance(stream, AsyncioDatagramStream)
                for nowait in (False, True):
                    receiving = asyncio.ensure_future(stream.receive(TIMEOUT))
                    await asyncio.sleep(0)
                    peer.send(b"data")
                    wait_until(lambda: stream.get_extra_info("is_readable"))
                    stream._on_readable()
                    receiving.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await receiving
                    assert stream.get_extra_info("is_readable") is True
                    received = stream.receive_nowait() if nowait else await stream.receive(TIMEOUT)
                    assert received == (b"data", 4)
                await stream.aclose()

        run_async(loop, run)


def test_a_loop_that_cannot_watch_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the default one on Windows."""

    async def run() -> None:
        def add_reader(*arguments: Any) -> None:
            raise NotImplementedError

        monkeypatch.setattr(asyncio.get_running_loop(), "add_reader", add_reader)
        with pytest.raises(ConnectError, match=r"^This event loop cannot watch sockets \(127\.0\.0\.1:443\)$"):
            await AnyIOBackend().connect_udp("127.0.0.1", 443, TIMEOUT)

    with no_leaked_sockets():
        run_async("asyncio", run)


class TestThreads:
    def test_a_thread_closes(self) -> None:
        with datagram_peer() as peer, no_leaked_sockets():
            stream, errors = connected(peer), []

            def receive() -> None:
                try:
                    stream.receive()
                except ReadError as exc:
                    errors.append(str(exc))

            threads = [threading.Thread(target=receive) for _ in range(3)]
            for thread in threads:
                thread.start()
            peer.send(b"")
            stream.close()
            for thread in threads:
                thread.join(TIMEOUT)
            assert errors == [f"The stream is closed (127.0.0.1:{peer.port})"] * 3

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork()")
    @pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
    def test_a_child_process_sends_nothing(self) -> None:
        with datagram_peer() as peer:
            stream = connected(peer)
            peer.send(b"for the parent")
            child = os.fork()
            if not child:
                failed = 0
                try:
                    for use in (stream.receive_nowait, stream.receive, lambda: stream.send([b"data"])):
                        with contextlib.suppress(ReadError, WriteError):
                            use()
                            continue
                        failed += 1
                    failed += bool(stream.get_extra_info("is_readable"))
                    stream.close()
                finally:
                    os._exit(0 if failed == 4 else 1)
            assert os.waitpid(child, 0)[1] == 0
            assert stream.receive(TIMEOUT) == (b"for the parent", 14)
            stream.send([b"data"])
            assert peer.receive() == b"data"
            stream.close()

    def test_a_dropped_stream_warns(self) -> None:
        def drop() -> None:
            connected(peer)
            gc.collect()

        with datagram_peer() as peer, pytest.warns(ResourceWarning, match="unclosed <socket"):
            drop()

    @pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="instructions are those of Python 3.11")
    @pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # between two frames nobody can close it
    def test_an_exception_from_a_signal_handler_at_any_line(self) -> None:
        """Nothing stays open after it, and the stream can be used or is closed."""
        before = open_sockets()
        with datagram_peer() as peer:
            was_hit: list[int] = []

            def operation() -> None:
                stream = SyncBackend().connect_udp("127.0.0.1", peer.port, TIMEOUT)
                try:
                    stream.send([b"hello", b"you"], TIMEOUT)
                    peer.receive_all(2)
                    peer.send(b"data", b"more")
                    try:
                        stream.receive(TIMEOUT)
                    except Interrupted:
                        was_hit.append(step)
                    stream.send([b"data"], TIMEOUT)
                    peer.receive()
                finally:
                    stream.close()

            for step in itertools.count(1):
                is_over = not raised_at(step, operation, lambda code: is_library_code(code, "httpcore_models.network"))
                if is_over and step not in was_hit:
                    break
                peer.drain()
            assert step > 100
            assert len(was_hit) > 10
        gc.collect()
        assert open_sockets() <= before
