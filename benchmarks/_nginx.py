"""nginx as the server of HTTP/2: ``python -m benchmarks._nginx FOLDER CERTIFICATE``.

FOLDER is for its files; CERTIFICATE has the certificate and its key. Prints the ports for HTTP/2, for HTTP/2 over TLS
and for its status, and the ID of its process. Ends, and ends nginx, when its standard input is closed.

It answers ``/small``, ``/new-head``, ``/download`` and ``/download-10`` as the server of ``_server`` does. That one
takes the uploads: nginx would answer them early, or write them to files.
"""

from __future__ import annotations

import argparse
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from benchmarks._server import SHORT_TRANSFER_LENGTH, SMALL_LENGTH, TRANSFER_LENGTH, pin_to_core, raise_open_file_limit

_START_SECONDS = 10

_HEADERS = """add_header Cache-Control no-cache; add_header ETag '"33a64df551425fcc55e4d42a148795d9"';
  add_header Vary Accept-Encoding;"""

# Everything that is not here has its default, so that it behaves as most servers do.
_CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr emerg;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  server_tokens off;
  sendfile on;
  default_type application/json;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  open_file_cache max=16 inactive=1h;
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_certificate {certificate};
  ssl_certificate_key {certificate};
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  {headers}
  add_header X-Request-Id 000000000000000000000000000000000000;
  server {{
    listen 127.0.0.1:{clear} http2 backlog=4096;
    listen 127.0.0.1:{tls} http2 ssl backlog=4096;
    root {folder};
    if ($server_protocol != HTTP/2.0) {{ return 505; }}
    location = /small {{ return 200 "{small}"; }}
    location = /new-head {{ {headers} add_header X-Request-Id $request_id; return 200 "{small}"; }}
  }}
  server {{
    listen 127.0.0.1:{status};
    location = /stats {{ stub_status; }}
  }}
}}
"""


def version() -> str | None:
    """The version, or `None` if nginx is not installed or lacks what is needed here."""
    if (command := shutil.which("nginx")) is None:
        return None
    told = subprocess.run([command, "-V"], capture_output=True, text=True, check=False).stderr
    found = re.search(r"nginx/([\d.]+)", told)
    parts = ("http_v2_module", "http_ssl_module", "http_stub_status_module")
    return found[1] if found and all(part in told for part in parts) else None


def parse_status(text: str) -> tuple[int, int, int]:
    """Return how many requests and connections there were, and how many are open, from a page of stub_status."""
    active, accepted, _, requests, *_ = map(int, re.findall(r"\d+", text))
    return requests, accepted, active


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [sock.getsockname()[1] for sock in sockets]
    for sock in sockets:
        sock.close()
    return ports


def _write_files(folder: Path, certificate: str, ports: list[int]) -> Path:
    for name, length in (("download", TRANSFER_LENGTH), ("download-10", SHORT_TRANSFER_LENGTH)):
        (folder / name).write_bytes(b"x" * length)
    configuration = folder / "nginx.conf"
    clear, tls, status = ports
    values = {"clear": clear, "tls": tls, "status": status, "small": "x" * SMALL_LENGTH, "headers": _HEADERS}
    configuration.write_text(_CONFIGURATION.format(folder=folder, certificate=certificate, **values))
    return configuration


def _await_start(nginx: subprocess.Popen[bytes], port: int) -> bool:
    until = time.monotonic() + _START_SECONDS
    while nginx.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.01)
        else:
            return True
    return False


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--core", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("certificate")
    arguments = parser.parse_args()
    pin_to_core(arguments.core)
    raise_open_file_limit()
    ports = _free_ports(3)
    configuration = _write_files(arguments.folder, arguments.certificate, ports)
    command = ["nginx", "-p", str(arguments.folder), "-c", str(configuration), "-e", "stderr"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as nginx:
        try:
            if not _await_start(nginx, ports[-1]):
                sys.exit("nginx does not start")
            print(*ports, nginx.pid, flush=True)
            sys.stdin.buffer.read()
        finally:
            nginx.terminate()


if __name__ == "__main__":
    main()
