# Generated from ../_async/http3_load.py by tools/make_sync.py: edit that file, then run it.
"""Requests of all kinds through a pool, many of which are given up in some way."""

import collections
import random
import re
from collections.abc import Iterator
from typing import Any

from httpcore import URL, ConnectionPool, HTTPCoreError, Request

from ..giving_up import given_up_after

_LIMITS = {"connect": 1.0, "read": 1.0, "write": 1.0, "pool": 10.0}
_CALM_LIMITS = {"connect": 20.0, "read": 20.0, "write": 20.0, "pool": 20.0}
_DIGITS = re.compile("[0-9a-fx.]*[0-9][0-9a-f.]*")
_HELLO = b"Hello, world!\n"
_LARGE = 1_000_000


class BrokenError(Exception):
    """What a body or a trace callback of the program raises."""


class Load:
    """Draws requests at random. A response is whole, or there is an error of httpcore; all else is in `wrong`."""

    def __init__(self, pool: ConnectionPool, url: str, chance: random.Random, large: bytes) -> None:
        """`url` is that of Caddy, `large` the content of its file of 1 MB."""
        self.pool = pool
        self.url = url
        self.chance = chance
        self.outcomes: collections.Counter[str] = collections.Counter()
        #: How many requests have ended.
        self.ended = 0
        #: The texts of errors, without numbers.
        self.errors: collections.Counter[str] = collections.Counter()
        self.wrong: list[str] = []
        self._large = large
        #: Whether requests are given up, or all have to succeed.
        self.calm = False

    def run(self, count: int) -> None:
        """Send `count` requests, one after the other."""
        for _ in range(count):
            self.request()

    def request(self) -> None:
        """Send a request of any kind."""
        kind = "get" if self.calm else self.chance.choices(list(_KINDS), list(_KINDS.values()))[0]
        try:
            getattr(self, "_" + kind)()
            outcome = "done"
        except HTTPCoreError as exc:
            outcome = type(exc).__name__
            self.errors[f"{outcome}: {_DIGITS.sub('#', str(exc))}"] += 1
            if self.calm:
                self.wrong.append(f"{kind}: {exc!r}")
        except BrokenError:
            outcome = "BrokenError"
        except Exception as exc:
            outcome = type(exc).__name__
            self.wrong.append(f"{kind}: {exc!r}")
        self.ended += 1
        self.outcomes[f"{kind}: {outcome}"] += 1

    def _limits(self, **limits: float) -> dict[str, Any]:
        return {"timeout": {**(_CALM_LIMITS if self.calm else _LIMITS), **limits}}

    def _expect(self, expected: bytes, method: str, path: str, **options: Any) -> None:
        options.setdefault("extensions", self._limits())
        response = self.pool.request(method, self.url + path, **options)
        if response.status != 200 or response.content != expected:
            self.wrong.append(f"{method} {path}: {response.status}, {len(response.content)} bytes")
        self.outcomes[response.extensions["http_version"].decode()] += 1

    def _content(self) -> bytes:
        return self.chance.randbytes(1) * self.chance.randrange(self.chance.choice([10, 3_000, 100_000]))

    # The kinds.

    def _get(self) -> None:
        self._expect(_HELLO, "GET", "/")

    def _echo(self) -> None:
        content = self._content()
        self._expect(content, "POST", "/echo", content=content)

    def _echo_parts(self) -> None:
        parts = [self._content() for _ in range(self.chance.randrange(5))]
        self._expect(b"".join(parts), "POST", "/echo", content=_parts(parts))

    def _download(self) -> None:
        self._expect(self._large, "GET", "/1mb.bin")

    def _refused(self) -> None:
        """The server answers before it has read all of the body."""
        response = self.pool.request(
            "POST", self.url + "/status/413", content=_parts([bytes(50_000)] * 40), extensions=self._limits()
        )
        if (response.status, response.content) != (413, b"status 413\n"):
            self.wrong.append(f"refused: {response.status}, {len(response.content)} bytes")

    def _left(self) -> None:
        """The response is closed before its end."""
        with self.pool.stream("GET", self.url + "/1mb.bin", extensions=self._limits()) as response:
            position = 0
            parts = response.iter_stream()
            for part in parts:
                if part != self._large[position : position + len(part)]:
                    self.wrong.append("left: the content is wrong")
                position += len(part)
                if position > self.chance.randrange(200_000):
                    parts.close()  # type: ignore[attr-defined]  # it is a generator
                    break

    def _dropped(self) -> None:
        """Nobody closes the response."""
        request = Request("GET", URL(self.url + "/1mb.bin"), headers={"Host": "x"}, extensions=self._limits())
        self.pool.handle_request(request)

    def _impatient(self) -> None:
        limits = self._limits(read=self.chance.choice([0.0, 0.0005, 0.003]))
        self._expect(_HELLO, "GET", "/", extensions=limits)

    def _hurried(self) -> None:
        self._expect(self._large, "GET", "/1mb.bin", extensions=self._limits(total=self.chance.choice([0.001, 0.01])))

    def _given_up(self) -> None:
        """The request is interrupted at some point."""
        call = self.chance.choice([self._get, self._echo_parts, self._download, self._left, self._refused])
        given_up_after(self.chance.random() * self.chance.choice([0.0005, 0.005, 0.03]), call)

    def _broken_body(self) -> None:
        parts = [self._content() for _ in range(self.chance.randrange(1, 4))]
        self.pool.request("POST", self.url + "/echo", content=_parts(parts, breaks=True), extensions=self._limits())

    def _broken_trace(self) -> None:
        left = self.chance.randrange(18)

        def trace(event: str, info: Any) -> None:
            nonlocal left
            left -= 1
            if not left:
                raise BrokenError(event)

        content = self._content()
        self._expect(content, "POST", "/echo", content=content, extensions={**self._limits(), "trace": trace})

    def _closed(self) -> None:
        """A connection is closed, whatever it is doing; sometimes all of them."""
        connections = self.pool.connections
        if self.chance.random() < 0.2:
            self.pool.close()
        elif connections:
            self.chance.choice(connections).close()


# What share of the requests is of which kind, in thousandths.
_KINDS = {
    "get": 600,
    "echo": 70,
    "echo_parts": 70,
    "download": 19,
    "refused": 20,
    "left": 20,
    "dropped": 20,
    "impatient": 40,
    "hurried": 20,
    "given_up": 60,
    "broken_body": 30,
    "broken_trace": 30,
    "closed": 1,
}


def _parts(parts: list[bytes], breaks: bool = False) -> Iterator[bytes]:
    for number, part in enumerate(parts):
        yield part
        if breaks and number == len(parts) - 1:
            raise BrokenError("the body")
