"""The interface of datagrams: a stream of them to and from one peer, and the method of backends that opens it.

HTTP/3 runs on it. `AsyncNetworkBackend` says what its optional method `connect_udp()` has to do.
"""

from collections.abc import Sequence
from typing import Any


class AsyncDatagramStream:
    """Datagrams to and from one peer: a connected UDP socket.

    Datagrams may be lost, doubled and reordered on their way, and nobody tells. One task may receive while others send.

    An error of a call may be about a datagram that was sent before. `ConnectionRefusedError` as its `__cause__` says
    that nothing listens at the peer's port. The stream itself can be used after errors, timeouts and cancellation. Once
    it is closed, from wherever, `receive()` raises `ReadError` and `send()` raises `WriteError`, also if they are in
    progress. In a child process that was forked, a stream of the parent sends and receives nothing, and raises the same
    errors.
    """

    async def receive(self, timeout: float | None = None) -> tuple[bytes, int]:
        """Return datagrams that have arrived, one at least, as soon as there are any: a buffer and a segment size.

        The buffer holds datagrams of the same size one behind the other; the last one may be shorter. The segment size
        is that of each but the last, in bytes, and is at least 1. Empty datagrams are dropped. `timeout` limits the
        whole call, in seconds; infinity is no limit. Raises `ReadTimeout` or `ReadError`. A call that times out has
        taken nothing; one that is cancelled may lose what has arrived.
        """
        raise NotImplementedError

    def receive_nowait(self) -> tuple[bytes, int] | None:
        """Return what `receive()` would return at once, or `None` if it would wait. Raises `ReadError`.

        Never blocks, not even in sync code.
        """
        raise NotImplementedError

    async def send(self, datagrams: Sequence[bytes], timeout: float | None = None) -> None:
        """Send each of `datagrams`, in order.

        This waits only while the operating system has no room. `timeout` limits the whole call, in seconds; infinity is
        no limit. Raises `WriteTimeout` or `WriteError`. After an error, a timeout or cancellation a part of them may
        have been sent.
        """
        raise NotImplementedError

    async def aclose(self) -> None:
        """Close the stream, without sending anything. Closing twice does nothing."""
        raise NotImplementedError

    def abort(self) -> None:
        """Close the stream at once, without waiting, as `AsyncNetworkStream.abort()` does: from anywhere."""
        raise NotImplementedError

    def get_extra_info(self, info: str) -> Any:
        """Return the value of `info`, or `None` if the stream does not know it.

        * `"client_addr"`, `"server_addr"`: the socket addresses of both ends, in the form of `getsockname()`.
        * `"socket"`: the `socket.socket` underneath.
        * `"is_readable"`: whether `receive_nowait()` would return something or raise.
        """
        return None
