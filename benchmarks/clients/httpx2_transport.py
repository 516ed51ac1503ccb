"""httpx2 with the transport of httpcore-httpx."""

from __future__ import annotations

import httpx2

from benchmarks.clients._httpx_api import client_with_transport

CLIENT = client_with_transport(lambda: httpx2, "httpx2", "httpcore_httpx.httpx2")
