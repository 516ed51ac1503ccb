"""HTTP/3 over bad paths: what arrives is whole, and a server that is gone is noticed."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest

pytest.importorskip("qh3")

from httpcore import AsyncConnectionPool, ConnectError, NetworkError, ReadTimeout
from httpcore_test_support._async.detours import AsyncDetour
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.datagram_relay import DatagramRelay, Path, datagram_relay
from httpcore_test_support.waiting import async_at_once, async_wait_until

pytestmark = pytest.mark.anyio

TIMEOUTS: dict[str, Any] = {"timeout": {"connect": 20.0, "read": 20.0, "write": 20.0, "pool": 20.0}}
SHORT: dict[str, Any] = {"timeout": {"connect": 20.0, "read": 0.3, "write": 0.3, "pool": 20.0}}

BAD_PATHS = {
    "loss": Path(loss=0.05),
    "duplicates": Path(duplicates=0.5),
    "reordering": Path(reordered=0.2),
    "delay": Path(delay=0.01),
    "forged": Path(forged=0.3),
    "corrupted": Path(corrupted=0.05),
    "all": Path(loss=0.02, duplicates=0.1, reordered=0.1, forged=0.1, corrupted=0.02, delay=0.002),
}

SILENCES = {
    "both ways": Path(blocked=True),
    "to the server": Path(to_server_blocked=True),
    "to the client": Path(to_client_blocked=True),
}


@asynccontextmanager
async def relayed(
    caddy: CaddyServer, certificates: Certificates, path: Path, chance: random.Random, **options: Any
) -> AsyncIterator[tuple[AsyncConnectionPool, DatagramRelay]]:
    with datagram_relay(caddy.https_port, path, chance) as relay:
        options.setdefault("network_backend", AsyncDetour(relay.port))
        context = certificates.client_context()
        async with AsyncConnectionPool(context, http1=False, http3=True, **options) as pool:
            yield pool, relay


def content_of(chance: random.Random, size: int) -> bytes:
    return chance.randbytes(997) * (size // 997 + 1)


async def parts_of(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 7_000):
        yield content[start : start + 7_000]


@pytest.mark.parametrize("path", BAD_PATHS.values(), ids=BAD_PATHS)
async def test_bodies_arrive_whole(
    caddy_http3: CaddyServer, certificates: Certificates, chance: random.Random, path: Path
) -> None:
    url = caddy_http3.https_url

    async def get() -> None:
        assert (await pool.request("GET", f"{url}/", extensions=TIMEOUTS)).content == b"Hello, world!\n"

    async def echo() -> None:
        content = content_of(chance, 40_000)
        response = await pool.request("POST", f"{url}/echo", content=content, extensions=TIMEOUTS)
        assert response.content == content

    async def echo_parts() -> None:
        content = content_of(chance, 60_000)
        response = await pool.request("POST", f"{url}/echo", content=parts_of(content), extensions=TIMEOUTS)
        assert response.content == content

    async def download() -> None:
        response = await pool.request("GET", f"{url}/bytes/150000", extensions=TIMEOUTS)
        assert response.content == b"x" * 150_000

    async with relayed(caddy_http3, certificates, path, chance) as (pool, relay):
        await async_at_once(get, echo, echo_parts, download, get, echo_parts)
        assert pool.stats().http3 == {"opened": 1, "fell_back": 0, "broken": 0}
        assert path.delay or sum(relay.seen[name] for name in relay.seen if name != "passed on") > 0


async def test_datagrams_of_strangers_do_no_harm(
    caddy_http3: CaddyServer, certificates: Certificates, chance: random.Random
) -> None:
    """Neither noise, nor what looks like the beginning of a packet, nor a stateless reset with another token."""
    async with relayed(caddy_http3, certificates, Path(), chance) as (pool, relay):
        for first in (0x00, 0x40, 0x7F, 0xC0, 0xD0, 0xF0, 0xFF):
            for size in (1, 21, 43, 1200, 1472):
                relay.inject(bytes([first]) + chance.randbytes(size - 1))
            # A version negotiation and a Retry for nobody.
            relay.inject(b"\xc0\x00\x00\x00\x00\x08" + bytes(8) + b"\x08" + bytes(8) + b"\x6b\x33\x43\xcf")
            relay.inject(b"\xf0\x00\x00\x00\x01\x08" + bytes(8) + b"\x08" + bytes(8) + bytes(40))
            response = await pool.request("GET", f"{caddy_http3.https_url}/", extensions=TIMEOUTS)
            assert response.content == b"Hello, world!\n"
        assert pool.stats().opened == 1


async def test_the_client_gets_another_port(
    caddy_http3: CaddyServer, certificates: Certificates, chance: random.Random
) -> None:
    """A NAT that has forgotten it gives it one; a request and a download go on."""
    url = caddy_http3.https_url
    async with relayed(caddy_http3, certificates, Path(), chance) as (pool, relay):
        for _ in range(3):
            response = await pool.request("GET", f"{url}/", extensions=TIMEOUTS)
            assert response.content == b"Hello, world!\n"
            async with pool.stream("GET", f"{url}/1mb.bin", extensions=TIMEOUTS) as download:
                relay.rebind()
                size = 0
                async for part in download.aiter_stream():
                    size += len(part)
                assert size == 1_000_000
        assert pool.stats().opened == 1


async def test_large_datagrams_are_dropped(
    caddy_http3: CaddyServer, certificates: Certificates, chance: random.Random
) -> None:
    """QUIC needs 1,200 bytes (RFC 9000 section 14). What is larger must not be needed."""
    url = caddy_http3.https_url
    async with relayed(caddy_http3, certificates, Path(largest=1252), chance) as (pool, _):
        content = content_of(chance, 30_000)
        response = await pool.request("POST", f"{url}/echo", content=content, extensions=TIMEOUTS)
        assert response.content == content
        assert pool.stats().opened == 1


async def end_silence(pool: AsyncConnectionPool, relay: DatagramRelay, delay: float = 0.03) -> None:
    """End a silence a little later than something was lost in it."""
    await async_wait_until(lambda: relay.seen["blocked"])
    await pool._network_backend.sleep(delay)
    relay.path = Path()


async def test_a_short_silence_in_the_handshake_is_survived(
    caddy_http3: CaddyServer, certificates: Certificates, chance: random.Random
) -> None:
    """The client has all it sent acknowledged, and the server has sent all it may to an address that is not confirmed.

    Without RFC 9002 section 6.2.2.1, both would wait for each other.
    """
    async with relayed(caddy_http3, certificates, Path(most_to_clients=1000), chance) as (pool, relay):

        async def get() -> None:
            assert (await pool.request("GET", f"{caddy_http3.https_url}/", extensions=TIMEOUTS)).status == 200

        await async_at_once(get, partial(end_silence, pool, relay, 0.06))
        assert pool.stats().opened == 1


async def test_a_short_silence_after_the_handshake_is_survived(
    caddy_http3: CaddyServer, certificates: Certificates, chance: random.Random
) -> None:
    """It swallows the end of the handshake, its confirmation, and the request."""
    async with relayed(caddy_http3, certificates, Path(), chance) as (pool, relay):

        async def trace(event: str, info: Any) -> None:
            if event == "http3.handshake.complete":
                relay.path = Path(blocked=True)

        async def get() -> None:
            extensions = {**TIMEOUTS, "trace": trace}
            assert (await pool.request("GET", f"{caddy_http3.https_url}/", extensions=extensions)).status == 200

        await async_at_once(get, partial(end_silence, pool, relay))
        assert pool.stats().opened == 1


@pytest.mark.parametrize("silence", SILENCES.values(), ids=SILENCES)
async def test_a_short_silence_in_a_download_is_survived(
    caddy_http3: CaddyServer, certificates: Certificates, chance: random.Random, silence: Path
) -> None:
    async with relayed(caddy_http3, certificates, Path(), chance) as (pool, relay):

        async def download() -> None:
            async with pool.stream("GET", f"{caddy_http3.https_url}/1mb.bin", extensions=TIMEOUTS) as response:
                # Nothing of the body may be here yet: only another task can end the silence.
                relay.path = silence
                assert len(await response.aread()) == 1_000_000

        await async_at_once(download, partial(end_silence, pool, relay))
        assert pool.stats().opened == 1


@pytest.mark.parametrize("silence", SILENCES.values(), ids=SILENCES)
async def test_a_short_silence_in_an_upload_is_survived(
    caddy_http3: CaddyServer, certificates: Certificates, chance: random.Random, silence: Path
) -> None:
    content = content_of(chance, 200_000)

    async def parts(relay: DatagramRelay) -> AsyncIterator[bytes]:
        sent = 0
        async for part in parts_of(content):
            yield part
            sent += len(part)
            if sent == 21_000:
                relay.path = silence

    async with relayed(caddy_http3, certificates, Path(), chance) as (pool, relay):

        async def upload() -> None:
            url = f"{caddy_http3.https_url}/echo"
            response = await pool.request("POST", url, content=parts(relay), extensions=TIMEOUTS)
            assert response.content == content

        await async_at_once(upload, partial(end_silence, pool, relay))
        assert pool.stats().opened == 1


async def test_silence_ends_the_use_of_a_connection(
    caddy_http3: CaddyServer, certificates: Certificates, chance: random.Random
) -> None:
    url = caddy_http3.https_url
    async with relayed(caddy_http3, certificates, Path(), chance) as (pool, relay):
        await pool.request("GET", f"{url}/", extensions=TIMEOUTS)
        relay.path = Path(blocked=True)
        with pytest.raises(ReadTimeout):
            await pool.request("GET", f"{url}/", extensions=SHORT)
        relay.path = Path()
        response = await pool.request("GET", f"{url}/", extensions=TIMEOUTS)
        assert response.content == b"Hello, world!\n"
        assert pool.stats().opened == 2


async def test_a_port_that_is_closed_is_noticed_at_once(
    caddy_http3: CaddyServer, certificates: Certificates, chance: random.Random
) -> None:
    url = caddy_http3.https_url
    async with relayed(caddy_http3, certificates, Path(), chance) as (pool, relay):
        await pool.request("GET", f"{url}/", extensions=TIMEOUTS)
        relay.refuse(True)
        with pytest.raises((NetworkError, ConnectError)):
            await pool.request("POST", f"{url}/echo", content=b"once", extensions=TIMEOUTS)
        relay.refuse(False)
        response = await pool.request("GET", f"{url}/", extensions=TIMEOUTS)
        assert response.content == b"Hello, world!\n"
        assert pool.stats().requests_active == 0
