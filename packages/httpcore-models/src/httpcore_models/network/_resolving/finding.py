"""Finding the addresses of a host with a resolver: the user's, or that of the system.

An IP address is its own answer, and no resolver is asked. Otherwise the limit for connecting covers the resolver. A
task stops waiting for it. A thread cannot, so the resolver runs in a thread of its own, and is left behind there.
"""

import _thread
import contextvars
import inspect
import ipaddress
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from ..._exceptions import ConnectError, ConnectTimeout
from ...concurrency import Event, anyio_or_trio, async_checkpoint_if_cancelled
from ...deadline import Deadline
from .._error_texts import failure_text, peer_name, timeout_text
from .._readiness import wait_limit
from .observed import observed_resolution
from .system import Address, address_text, literal_address, look_up
from .types import AsyncResolver, Memory, Resolver

T = TypeVar("T")
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# How many threads that nobody waits for may be in the resolver of the system, and as many in those of users. Otherwise
# short limits, tried again and again while no name server answers, would use up all threads that the process may have.
# From then on, callers ask the system in their own thread, as they do without a limit, since it gives up by itself. A
# user's resolver may never do that: they wait until one of these threads is done, for as long as their limit allows. A
# resolver with no such thread may be asked all the same, unless so many different ones hang.
_MOST_LEFT_BEHIND = 64
_LOOK_AGAIN = 0.02  # seconds

# How those threads would tell that they are done, and what they have called.
_left_behind: dict[Event, Any] = {}
_left_behind_in_resolvers: dict[Event, Any] = {}
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_left_behind.clear)
    os.register_at_fork(after_in_child=_left_behind_in_resolvers.clear)


def find_addresses(resolver: Resolver | None, host: str, port: int, deadline: Deadline) -> list[IPAddress]:
    """Return the addresses of `host`, one at least, in the order of `resolver`, or of the system's for `None`.

    Raises `ConnectTimeout`, `ConnectError` for the resolver's `OSError` and `UnicodeError`, and all else that the
    resolver raises unchanged.
    """
    wait_limit(deadline.timeout)  # refuses NaN
    literal = literal_address(host)
    if literal is not None:
        return [literal]
    with observed_resolution(host, port) as result:
        addresses = _find(resolver, host, port, deadline)
        result["addresses"] = [str(address) for address in addresses]
    return addresses


def _find(resolver: Resolver | None, host: str, port: int, deadline: Deadline) -> list[IPAddress]:
    peer = peer_name(host, port)
    late = _late(peer, deadline)
    found: Sequence[str]
    try:
        if resolver is None:
            found = list(map(address_text, look_up_in_time(host, port, deadline, late)))
        else:
            known = resolver.remembered(host, port) if isinstance(resolver, Memory) else None
            found = known or _ask_in_time(resolver, host, port, deadline, late)
    except TimeoutError as exc:
        raise ConnectTimeout(timeout_text("Name resolution", peer, None)) from exc
    except (OSError, UnicodeError) as exc:
        raise ConnectError(failure_text(exc, peer)) from exc
    return _parsed(found, peer)


async def async_find_addresses(
    resolver: AsyncResolver | None, host: str, port: int, deadline: Deadline
) -> list[IPAddress]:
    """The form of `find_addresses()` for tasks. `resolver` may also be a plain function."""
    await async_checkpoint_if_cancelled()
    wait_limit(deadline.timeout)  # refuses NaN
    literal = literal_address(host)
    if literal is not None:
        return [literal]
    with observed_resolution(host, port) as result:
        addresses = await _async_find(resolver, host, port, deadline)
        result["addresses"] = [str(address) for address in addresses]
    return addresses


async def _async_find(resolver: AsyncResolver | None, host: str, port: int, deadline: Deadline) -> list[IPAddress]:
    peer = peer_name(host, port)
    found: Sequence[str] = ()
    in_time = False
    try:
        with anyio_or_trio().move_on_after(deadline.remaining()):
            found = await async_ask(resolver, host, port)
            in_time = True
    except TimeoutError as exc:
        raise ConnectTimeout(timeout_text("Name resolution", peer, None)) from exc
    except (OSError, UnicodeError) as exc:
        raise ConnectError(failure_text(exc, peer)) from exc
    if not in_time:
        raise _late(peer, deadline) from TimeoutError()
    return _parsed(found, peer)


def ask(resolver: Resolver | None, host: str, port: int) -> Sequence[str]:
    """Return what `resolver` returns, or that of the system for `None`. Raises what it raises."""
    return list(map(address_text, look_up(host, port))) if resolver is None else _checked(resolver(host, port))


async def async_ask(resolver: AsyncResolver | None, host: str, port: int) -> Sequence[str]:
    """Return what `resolver` returns, or that of the system for `None`. Raises what it raises."""
    if resolver is None:
        infos = await anyio_or_trio().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return [address_text(Address(info[0], info[4])) for info in infos]
    found = resolver(host, port)
    return _checked(await found if inspect.isawaitable(found) else found)


def look_up_in_time(host: str, port: int | None, deadline: Deadline, late: Exception) -> list[Address]:
    """Return what `look_up()` returns; raise `late` if the system's resolver takes longer than the deadline.

    What a program has put in the resolver's place is called in this thread, and takes the time that it takes: it may
    depend on the thread, as the resolvers of green threads do.
    """
    is_stock = getattr(socket.getaddrinfo, "__globals__", None) is vars(socket)
    if (
        not is_stock
        or deadline.timeout is None
        or len(_left_behind) >= _MOST_LEFT_BEHIND
        or literal_address(host) is not None
    ):
        return look_up(host, port)
    return _call_in_time(look_up, host, port, deadline, late, _start_bare_thread, _left_behind)


