"""Connecting sockets on asyncio and trio alike. Imported once a connection is made."""

import os
import socket
import sys
from collections.abc import Iterable
from typing import Any

from ..._exceptions import ConnectError, ConnectTimeout
from ...concurrency import anyio_or_trio, async_checkpoint_if_cancelled, current_async_library
from .._error_texts import failure_text, peer_name, timeout_text
from .._socket_options import SOCKET_OPTION
from .addresses import (
    CONNECTION_ATTEMPT_DELAY,
    QUEUE_FULL_DELAY,
    Address,
    all_failed,
    finish_connecting,
    interleaved,
    new_socket,
    numeric_addresses,
    start_connecting,
)


async def open_tcp_socket(
    host: str,
    port: int,
    timeout: float | None,
    local_address: str | None,
    socket_options: Iterable[SOCKET_OPTION] | None,
) -> socket.socket:
    """Return a connected non-blocking socket; see `AsyncNetworkBackend.connect_tcp()`."""
    peer = peer_name(host, port)
    options = [*_own_options(), *(socket_options or ())]
    await async_checkpoint_if_cancelled()
    resolved = False
    try:
        with anyio_or_trio().move_on_after(timeout):
            addresses = interleaved(await _resolve(host, port))
            resolved = True
            if len(addresses) == 1:
                return await _connect(addresses[0], local_address, options)
            return await _race(addresses, local_address, options)
        raise TimeoutError
    except TimeoutError as exc:
        raise ConnectTimeout(timeout_text("Connect", peer, timeout)) from exc
    except (OSError, UnicodeError) as exc:
        text = failure_text(exc, peer)
        raise ConnectError(f"{_attempts_failed(peer)}: {text}" if resolved else text) from exc


def _own_options() -> list[SOCKET_OPTION]:
    """What trio sets: then the operating system takes no more than it is about to send, and the rest can time out."""
    if current_async_library() == "trio" and hasattr(socket, "TCP_NOTSENT_LOWAT"):
        return [(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, 16 * 1024)]
    return []


def _attempts_failed(peer: str) -> str:
    """What anyio and trio say of attempts to connect, and programs look for."""
    if current_async_library() == "asyncio":
        return "All connection attempts failed"
    return f"all attempts to connect to {peer} failed"


async def open_unix_socket(
    path: str, timeout: float | None, socket_options: Iterable[SOCKET_OPTION] | None
) -> socket.socket:
    """Return a connected non-blocking Unix domain socket; see `AsyncNetworkBackend.connect_unix_socket()`."""
    if not hasattr(socket, "AF_UNIX"):
        raise RuntimeError("Attempted to connect to a UNIX socket on a Windows system.")
    path = os.fspath(path)
    await async_checkpoint_if_cancelled()
    try:
        with anyio_or_trio().move_on_after(timeout):
            return await _connect_unix(path, list(socket_options or ()))
        raise TimeoutError
    except TimeoutError as exc:
        raise ConnectTimeout(timeout_text("Connect", path, timeout)) from exc
    except OSError as exc:
        raise ConnectError(failure_text(exc, path)) from exc


async def _resolve(host: str, port: int) -> list[Address]:
    # Trio asks `socket.getaddrinfo()`, and a guard in its place, for these as well.
    numeric = numeric_addresses(host, port) if current_async_library() == "asyncio" else []
    if numeric:
        return numeric
    infos = await anyio_or_trio().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [Address(family, sockaddr) for family, _, _, _, sockaddr in infos]


async def _connect(address: Address, local_address: str | None, options: list[SOCKET_OPTION]) -> socket.socket:
    sock = new_socket(address.family, local_address, options)
    try:
        await (_connect_asyncio if current_async_library() == "asyncio" else _connect_trio)(sock, address.sockaddr)
    except BaseException:
        sock.close()
        raise
    return sock


async def _connect_asyncio(sock: socket.socket, sockaddr: Any) -> None:
    try:
        await sys.modules["asyncio"].get_running_loop().sock_connect(sock, sockaddr)
    except OSError as exc:
        if exc.errno is not None and str(exc.strerror).startswith("Connect call failed"):
            # The event loop has put the address in the place of what the operating system says.
            raise OSError(exc.errno, os.strerror(exc.errno)) from None
        raise


async def _connect_trio(sock: socket.socket, sockaddr: Any) -> None:
    start_connecting(sock, sockaddr)
    await sys.modules["trio"].lowlevel.wait_writable(sock)
    finish_connecting(sock)


async def _connect_unix(path: str, options: list[SOCKET_OPTION]) -> socket.socket:
    sock = new_socket(socket.AF_UNIX, None, options)
    try:
        while True:
            try:
                sock.connect(path)
                return sock
            except BlockingIOError:
                await anyio_or_trio().sleep(QUEUE_FULL_DELAY)
    except BaseException:
        sock.close()
        raise


async def _race(addresses: list[Address], local_address: str | None, options: list[SOCKET_OPTION]) -> socket.socket:
    """Connect to the first address that answers, trying one more whenever the others take long."""
    connected: list[socket.socket] = []
    errors: list[OSError] = []
    mistakes: list[Exception] = []
    anyio = anyio_or_trio()

    async def attempt(address: Address, failed: Any) -> None:
        try:
            sock = await _connect(address, local_address, options)
        except OSError as exc:
            errors.append(exc)
            failed.set()
        except Exception as exc:
            # The caller's, such as a wrong socket option: the next address would not help.
            mistakes.append(exc)
            attempts.cancel_scope.cancel()
        else:
            connected.append(sock)
            attempts.cancel_scope.cancel()

    try:
        async with anyio.create_task_group() as attempts:
            for address in addresses:
                attempt_failed = anyio.Event()
                attempts.start_soon(attempt, address, attempt_failed)
                with anyio.move_on_after(CONNECTION_ATTEMPT_DELAY):
                    await attempt_failed.wait()
    except BaseException:
        for sock in connected:
            sock.close()
        raise
    if mistakes and not connected:
        raise mistakes[0]
    if not connected:
        raise all_failed(errors)
    winner, *others = connected
    for sock in others:
        sock.close()
    return winner
