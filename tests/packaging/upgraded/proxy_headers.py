"""python-proxy-headers, whose pools and tunnels are subclasses of those of httpcore."""

import asyncio
import os
import socket
import ssl
import sys
import threading

import httpx
from python_proxy_headers import httpx_proxy

clear, tls, authority = sys.argv[1:]
context = ssl.create_default_context(cafile=authority)
heads: list[bytes] = []


def relay(source: socket.socket, target: socket.socket) -> None:
    """Pass on all that comes."""
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve(client: socket.socket) -> None:
    """A tunnel, with a header in the response to CONNECT."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += client.recv(65536)
    heads.append(head)
    host, port = head.split()[1].decode().split(":")
    with client, socket.create_connection((host, int(port))) as origin:
        client.sendall(b"HTTP/1.1 200 OK\r\nX-Proxy-Address: 192.0.2.1\r\n\r\n")
        back = threading.Thread(target=relay, args=(origin, client))
        back.start()
        relay(client, origin)
        back.join()


def accept() -> None:
    """Serve each connection in its own thread."""
    while True:
        try:
            client = listener.accept()[0]
        except OSError:
            return
        threading.Thread(target=serve, args=(client,), daemon=True).start()


listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=accept, daemon=True).start()
proxy = httpx.Proxy(f"http://127.0.0.1:{listener.getsockname()[1]}", headers={"X-Country": "US"})


async def use() -> None:
    """The same, async."""
    transport = httpx_proxy.AsyncHTTPProxyTransport(verify=context, proxy=proxy)
    async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
        responses = [await client.get(tls + "/") for _ in range(2)]
    assert responses[0].headers["X-Proxy-Address"] == "192.0.2.1"
    assert {response.text for response in responses} == {"Hello, world!\n"}


os.environ["SSL_CERT_FILE"] = authority
response = httpx_proxy.get(tls + "/", proxy=proxy)
assert (response.text, response.headers["X-Proxy-Address"]) == ("Hello, world!\n", "192.0.2.1")
with httpx.Client(
    transport=httpx_proxy.HTTPProxyTransport(verify=context, proxy=proxy), trust_env=False
) as http_client:
    for _ in range(2):
        assert http_client.get(tls + "/").text == "Hello, world!\n"
asyncio.run(use())
assert {b"X-Country: US\r\n" in head for head in heads} == {True}
assert len(heads) == 3
listener.close()
