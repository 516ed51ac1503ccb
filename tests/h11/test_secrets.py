"""Secrets appear in no error and no log, and no memo keeps them after the connection is gone."""

import gc
import logging
import subprocess
import sys
import traceback
from typing import Any

import pytest
from httpcore_h11 import HTTP11Connection, _fast_parser
from httpcore_models import URL, LocalProtocolError, RemoteProtocolError
from httpcore_test_support._sync.h11_connections import ScriptedStream
from httpcore_test_support.exchanges import cut_at

ORIGIN = URL("http://localhost").origin
SECRET = "s3cr3t"
BAD_HEADS = {
    "blank before the colon": b"HTTP/1.1 200 OK\r\nSet-Cookie : sid=s3cr3t\r\n\r\n",
    "after good lines": b"HTTP/1.1 200 OK\r\nX: y\r\nSet-Cookie\t: sid=s3cr3t\r\nContent-Length: 5\r\n\r\n",
    "no colon": b"HTTP/1.1 200 OK\r\nSet-Cookie sid=s3cr3t\r\n\r\n",
    "a value that looks like a name": b"HTTP/1.1 200 OK\r\nsid=s3cr3t; Path=/: x\r\n\r\n",
    "control characters": b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=s3cr3t\0\r\n\r\n",
    "quotes": b"HTTP/1.1 200 OK\r\nSet-Cookie : sid='\"s3cr3t\r\n\r\n",
    "trailer": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nSet-Cookie : sid=s3cr3t\r\n\r\n",
    "interim": b"HTTP/1.1 103 Early Hints\r\nSet-Cookie : sid=s3cr3t\r\n\r\n",
    "chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nsid=s3cr3t\r\n",
    "in the place of a status line": b"Set-Cookie: sid=s3cr3t\r\n\r\n",
    "in the place of a status line, cut": b"Set-Cookie: sid=s3cr3t",
    "cut in the header": b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=s3cr3t\r\nX: y",
}


def chained(exc: BaseException) -> list[BaseException]:
    """The exception, and everything that can be reached from it."""
    found, queue = [exc], [exc]
    while queue:
        exc = queue.pop()
        for other in (exc.__cause__, exc.__context__):
            if other is not None and other not in found:
                found.append(other)
                queue.append(other)
    return found


@pytest.mark.fault("S12")
@pytest.mark.parametrize("wire", BAD_HEADS.values(), ids=BAD_HEADS)
@pytest.mark.parametrize("bytewise", [False, True], ids=["whole", "cut"])
@pytest.mark.parametrize("traced", [False, True], ids=["plain", "traced"])
def test_an_error_about_a_bad_line_hides_its_value(
    caplog: pytest.LogCaptureFixture, wire: bytes, bytewise: bool, traced: bool
) -> None:
    if traced:
        caplog.set_level(logging.DEBUG, logger="httpcore")
    pieces = cut_at(wire, range(1, len(wire), 5)) if bytewise else [wire]
    connection = HTTP11Connection(ORIGIN, ScriptedStream(*pieces))
    with pytest.raises(RemoteProtocolError) as caught:
        connection.request("GET", "http://localhost/")
    said = [f"{exc!r} {exc} {exc.args!r}" for exc in chained(caught.value)]
    said += traceback.format_exception(caught.value)
    assert SECRET not in " ".join([*said, caplog.text])


@pytest.mark.fault("S12")
def test_an_error_about_an_illegal_request_field_hides_its_value() -> None:
    connection = HTTP11Connection(ORIGIN, ScriptedStream())
    with pytest.raises(LocalProtocolError) as caught:
        connection.request("GET", "http://localhost/", headers={"Authorization": "s3cr3t\n"})
    assert SECRET not in " ".join(f"{exc!r}" for exc in chained(caught.value))


# Harmless header fields, and secret ones.
FIELDS = {
    "Authorization": "Bearer s3cr3t",
    "Cookie": "sid=s3cr3t",
    "X-Api-Key": "s3cr3t",
    "X-Of-Their-Own": "s3cr3t",
    "Referer": "https://example.org/?token=s3cr3t",
    "Accept": "*/*",
}


def remembered() -> str:
    """Everything that the memos of the modules hold."""
    found: list[Any] = []
    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").startswith(("httpcore_h11", "httpcore_models")):
            for value in vars(module).values():
                if isinstance(value, (dict, list, set, tuple)):
                    found.append(value)
    return repr(found)


@pytest.mark.fault("S13")
def test_nothing_that_may_be_secret_outlives_its_connection() -> None:
    lines = b"".join(b"%b: %b\r\n" % (name.encode(), value.encode()) for name, value in FIELDS.items())
    response = (
        b"HTTP/1.1 200 OK\r\n"
        + lines
        + b"Set-Cookie: sid=s3cr3t\r\nLocation: /?s3cr3t\r\nContent-Length: 5\r\n\r\nhello"
    )
    connection = HTTP11Connection(ORIGIN, ScriptedStream(response, response))
    for _ in range(2):
        connection.request("GET", "http://localhost/", headers=FIELDS)
    connection.close()
    del connection
    gc.collect()
    assert b"*/*" in str(_fast_parser._line_memo).encode()
    assert SECRET not in remembered()


@pytest.mark.fault("N9")
def test_header_fields_of_text_and_of_bytes_on_one_connection() -> None:
    program = (
        "from httpcore_h11._engine import Engine\n"
        "engine = Engine(1000)\n"
        "for host in (b'Host', 'Host', b'Host'):\n"
        "    wire = engine.start_request(b'GET', b'/', [(host, type(host)() + host)])\n"
        "    assert wire == b'GET / HTTP/1.1\\r\\nHost: Host\\r\\n\\r\\n', wire\n"
        "    engine.end_body()\n"
        "    engine.receive_data(b'HTTP/1.1 204 No Content\\r\\n\\r\\n')\n"
        "    engine.next_event(), engine.next_event()\n"
        "    assert engine.next_cycle()\n"
    )
    subprocess.run([sys.executable, "-bb", "-W", "error", "-c", program], check=True)
