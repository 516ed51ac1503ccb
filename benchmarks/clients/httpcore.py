"""The installed httpcore: the subject of the comparison."""

from __future__ import annotations

import httpcore

from benchmarks.clients._core_api import client

CLIENT = client(httpcore, tunnels=True, http3=True)
