# Generated from ../_async/test_on_connection.py by tools/make_sync.py: edit that file, then run it.
"""`on_connection` of a pool: each connection is reported once when it is open and once when it is closed."""

import gc
import logging
from typing import Any

import pytest
from httpcore import (
    ConnectError,
    ConnectionEvent,
    ConnectionInterface,
    ConnectionPool,
    HTTPConnection,
    MockBackend,
    Origin,
    PoolStats,
    ReadTimeout,
    RemoteProtocolError,
    Request,
    Response,
)
from httpcore_test_support import h2_frames
from httpcore_test_support.http2_peer import Http2Peer, answering, http2_script
from httpcore_test_support.scripted import Connection, Script, scripted_server
from httpcore_test_support.sockets import refusing_port
from httpcore_test_support.steps import close, hold, receive_request, send
from httpcore_test_support.waiting import at_once, wait_until

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LONG = b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\nok"
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: own\r\n\r\n"


def answer(connection: Connection) -> None:
    while True:
        connection.receive_request()
        connection.send(OK)


class Events(list[ConnectionEvent]):
    def __call__(self, event: ConnectionEvent) -> None:
        self.append(event)

    @property
    def kinds(self) -> list[str]:
        return [event.kind for event in self]

    @property
    def reasons(self) -> list[str | None]:
        """Why connections were closed, once it is certain that each event comes once, and in order."""
        opened = [event.connection for event in self if event.kind == "opened"]
        closed = [event.connection for event in self if event.kind == "closed"]
        assert len({info.id for info in opened}) == len(opened)
        assert sorted(info.id for info in opened) == sorted(info.id for info in closed)
        for info in opened:
            kinds = [event.kind for event in self if event.connection is info]
            assert kinds == ["opened", "closed"]
        return [event.reason for event in self if event.kind == "closed"]


def test_from_the_opening_to_the_end() -> None:
    events = Events()
    with scripted_server(answer) as server:
        with ConnectionPool(on_connection=events) as pool:
            response = pool.request("GET", server.url)
            info = response.extensions["connection"]
            assert events == [ConnectionEvent("opened", info, None, 0.0, 0)]
            for _ in range(2):
                pool.request("GET", server.url)
    closed = events.pop()
    assert closed == ConnectionEvent("closed", info, "pool closed", closed.age, 3)
    assert 0.0 < closed.age < 100.0
    assert len(events) == 1


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ([receive_request(), send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok"), close()], "ended"),
        ([receive_request(), send(LONG), hold()], "response was not read to its end"),
    ],
)
def test_what_ends_with_its_response(script: Script, reason: str) -> None:
    events = Events()
    with scripted_server(script) as server:
        with ConnectionPool(on_connection=events) as pool:
            with pool.stream("GET", server.url) as response:
                if reason == "ended":
                    response.read()
                assert events.kinds == ["opened"]
            assert events.reasons == [reason]
        assert events.reasons == [reason]


def test_what_has_switched_protocols() -> None:
    events = Events()
    headers = {"Connection": "upgrade", "Upgrade": "own"}
    with scripted_server([receive_request(), send(SWITCHED), hold()]) as server:
        with ConnectionPool(on_connection=events) as pool:
            with pool.stream("GET", server.url, headers=headers) as response:
                assert response.status == 101
            assert events.reasons == ["protocol was switched"]


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ([receive_request(), close()], RemoteProtocolError),
        ([receive_request(), hold()], ReadTimeout),
        ([receive_request(), send(LONG), close()], RemoteProtocolError),
    ],
)
def test_what_fails(script: Script, error: type[Exception]) -> None:
    events = Events()
    limit = 0.1 if error is ReadTimeout else 10.0
    with scripted_server(script) as server:
        with ConnectionPool(on_connection=events) as pool:
            with pytest.raises(error):
                pool.request("GET", server.url, extensions={"timeout": {"read": limit}})
            assert events.reasons == ["failed"]


