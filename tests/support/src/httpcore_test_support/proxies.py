"""Real proxies on the loopback interface, each in a process of its own: pproxy and proxy.py.

pproxy speaks HTTP, SOCKS4 (without the names of SOCKS4a) and SOCKS5, all on one port, or on a Unix socket. proxy.py
speaks HTTP, over TLS too, and tells why it refuses.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from .certificates import Certificates

__all__ = ["AUTH", "ProxyServer", "ProxyServerError", "RealProxies", "pproxy_server", "proxy_py_server"]

# What proxies that want to know are told: user name and password.
AUTH = ("user", "secret")

_START_TIMEOUT = 30.0
_STOP_TIMEOUT = 10.0
_POLL_INTERVAL = 0.01

# pproxy prefers uvloop, and asks for a current event loop without having made one: recent versions of neither work so.
# It does not take the port 0 either: here the system chooses one, which no other server can have got meanwhile.
_PPROXY = """
import asyncio, os, sys
sys.modules["uvloop"] = None
asyncio.set_event_loop(asyncio.new_event_loop())
start_server = asyncio.start_server

async def start_server_and_tell(*arguments, **options):
    server = await start_server(*arguments, **{**options, "port": 0})
    with open("port.new", "w") as file:
        file.write(str(server.sockets[0].getsockname()[1]))
    os.replace("port.new", "port")
    return server

asyncio.start_server = start_server_and_tell
from pproxy.server import main
main(sys.argv[1:])
"""


class ProxyServerError(Exception):
    """A proxy did not start."""


@dataclass(frozen=True)
class ProxyServer:
    """A running proxy, on a TCP port or on a Unix socket."""

    port: int = 0
    unix_socket: str = ""

    def url(self, scheme: str, host: str = "127.0.0.1") -> str:
        """Its URL."""
        return f"{scheme}://{host}:{self.port}"


@dataclass(frozen=True)
class RealProxies:
    """One proxy of each kind."""

    open: ProxyServer
    """pproxy, without credentials."""

    closed: ProxyServer
    """pproxy that requires `AUTH`."""

    unix: ProxyServer
    """pproxy on a Unix socket."""

    http: ProxyServer
    """proxy.py that requires `AUTH`."""

    https: ProxyServer
    """proxy.py over TLS that requires `AUTH`."""


@contextmanager
def pproxy_server(*, auth: tuple[str, str] | None = None, unix: bool = False) -> Iterator[ProxyServer]:
    """Run pproxy for the length of the `with` block."""
    protocols = "http+socks4+socks5"
    # By default, a client that has authenticated needs no password for a month.
    options = [] if auth is None else ["--auth", "0"]
    rules = "" if auth is None else f"#{auth[0]}:{auth[1]}"
    with _pproxy_directory() as directory:
        address = f"{directory}/proxy.sock" if unix else "127.0.0.1:1"
        command = ["-c", _PPROXY, "-l", f"{protocols}://{address}{rules}", *options]
        with _running(command, directory, unix_socket=address if unix else "") as server:
            yield server


@contextmanager
def _pproxy_directory() -> Iterator[str]:
    """A temporary folder that pproxy can read from an address: to it, two underscores begin the next proxy."""
    while True:
        with TemporaryDirectory(prefix="pproxy-") as directory:
            if "__" not in directory:
                yield directory
                return


@contextmanager
def proxy_py_server(certificates: Certificates | None = None, *, auth: tuple[str, str]) -> Iterator[ProxyServer]:
    """Run proxy.py for the length of the `with` block, over TLS if there are `certificates`."""
    with TemporaryDirectory(prefix="proxy-py-") as directory:
        tls: list[str] = []
        if certificates is not None:
            tls = ["--cert-file", str(certificates.chain_pem), "--key-file", str(certificates.key_pem)]
        workers = ["--num-workers", "1", "--num-acceptors", "1"]
        address = ["--hostname", "127.0.0.1", "--port", "0", "--port-file", str(Path(directory, "port"))]
        command = ["-m", "proxy", *address, *workers, "--basic-auth", ":".join(auth), *tls]
        with _running(command, directory) as server:
            yield server


@contextmanager
def _running(command: Sequence[str], directory: str, unix_socket: str = "") -> Iterator[ProxyServer]:
    """Run Python with the arguments of `command` until the end of the block."""
    log_path = Path(directory, "log")
    with log_path.open("wb") as log:
        arguments = [sys.executable, *command]
        process = subprocess.Popen(arguments, cwd=directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + _START_TIMEOUT
        while (server := _started(Path(directory, "port"), unix_socket)) is None:
            if process.poll() is not None or time.monotonic() > deadline:
                raise ProxyServerError(f"the proxy does not start: {log_path.read_text()}")
            time.sleep(_POLL_INTERVAL)
        yield server
    finally:
        _stop(process)


def _started(port_file: Path, unix_socket: str) -> ProxyServer | None:
    if unix_socket:
        return ProxyServer(unix_socket=unix_socket) if _accepts(unix_socket) else None
    port = port_file.read_text().strip() if port_file.exists() else ""
    return ProxyServer(int(port)) if port and _accepts(("127.0.0.1", int(port))) else None


def _accepts(address: tuple[str, int] | str) -> bool:
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family) as probe, suppress(OSError):
        probe.connect(address)
        return True
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
