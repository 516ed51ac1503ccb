"""Connecting sockets for tasks, on asyncio and trio alike: in the race between addresses each attempt is a task.

Imported when the first connection is opened.
"""

import os
import socket
import sys
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

from ..._exceptions import ConnectError, ConnectTimeout
from ..._observing import ObserverFailedError
from ...concurrency import anyio_or_trio, async_checkpoint_if_cancelled, current_async_library
from ...deadline import Deadline
from .._error_texts import failure_text, peer_name, timeout_text
from .._readiness import wait_limit
from .._resolving.observed import observed_resolution
from .._resolving.system import Address, address_text, async_look_up, literal_address, numeric_addresses
from .._socket_options import SOCKET_OPTION
from .happy_eyeballs import Race
from .observed import observed_attempt
from .sockets import QUEUE_FULL_DELAY, finish_connecting, new_socket, start_connecting

T = TypeVar("T")


class _Limit:
    """The time limit over all steps of connecting.

    Each step is cancelled within the phase that observers know, so that this is a timeout for them, as in sync code: if
    one raises an error then, that ends the request. Of a cancellation from outside nobody can make something else.
    """

    def __init__(self, timeout: float | None) -> None:
        # The clock is that of the scopes, which may be a virtual one. NaN is refused.
        self._deadline = Deadline(wait_limit(timeout), anyio_or_trio().current_time)
        #: Whether a step has taken too long.
        self.is_reached = False

    async def over(self, function: Callable[..., Awaitable[T]], *arguments: Any) -> T:
        """Return what `function(*arguments)` returns; raise `TimeoutError` if it takes longer than what is left."""
        left = self._deadline.remaining()
        # A scope without any time does not end what is done before the event loop gets to it.
        if left != 0.0:
            with anyio_or_trio().move_on_after(left):
                return await function(*arguments)
        self.is_reached = True
        raise TimeoutError


async def open_tcp_socket(
    host: str,
    port: int,
    timeout: float | None,
    local_address: str | None,
    socket_options: Iterable[SOCKET_OPTION] | None,
    addresses: Iterable[str] | None = None,
) -> socket.socket:
    """Return a connected non-blocking socket; see `AsyncNetworkBackend.connect_tcp()`.

    `addresses` are the IP addresses of `host` if they are known.
    """
    peer = peer_name(host, port)
    options = [*_default_options(), *(socket_options or ())]
    await async_checkpoint_if_cancelled()
    limit = _Limit(timeout)
    resolved = False
    try:
        if addresses is None:
            targets = await _look_up(host, port, limit)
        else:
            targets = [target for address in addresses for target in numeric_addresses(address, port)]
        resolved = True
        if len(targets) == 1:
            return await _connect(targets[0], local_address, options, limit)
        return await _race(targets, local_address, options, limit)
    except TimeoutError as exc:
        raise ConnectTimeout(timeout_text("Connect", peer, timeout)) from exc
    except (OSError, UnicodeError) as exc:
        text = failure_text(exc, peer)
        raise ConnectError(f"{_all_attempts_failed(peer)}: {text}" if resolved else text) from exc


async def _look_up(host: str, port: int, limit: _Limit) -> list[Address]:
    if literal_address(host) is not None:
        return await limit.over(async_look_up, host, port)
    with observed_resolution(host, port) as result:
        targets = await limit.over(async_look_up, host, port)
        result["addresses"] = list(map(address_text, targets))
    return targets


