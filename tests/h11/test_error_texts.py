"""Errors about servers that do not speak HTTP/1.1 say what the server sent, and name it."""

import pytest
from httpcore_h11 import HTTP11Connection
from httpcore_models import URL, LocalProtocolError, RemoteProtocolError
from httpcore_test_support._sync.h11_connections import ScriptedStream
from httpcore_test_support.exchanges import bytewise

pytestmark = pytest.mark.fault("N8")

DISCONNECTED = "Server disconnected without sending a response."
WHO = "(http://example.org:8022)"
TEXTS = {
    b"": DISCONNECTED,
    b"H": f"{DISCONNECTED} It sent b'H' {WHO}",
    b"HTTP/1.1 20": f"{DISCONNECTED} It sent b'HTTP/1.1 20' {WHO}",
    b"HTTP/1.1 200 OK\r\nServer: x": DISCONNECTED,
    b"HTTP/1.1 103 Early Hints\r\n\r\n": DISCONNECTED,
    b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP": f"{DISCONNECTED} It sent b'HTTP' {WHO}",
    b"SSH-2.0-OpenSSH_9.6\r\n": f"{DISCONNECTED} It sent b'SSH-2.0-OpenSSH_9.6' {WHO}",
    b"SSH-2.0-OpenSSH_9.6\r\n\r\n": "illegal status line: bytearray(b'SSH-2.0-OpenSSH_9.6')",
    b"<html><body>": f"{DISCONNECTED} It sent b'<html><body>' {WHO}",
    b"220 mail.example.org ESMTP"
    + b" x" * 100: f"{DISCONNECTED} It sent b'220 mail.example.org ESMTP x x x x x x x' {WHO}",
    b"\x15\x03\x01\x00\x02\x02\x16": "illegal request line: "
    f"b'\\x15\\x03\\x01\\x00\\x02\\x02\\x16'. This port speaks TLS: use https {WHO}",
    b"\0\0\0\4\0\0\0\0\0": "illegal request line: "
    f"b'\\x00\\x00\\x00\\x04\\x00\\x00\\x00\\x00\\x00'. This port speaks HTTP/2 {WHO}",
    b"\1\2\3": f"illegal request line: b'\\x01\\x02\\x03' {WHO}",
}


@pytest.mark.parametrize("wire", TEXTS, ids=range(len(TEXTS)))
@pytest.mark.parametrize("cut", [False, True], ids=["whole", "bytewise"])
def test_the_text_of_the_error(wire: bytes, cut: bool) -> None:
    url = "http://example.org:8022/"
    pieces = bytewise(wire) if cut and wire[:1] > b" " else [wire] if wire else []
    connection = HTTP11Connection(URL(url).origin, ScriptedStream(*pieces))
    with pytest.raises(RemoteProtocolError) as caught:
        connection.request("GET", url)
    assert str(caught.value) == TEXTS[wire]


@pytest.mark.parametrize(
    ("target", "text"),
    [
        (b"/a b", "Illegal target characters: a space in a URL has to be written as %20"),
        (b"/a\0b", "Illegal target characters"),
        (b"", "Illegal target characters"),
    ],
)
def test_targets_that_cannot_be_sent(target: bytes, text: str) -> None:
    url = URL(scheme="http", host="example.org", port=8022, target=target)
    connection = HTTP11Connection(url.origin, ScriptedStream())
    with pytest.raises(LocalProtocolError) as caught:
        connection.request("GET", url)
    assert str(caught.value) == text
