"""A real nginx on the loopback interface: HTTP/1.1 in clear, HTTP/2 in clear, and both over TLS.

Every path answers with the size of the request's body, once the whole body is there. /early answers before it reads the
body, /limited refuses bodies above 10,000 bytes, and /close ends the connection.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from .certificates import Certificates
from .processes import serving

__all__ = ["NginxServer", "find_nginx", "nginx_server"]

# What both configurations have.
_COMMON = """
daemon off;
{user}
pid {directory}/pid;
error_log stderr warn;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    client_max_body_size 0;
    {servers}
}}
"""

# Requests pass through to another nginx, since one reads a whole body before it passes it on. It is a process of its
# own: connections of an nginx to itself may be left unanswered where it reads its configuration again.
_OUTER = """
    ssl_certificate {chain};
    ssl_certificate_key {key};
    {limits}
    upstream inner {{
        server 127.0.0.1:{inner};
        keepalive 100;
    }}
    server {{
        listen 127.0.0.1:{ports[0]};
        listen 127.0.0.1:{ports[1]} http2;
        listen 127.0.0.1:{ports[2]} ssl http2;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        location / {{ proxy_pass http://inner; }}
        location /early {{ return 200 early; }}
        location /limited {{
            client_max_body_size 10000;
            proxy_pass http://inner;
        }}
        location /close {{
            keepalive_timeout 0;
            return 200 closing;
        }}
    }}
"""

_INNER = """
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
    server {{
        listen 127.0.0.1:{ports[0]};
        location / {{ return 200 "$content_length"; }}
    }}
"""


@dataclass(frozen=True)
class NginxServer:
    """A running nginx."""

    http_url: str
    h2c_url: str
    https_url: str
    command: tuple[str, ...]

    def reload(self) -> None:
        """Have new connections served by a new process; the old one ends when its requests are over."""
        subprocess.run([*self.command, "-s", "reload"], check=True, capture_output=True)


@contextmanager
def nginx_server(certificates: Certificates, limits: str = "") -> Iterator[NginxServer]:
    """Run nginx for the length of the `with` block, with its defaults or with `limits` in its own syntax."""
    program = find_nginx()
    if program is None:
        raise FileNotFoundError("nginx is not installed")
    paths = {"chain": certificates.chain_pem, "key": certificates.key_pem}
    with ExitStack() as stack:
        (inner,), _ = stack.enter_context(_running(program, 1, _INNER))
        outer = _running(program, 3, _OUTER, inner=inner, limits=limits, **paths)
        ports, command = stack.enter_context(outer)
        http, h2c, https = (f"://127.0.0.1:{port}" for port in ports)
        yield NginxServer(f"http{http}", f"http{h2c}", f"https{https}", command)


@contextmanager
def _running(program: str, count: int, servers: str, **values: object) -> Iterator[tuple[list[int], tuple[str, ...]]]:
    """Run nginx with `servers` on `count` free ports; return these and the command."""
    with TemporaryDirectory(prefix="nginx-") as directory, ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=511)) for _ in range(count)]
        ports = [listener.getsockname()[1] for listener in listeners]
        config = Path(directory, "nginx.conf")
        # For root, nginx would become a user who may not enter the directory.
        user = "user root;" if os.getuid() == 0 else ""
        text = servers.format(ports=ports, **values)
        config.write_text(_COMMON.format(directory=directory, user=user, servers=text))
        # The variable in which a running nginx hands its listening sockets to the one that replaces it.
        inherited = "".join(f"{listener.fileno()};" for listener in listeners)
        command = (program, "-p", directory, "-c", str(config))
        with serving(command, Path(directory), listeners, {"NGINX": inherited}):
            yield ports, command


def find_nginx() -> str | None:
    """Return the path of nginx, which many systems keep out of the PATH of users."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