async def open_udp_targets(
    host: str,
    port: int,
    timeout: float | None,
    local_address: str | None,
    socket_options: Iterable[SOCKET_OPTION] | None,
    addresses: Iterable[str] | None = None,
) -> socket.socket:
    """Return a connected UDP socket; see `AsyncNetworkBackend`.

    `addresses` are the IP addresses of `host` if they are known.
    """
    from .datagrams import open_udp_socket  # only HTTP/3 needs it

    peer = peer_name(host, port)
    await async_checkpoint_if_cancelled()
    try:
        if addresses is None:
            targets = await _look_up(host, port, _Limit(timeout))
        else:
            targets = [target for address in addresses for target in numeric_addresses(address, port)]
        return open_udp_socket(targets, local_address, socket_options)
    except TimeoutError as exc:
        raise ConnectTimeout(timeout_text("Connect", peer, timeout)) from exc
    except (OSError, UnicodeError) as exc:
        raise ConnectError(failure_text(exc, peer)) from exc


def _default_options() -> list[SOCKET_OPTION]:
    """The option that trio sets: the operating system then buffers little, and a write of the rest can time out."""
    if current_async_library() == "trio" and hasattr(socket, "TCP_NOTSENT_LOWAT"):
        return [(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, 16 * 1024)]
    return []


def _all_attempts_failed(peer: str) -> str:
    """The words of anyio and trio, which programs look for."""
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
        return await _Limit(timeout).over(_connect_unix, path, list(socket_options or ()))
    except TimeoutError as exc:
        raise ConnectTimeout(timeout_text("Connect", path, timeout)) from exc
    except OSError as exc:
        raise ConnectError(failure_text(exc, path)) from exc


async def _connect(
    address: Address, local_address: str | None, options: list[SOCKET_OPTION], limit: _Limit
) -> socket.socket:
    sock: socket.socket | None = None
    connect = _connect_asyncio if current_async_library() == "asyncio" else _connect_trio
    try:
        with observed_attempt(address):
            sock = new_socket(address.family, local_address, options)
            await limit.over(connect, sock, address.sockaddr)
        return sock
    except BaseException:
        if sock is not None:
            sock.close()
        raise


async def _connect_asyncio(sock: socket.socket, sockaddr: Any) -> None:
    try:
        await sys.modules["asyncio"].get_running_loop().sock_connect(sock, sockaddr)
    except OSError as exc:
        if exc.errno is not None and str(exc.strerror).startswith("Connect call failed"):
            # The event loop has replaced the operating system's text by the address. Put it back.
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


async def _race(
    addresses: list[Address], local_address: str | None, options: list[SOCKET_OPTION], limit: _Limit
) -> socket.socket:
    """Return the first socket to connect, having closed all others."""
    race = Race(addresses)
    connected: list[socket.socket] = []
    mistakes: list[Exception] = []
    observer_errors: list[ObserverFailedError] = []
    anyio = anyio_or_trio()
    attempt_failed = anyio.Event()

    async def attempt(address: Address) -> None:
        try:
            sock = await _connect(address, local_address, options, limit)
        except OSError as exc:
            race.attempt_failed(exc)
            attempt_failed.set()
        except ObserverFailedError as exc:
            observer_errors.append(exc)
            attempts.cancel_scope.cancel()
        except Exception as exc:
            # The caller's mistake, such as an impossible socket option: the next address would not help.
            mistakes.append(exc)
            attempts.cancel_scope.cancel()
        else:
            connected.append(sock)
            attempts.cancel_scope.cancel()

    try:
        async with anyio.create_task_group() as attempts:
            # When the limit is reached, each attempt ends by itself.
            while not race.is_lost and not limit.is_reached:
                attempt_failed = anyio.Event()
                address = race.next_address()
                if address is not None:
                    attempts.start_soon(attempt, address)
                with anyio.move_on_after(race.delay()):
                    await attempt_failed.wait()
        if observer_errors:
            raise observer_errors[0]
    except BaseException:
        for sock in connected:
            sock.close()
        race.forget_failures()
        raise
    if not connected:
        if mistakes or limit.is_reached:
            race.forget_failures()
            raise mistakes[0] if mistakes else TimeoutError
        raise race.failure()
    race.forget_failures()
    winner, *others = connected  # more than one may connect in the same turn of the event loop
    for sock in others:
        sock.close()
    return winner
