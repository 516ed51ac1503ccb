"""The workloads: what is asked of a client. ``_measure`` runs them, ``_report`` prints them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from benchmarks._server import DOWNLOAD_LENGTH, SMALL_LENGTH, STATUS
from benchmarks.clients._base import Answer, Client


@dataclass(frozen=True)
class Workload:
    name: str
    title: str
    kind: Literal["sync", "asyncio", "memory"]
    tasks: int = 1
    connections: int = 1
    download: bool = False
    tunnelled: bool = False
    http2: bool = False

    @property
    def expected(self) -> Answer:
        return STATUS, DOWNLOAD_LENGTH if self.download else SMALL_LENGTH

    def supports(self, client: Client) -> bool:
        if (self.tunnelled and not client.tunnels) or (self.http2 and not client.http2):
            return False
        return (client.sync if self.kind == "sync" else client.asyncio) is not None


WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload("sync-1", "Small GET, sync, 1 connection", "sync"),
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
        Workload("asyncio-128", "Small GET, asyncio, 128 tasks on 128 connections", "asyncio", 128, 128),
        Workload("asyncio-512", "Small GET, asyncio, 512 tasks on 512 connections", "asyncio", 512, 512),
        Workload("asyncio-10-on-10", "Small GET, asyncio, 10 tasks on 10 connections", "asyncio", 10, 10),
        Workload("asyncio-128-on-10", "Small GET, asyncio, 128 tasks on 10 connections", "asyncio", 128, 10),
        Workload("download-sync", "100 MB download, sync", "sync", download=True),
        Workload("download-asyncio", "100 MB download, asyncio", "asyncio", download=True),
        Workload("http2-sync-1", "Small GET over HTTP/2, sync, 1 stream", "sync", http2=True),
        Workload(
            "http2-asyncio-100",
            "Small GET over HTTP/2, asyncio, 100 tasks on one connection",
            "asyncio",
            100,
            1,
            http2=True,
        ),
        Workload("http2-download", "100 MB download over HTTP/2, asyncio", "asyncio", download=True, http2=True),
        Workload("idle-memory", "Memory of idle pooled connections, asyncio (250 of them, quick: 100)", "memory"),
    )
}