def _ask_in_time(resolver: Resolver, host: str, port: int, deadline: Deadline, late: Exception) -> Sequence[str]:
    """Return what a user's resolver returns; raise `late` if it takes longer than the deadline."""
    if deadline.timeout is not None:
        while _has_to_wait(resolver):
            Event().wait(min(_LOOK_AGAIN, deadline.remaining_or_raise(late) or 0.0))
    return _call_in_time(resolver, host, port, deadline, late, _start_thread, _left_behind_in_resolvers)


def _has_to_wait(resolver: Resolver) -> bool:
    if len(_left_behind_in_resolvers) < _MOST_LEFT_BEHIND:
        return False
    hanging = [*_left_behind_in_resolvers.copy().values()]
    return resolver in hanging or len({*map(id, hanging)}) >= _MOST_LEFT_BEHIND


def resolve(host: str, timeout: float | None = None) -> list[str]:
    """Return the IP addresses of `host`, in the order of the system's resolver.

    `timeout` is in seconds; see `look_up_in_time()`. Raises `ConnectTimeout` or `ConnectError`.
    """
    try:
        addresses = look_up_in_time(host, None, Deadline(timeout), TimeoutError())
        return [str(address.sockaddr[0]) for address in addresses]
    except TimeoutError as exc:
        raise ConnectTimeout(timeout_text("Name resolution", host, timeout)) from exc
    except (OSError, UnicodeError) as exc:
        raise ConnectError(failure_text(exc, host)) from exc


async def async_resolve(host: str, timeout: float | None = None) -> list[str]:
    """Return the IP addresses of `host`, in the order of the system's resolver.

    `timeout` is in seconds. Raises `ConnectTimeout` or `ConnectError`.
    """
    anyio = anyio_or_trio()
    try:
        with anyio.move_on_after(timeout):
            return [str(info[4][0]) for info in await anyio.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
        raise TimeoutError
    except TimeoutError as exc:
        raise ConnectTimeout(timeout_text("Name resolution", host, timeout)) from exc
    except (OSError, UnicodeError) as exc:
        raise ConnectError(failure_text(exc, host)) from exc


def _late(peer: str, deadline: Deadline) -> ConnectTimeout:
    return ConnectTimeout(timeout_text("Connect", peer, deadline.timeout))


def _start_bare_thread(call: Callable[[], None]) -> None:
    # The system does not ask which thread it is in, so one without an entry in `threading` will do, at 30 us less.
    # Audit hooks may ask for the context.
    _thread.start_new_thread(contextvars.copy_context().run, (call,))


def _start_thread(call: Callable[[], None]) -> None:
    context = contextvars.copy_context()
    # A daemon: the program may end before the resolver does.
    thread = threading.Thread(target=context.run, args=(call,), name="httpcore-resolver", daemon=True)
    if threading.current_thread() is not threading.main_thread():
        thread.start()
        return

    def start() -> None:
        try:
            thread.start()
        except RuntimeError:  # there is no room for one more
            context.run(call)

    # `Thread.start()` waits in a way that an exception from a signal handler breaks: another one takes its place, and
    # the thread fails. Signal handlers run in the main thread.
    _thread.start_new_thread(start, ())


def _call_in_time(
    function: Callable[[str, Any], T],
    host: str,
    port: int | None,
    deadline: Deadline,
    late: Exception,
    start: Callable[[Callable[[], None]], object],
    left_behind: dict[Event, Any],
) -> T:
    """Return `function(host, port)`, called in the thread that `start` starts; raise `late` at the deadline.

    The thread is in `left_behind` from then on, until it is done.
    """
    limit = deadline.remaining()
    # While the interpreter ends, a new thread never runs before Python 3.12, and cannot be started since then.
    if limit is None or sys.is_finalizing():
        return function(host, port)
    outcome: list[tuple[Any, BaseException | None]] = []
    ended = Event()

    def call() -> None:
        try:
            outcome.append((function(host, port), None))
        except BaseException as exc:
            outcome.append((None, exc))
        finally:
            ended.set()
            left_behind.pop(ended, None)

    try:
        start(call)
    except RuntimeError as exc:
        # There are no threads, or too many, as the text says. Other errors come from a signal handler of the program.
        if "thread" not in str(exc):
            raise
        return function(host, port)
    try:
        if not ended.wait(limit):
            raise late from TimeoutError()
    finally:
        if not ended.is_set():
            left_behind[ended] = function
            if ended.is_set():  # in the meantime
                left_behind.pop(ended, None)
    result, error = outcome.pop()
    if error is None:
        return result  # type: ignore[no-any-return]
    try:
        raise error
    finally:
        del error  # its traceback refers to this frame


def _checked(found: Any) -> Sequence[str]:
    """Return the answer of a resolver. Raises `TypeError` if that is no collection of addresses."""
    if inspect.iscoroutine(found):
        found.close()
        raise TypeError("the resolver of a sync backend must be a plain function, but got a coroutine function.")
    if isinstance(found, (str, bytes)) or not isinstance(found, Iterable):
        raise TypeError(f"a resolver must return a sequence of IP addresses, but returned {found!r}.")
    return found  # type: ignore[return-value]  # any collection will do


def _parsed(found: Any, peer: str) -> list[IPAddress]:
    addresses: dict[IPAddress, None] = {}  # in order, each once
    for text in _checked(found):
        if not isinstance(text, str):
            raise TypeError(f"a resolver must return IP addresses as str, but returned {type(text).__name__}.")
        address = literal_address(text)
        if address is None:
            raise ConnectError(f"The resolver returned {text!r}, which is no IP address ({peer})")
        addresses[address] = None
    if not addresses:
        raise ConnectError(f"The resolver knows no address of this host ({peer})")
    return list(addresses)