def test_what_was_never_open() -> None:
    events = Events()
    with refusing_port() as port:
        with ConnectionPool(on_connection=events) as pool:
            with pytest.raises(ConnectError):
                pool.request("GET", f"http://127.0.0.1:{port}")
    assert events == []


def test_what_the_server_closed() -> None:
    events = Events()
    with scripted_server([receive_request(), send(OK), close()]) as server:
        with ConnectionPool(on_connection=events) as pool:
            pool.request("GET", server.url)
            wait_until(lambda: pool.connections[0].has_expired())
            pool.request("GET", server.url)
            assert events.kinds[:3] in (["opened", "closed", "opened"], ["opened", "opened", "closed"])
    assert events.reasons[0] == "server closed it"


def test_what_expired() -> None:
    events = Events()
    with scripted_server(answer) as server:
        with ConnectionPool(on_connection=events, keepalive_expiry=0.0) as pool:
            pool.request("GET", server.url)
            pool.close_expired()
            assert events.reasons == ["expired"]


def test_limits() -> None:
    events = Events()
    with scripted_server(answer) as server, scripted_server(answer) as other:
        with ConnectionPool(on_connection=events, max_connections=1) as pool:
            pool.request("GET", server.url)
            pool.request("GET", other.url)
            pool._max_keepalive_connections = 0
            pool.request("GET", other.url)
    assert events.reasons == ["made room for another connection", "no longer needed", "no longer needed"]


def test_a_dropped_response() -> None:
    events = Events()
    with scripted_server([receive_request(), send(LONG), hold()]) as server:
        with ConnectionPool(on_connection=events) as pool:
            request = Request("GET", server.url, headers={"Host": "localhost"})
            responses = [pool.handle_request(request)]
            with pytest.warns(ResourceWarning):
                _collect(responses)
            pool.close_expired()
            assert events.reasons == ["response was not closed"]


def _collect(responses: list[Response]) -> None:
    responses.clear()
    gc.collect()


def test_a_pool_that_is_closed_during_a_request() -> None:
    events = Events()
    with scripted_server([receive_request(), send(LONG), hold()]) as server:
        pool = ConnectionPool(on_connection=events)
        with pool.stream("GET", server.url):
            pool.close()
            assert events.reasons == ["pool closed"]
        assert events.reasons == ["pool closed"]


def test_an_interrupted_step() -> None:
    """What repairs the state reports the connections that it drops."""
    events = Events()
    with scripted_server(answer) as server:
        with ConnectionPool(on_connection=events) as pool:
            pool.request("GET", server.url)
            [slot] = pool._shared.state.slots.all
            # As if a signal handler had raised while the slot was leaving.
            slot.pooled = False
            pool._shared.state.broken = True
            assert pool.connections == []
            pool.request("GET", server.url)
            assert sorted(events.kinds) == ["closed", "opened", "opened"]
    assert len(events.reasons) == 2


class TestHTTP2:
    def test_many_requests(self) -> None:
        events = Events()
        with scripted_server(http2_script(answering)) as server:
            with ConnectionPool(http1=False, http2=True, on_connection=events) as pool:

                def get() -> None:
                    pool.request("GET", server.url)

                at_once(*[get] * 5)
        assert sum(event.requests for event in events) >= 5
        assert set(events.reasons) == {"pool closed"}

    def test_a_server_that_says_goodbye(self) -> None:
        def answer_once(peer: Http2Peer) -> None:
            stream = peer.request()
            peer.send(h2_frames.goaway(stream))
            peer.respond(stream)

        events = Events()
        with scripted_server(http2_script(answer_once)) as server:
            with ConnectionPool(http1=False, http2=True, on_connection=events) as pool:
                pool.request("GET", server.url)
                assert events.reasons == ["server closed it"]


