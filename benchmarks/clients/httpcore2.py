"""httpcore2, the fork under httpx2."""

from __future__ import annotations

import httpcore2

from benchmarks.clients._core_api import client

CLIENT = client(httpcore2)
