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

# Requests pass through to a server of the same process, since nginx reads a whole body before it passes it on.
_CONFIG = """
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
    ssl_certificate {chain};
    ssl_certificate_key {key};
    {limits}
    server {{
        listen 127.0.0.1:{ports[0]};
        listen 127.0.0.1:{ports[1]} http2;
        listen 127.0.0.1:{ports[2]} ssl http2;
        location / {{
            proxy_pass http://unix:{directory}/inner;
            proxy_set_header Host localhost;
        }}
        location /early {{ return 200 early; }}
        location /limited {{
            client_max_body_size 10000;
            proxy_pass http://unix:{directory}/inner;
        }}
        location /close {{
            keepalive_timeout 0;
            return 200 closing;
        }}
    }}
    server {{
        listen unix:{directory}/inner;
        client_max_body_size 0;
        location / {{ return 200 "$content_length"; }}
    }}
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
    with TemporaryDirectory(prefix="nginx-") as directory, ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=511)) for _ in range(3)]
        ports = [listener.getsockname()[1] for listener in listeners]
        # nginx leaves inherited sockets as they are. While a new process replaces the old one, both are told of the
        # same connection, and the one that comes too late would wait in accept().
        for listener in listeners:
            listener.setblocking(False)
        config = Path(directory, "nginx.conf")
        paths = {"chain": certificates.chain_pem, "key": certificates.key_pem}
        # For root, nginx would become a user who may not enter the directory.
        user = "user root;" if os.getuid() == 0 else ""
        config.write_text(_CONFIG.format(directory=directory, ports=ports, user=user, limits=limits, **paths))
        # The variable in which a running nginx hands its listening sockets to the one that replaces it.
        inherited = "".join(f"{listener.fileno()};" for listener in listeners)
        command = (program, "-p", directory, "-c", str(config))
        with serving(command, Path(directory), listeners, {"NGINX": inherited}):
            http, h2c, https = (f"://127.0.0.1:{port}" for port in ports)
            yield NginxServer(f"http{http}", f"http{h2c}", f"https{https}", command)


def find_nginx() -> str | None:
    """Return the path of nginx, which many systems keep out of the PATH of users."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
