"""The workloads that clients run. ``_measure`` runs them, ``_report`` prints them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from benchmarks._server import SMALL_LENGTH, STATUS, TRANSFER_LENGTH
from benchmarks.clients._base import Answer, Client


@dataclass(frozen=True)
class Workload:
    name: str
    title: str
    kind: Literal["sync", "asyncio", "memory", "startup"]
    tasks: int = 1
    connections: int = 1
    operation: Literal["get", "download", "upload"] = "get"
    tunnelled: bool = False
    http2: bool = False
    tls: bool = False
    new_heads: bool = False

    @property
    def expected(self) -> Answer:
        return STATUS, TRANSFER_LENGTH if self.operation == "download" else SMALL_LENGTH

    @property
    def transfers(self) -> bool:
        """Whether the amount of data matters, rather than the number of requests."""
        return self.operation != "get"

    @property
    def rated(self) -> bool:
        """Whether the run repeats requests for a fixed time, so that there is a rate."""
        return self.kind in ("sync", "asyncio")

    def supports(self, client: Client) -> bool:
        if (self.tunnelled and not client.tunnels) or (self.http2 and not client.http2):
            return False
        if self.kind == "startup":
            return client.startup is not None
        return (client.sync if self.kind == "sync" else client.asyncio) is not None


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
        Workload("idle-memory", "Memory of idle pooled connections, asyncio (250 of them, quick: 100)", "memory"),
        Workload("startup", "Imports, and the first requests of a new interpreter", "startup"),
    )
}
