"""Datagrams over the sockets of this machine: what arrives, limits, refusals, closing."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from httpcore_models import AutoBackend, ConnectError, ReadError, ReadTimeout, WriteError, WriteTimeout
from httpcore_models.network import AsyncDatagramStream
from httpcore_models.network._streams import datagram_socket
from httpcore_test_support.datagrams import DatagramPeer, datagram_peer, refusing_udp_port
from httpcore_test_support.sockets import no_leaked_sockets
from httpcore_test_support.waiting import async_at_once, async_wait_until

pytestmark = pytest.mark.anyio

TIMEOUT = 10.0


@asynccontextmanager
async def connected(peer: DatagramPeer, **options: Any) -> AsyncIterator[AsyncDatagramStream]:
    """Return a stream that the peer can answer: it has received a first datagram."""
    stream = await AutoBackend().connect_udp("127.0.0.1", peer.port, TIMEOUT, **options)
    try:
        await stream.send([b"hello"], TIMEOUT)
        assert peer.receive() == b"hello"
        yield stream
    finally:
        await stream.aclose()


def split(received: tuple[bytes, int]) -> list[bytes]:
    buffer, size = received
    return [buffer[start : start + size] for start in range(0, len(buffer), size)]


async def receive_all(stream: AsyncDatagramStream, count: int) -> list[bytes]:
    datagrams: list[bytes] = []
    while len(datagrams) < count:
        datagrams += split(await stream.receive(TIMEOUT))
    return datagrams


async def test_datagrams_go_both_ways() -> None:
    with no_leaked_sockets(), datagram_peer() as peer:
        async with connected(peer) as stream:
            peer.send(b"one")
            assert await stream.receive(TIMEOUT) == (b"one", 3)
            peer.send(b"two")
            assert await stream.receive(None) == (b"two", 3)
            await stream.send([b"three", b"four"])
            assert peer.receive_all(2) == [b"three", b"four"]


@pytest.mark.parametrize("supports_segments", [True, False])
async def test_sizes_of_all_kinds(monkeypatch: pytest.MonkeyPatch, supports_segments: bool) -> None:
    """Each is received as it was sent, whatever the operating system joins and splits."""
    if not supports_segments:
        monkeypatch.setattr(datagram_socket, "_SUPPORTS_SEGMENTS", False)
    sizes = [1200] * 70 + [1200, 300] + [1, 2, 3, 2, 2, 1] + [9000] * 9 + [1252] * 3 + [1300] + [40] * 5
    datagrams = [bytes([number % 251]) * size for number, size in enumerate(sizes)]
    with datagram_peer() as peer:
        async with connected(peer) as stream:
            for start in range(0, len(datagrams), 20):  # within the buffer of the peer
                part = datagrams[start : start + 20]
                await stream.send(part, TIMEOUT)
                assert peer.receive_all(len(part)) == part
                peer.send(*part)
                assert await receive_all(stream, len(part)) == part
            await stream.send([], TIMEOUT)
            await stream.send(datagrams[:70], TIMEOUT)
            assert peer.receive_all(70) == datagrams[:70]


async def test_empty_datagrams_are_dropped() -> None:
    with datagram_peer() as peer:
        async with connected(peer) as stream:
            peer.send(b"", b"", b"data")
            assert await stream.receive(TIMEOUT) == (b"data", 4)
            peer.send(*[b""] * 50, b"data")
            assert await stream.receive(TIMEOUT) == (b"data", 4)
            await stream.send([b"", b"", b"a", b"", b"bb"])
            assert peer.receive_all(5) == [b"", b"", b"a", b"", b"bb"]


async def test_receive_nowait() -> None:
    with datagram_peer() as peer:
        async with connected(peer) as stream:
            assert stream.receive_nowait() is None
            assert stream.get_extra_info("is_readable") is False
            peer.send(b"data")
            assert stream.get_extra_info("is_readable") is True
            assert stream.receive_nowait() == (b"data", 4)
            assert stream.receive_nowait() is None


async def test_receiving_has_a_limit() -> None:
    with datagram_peer() as peer:
        async with connected(peer) as stream:
            for timeout in (0.01, 0.0, -1.0):
                with pytest.raises(
                    ReadTimeout,
                    match=rf"^The read operation timed out after [-0-9.]+ seconds \(127\.0\.0\.1:{peer.port}\)$",
                ):
                    await stream.receive(timeout)
            peer.send(b"data")
            assert await stream.receive(TIMEOUT) == (b"data", 4)
            peer.send(b"more")
            assert await stream.receive(float("inf")) == (b"more", 4)


async def test_sending_waits_for_room_and_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """UDP rarely runs out of room, so it is made up that the operating system takes two datagrams a call."""
    original, full = datagram_socket.DatagramSocket.send, False

    def send(self: Any, datagrams: Any, sent: int) -> int:
        return sent if full else original(self, datagrams[: sent + 2], sent)

    monkeypatch.setattr(datagram_socket.DatagramSocket, "send", send)
    datagrams = [b"%d" % number for number in range(9)]
    with datagram_peer() as peer:
        async with connected(peer) as stream:
            await stream.send(datagrams, TIMEOUT)
            assert peer.receive_all(9) == datagrams
            await async_at_once(lambda: stream.send(datagrams, TIMEOUT), lambda: stream.send(datagrams))
            assert sorted(peer.receive_all(18)) == sorted(datagrams * 2)
            full = True
            for timeout in (0.01, 0.0):
                with pytest.raises(
                    WriteTimeout, match=rf"^The write operation timed out after .* \(127.*:{peer.port}\)"
                ):
                    await stream.send(datagrams, timeout)
            full = False
            await stream.send(datagrams, TIMEOUT)
            assert peer.receive_all(9) == datagrams


async def test_a_closed_port_answers() -> None:
    with refusing_udp_port() as port:
        stream = await AutoBackend().connect_udp("127.0.0.1", port, TIMEOUT)
        await stream.send([b"hello"])
        with pytest.raises(ReadError, match=rf"Connection refused \(127\.0\.0\.1:{port}\)$") as error:
            await stream.receive(TIMEOUT)
        assert isinstance(error.value.__cause__, ConnectionRefusedError)
        await stream.send([b"hello"])
        await async_wait_until(lambda: stream.get_extra_info("is_readable"))
        with pytest.raises(ReadError, match="Connection refused"):
            stream.receive_nowait()
        await stream.send([b"hello"])
        await async_wait_until(lambda: stream.get_extra_info("is_readable"))
        with pytest.raises(WriteError, match="Connection refused"):
            await stream.send([b"hello"])
        await stream.aclose()


async def test_a_closed_stream_cannot_be_used() -> None:
    with datagram_peer() as peer:
        async with connected(peer) as stream:
            peer.send(b"data")
            await stream.aclose()
            await stream.aclose()
            stream.abort()
            text = rf"^The stream is closed \(127\.0\.0\.1:{peer.port}\)$"
            with pytest.raises(ReadError, match=text):
                await stream.receive(TIMEOUT)
            with pytest.raises(ReadError, match=text):
                stream.receive_nowait()
            with pytest.raises(WriteError, match=text):
                await stream.send([b"data"])
            assert stream.get_extra_info("is_readable") is True


async def test_one_may_receive_while_another_sends_and_a_third_closes() -> None:
    with datagram_peer() as peer:
        async with connected(peer) as stream:

            async def receive() -> None:
                assert await stream.receive(TIMEOUT) == (b"answer", 6)
                with pytest.raises(ReadError, match="closed"):
                    await stream.receive(TIMEOUT)

            async def send_and_close() -> None:
                await stream.send([b"data"], TIMEOUT)
                assert peer.receive() == b"data"
                peer.send(b"answer")
                while stream.get_extra_info("is_readable"):
                    await AutoBackend().sleep(0.001)
                await stream.aclose()

            await async_at_once(receive, send_and_close)


async def test_extra_info() -> None:
    with datagram_peer() as peer:
        async with connected(peer, local_address="127.0.0.1") as stream:
            assert stream.get_extra_info("server_addr") == ("127.0.0.1", peer.port)
            assert stream.get_extra_info("client_addr") == peer.client
            assert stream.get_extra_info("socket").getsockname() == peer.client
            assert stream.get_extra_info("ssl_object") is None


async def test_options_of_sockets() -> None:
    """Those for TCP are skipped, and the program's own receive buffer counts."""
    options = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), (socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)]
    with datagram_peer() as peer:
        async with connected(peer) as stream:
            asked = stream.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        async with connected(peer, socket_options=iter(options)) as stream:
            assert stream.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) < asked


