"""The framing fields of a successful response to CONNECT have no meaning."""

import pytest
from httpcore_h11._engine import Engine
from httpcore_h11._events import NEED_DATA, InformationalResponse, ResponseHead
from httpcore_models import RemoteProtocolError

pytestmark = pytest.mark.fault("N6")

LIMIT = 1000
ODD = b"Content-Length: many\r\nX: y\r\ntransfer-encoding: gzip,\r\n\tchunked\r\nContent-Length: 1\r\nY: z\r\n\r\n"
RESPONSES = [
    (b"HTTP/1.1 200 OK\r\n" + ODD + b"tunnel\r\nContent-Length: 3\r\n", [b"X", b"Y"]),
    (b"HTTP/1.0 299 OK\n" + ODD.replace(b"\r", b""), [b"X", b"Y"]),
    (b"HTTP/1.1 103 Wait\r\nLink: a\r\n\r\nHTTP/1.1 204 OK\r\n" + ODD, [b"X", b"Y"]),
    (b"HTTP/1.1 200 OK\r\n\r\n", []),
]


def head_of(engine: Engine) -> ResponseHead | None:
    while True:
        event = engine.next_event()
        if isinstance(event, ResponseHead):
            return event
        if event is NEED_DATA:
            return None
        assert isinstance(event, InformationalResponse)


def connecting() -> Engine:
    engine = Engine(LIMIT)
    engine.start_request(b"CONNECT", b"example.com:443", [(b"Host", b"example.com:443")], content=b"")
    return engine


@pytest.mark.parametrize(("response", "names"), RESPONSES)
@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_framing_of_a_success_is_ignored(response: bytes, names: list[bytes], size: int) -> None:
    engine = connecting()
    head = None
    position = 0
    while head is None:
        engine.receive_data(response[position : position + size])
        position += size
        head = head_of(engine)
    assert [name for name, _ in head.headers] == names
    end = response.rfind(b"\n\r\n") + 3 if b"\r" in response else len(response)
    assert engine.trailing_data == response[end:position]
    engine.next_event()
    assert engine.leading_data is not None


@pytest.mark.parametrize("status", [b"407 No", b"302 Found"])
def test_framing_of_a_refusal_is_not_ignored(status: bytes) -> None:
    engine = connecting()
    engine.receive_data(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\nno")
    head = head_of(engine)
    assert head is not None
    assert head.headers == [(b"Content-Length", b"2")]
    assert engine.next_event() == b"no"
    engine = connecting()
    engine.receive_data(b"HTTP/1.1 " + status + b"\r\nContent-Length: many\r\n\r\n")
    with pytest.raises(RemoteProtocolError):
        head_of(engine)


@pytest.mark.parametrize("line", [b"Content-Length: 1\r\n", b"a"])
def test_an_endless_head_is_refused(line: bytes) -> None:
    engine = connecting()
    engine.receive_data(b"HTTP/1.1 200 OK\r\n")
    with pytest.raises(RemoteProtocolError):  # noqa: PT012
        for _ in range(3 * LIMIT):
            engine.receive_data(line)
            assert head_of(engine) is None


def test_framing_of_responses_to_other_methods_is_not_ignored() -> None:
    engine = Engine(LIMIT)
    engine.start_request(b"GET", b"/", [(b"Host", b"example.com")], content=b"")
    engine.receive_data(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n")
    with pytest.raises(RemoteProtocolError):
        head_of(engine)
