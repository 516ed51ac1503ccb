"""Draw docs/waterfall.svg, the picture of httpcore-trace's README: `python tools/draw_waterfall.py`.

The requests are made up, so that the picture stays the same until the waterfall itself changes.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import httpcore
from httpcore_trace import RequestRecord, Waterfall
from rich.console import Console
from rich.terminal_theme import TerminalTheme

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "waterfall.svg"
COLUMNS = 104
Event = tuple[float, str, dict[str, Any]]

BACKGROUND, TEXT, GREY = (30, 32, 38), (220, 223, 228), (110, 116, 128)
RED, GREEN, YELLOW, BLUE = (240, 90, 90), (120, 190, 90), (235, 175, 70), (75, 140, 235)
VIOLET, CYAN, LIGHT_CYAN = (185, 120, 220), (60, 185, 180), (120, 215, 245)
NORMAL = [BACKGROUND, RED, GREEN, YELLOW, BLUE, VIOLET, CYAN, TEXT]
BRIGHT = [GREY, RED, GREEN, YELLOW, BLUE, VIOLET, LIGHT_CYAN, TEXT]
THEME = TerminalTheme(BACKGROUND, TEXT, NORMAL, BRIGHT)
# As rich's own, but without a frame, and without fonts that are loaded from elsewhere.
FORMAT = """<svg xmlns="http://www.w3.org/2000/svg" class="rich-terminal" viewBox="0 0 {width} {height}">
<style>
.{unique_id}-matrix {{
    font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
    font-size: {char_height}px;
    line-height: {line_height}px;
}}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
<rect fill="#1e2026" width="{width}" height="{height}" rx="8"/>
<g transform="translate({terminal_x}, 12)" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g>
</g>
</svg>
"""


def connection(number: int, host: str, version: str) -> httpcore.ConnectionInfo:
    """Describe a connection."""
    local, peer = ("192.0.2.7", 50000 + number), ("198.51.100.4", 443)
    cipher, origin = "TLS_AES_128_GCM_SHA256", f"https://{host}:443"
    return httpcore.ConnectionInfo(number, origin, local, peer, version, "TLSv1.3", cipher, None, ())


class Script:
    """Makes up the events of one request, from its start on. All times are in milliseconds."""

    def __init__(self, start: float) -> None:
        self.events: list[Event] = []
        self._start = self._now = start

    def phase(self, name: str, took: float, started: dict[str, Any] | None = None, **complete: Any) -> Script:
        """Add a phase, and a short time after it."""
        self.events.append((self._now / 1e3, f"{name}.started", started or {}))
        self._now += took
        self.events.append((self._now / 1e3, f"{name}.complete", complete))
        self._now += 0.02
        return self

    def connect(self, dns: float) -> Script:
        """Resolve the name, connect and shake hands."""
        self.events.append((self._now / 1e3, "connection.connect_tcp.started", {}))
        self.phase("connect.resolve", dns, addresses=["198.51.100.4"])
        self.phase("connect.attempt", 11, {"address": "198.51.100.4"}, address="198.51.100.4")
        self.events.append((self._now / 1e3, "connection.connect_tcp.complete", {}))
        return self.phase("connection.start_tls", 26)

    def record(
        self, target: str, info: httpcore.ConnectionInfo, wait: float, receive: float, status: int = 200
    ) -> RequestRecord:
        """Send the request and receive the response; return the record."""
        method, _, path = target.partition(" ")
        self.phase("http.send_request_headers", 5 if method == "POST" else 0.4)
        self.phase("http.receive_response_headers", wait).phase("http.receive_response_body", receive)
        self.phase("http.response_closed", 0.05)
        return RequestRecord(
            method=method,
            url=info.origin.removesuffix(":443") + path,
            http_version=info.http_version,
            status=status,
            started=self._start / 1e3,
            ended=self.events[-1][0],
            events=self.events,
            connection=info,
            connection_id=info.id,
        )


def requests() -> list[RequestRecord]:
    """Eight requests, over two connections with HTTP/1.1 and one with HTTP/2."""
    first, second = (connection(number, "www.example.com", "HTTP/1.1") for number in (1, 2))
    api = connection(3, "api.example.com", "HTTP/2")
    blocked, joined = "connection_pool.wait_for_connection", "connection.wait"
    return [
        Script(0).connect(14).record("GET /", first, 38, 9),
        Script(2).connect(13).record("GET /style.css", second, 21, 30),
        Script(4).phase(blocked, 95.3).record("GET /script.js", first, 18, 46),
        Script(6).phase(blocked, 97.4).record("GET /missing.png", second, 24, 1, 404),
        Script(70).connect(3).record("GET /items?page=1", api, 44, 8),
        Script(71).phase(joined, 39.2).record("GET /items?page=2", api, 52, 7),
        Script(72).phase(joined, 38.2).record("GET /items?page=3", api, 24, 38),
        Script(115).record("POST /orders", api, 31, 1, 503),
    ]


def main() -> None:
    """Write the picture."""
    console = Console(file=io.StringIO(), record=True, width=COLUMNS, force_terminal=True, color_system="truecolor")
    console.print(Waterfall(requests()))
    PICTURE.write_text(console.export_svg(title="", theme=THEME, code_format=FORMAT, unique_id="waterfall"))


if __name__ == "__main__":
    main()
