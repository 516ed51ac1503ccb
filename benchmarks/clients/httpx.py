"""httpx, on the httpcore that is installed: what the subject is worth to most of its users."""

from __future__ import annotations

import httpx

from benchmarks.clients._httpx_api import client

CLIENT = client(httpx, "httpcore")
