"""Responses for tests of HTTP/1.1 parsers: plain ones as common servers send them, and ones that are meant to confuse.

The tricks are those by which requests and responses have been smuggled past parsers that disagreed: about the end of
a line, of a head, of a body, or about which header field counts.
"""

from __future__ import annotations

__all__ = ["COMMON", "TRICKS", "response"]

_DATE = b"Date: Sun, 22 Nov 2026 23:19:32 GMT"
_CHUNKED = b"Transfer-Encoding: chunked"
_LENGTH = b"Content-Length: 5"


def response(*lines: bytes, body: bytes = b"", status: bytes = b"HTTP/1.1 200 OK") -> bytes:
    """Put a response together, as it should be but for what is in the lines."""
    return b"\r\n".join([status, *lines, b"", body])


# Name: the method of the request, and the response. The fast parser has to carry each of them.
COMMON: dict[str, tuple[bytes, bytes]] = {
    "Caddy": (
        b"GET",
        response(
            b"Content-Type: text/plain; charset=utf-8",
            b"Server: Caddy",
            b'Vary: Accept-Encoding\r\nEtag: "d9v0zx1"',
            _DATE,
            b"Content-Length: 14",
            body=b"Hello, world!\n",
        ),
    ),
    "nginx, chunked": (
        b"GET",
        response(
            b"Server: nginx/1.27.0",
            _DATE,
            b"Content-Type: text/html",
            _CHUNKED,
            b"Connection: keep-alive",
            body=b"5\r\nhello\r\n1a\r\n" + b"x" * 26 + b"\r\n0\r\n\r\n",
        ),
    ),
    "Apache, not modified": (
        b"GET",
        response(
            _DATE,
            b"Server: Apache/2.4.62 (Debian)",
            b'ETag: "2aa6-5d"',
            b"Connection: Keep-Alive",
            b"Keep-Alive: timeout=5, max=100",
            status=b"HTTP/1.1 304 Not Modified",
        ),
    ),
    "IIS, closing": (
        b"POST",
        response(
            b"Content-Length: 0",
            b"Location: https://localhost/?a=b&c=%20",
            b"X-Powered-By: ASP.NET",
            b"Connection: close",
            status=b"HTTP/1.1 302 Found",
        ),
    ),
    "uvicorn": (
        b"PUT",
        response(b"date: Sun, 22 Nov 2026 23:19:32 GMT", b"server: uvicorn", b"content-length: 2", body=b"{}"),
    ),
    "no reason": (b"GET", response(_LENGTH, status=b"HTTP/1.1 404 ", body=b"gone\n")),
    "empty value": (b"GET", response(b"X-Empty: ", _LENGTH, body=b"hello")),
    "bytes beyond ASCII": (b"GET", response(b"X-Name: \xe9t\xc3\xa9", _LENGTH, body=b"hello")),
    "blanks in a value": (b"GET", response(b"X: a  b\tc", _LENGTH, body=b"hello")),
    "HEAD": (b"HEAD", response(b"Content-Type: image/png", b"Content-Length: 123456")),
    "HEAD, chunked": (b"HEAD", response(_CHUNKED)),
    "HEAD, no length": (b"HEAD", response(_DATE)),
    "no content": (b"DELETE", response(_DATE, status=b"HTTP/1.1 204 No Content")),
    "no fields": (b"DELETE", response(status=b"HTTP/1.1 204 No Content")),
    "large body": (b"GET", response(b"Content-Length: 100000", body=b"x" * 100_000)),
    "large chunk": (b"GET", response(_CHUNKED, body=b"0186A0\r\n" + b"x" * 100_000 + b"\r\n000\r\n\r\n")),
}


def _with_length(line: bytes) -> bytes:
    return response(line, body=b"hello")


def _with_chunks(body: bytes) -> bytes:
    return response(_CHUNKED, body=body)


