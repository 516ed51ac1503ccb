"""The workloads that clients run. ``_measure`` runs them, ``_report`` prints them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from benchmarks._server import (
    MEDIUM_TRANSFER_LENGTH,
    SHORT_TRANSFER_LENGTH,
    SMALL_LENGTH,
    STATUS,
    TRANSFER_LENGTH,
)
from benchmarks.clients._base import Answer, Client

_Kind = Literal["sync", "asyncio", "trio", "memory", "startup"]
_Operation = Literal["get", "download", "upload"]
_KINDS: tuple[_Kind, ...] = ("sync", "asyncio")
_TRANSFERS: tuple[_Operation, ...] = ("download", "upload")


@dataclass(frozen=True)
class Workload:
    """What a client is asked to do.

    `start` tells what is measured: ``warm`` clients that repeat it, new clients that have made a small request
    (``open``), or new clients without a connection (``cold``). `round_trip` is the delay of the path in seconds. A
    `variant` differs from another workload in a number only, or in TLS, and a quick run does without it.

    With `caddy`, the server is Caddy, and `loss` is the share of packets that the path loses in each direction, or
    `None` for the loopback interface. `length` is that of a transfer. `patience` multiplies the time of a measurement.
    """

    name: str
    title: str
    kind: _Kind
    tasks: int = 1
    connections: int = 1
    operation: _Operation = "get"
    tunnelled: bool = False
    http2: bool = False
    tls: bool = False
    new_heads: bool = False
    start: Literal["warm", "open", "cold"] = "warm"
    round_trip: float = 0.0
    variant: bool = False
    http3: bool = False
    caddy: bool = False
    loss: float | None = None
    length: int = TRANSFER_LENGTH
    patience: float = 1.0

    def length_of(self, *, short: bool = False) -> int:
        """Return the length of what is transferred. A long path needs time for it, so that it can be short there."""
        if not self.transfers:
            return SMALL_LENGTH
        if self.length != TRANSFER_LENGTH:
            return self.length
        return SHORT_TRANSFER_LENGTH if short and self.round_trip else TRANSFER_LENGTH

    def expected(self, *, short: bool = False) -> Answer:
        return STATUS, self.length_of(short=short) if self.operation == "download" else SMALL_LENGTH

    @property
    def transfers(self) -> bool:
        """Whether the amount of data matters, rather than the number of requests."""
        return self.operation != "get"

    @property
    def rated(self) -> bool:
        """Whether requests are counted, so that there is a rate."""
        return self.kind in ("sync", "asyncio", "trio")

    @property
    def threads(self) -> bool:
        return self.kind == "sync" and self.tasks > 1

    def supports(self, client: Client) -> bool:
        speaks = client.http3 if self.http3 else client.http2 if self.http2 else client.http1
        if not speaks or (self.tunnelled and not client.tunnels):
            return False
        if self.caddy and not client.http3:
            # HTTP/2 is there to be compared with HTTP/3; other clients have workloads of their own.
            return False
        if self.kind == "startup":
            return client.startup is not None
        if self.kind == "trio" and not client.trio:
            return False
        return (client.sync if self.kind == "sync" else client.asyncio) is not None


def _multiplexed() -> Iterator[Workload]:
    """HTTP/2 over TLS, which is how it is used, and clear where that shows what is not due to TLS."""
    small = Workload("http2-tls", "Small GET over HTTP/2 and TLS", "sync", http2=True, tls=True)

    def gets(kind: _Kind, name: str, tasks: int, text: str) -> Workload:
        title, variant = f"{small.title}, {text}", tasks in (4, 64)
        return replace(small, kind=kind, name=f"http2-tls-{name}", tasks=tasks, title=title, variant=variant)

    yield gets("sync", "sync-1", 1, "sync, 1 stream")
    for tasks in (4, 16, 64):
        yield gets("sync", f"threads-{tasks}", tasks, f"{tasks} threads on one connection")
    streams: dict[_Kind, tuple[int, ...]] = {"asyncio": (1, 16, 100), "trio": (1, 100)}
    for kind, numbers in streams.items():
        for tasks in numbers:
            yield gets(kind, f"{kind}-{tasks}", tasks, f"{kind}, {tasks} task{'s' * (tasks > 1)} on one connection")
    yield Workload("http2-threads-16", "Small GET over HTTP/2, 16 threads on one connection", "sync", 16, http2=True)
    for operation in _TRANSFERS:
        for kind in _KINDS:
            large = replace(small, kind=kind, operation=operation)
            name, title = f"{operation}-{kind}", f"100 MB {operation} over HTTP/2"
            yield replace(large, name=f"http2-tls-{name}", title=f"{title} and TLS, {kind}")
            if name != "download-asyncio":  # http2-download
                yield replace(large, name=f"http2-{name}", title=f"{title}, {kind}", tls=False, variant=True)


def _distant() -> Iterator[Workload]:
    """HTTP/2 over a long path, with clients that do not know beforehand that the server speaks HTTP/2."""
    for milliseconds in (20, 100):
        path, title = f"path-{milliseconds}", f"over HTTP/2 and TLS, {milliseconds} ms round trip"
        cold = Workload(path, title, "sync", http2=True, tls=True, start="cold", round_trip=milliseconds / 1000)
        cold = replace(cold, variant=milliseconds < 100)
        for kind in _KINDS:
            for operation in _TRANSFERS:
                text = f"100 MB {operation} {title}, {kind}, on a new connection"
                name = f"{path}-{operation}-{kind}"
                yield replace(cold, name=name, title=text, kind=kind, operation=operation, start="open")
            text = f"First small GET {title}, {kind}, without a connection"
            yield replace(cold, name=f"{path}-first-{kind}", title=text, kind=kind)
        text = f"100 MB download {title}, sync, without a connection"
        yield replace(cold, name=f"{path}-cold-download", title=text, operation="download")
        text = f"200 small GET at once {title}, asyncio, without a connection"
        yield replace(cold, name=f"{path}-burst", title=text, kind="asyncio", tasks=200, connections=100)


def _beside_http3() -> Iterator[Workload]:
    """HTTP/3, and HTTP/2 from the same server: Caddy."""
    at_a_time: tuple[tuple[str, _Kind, int, str], ...] = (
        ("sync-1", "sync", 1, "sync, 1 stream"),
        ("threads-16", "sync", 16, "16 threads on one connection"),
        ("asyncio-1", "asyncio", 1, "asyncio, 1 task on one connection"),
        ("asyncio-100", "asyncio", 100, "asyncio, 100 tasks on one connection"),
    )
    for name, title in (("http3", "HTTP/3"), ("http2-caddy", "HTTP/2")):
        small = Workload(name, f"Small GET over {title}", "sync", tls=True, caddy=True, http3=name == "http3")
        small = replace(small, http2=not small.http3)
        for part, kind, tasks, who in at_a_time:
            yield replace(small, name=f"{name}-{part}", title=f"{small.title}, {who}", kind=kind, tasks=tasks)
        for operation in _TRANSFERS:
            for kind in _KINDS:
                text = f"100 MB {operation} over {title}, {kind}"
                yield replace(small, name=f"{name}-{operation}-{kind}", title=text, kind=kind, operation=operation)
        yield from _losing(name, title, small)


def _losing(name: str, title: str, small: Workload) -> Iterator[Workload]:
    """The same over a path that has a delay and loses packets."""
    path = replace(small, round_trip=0.02, start="cold", loss=0.0)
    text = f"First small GET over {title}, 20 ms round trip, sync, without a connection"
    yield replace(path, name=f"{name}-path-first", title=text)
    for percent in (1, 3):
        lossy = replace(path, loss=percent / 100, patience=2.0, variant=percent != 1)
        where = f"over {title}, 20 ms round trip, {percent} % loss"
        text = f"Page of 30 small GET at once {where}, asyncio, without a connection"
        yield replace(lossy, name=f"{name}-loss-{percent}-page", title=text, kind="asyncio", tasks=30)
        text = f"Small GET {where}, asyncio, 30 tasks on one connection"
        yield replace(lossy, name=f"{name}-loss-{percent}-30", title=text, kind="asyncio", tasks=30, start="warm")
        text = f"5 MB download {where}, sync"
        large = replace(lossy, operation="download", length=MEDIUM_TRANSFER_LENGTH, start="open", variant=True)
        large = replace(large, patience=1.0)
        yield replace(large, name=f"{name}-loss-{percent}-download", title=text)


WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload("sync-1", "Small GET, sync, 1 connection", "sync"),
        Workload(
            "sync-1-new-heads",
            "Small GET, sync, 1 connection, each response with an id of its own in the head",
            "sync",
            new_heads=True,
        ),
        Workload("sync-1-tunnelled", "Small GET through a proxy's tunnel, sync, 1 connection", "sync", tunnelled=True),
        Workload("asyncio-16", "Small GET, asyncio, 16 tasks on 16 connections", "asyncio", 16, 16),
        Workload(
            "asyncio-16-tunnelled",
            "Small GET through a proxy's tunnel, asyncio, 16 tasks on 16 connections",
            "asyncio",
            16,
            16,
            tunnelled=True,
        ),
        Workload(
            "asyncio-16-new-heads",
            "Small GET, asyncio, 16 tasks on 16 connections, each response with an id of its own in the head",
            "asyncio",
            16,
            16,
            new_heads=True,
        ),
        Workload("asyncio-128", "Small GET, asyncio, 128 tasks on 128 connections", "asyncio", 128, 128),
        Workload("asyncio-512", "Small GET, asyncio, 512 tasks on 512 connections", "asyncio", 512, 512),
        Workload("asyncio-10-on-10", "Small GET, asyncio, 10 tasks on 10 connections", "asyncio", 10, 10),
        Workload("asyncio-128-on-10", "Small GET, asyncio, 128 tasks on 10 connections", "asyncio", 128, 10),
        Workload("download-sync", "100 MB download, sync", "sync", operation="download"),
        Workload("download-asyncio", "100 MB download, asyncio", "asyncio", operation="download"),
        Workload("upload-sync", "100 MB upload, sync", "sync", operation="upload"),
        Workload("upload-asyncio", "100 MB upload, asyncio", "asyncio", operation="upload"),
        Workload("tls-sync-1", "Small GET over TLS, sync, 1 connection", "sync", tls=True),
        Workload(
            "tls-asyncio-16", "Small GET over TLS, asyncio, 16 tasks on 16 connections", "asyncio", 16, 16, tls=True
        ),
        Workload("tls-download-sync", "100 MB download over TLS, sync", "sync", operation="download", tls=True),
        Workload(
            "tls-download-asyncio", "100 MB download over TLS, asyncio", "asyncio", operation="download", tls=True
        ),
        Workload("tls-upload-sync", "100 MB upload over TLS, sync", "sync", operation="upload", tls=True),
        Workload("tls-upload-asyncio", "100 MB upload over TLS, asyncio", "asyncio", operation="upload", tls=True),
        Workload("http2-sync-1", "Small GET over HTTP/2, sync, 1 stream", "sync", http2=True),
        Workload(
            "http2-asyncio-100",
            "Small GET over HTTP/2, asyncio, 100 tasks on one connection",
            "asyncio",
            100,
            1,
            http2=True,
        ),
        Workload("http2-download", "100 MB download over HTTP/2, asyncio", "asyncio", operation="download", http2=True),
        *_multiplexed(),
        *_distant(),
        *_beside_http3(),
        Workload("idle-memory", "Memory of idle pooled connections, asyncio (250 of them, quick: 100)", "memory"),
        Workload("startup", "Imports, and the first requests of a new interpreter", "startup"),
    )
}

ROUND_TRIPS = sorted({w.round_trip for w in WORKLOADS.values() if w.round_trip and w.loss is None})
LOSSES = sorted({(w.round_trip, w.loss) for w in WORKLOADS.values() if w.loss is not None})
