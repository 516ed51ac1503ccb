"""The arguments of the command line."""

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpcore

from .._redaction import redacted_url

_DESCRIPTION = "Send requests to a URL with httpcore, and show where the time went."
_EPILOGUE = """\
exit status:
  0    each request got a complete response, whatever its status
  1    a request failed, or a file could not be written
  2    the arguments are wrong
  130  interrupted

Redirects are not followed. Secrets in headers and URLs are not shown. SSL_CERT_FILE names a file of further
certificate authorities to trust.
"""
_SCHEMES = ("http", "https")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110
_PROXY_SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")


@dataclass(frozen=True)
class Arguments:
    """What the user asked for."""

    url: str
    method: str
    headers: tuple[tuple[str, str], ...]
    data: bytes | None
    http2: bool
    insecure: bool
    proxies: tuple[httpcore.Proxy, ...]
    repeat: int
    concurrency: int
    timeout: float
    as_json: bool
    har: Path | None


def parse_arguments(arguments: Sequence[str] | None, version: str) -> Arguments:
    """Parse the command line. Raises `SystemExit` with the status 2, or with 0 after `--help` and `--version`."""
    parser = _parser(version)
    found = parser.parse_args(arguments)
    data: bytes | None = found.data
    method = found.method or ("GET" if data is None else "POST")
    return Arguments(
        url=found.url,
        method=method,
        headers=tuple(found.header),
        data=data,
        http2=found.http2,
        insecure=found.insecure,
        proxies=tuple(found.proxy),
        # As many as are to be sent at once are also to be sent.
        repeat=max(found.repeat, found.concurrency),
        concurrency=found.concurrency,
        timeout=found.timeout,
        as_json=found.json,
        har=found.har,
    )


def _parser(version: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="httpcore-trace",
        usage="httpcore-trace [OPTIONS] URL",
        description=_DESCRIPTION,
        epilog=_EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("url", type=_url, metavar="URL", help="http:// or https://")
    request = parser.add_argument_group("the request")
    request.add_argument("-X", "--method", type=_method, metavar="METHOD", help="GET, or POST if there is data")
    request.add_argument(
        "-H", "--header", type=_header, action="append", default=[], metavar="'NAME: VALUE'", help="may be repeated"
    )
    request.add_argument("-d", "--data", type=_data, metavar="DATA", help="the body: a text, or @FILE")
    how = parser.add_argument_group("how it is sent")
    how.add_argument("--http2", action="store_true", help="use HTTP/2 if the server does")
    how.add_argument(
        "--proxy",
        type=_proxy,
        action="append",
        default=[],
        metavar="URL",
        help="http, https, socks4, socks4a, socks5 or socks5h, with USER:PASSWORD@ if need be; repeated, it is a chain",
    )
    how.add_argument("-k", "--insecure", action="store_true", help="do not verify the server's certificate")
    how.add_argument("-n", "--repeat", type=_count, default=1, metavar="N", help="how many requests (default: 1)")
    how.add_argument("-c", "--concurrency", type=_count, default=1, metavar="N", help="how many at once (default: 1)")
    how.add_argument(
        "--timeout", type=_seconds, default=30.0, metavar="SECONDS", help="for each step of a request (default: 30)"
    )
    output = parser.add_argument_group("what comes out")
    output.add_argument(
        "--json",
        action="store_true",
        help="print JSON: a list with an object for each request, at most for the last 10000",
    )
    output.add_argument(
        "--har",
        type=Path,
        metavar="FILE",
        help="write an HTTP archive for the tools of browsers, of the last 10000 requests at most",
    )
    parser.add_argument("--version", action="version", version=f"httpcore-trace {version}")
    return parser


def _url(text: str) -> str:
    return _checked_url(text, _SCHEMES, "https://")


def _proxy(text: str) -> httpcore.Proxy:
    return httpcore.Proxy(_checked_url(text, _PROXY_SCHEMES, "http://"))


def _checked_url(text: str, schemes: Sequence[str], example: str) -> str:
    """Return the URL. Errors quote it without its password: terminals are recorded, too."""
    shown = redacted_url(text)
    scheme, separator, rest = text.partition("://")
    if not separator:
        likely = "http://" if text.startswith(("localhost", "127.")) else example
        suggestion = f": {likely}{shown}?" if text[:1].isalnum() and "@" not in text else ""
        raise argparse.ArgumentTypeError(f"this URL has no scheme{suggestion}")
    if scheme.lower() not in schemes:
        raise argparse.ArgumentTypeError(f"{scheme}:// is none of {', '.join(schemes)}")
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{shown!r}: {error}") from None
    if not parts.hostname:
        raise argparse.ArgumentTypeError(f"{shown!r} has no host")
    if not text.isascii() or not text.isprintable() or " " in rest:
        raise argparse.ArgumentTypeError(
            f"{shown!r} has characters that have to be encoded: %20 for a space; xn--... for a name outside ASCII"
        )
    return text


def _method(text: str) -> str:
    if not _TOKEN.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no method")
    return text.upper()


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise argparse.ArgumentTypeError("a header is like 'Name: value'")
    if not text.isascii() or not text.isprintable():
        raise argparse.ArgumentTypeError(f"{name.strip()!r} has characters that a header must not have")
    return name.strip(), value.strip()


def _data(text: str) -> bytes:
    if not text.startswith("@"):
        return text.encode()
    try:
        return Path(text[1:]).read_bytes()
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{text[1:]}: {error.strerror}") from None


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not 1 or more")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number of seconds")
    return seconds