TRICKS: dict[str, bytes] = {
    # Lines.
    "bare LF everywhere": response(_LENGTH, body=b"hello").replace(b"\r\n", b"\n"),
    "bare LF after the status line": response(_LENGTH, body=b"hello").replace(b"\r\n", b"\n", 1),
    "bare LF after a field": b"HTTP/1.1 200 OK\r\nX: a\nContent-Length: 5\r\n\r\nhello",
    "bare CR after a field": b"HTTP/1.1 200 OK\r\nX: a\rContent-Length: 5\r\n\r\nhello",
    "bare CR in a value": response(b"X: a\rb", _LENGTH, body=b"hello"),
    "head ended by LF LF": b"HTTP/1.1 200 OK\r\nContent-Length: 5\n\nhello\r\n\r\n",
    "head ended by LF CR LF": b"HTTP/1.1 200 OK\r\nContent-Length: 5\n\r\nhello\r\n\r\n",
    "head ended by CR LF LF": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\nhello\r\n\r\n",
    "head ended by CR CR LF": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\r\nhello\r\n\r\n",
    "empty line in front": b"\r\n" + response(_LENGTH, body=b"hello"),
    "LF in front": b"\n" + response(_LENGTH, body=b"hello"),
    "no fields, one line end": b"HTTP/1.1 200 OK\r\n\r\n",
    "folded value": response(b"X: a", b" b", _LENGTH, body=b"hello"),
    "folded by a tab": response(b"X: a", b"\tContent-Length: 3", _LENGTH, body=b"hello"),
    "fold first": response(b" X: a", _LENGTH, body=b"hello"),
    "folded length": response(b"Content-Length:", b" 5", body=b"hello"),
    "folded coding": response(b"Transfer-Encoding:", b" chunked", _LENGTH, body=b"0\r\n\r\n"),
    "line of blanks": response(_LENGTH, b" ", body=b"hello"),
    # Status lines.
    "HTTP/1.0": response(_LENGTH, status=b"HTTP/1.0 200 OK", body=b"hello"),
    "HTTP/1.0, kept alive": response(_LENGTH, b"Connection: keep-alive", status=b"HTTP/1.0 200 OK", body=b"hello"),
    "HTTP/1.2": response(_LENGTH, status=b"HTTP/1.2 200 OK", body=b"hello"),
    "HTTP/2.0": response(_LENGTH, status=b"HTTP/2.0 200 OK", body=b"hello"),
    "HTTP/1.10": response(_LENGTH, status=b"HTTP/1.10 200 OK", body=b"hello"),
    "http/1.1": response(_LENGTH, status=b"http/1.1 200 OK", body=b"hello"),
    "blank in front": response(_LENGTH, status=b" HTTP/1.1 200 OK", body=b"hello"),
    "two blanks": response(_LENGTH, status=b"HTTP/1.1  200 OK", body=b"hello"),
    "tab": response(_LENGTH, status=b"HTTP/1.1\t200\tOK", body=b"hello"),
    "no reason and no blank": response(_LENGTH, status=b"HTTP/1.1 200", body=b"hello"),
    "status of two digits": response(_LENGTH, status=b"HTTP/1.1 20 OK", body=b"hello"),
    "status of four digits": response(_LENGTH, status=b"HTTP/1.1 2000 OK", body=b"hello"),
    "signed status": response(_LENGTH, status=b"HTTP/1.1 +20 OK", body=b"hello"),
    "status 99": response(_LENGTH, status=b"HTTP/1.1 099 OK", body=b"hello"),
    "status 999": response(_LENGTH, status=b"HTTP/1.1 999 OK", body=b"hello"),
    "NUL in the reason": response(_LENGTH, status=b"HTTP/1.1 200 O\0K", body=b"hello"),
    "CR in the reason": response(_LENGTH, status=b"HTTP/1.1 200 O\rK", body=b"hello"),
    "interim response": response(status=b"HTTP/1.1 100 Continue", body=response(_LENGTH, body=b"hello")),
    "interim response with a length": response(
        _LENGTH, status=b"HTTP/1.1 103 Hints", body=response(_LENGTH, body=b"hello")
    ),
    "switch that nobody asked for": response(b"Upgrade: x", status=b"HTTP/1.1 101 Switching", body=b"hello"),
    # Names and blanks around them.
    "blank before the colon": _with_length(b"Content-Length : 5"),
    "tab before the colon": _with_length(b"Content-Length\t: 5"),
    "blank before the colon of a coding": response(b"Transfer-Encoding : chunked", _LENGTH, body=b"0\r\n\r\n"),
    "no blank after the colon": _with_length(b"Content-Length:5"),
    "blanks after the colon": _with_length(b"Content-Length:   5"),
    "tab after the colon": _with_length(b"Content-Length:\t5"),
    "blanks after the value": _with_length(b"Content-Length: 5 \t"),
    "vertical tab in a value": _with_length(b"Content-Length: \x0b5"),
    "form feed after a value": _with_length(b"Content-Length: 5\x0c"),
    "no-break space after a value": _with_length(b"Content-Length: 5\xa0"),
    "NUL in a value": response(b"X: a\0b", _LENGTH, body=b"hello"),
    "NUL in a name": response(b"X\0: a", _LENGTH, body=b"hello"),
    "DEL in a value": response(b"X: a\x7fb", _LENGTH, body=b"hello"),
    "control byte in a value": response(b"X: a\x01b", _LENGTH, body=b"hello"),
    "blank in a name": response(b"X Y: a", _LENGTH, body=b"hello"),
    "slash in a name": response(b"X/Y: a", _LENGTH, body=b"hello"),
    "byte beyond ASCII in a name": response(b"X\xe9: a", _LENGTH, body=b"hello"),
    "no name": response(b": a", _LENGTH, body=b"hello"),
    "no colon": response(b"X", _LENGTH, body=b"hello"),
    "two colons": response(b"X: : a", _LENGTH, body=b"hello"),
    # Lengths.
    "equal lengths": response(_LENGTH, _LENGTH, body=b"hello"),
    "equal lengths in one line": _with_length(b"Content-Length: 5, 5"),
    "different lengths": response(_LENGTH, b"Content-Length: 3", body=b"hello"),
    "different lengths in other cases": response(_LENGTH, b"content-length: 3", body=b"hello"),
    "different lengths in one line": _with_length(b"Content-Length: 5, 3"),
    "length with a plus": _with_length(b"Content-Length: +5"),
    "length with a minus": _with_length(b"Content-Length: -5"),
    "length with an underscore": _with_length(b"Content-Length: 0_5"),
    "length in hexadecimal": _with_length(b"Content-Length: 0x5"),
    "length with a fraction": _with_length(b"Content-Length: 5.0"),
    "length with leading zeros": _with_length(b"Content-Length: 0005"),
    "length in digits of another script": _with_length(b"Content-Length: \xd9\xa5"),
    "empty length": _with_length(b"Content-Length: "),
    "length of 20 digits": _with_length(b"Content-Length: 99999999999999999999"),
    "length of 21 digits": _with_length(b"Content-Length: 000000000000000000005"),
    "length with something behind": _with_length(b"Content-Length: 5;a=b"),
    "similar name": response(b"Content_Length: 3", b"Content-Length-: 3", _LENGTH, body=b"hello"),
    # Codings.
    "coding and length": response(_CHUNKED, _LENGTH, body=b"0\r\n\r\n"),
    "length and coding": response(_LENGTH, _CHUNKED, body=b"5\r\nhello\r\n0\r\n\r\n"),
    "coding twice": response(_CHUNKED, _CHUNKED, body=b"0\r\n\r\n"),
    "chunked twice": response(b"Transfer-Encoding: chunked, chunked", body=b"0\r\n\r\n"),
    "coding in capitals": response(b"TRANSFER-ENCODING: CHUNKED", body=b"0\r\n\r\n"),
    "another coding": response(b"Transfer-Encoding: gzip", _LENGTH, body=b"hello"),
    "another coding first": response(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"),
    "identity": response(b"Transfer-Encoding: identity", _LENGTH, body=b"hello"),
    "coding with something in front": response(b"Transfer-Encoding: xchunked", _LENGTH, body=b"0\r\n\r\n"),
    "coding with a parameter": response(b"Transfer-Encoding: chunked;a=b", _LENGTH, body=b"0\r\n\r\n"),
    "quoted coding": response(b'Transfer-Encoding: "chunked"', _LENGTH, body=b"0\r\n\r\n"),
    "empty coding": response(b"Transfer-Encoding: ", _LENGTH, body=b"hello"),
    # Chunks.
    "chunk extension": _with_chunks(b"5;a=b\r\nhello\r\n0\r\n\r\n"),
    "chunk extension with a bare LF": _with_chunks(b"5;a\nb\r\nhello\r\n0\r\n\r\n"),
    "chunk extension with a bare CR": _with_chunks(b"5;a\rb\r\nhello\r\n0\r\n\r\n"),
    "extension of the last chunk": _with_chunks(b"5\r\nhello\r\n0;a\r\n\r\n"),
    "blank after a chunk size": _with_chunks(b"5 \r\nhello\r\n0\r\n\r\n"),
    "blank before a chunk size": _with_chunks(b" 5\r\nhello\r\n0\r\n\r\n"),
    "chunk size with a plus": _with_chunks(b"+5\r\nhello\r\n0\r\n\r\n"),
    "chunk size with a minus": _with_chunks(b"-5\r\nhello\r\n0\r\n\r\n"),
    "chunk size with 0x": _with_chunks(b"0x5\r\nhello\r\n0\r\n\r\n"),
    "chunk size with an underscore": _with_chunks(b"0_5\r\nhello\r\n0\r\n\r\n"),
    "chunk size with leading zeros": _with_chunks(b"0005\r\nhello\r\n0000\r\n\r\n"),
    "chunk size of 17 digits": _with_chunks(b"00000000000000005\r\nhello\r\n0\r\n\r\n"),
    "chunk size of 21 digits": _with_chunks(b"000000000000000000005\r\nhello\r\n0\r\n\r\n"),
    "endless chunk size": _with_chunks(b"f" * 16 + b"\r\nhello\r\n0\r\n\r\n"),
    "no chunk size": _with_chunks(b"\r\nhello\r\n0\r\n\r\n"),
    "chunk size ended by LF": _with_chunks(b"5\nhello\r\n0\r\n\r\n"),
    "chunk size ended by CR": _with_chunks(b"5\rhello\r\n0\r\n\r\n"),
    "chunk ended by LF": _with_chunks(b"5\r\nhello\n0\r\n\r\n"),
    "chunk ended by CR": _with_chunks(b"5\r\nhello\r0\r\n\r\n"),
    "chunk ended by other bytes": _with_chunks(b"5\r\nhelloXX0\r\n\r\n"),
    "chunk ended by nothing": _with_chunks(b"5\r\nhello0\r\n\r\n"),
    "chunk that is too long": _with_chunks(b"3\r\nhello\r\n0\r\n\r\n"),
    "last chunk ended by LF": _with_chunks(b"5\r\nhello\r\n0\r\n\n"),
    "last chunk ended by CR": _with_chunks(b"5\r\nhello\r\n0\r\n\r"),
    "last chunk with data": _with_chunks(b"5\r\nhello\r\n0\r\nhello\r\n\r\n"),
    "trailer": _with_chunks(b"5\r\nhello\r\n0\r\nX-Digest: 1\r\n\r\n"),
    "trailer with a length": _with_chunks(b"5\r\nhello\r\n0\r\nContent-Length: 3\r\n\r\n"),
    "bad trailer": _with_chunks(b"5\r\nhello\r\n0\r\nX Y: 1\r\n\r\n"),
    "folded trailer": _with_chunks(b"5\r\nhello\r\n0\r\nX: 1\r\n 2\r\n\r\n"),
    "several chunks": _with_chunks(b"5\r\nhello\r\n2\r\n, \r\n6\r\nworld!\r\n0\r\n\r\n"),
    # Connection.
    "close among others": response(b"Connection: keep-alive, Close", _LENGTH, body=b"hello"),
    "close on a second line": response(b"Connection: keep-alive", b"Connection: close", _LENGTH, body=b"hello"),
    "CLOSE": response(b"Connection: CLOSE", _LENGTH, body=b"hello"),
    "upgrade": response(b"Connection: Upgrade", b"Upgrade: h2c", _LENGTH, body=b"hello"),
    # The end.
    "until the end of stream": response(_DATE, body=b"hello"),
    "one byte behind the body": response(_LENGTH, body=b"hello!"),
    "a response behind the body": response(_LENGTH, body=b"hello" + response(_LENGTH, body=b"stray")),
    "a response behind the chunks": _with_chunks(b"0\r\n\r\n" + response(_LENGTH, body=b"stray")),
    "body of no content": response(_LENGTH, status=b"HTTP/1.1 204 No Content", body=b"hello"),
    "chunks of not modified": response(_CHUNKED, status=b"HTTP/1.1 304 Not Modified", body=b"0\r\n\r\n"),
}
