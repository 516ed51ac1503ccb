"""gevent, eventlet and PySocks, which replace sockets and waiting, each in its own process."""

import subprocess
import sys

import pytest
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.proxies import AUTH, ProxyServer

PATCHES = {
    "gevent": "import gevent.monkey; gevent.monkey.patch_all()",
    # Its maintainers advise against new use, and it warns.
    "eventlet": "import warnings; warnings.simplefilter('ignore'); import eventlet; eventlet.monkey_patch()",
}

LIMITS = """
import socket, httpcore

def outcome(pool, *arguments, **options):
    limits = {"connect": 0.5, "read": 0.2, "write": 0.2, "pool": 0.2}
    try:
        return pool.request(*arguments, **options, extensions={"timeout": limits}).status
    except Exception as error:
        return type(error).__name__

# Connections stay in the backlog: nothing is read or answered.
listener = socket.create_server(("127.0.0.1", 0))
url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
with httpcore.ConnectionPool() as pool:
    print(outcome(pool, "GET", url))
    print(outcome(pool, "POST", url, content=bytes(50_000_000)))
with httpcore.ConnectionPool(proxy=httpcore.Proxy(url)) as pool:
    print(outcome(pool, "GET", "https://example.com/"))
listener.close()
"""

SIDE_BY_SIDE = """
import socket, threading, time, httpcore

def serve(connection):
    with connection:
        while connection.recv(10_000):
            time.sleep(0.1)
            connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok")

def accept():
    for _ in range(8):
        threading.Thread(target=serve, args=(listener.accept()[0],)).start()

def get():
    for _ in range(2):
        statuses.append(pool.request("GET", url, extensions={"timeout": {"read": 5.0}}).status)

listener = socket.create_server(("127.0.0.1", 0))
url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
statuses = []
threading.Thread(target=accept).start()
with httpcore.ConnectionPool() as pool:
    clients = [threading.Thread(target=get) for _ in range(8)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    print(statuses, len(pool.connections))
listener.close()
"""

TLS = """
import socket, ssl, sys, threading, httpcore

url, authority = sys.argv[1:]

def outcome(url, **limits):
    try:
        return pool.request("GET", url, extensions={"timeout": limits}).status
    except Exception as error:
        return type(error).__name__

def get():
    for _ in range(3):
        sizes.append(len(pool.request("GET", url + "/1mb.bin").content))
        sizes.append(len(pool.request("POST", url + "/echo", content=bytes(1_000_000)).content))

# Connections stay in the backlog: nothing is answered.
listener = socket.create_server(("127.0.0.1", 0))
silent = f"https://127.0.0.1:{listener.getsockname()[1]}/"
for http2 in (False, True):
    context = ssl.create_default_context(cafile=authority)
    sizes = []
    with httpcore.ConnectionPool(ssl_context=context, http1=not http2, http2=http2) as pool:
        print(pool.request("GET", url + "/").extensions["http_version"].decode())
        clients = [threading.Thread(target=get) for _ in range(8)]
        for client in clients:
            client.start()
        print(outcome(url + "/slow", read=0.2), outcome(silent, connect=0.2))
        for client in clients:
            client.join()
        print(len(sizes), set(sizes))
listener.close()
"""

PYSOCKS = """
import socket, sys
import socks
proxy, user, password, url = sys.argv[1:]
socks.set_default_proxy(socks.SOCKS5, "127.0.0.1", int(proxy), username=user, password=password)
socket.socket = socks.socksocket
import httpcore
with httpcore.ConnectionPool() as pool:
    for _ in range(2):
        print(pool.request("POST", url + "/echo", content=bytes(1_000_000)).status)
    try:
        pool.request("GET", url + "/slow", extensions={"timeout": {"read": 0.2}})
    except httpcore.ReadTimeout:
        print("timeout")
"""


def lines(script: str, *arguments: str) -> list[str]:
    """The output of a script, by lines."""
    command = [sys.executable, "-W", "error", "-c", script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.mark.fault("T1")
@pytest.mark.upgrade("4.4")
@pytest.mark.parametrize("name", PATCHES)
def test_timeouts(name: str) -> None:
    assert lines(PATCHES[name] + LIMITS) == ["ReadTimeout", "WriteTimeout", "ConnectTimeout"]


@pytest.mark.parametrize("name", PATCHES)
def test_simultaneous_requests(name: str) -> None:
    assert lines(PATCHES[name] + SIDE_BY_SIDE) == [f"{[200] * 16} 8"]


@pytest.mark.upgrade("4.4")
@pytest.mark.parametrize("name", PATCHES)
def test_tls_and_http_2(name: str, caddy: CaddyServer, certificates: Certificates) -> None:
    outcomes = ["ReadTimeout ConnectTimeout", "48 {1000000}"]
    printed = lines(PATCHES[name] + TLS, caddy.https_url, str(certificates.authority_pem))
    assert printed == ["HTTP/1.1", *outcomes, "HTTP/2", *outcomes]


@pytest.mark.fault("T1")
@pytest.mark.upgrade("4.4")
def test_pysocks(proxy: ProxyServer, caddy: CaddyServer) -> None:
    assert lines(PYSOCKS, str(proxy.port), *AUTH, caddy.http_url) == ["200", "200", "timeout"]
