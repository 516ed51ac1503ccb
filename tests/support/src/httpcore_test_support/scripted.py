"""A threaded server that follows a script, for what no real peer does: odd bytes, stalls, resets.

A script is a callable that takes a `Connection`, or a list of such steps (see the `steps` module); it runs once for
every connection, in a thread of its own. After the script, the server keeps reading until the client closes,
so `ScriptedServer.open_connections` counts the sockets that the client has not closed yet.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from ._connection import Connection, PeerClosedError, ServerStoppedError

__all__ = ["Connection", "PeerClosedError", "Script", "ScriptedServer", "Step", "scripted_server"]

Step = Callable[[Connection], object]
Script = Step | Sequence[Step]


class ScriptedServer:
    """A listener whose connections all follow one script."""

    def __init__(self, listener: socket.socket, script: Script, tls: ssl.SSLContext | None) -> None:
        self.connections: list[Connection] = []
        listener.setblocking(False)
        self._listener = listener
        self._steps = [script] if callable(script) else list(script)
        self._tls = tls
        self._failures: list[BaseException] = []
        self._threads: list[threading.Thread] = []
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._acceptor = threading.Thread(target=self._accept, name="scripted-server")
        self._acceptor.start()

    @property
    def port(self) -> int:
        """The TCP port."""
        return int(self._listener.getsockname()[1])

    @property
    def unix_socket(self) -> str:
        """The path of the Unix socket."""
        path = self._listener.getsockname()
        assert isinstance(path, str), "this server listens on TCP"
        return path

    @property
    def url(self) -> str:
        """The origin to request, without a trailing slash; for a Unix socket its host is only a name."""
        scheme = "http" if self._tls is None else "https"
        return (
            f"{scheme}://127.0.0.1:{self.port}" if self._listener.family == socket.AF_INET else f"{scheme}://localhost"
        )

    @property
    def open_connections(self) -> int:
        """How many accepted connections are still open, on the client's side too."""
        with self._changed:
            self._accept_pending()
            return sum(not connection.closed for connection in self.connections)

    def wait_connections(self, count: int, timeout: float = 10.0) -> bool:
        """Wait until `count` connections were accepted; return whether they were."""
        return self._wait_for(lambda: len(self.connections) >= count, timeout)

    def wait_closed(self, timeout: float = 10.0) -> bool:
        """Wait until every connection that was made so far is closed; return whether they are."""
        with self._changed:
            self._accept_pending()
        return self._wait_for(lambda: all(connection.closed for connection in self.connections), timeout)

    def wait_open(self, at_most: int, timeout: float = 10.0) -> bool:
        """Wait until no more than `at_most` connections are open; return whether that happened."""
        with self._changed:
            self._accept_pending()
        return self._wait_for(lambda: sum(not connection.closed for connection in self.connections) <= at_most, timeout)

    def close(self) -> None:
        """Stop accepting, end every connection, and join all threads."""
        self._stopping.set()
        # Closing a listener does not wake the thread that polls it; shutting it down does.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._acceptor.join()
        self._listener.close()
        for connection in self.connections:
            connection.interrupt()
        for thread in self._threads:
            thread.join()

    def raise_failures(self) -> None:
        """Raise the first exception of a script that the client did not cause: a failed assertion, a timeout."""
        if self._failures:
            raise self._failures[0]

    def _wait_for(self, predicate: Callable[[], bool], timeout: float) -> bool:
        with self._changed:
            return self._changed.wait_for(predicate, timeout)

    def _accept(self) -> None:
        poll = select.poll()
        poll.register(self._listener, select.POLLIN)
        while not self._stopping.is_set():
            poll.poll()
            with self._changed:
                self._accept_pending()

    def _accept_pending(self) -> None:
        """Accept all connections that the kernel has queued. The caller holds the lock."""
        while not self._stopping.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                # Nothing is queued, or `close` has shut the listener down in the meantime.
                return
            connection = Connection(client, len(self.connections), self._stopping)
            thread = threading.Thread(target=self._serve, args=(connection,), name=f"scripted-{connection.index}")
            self.connections.append(connection)
            self._threads.append(thread)
            self._changed.notify_all()
            thread.start()

    def _serve(self, connection: Connection) -> None:
        try:
            if self._tls is not None:
                connection.start_tls(self._tls)
            for step in self._steps:
                step(connection)
            connection.drain()
        except ServerStoppedError:
            pass
        except TimeoutError as error:
            self._fail(connection, error)
        except (PeerClosedError, OSError) as error:
            connection.error = error
            # The client ended the script early; a script's error must not hide a socket that it has left open.
            with suppress(ServerStoppedError):
                connection.drain()
        except BaseException as error:
            self._fail(connection, error)
        finally:
            with self._changed:
                connection.close()
                self._changed.notify_all()

    def _fail(self, connection: Connection, error: BaseException) -> None:
        connection.error = error
        # For the thread that closes the server to raise.
        self._failures.append(error)


@contextmanager
def scripted_server(
    script: Script,
    *,
    tls: ssl.SSLContext | None = None,
    unix: bool = False,
    receive_buffer: int | None = None,
    listener: socket.socket | None = None,
) -> Iterator[ScriptedServer]:
    """Serve `script` on a free loopback port, a Unix socket, or a given `listener`, for the length of the `with` block.

    A small `receive_buffer` (in bytes) makes a client's writes block soon after the script stops reading.
    Leaving the block raises what a script raised, unless the block itself failed.
    """
    with ExitStack() as stack:
        given = listener is not None
        listener = stack.enter_context(listener or socket.socket(socket.AF_UNIX if unix else socket.AF_INET))
        if receive_buffer is not None:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if unix:
            directory = stack.enter_context(TemporaryDirectory(prefix="scripted-"))
            listener.bind(str(Path(directory, "server.sock")))
        elif not given:
            listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        server = ScriptedServer(listener, script, tls)
        try:
            yield server
        finally:
            server.close()
        server.raise_failures()
