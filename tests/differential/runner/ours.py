"""Callers that use what 1.0.9 does not have, or what it does without: for HTTP/3 beside HTTP/2 of this release."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from functools import partial
from typing import Any

from .callers import Stage
from .clients import Client

__all__ = ["CALLERS"]

CALLERS: dict[str, Callable[[Stage], Any]] = {}
Field = tuple[bytes, bytes]


def caller(function: Callable[[Stage], Any]) -> None:
    CALLERS[function.__name__.replace("_", " ").strip()] = function


def _tell(stage: Stage, name: str, result: Any) -> None:
    stage.record.steps.append({"step": name, "result": result})


@caller
async def expecting_post(stage: Stage) -> None:
    fields = [(b"Expect", b"100-continue"), (b"Content-Length", b"10")]
    await stage.exchange("POST", content=b"0123456789", headers=fields)
    await stage.exchange("POST", content=stage.body(b"01234", b"56789"), headers=fields)


@caller
async def options_and_delete(stage: Stage) -> None:
    await stage.exchange("OPTIONS")
    await stage.exchange("DELETE", content=b"")
    await stage.exchange("PATCH", content=stage.body())


# Limits.


@caller
async def get_with_a_total_limit(stage: Stage) -> None:
    await stage.exchange(limits={"total": stage.limit / 2})
    await stage.exchange()


@caller
async def post_with_a_total_limit(stage: Stage) -> None:
    parts = [b"slow" * 50] * 6
    await stage.exchange("POST", content=stage.body(*parts, pause=stage.limit / 5), limits={"total": stage.limit / 2})
    await stage.exchange("POST", content=bytes(stage.large), limits={"total": stage.limit})


@caller
async def get_with_no_time_at_all(stage: Stage) -> None:
    for name in ("connect", "pool", "write"):
        await stage.exchange(limits={name: 0.0})
    await stage.exchange()


# Requests that are not valid, or at the edge of it.

_ODD_FIELDS: list[tuple[str, list[Field]]] = [
    ("connection", [(b"Connection", b"close")]),
    ("keep-alive", [(b"Keep-Alive", b"timeout=5"), (b"Connection", b"keep-alive")]),
    ("upgrade", [(b"Upgrade", b"websocket"), (b"Connection", b"upgrade")]),
    ("te", [(b"TE", b"trailers")]),
    ("te with more", [(b"TE", b"gzip")]),
    ("proxy-connection", [(b"Proxy-Connection", b"keep-alive")]),
    ("transfer-encoding", [(b"Transfer-Encoding", b"gzip")]),
    ("two lengths", [(b"Content-Length", b"1"), (b"Content-Length", b"2")]),
    ("negative length", [(b"Content-Length", b"-1")]),
    ("no name", [(b"", b"1")]),
    ("pseudo name", [(b":path", b"/other")]),
    ("name with NUL", [(b"X-\x00", b"1")]),
    ("name in Latin-1", [(b"X-\xe4", b"1")]),
    ("value with NUL", [(b"X-Value", b"a\x00b")]),
    ("value with CR", [(b"X-Value", b"a\rb")]),
    ("value with blanks", [(b"X-Value", b"  a  ")]),
    ("value in Latin-1", [(b"X-Value", b"\xe4\xff")]),
    ("tab in a value", [(b"X-Value", b"a\tb")]),
    ("another host", [(b"Host", b"other.example")]),
    ("cookies", [(b"Cookie", b"a=b"), (b"Cookie", b"c=d")]),
]


@caller
async def odd_fields(stage: Stage) -> None:
    for name, fields in _ODD_FIELDS:
        await stage.step(name, partial(_whole, stage, "GET", headers=fields))


@caller
async def odd_methods(stage: Stage) -> None:
    for method in ("get", "M-SEARCH", "BAD METHOD", "G\r\nET", ""):
        await stage.step(f"method {method!r}", partial(_whole, stage, method))


@caller
async def odd_targets(stage: Stage) -> None:
    for path in ("/?", "/a b", "/%20?a=b#c", "/ä", "/" + "x" * 9_000, "*"):
        await stage.step(f"target {path[:9]!r}", partial(_whole, stage, "GET", path))


@caller
async def connect_method(stage: Stage) -> None:
    await stage.step("CONNECT", lambda: _whole(stage, "CONNECT"))


@caller
async def large_fields(stage: Stage) -> None:
    for size in (1_000, 9_000):
        await stage.step(f"{size} bytes", partial(_whole, stage, "GET", headers=[(b"X-Large", b"v" * size)]))
    many = [(b"x-%d" % number, b"v" * 20) for number in range(250)]
    await stage.step("250 fields", lambda: _whole(stage, "GET", headers=many))


@caller
async def odd_bodies(stage: Stage) -> None:
    bodies: list[tuple[str, Any]] = [
        ("text", "text"),
        ("number", 7),
        ("parts of text", stage.body("text")),  # type: ignore[arg-type]
        ("wrong world", iter([b"a"]) if stage.world.asynchronous else _nothing()),
        ("bytearray", stage.body(bytearray(b"0123"))),  # type: ignore[arg-type]
        ("memoryview", stage.body(memoryview(b"0123"))),  # type: ignore[arg-type]
        ("empty parts", stage.body(b"", b"")),
    ]
    for name, body in bodies:
        await stage.step(name, partial(_whole, stage, "POST", content=body))


async def _nothing() -> Any:
    yield b""


async def _whole(stage: Stage, method: str, path: str = "", **options: Any) -> bytes:
    reply = await stage.client.open(method, path or stage.path(), **options)
    try:
        return await reply.read()
    finally:
        await reply.close()


# What can be seen.


@caller
async def copied(stage: Stage) -> None:
    """What is shown of a response, and whether it can be copied."""
    reply = await stage.open()
    if reply is None:
        return
    response = reply.response
    stream = response.extensions["network_stream"]
    _tell(stage, "shown", [repr(response), type(response.stream).__name__.replace("Async", "")])
    for name, value in (("response", response), ("info", response.extensions.get("connection")), ("stream", stream)):
        for kind, make in (("copy", copy.copy), ("deep copy", copy.deepcopy), ("pickle", pickle.dumps)):
            try:
                make(value)
            except Exception as exc:
                _tell(stage, f"{kind} of {name}", f"{type(exc).__name__}: {exc}")
            else:
                _tell(stage, f"{kind} of {name}", "ok")
    for info in ("client_addr", "server_addr", "socket", "ssl_object", "is_readable", "peer_certificate", "odd"):
        value = stream.get_extra_info(info)
        _tell(stage, info, type(value).__name__ if info.endswith(("addr", "certificate", "object")) else str(value)[:9])
    info = response.extensions["connection"]
    kept = ("http_version", "alpn", "tls_version", "proxy", "via", "reused")
    _tell(stage, "connection", {name: str(getattr(info, name)) for name in kept if hasattr(info, name)})
    await stage.read(reply)


@caller
async def errors_copied(stage: Stage) -> None:
    """Whether an exception of a request can be pickled, and what it tells of its causes."""
    try:
        await _whole(stage, "POST", content=b"0123456789")
    except Exception as exc:
        chain, each = [], exc
        while each is not None:
            chain.append(type(each).__name__)
            each = each.__cause__  # type: ignore[assignment]
        request = getattr(exc, "_request", None)
        if request is None:
            again = pickle.loads(pickle.dumps(exc))
            _tell(stage, "again", [type(again).__name__, str(again) == str(exc)])
        _tell(stage, "chain", chain)
    else:
        _tell(stage, "chain", [])


def _recorded(record: Any) -> dict[str, Any]:
    error = record.error
    return {
        "status": record.status,
        "version": record.http_version,
        "error": None if error is None else str(error).split("(")[0],
        "cancelled": record.cancelled,
        "reused": record.reused,
        "events": [name for _, name, _ in record.events],
        "phases": sorted(name for name, seconds in record.phases().as_dict().items() if seconds != -1),
        "whole": record.sent_bytes is not None and record.received_bytes is not None,
    }


@caller
async def recorded(stage: Stage) -> None:
    from httpcore_trace import Recorder

    recorder = Recorder()
    client = stage.client
    if client.layer == "httpx":
        transport = client.pool._transport
        transport._pool = recorder.pool(transport._pool)
    else:
        client.pool = recorder.pool(client.pool)
    await stage.exchange()
    await stage.exchange("POST", content=stage.body(b"0123456789", b"abc" * 5_000))
    for record in recorder.requests:
        _tell(stage, "record", _recorded(record))


@caller
async def connections_observed(stage: Stage) -> None:
    seen: list[Any] = []
    await stage.client.close()
    if stage.client.layer == "httpx":
        return
    stage.client = Client(stage.world, stage.case, on_connection=seen.append)
    await stage.exchange()
    await stage.exchange()
    await stage.client.close()
    _tell(
        stage, "seen", [f"{each.kind} {each.reason}" if hasattr(each, "kind") else type(each).__name__ for each in seen]
    )
    stage.client = Client(stage.world, stage.case)


# TLS.


@caller
async def other_name(stage: Stage) -> None:
    """The certificate is not that of the name that is asked for."""
    await stage.exchange(sni_hostname="wrong.example")
    await stage.exchange()


@caller
async def nobody_trusted(stage: Stage) -> None:
    import ssl

    if stage.client.layer == "httpx":
        return
    await stage.client.close()
    stage.client = Client(stage.world, stage.case, ssl_context=ssl.create_default_context())
    await stage.exchange()
    await stage.client.close()
    stage.client = Client(stage.world, stage.case)


@caller
async def retries(stage: Stage) -> None:
    if stage.client.layer == "httpx":
        return
    await stage.client.close()
    stage.client = Client(stage.world, stage.case, retries=2)
    await stage.exchange()
