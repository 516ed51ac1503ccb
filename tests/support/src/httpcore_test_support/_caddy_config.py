"""The JSON configuration of the Caddy peer: its listeners, its routes and the files that it serves."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .certificates import Certificates

FILE_SIZES = {"small.txt": 1_000, "1mb.bin": 1_000_000, "50mb.bin": 50_000_000}
SLOW_SECONDS = 2
_BLOCK_SIZE = 1_000_000


@dataclass(frozen=True)
class ServedFile:
    """The expected content of a downloaded file."""

    size: int
    sha256: str


def write_files(root: Path) -> dict[str, ServedFile]:
    """Write the served files below `root` and return them by URL path."""
    return {f"/{name}": _write_file(root / name, size) for name, size in FILE_SIZES.items()}


def _write_file(path: Path, size: int) -> ServedFile:
    """Write `size` bytes, the same in every run. No two blocks are alike, so that reordering shows."""
    digest = hashlib.sha256()
    text = path.suffix == ".txt"
    block = b"small and plain\n" * (size // 16 + 1) if text else random.Random(path.name).randbytes(_BLOCK_SIZE)
    with path.open("wb") as file:
        for offset in range(0, size, _BLOCK_SIZE):
            numbered = block if text else offset.to_bytes(8, "big") + block[8:]
            data = numbered[: size - offset]
            digest.update(data)
            file.write(data)
    return ServedFile(size, digest.hexdigest())


def build_config(
    *,
    clear: Sequence[str],
    secure: Sequence[str],
    datagrams: Sequence[str] = (),
    certificates: Certificates,
    protocols: Sequence[str],
    root: Path,
    storage: Path,
) -> dict[str, Any]:
    """Return Caddy's configuration with HTTP on the `clear` listeners and HTTPS on the others."""
    server = {
        "protocols": list(protocols),
        "automatic_https": {"disable": True},
        "routes": _routes(str(root)),
        "errors": {"routes": [_route("/slow", _respond("slow\n", status_code=200))]},
    }
    over_tls = {**server, "listen": [*secure, *datagrams], "tls_connection_policies": [{}]}
    if datagrams:
        tcp = [protocol for protocol in protocols if protocol != "h2c"]
        over_tls["protocols"] = [*tcp, "h3"]
        over_tls["listen_protocols"] = [*([tcp] * len(secure)), *([["h3"]] * len(datagrams))]
    leaf = {"certificate": str(certificates.chain_pem), "key": str(certificates.key_pem)}
    return {
        "admin": {"disabled": True, "config": {"persist": False}},
        "logging": {"logs": {"default": {"level": "ERROR"}}},
        "storage": {"module": "file_system", "root": str(storage)},
        "apps": {
            "tls": {"certificates": {"load_files": [leaf]}},
            "http": {
                "grace_period": "1s",
                "servers": {
                    "clear": {**server, "listen": list(clear)},
                    "secure": over_tls,
                },
            },
        },
    }


def _respond(body: str = "", **options: Any) -> dict[str, Any]:
    return {"handler": "static_response", "body": body, **options}


def _route(path: str, *handlers: dict[str, Any]) -> dict[str, Any]:
    return {"match": [{"path": [path]}], "handle": list(handlers), "terminal": True}


def _pattern_route(pattern: str, *handlers: dict[str, Any]) -> dict[str, Any]:
    match = {"path_regexp": {"name": "path", "pattern": pattern}}
    return {"match": [match], "handle": list(handlers), "terminal": True}


def _routes(root: str) -> list[dict[str, Any]]:
    file_server = {"handler": "file_server", "root": root}
    plain_text = {"Content-Type": ["text/plain"]}
    # The client's port, on every response, lets a test count connections as the peer sees them.
    remote_port = {"handler": "headers", "response": {"set": {"X-Remote-Port": ["{http.request.remote.port}"]}}}
    # Go's server frames a response of unknown length as chunked.
    unknown_length = {"handler": "headers", "response": {"delete": ["Content-Length"], "deferred": True}}
    described = "{http.request.method} {http.request.uri} {http.request.proto} {http.request.hostport}\n"
    return [
        {"handle": [remote_port]},
        _route("/", _respond("Hello, world!\n")),
        _route("/echo", _respond("{http.request.body}", headers={"X-Method": ["{http.request.method}"]})),
        _route("/inspect", _respond(described, headers={"X-Server-Name": ["{http.request.tls.server_name}"]})),
        _pattern_route(
            "^/bytes/([0-9]+)$",
            {"handler": "templates", "mime_types": ["text/plain"]},
            _respond('{{repeat {http.regexp.path.1} "x"}}', headers=plain_text),
        ),
        _route("/status/204", _respond(status_code=204)),
        _route("/status/304", _respond(status_code=304)),
        _pattern_route(
            "^/status/([2-5][0-9][0-9])$",
            _respond("status {http.regexp.path.1}\n", status_code="{http.regexp.path.1}"),
        ),
        _route(
            "/headers",
            _respond("headers\n", headers={"X-Custom": ["value"], "X-Repeated": ["one", "two"], "X-Empty": [""]}),
        ),
        _route("/early-hints", _respond(status_code=103, headers={"Link": ["</style.css>"]}), _respond("hinted\n")),
        _route("/close", _respond("closing\n", close=True)),
        _route("/redirect", _respond(status_code=302, headers={"Location": ["/small.txt"]})),
        _route("/chunked", unknown_length, {"handler": "rewrite", "uri": "/1mb.bin"}, file_server),
        _route("/slow", _slow_failure()),
        {"handle": [file_server]},
    ]


def _slow_failure() -> dict[str, Any]:
    """Retry a missing upstream, the only stock handler that takes a fixed time; the error route responds."""
    return {
        "handler": "reverse_proxy",
        "upstreams": [{"dial": "unix//nonexistent/upstream.sock"}],
        "load_balancing": {"try_duration": f"{SLOW_SECONDS}s", "try_interval": "50ms"},
    }
