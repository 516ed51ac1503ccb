"""httpx on the installed httpcore, which is how most users run it."""

from __future__ import annotations

import httpx

from benchmarks.clients._httpx_api import client

CLIENT = client(httpx, "httpcore")
