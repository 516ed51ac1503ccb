"""httpx with the transport of httpcore-httpx."""

from __future__ import annotations

import httpx

from benchmarks.clients._httpx_api import client_with_transport

CLIENT = client_with_transport(lambda: httpx, "httpx", "httpcore_httpx")
