"""httpx with HTTP/2: `httpx[http2]` installs only h2."""

import asyncio
import ssl
import sys

import httpcore
import httpx

clear, tls, authority = sys.argv[1:]
options = {"http2": True, "verify": ssl.create_default_context(cafile=authority), "trust_env": False}


async def main() -> None:
    """The same, async."""
    async with httpx.AsyncClient(**options) as client:
        assert type(client._transport._pool) is httpcore.AsyncConnectionPool
        responses = await asyncio.gather(*[client.get(url + "/1mb.bin") for url in (clear, tls, tls)])
    assert [response.http_version for response in responses] == ["HTTP/1.1", "HTTP/2", "HTTP/2"]
    assert {len(response.content) for response in responses} == {1_000_000}


with httpx.Client(**options) as client:
    assert type(client._transport._pool) is httpcore.ConnectionPool
    assert client.get(clear + "/").http_version == "HTTP/1.1"
    for _ in range(2):
        response = client.post(tls + "/echo", content=bytes(100_000))
        assert (response.http_version, response.content) == ("HTTP/2", bytes(100_000))
with httpx.Client(**{**options, "http1": False}) as client:
    assert {client.get(url + "/").http_version for url in (clear, tls)} == {"HTTP/2"}
asyncio.run(main())
