"""Many requests leave nothing behind: no socket, no slot in the pool, no task and no thread."""

import gc
import os
import resource
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from httpcore import AsyncConnectionPool, AsyncHTTPConnection, ConnectError, Response
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.interpreters import COUNTS_REFERENCES
from httpcore_test_support.leftovers import async_running
from httpcore_test_support.scripted import Connection, scripted_server
from httpcore_test_support.sockets import open_sockets, refusing_port
from httpcore_test_support.waiting import async_at_once, async_wait_until

pytestmark = pytest.mark.anyio

UNUSED = "Requests: 0 active, 0 queued | Connections: 0 active, "


@asynccontextmanager
async def nothing_left() -> AsyncIterator[None]:
    """Fail if the block leaves a socket, a task or a thread behind."""
    sockets, before = open_sockets(), await async_running()
    yield
    await async_wait_until(lambda: open_sockets() <= sockets)
    assert await async_running() <= before


def port(response: Response) -> bytes:
    """The client's port, which tells connections apart."""
    return next(value for name, value in response.headers if name == b"X-Remote-Port")


async def test_a_thousand_requests_one_after_another(caddy: CaddyServer) -> None:
    async with nothing_left():
        before = len(open_sockets())
        async with AsyncConnectionPool() as pool:
            ports = {port(await pool.request("GET", caddy.http_url)) for _ in range(1000)}
            assert len(ports) == 1
            assert len(open_sockets()) == before + 1
            assert UNUSED + "1 idle" in repr(pool)


@pytest.mark.field(13)
@pytest.mark.parametrize(
    ("workers", "requests", "limit"), [(100, 10, 10), (4, 500, 2)], ids=["100 workers", "4 workers"]
)
async def test_many_requests_at_once(caddy: CaddyServer, workers: int, requests: int, limit: int) -> None:
    ports: list[bytes] = []

    async def work() -> None:
        for _ in range(requests):
            response = await pool.request("GET", caddy.http_url, extensions={"timeout": {"pool": 50.0}})
            assert response.content == b"Hello, world!\n"
            ports.append(port(response))

    async with nothing_left():
        before = len(open_sockets())
        async with AsyncConnectionPool(max_connections=limit) as pool:
            await async_at_once(*[work] * workers)
            assert len(ports) == workers * requests
            assert len(set(ports)) <= limit
            assert len(pool.connections) == len(set(ports)) == len(open_sockets()) - before
            assert f"{UNUSED}{len(pool.connections)} idle" in repr(pool)


async def test_many_requests_over_tls_at_once(caddy: CaddyServer, certificates: Certificates) -> None:
    async def work() -> None:
        for _ in range(5):
            assert (await pool.request("GET", caddy.https_url)).content == b"Hello, world!\n"

    async with (
        nothing_left(),
        AsyncConnectionPool(ssl_context=certificates.client_context(), max_connections=5) as pool,
    ):
        await async_at_once(*[work] * 20)
        assert UNUSED in repr(pool)


@pytest.mark.fault("P1")
async def test_connections_that_the_server_closes_are_freed(caddy: CaddyServer, certificates: Certificates) -> None:
    def alive() -> int:
        for _ in range(1 if COUNTS_REFERENCES else 3):  # one for the objects to which a finaliser refers
            gc.collect()
        return sum(type(each) in (AsyncHTTPConnection, ssl.SSLObject, ssl.SSLSocket) for each in gc.get_objects())

    before = alive()
    async with nothing_left(), AsyncConnectionPool(ssl_context=certificates.client_context()) as pool:
        for _ in range(400):
            assert (await pool.request("GET", caddy.https_url + "/close")).content == b"closing\n"
        assert alive() - before <= (0 if COUNTS_REFERENCES else 10)  # PyPy keeps what it used last


async def test_requests_ending_in_every_way_leave_nothing_open() -> None:
    """The server agrees: once the pool is closed, so are all its connections."""
    answers = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok",
        b"nonsense\r\n\r\n",
        b"",
    ]

    def script(connection: Connection) -> None:
        while True:
            target = connection.receive_request().split()[1]
            connection.send(answers[int(target[1:])])
            if int(target[1:]):
                connection.shutdown_write()

    outcomes: list[str] = []

    async def work() -> None:
        for number in range(len(answers)):
            try:
                response = await pool.request("GET", f"{server.url}/{number}")
                outcomes.append(response.content.decode())
            except Exception as error:
                outcomes.append(type(error).__name__)

    with scripted_server(script) as server:
        pool = AsyncConnectionPool(max_connections=3)
        async with nothing_left():
            async with pool:
                await async_at_once(*[work] * 20)
                assert UNUSED in repr(pool)
            await async_wait_until(lambda: not server.open_connections)
    assert sorted(outcomes) == ["RemoteProtocolError"] * 60 + ["ok"] * 40


@pytest.mark.field(11)
async def test_unreachable_server_does_not_affect_other_requests(caddy: CaddyServer) -> None:
    async def work() -> None:
        for _ in range(10):
            with pytest.raises(ConnectError):
                await pool.request("GET", f"http://127.0.0.1:{refusing}")

    async with nothing_left():
        pool = AsyncConnectionPool(max_connections=1)
        async with pool:
            with refusing_port() as refusing:
                await async_at_once(*[work] * 20)
            assert UNUSED + "0 idle" in repr(pool)
            response = await pool.request("GET", caddy.http_url, extensions={"timeout": {"pool": 0.0}})
            assert response.status == 200


@pytest.fixture
def many_open_files() -> Iterator[None]:
    """Have 1,100 files open, so that the descriptors of sockets are above 1,024."""
    wanted = 1_100
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    soft = wanted + 200 if limits[1] == resource.RLIM_INFINITY else min(limits[1], wanted + 200)
    if soft < wanted + 200:
        pytest.skip("the limit on open files is too low")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, limits[0]), limits[1]))
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(wanted)]
    yield
    for file in files:
        os.close(file)
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@pytest.mark.field(80)
@pytest.mark.usefixtures("many_open_files")
async def test_file_descriptors_above_1023_work(caddy: CaddyServer, certificates: Certificates) -> None:
    pool = AsyncConnectionPool(ssl_context=certificates.client_context())
    timeout = {"connect": 10.0, "read": 10.0, "write": 10.0, "pool": 10.0}
    async with pool:
        for _ in range(2):
            for url in (caddy.http_url, caddy.https_url):
                response = await pool.request("GET", url, extensions={"timeout": timeout})
                sock = response.extensions["network_stream"].get_extra_info("socket")
                assert sock.fileno() > 1024
        assert UNUSED + "2 idle" in repr(pool)