async def test_what_cannot_be_connected() -> None:
    with no_leaked_sockets():
        with pytest.raises(ConnectError, match=r"\(127\.0\.0\.1:443\)$"):
            await AutoBackend().connect_udp("127.0.0.1", 443, TIMEOUT, local_address="::1")
        with pytest.raises(ConnectError, match=r"\(127\.0\.0\.1:443\)$"):
            await AutoBackend().connect_udp("127.0.0.1", 443, TIMEOUT, socket_options=[(socket.SOL_SOCKET, -1, 1)])
        with pytest.raises(ConnectError, match=r"\(name\.invalid:443\)$"):
            await AutoBackend().connect_udp("name.invalid", 443, TIMEOUT)
        with pytest.raises(ConnectError, match="65536"):
            await AutoBackend().connect_udp("127.0.0.1", 65536, TIMEOUT)


async def test_addresses_without_a_way_are_passed_over() -> None:
    with datagram_peer() as peer:
        backend = AutoBackend(resolver=lambda host, port: ["::1", "127.0.0.1"])
        stream = await backend.connect_udp("example.org", peer.port, TIMEOUT, local_address="127.0.0.1")
        assert stream.get_extra_info("server_addr") == ("127.0.0.1", peer.port)
        await stream.aclose()
        with pytest.raises(ConnectError, match=rf"\(example\.org:{peer.port}\)$"):
            await backend.connect_udp("example.org", peer.port, TIMEOUT, local_address="127.0.0.1.2")
