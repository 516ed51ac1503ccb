"""httpx2, on httpcore2."""

from __future__ import annotations

import httpx2

from benchmarks.clients._httpx_api import client

CLIENT = client(httpx2, "httpcore2")