class TestCallback:
    """What the callback may do, and what it must not."""

    def test_errors_are_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        def fail(event: ConnectionEvent) -> None:
            raise ValueError(event.kind)

        with scripted_server(answer) as server:
            with ConnectionPool(on_connection=fail) as pool:
                assert (pool.request("GET", server.url)).status == 200
        records = [record for record in caplog.records if record.levelno >= logging.ERROR]
        assert [record.name for record in records] == ["httpcore.connection_pool"] * 2
        errors = [str(record.exc_info[1]) for record in records if record.exc_info]
        assert errors == ["opened", "closed"]

    def test_interruptions_are_not_errors(self) -> None:
        kinds: list[str] = []

        def interrupt(event: ConnectionEvent) -> None:
            kinds.append(event.kind)
            raise KeyboardInterrupt

        with scripted_server(answer) as server:
            pool = ConnectionPool(on_connection=interrupt)
            with pytest.raises(KeyboardInterrupt):
                pool.request("GET", server.url)
            assert pool.stats()[:4] == (0, 0, 0, 0)
            assert kinds == ["opened", "closed"]
            pool.close()

    def test_it_may_use_the_pool(self) -> None:
        figures: list[PoolStats] = []

        def look(event: ConnectionEvent) -> None:
            assert not pool._shared.holds_lock()
            figures.append(pool.stats())
            assert isinstance(pool.connections, list)

        with scripted_server(answer) as server:
            with ConnectionPool(on_connection=look) as pool:
                pool.request("GET", server.url)
        assert [stats.connections_active for stats in figures] == [1, 0]

    @pytest.mark.parametrize("callback", [1, "text"])
    def test_something_else(self, callback: Any) -> None:
        with pytest.raises(TypeError, match="on_connection"):
            ConnectionPool(on_connection=callback)


class OwnConnection(ConnectionInterface):
    """A connection of a user's own class."""

    closed = False

    def handle_request(self, request: Request) -> Response:
        return Response(200, extensions={"http_version": b"HTTP/1.1"})

    def close(self) -> None:
        self.closed = True

    def info(self) -> str:
        return "own"

    def can_handle_request(self, origin: Origin) -> bool:
        return True

    def is_available(self) -> bool:
        return False

    def has_expired(self) -> bool:
        return False

    def is_idle(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return self.closed


def test_connections_of_a_users_own_class() -> None:
    class Pool(ConnectionPool):
        def create_connection(self, origin: Origin) -> ConnectionInterface:
            return OwnConnection()

    events, facts = Events(), []
    with Pool(on_connection=events, network_backend=MockBackend([])) as pool:
        for _ in range(2):
            pool.request("GET", "http://own.example/", extensions={"observe": lambda *event: facts.append(event)})
    assert events.reasons == ["pool closed"]
    info = events[0].connection
    assert (info.origin, info.http_version, info.peer_address) == ("http://own.example:80", "HTTP/1.1", None)
    assert events[-1].requests == 2
    assigned = [fact for name, fact in facts if name == "pool.assigned"]
    assert [fact["connection_id"] for fact in assigned] == [info.id] * 2
    assert [fact["requests_before"] for fact in assigned] == [0, 1]


class Numbered(HTTPConnection):
    """A program's own class, with names of its own that are those of facts, too."""

    on_opened = None

    @property
    def connection_id(self) -> Any:
        return "mine"

    def report_opening_to(self) -> None:  # type: ignore[override]
        raise AssertionError("never called")

    def proxies(self) -> None:  # type: ignore[override]
        raise AssertionError("never called")


def test_connections_of_a_class_derived_from_ours() -> None:
    class Pool(ConnectionPool):
        def create_connection(self, origin: Origin) -> ConnectionInterface:
            return Numbered(origin)

    events, ids = Events(), []

    def observe(event: str, info: dict[str, Any]) -> None:
        if event == "pool.assigned":
            ids.append(info["connection_id"])

    with scripted_server(answer) as server:
        with Pool(on_connection=events) as pool:
            for _ in range(2):
                response = pool.request("GET", server.url, extensions={"observe": observe})
    info = response.extensions["connection"]
    assert events.reasons == ["pool closed"]
    assert events[0].connection is info
    assert ids == [info.id] * 2
    assert info.proxies == ()
