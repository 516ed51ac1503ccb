"""mocket, which replaces Python's sockets."""

import asyncio
import warnings

import httpx
from mocket import Mocketizer
from mocket.mocks.mockhttp import Entry

# mocket drops sockets that it has wrapped.
warnings.simplefilter("ignore", ResourceWarning)
CLEAR, TLS = "http://api.example.com/v1", "https://api.example.com/v1"


def register() -> None:
    """What is mocked."""
    Entry.single_register(Entry.GET, CLEAR, body='{"id": 1}', headers={"content-type": "application/json"})
    Entry.single_register(Entry.POST, TLS, body="posted")


async def use() -> None:
    """Async requests."""
    async with httpx.AsyncClient(timeout=5.0) as client:
        for _ in range(2):
            assert (await client.get(CLEAR)).json() == {"id": 1}
            assert (await client.post(TLS, content=b"data")).text == "posted"


with Mocketizer():
    register()
    with httpx.Client(timeout=5.0) as client:
        for _ in range(2):
            assert client.get(CLEAR).json() == {"id": 1}
            assert client.post(TLS, content=b"data").text == "posted"
    assert httpx.get(CLEAR).json() == {"id": 1}
with Mocketizer():
    register()
    asyncio.run(use())
