"""Scenarios of every run that are chosen one by one: each shows a fault that once was, by its row of FAULTS."""

from __future__ import annotations

from .scenarios import Scenario

__all__ = ["BY_ROW", "CHOSEN"]

BY_ROW: dict[str, list[str]] = {
    "S3": ["large/read after close", "large/read after close/asyncio/tls/h11/direct/httpx"],
    "S4": ["silent until close/pool closed while reading", "silent until close/pool closed while reading/asyncio"],
    "S5": ["early 200 then reads/post large", "early 200 then reads/post large parts/asyncio/tls"],
    "S7": ["bytes behind later/get busy post/asyncio", "closes after one/get busy post/uvloop"],
    "S9": ["ok/different sni/sync/tls", "ok/different sni/asyncio/tls"],
    "S11": ["ok/post with both lengths"],
    "S16": ["close notify then bytes/get/asyncio/tls", "close notify then bytes/get/sync/tls/h11/https proxy"],
    "S17": [f"damaged record/get/{world}/tls" for world in ("sync", "asyncio", "trio")],
    "S18": ["reset after a record/get/sync/tls", "fatal alert/get/sync/tls"],
    "S19": ["proxy bytes behind/get/sync/tls/h11/http proxy"],
    "T2": ["never/signal timer", "silent in the body/signal timer"],
    "T3": ["early 100 stops reading/post large", "early half head stops reading/post large parts/asyncio"],
    "T6": ["close notify then idle/get pause post/sync/tls", "close notify then idle/get pause post/asyncio/tls"],
    "T9": ["ok/no limits"],
    "T11": ["early 413/post large", "early 413/post large/asyncio/tls"],
    "T18": ["stops reading/post large/sync/tls", "stops reading/post large"],
    "T19": ["record drips/get/sync/tls", "record drips/get/asyncio/tls"],
    "P2": ["ok/dropped", "large/dropped half read/asyncio", "ok/dropped/trio/tls/h11/direct/httpx"],
    "P14": ["ok/second loop with an open response/asyncio/tls"],
    "P23": ["until close/get twice", "close notify only/get pause post/sync/tls"],
    "P24": ["ok/cancelled before/asyncio", "ok/cancelled before/trio", "ok/cancelled before/uvloop/tls"],
    "P25": ["early 200 then reads/post too short"],
    "N2": ["ok/odd target"],
    "N3": ["head of 120 kB/get"],
    "N4": ["http 1.0 kept/get twice"],
    "N6": ["proxy odd length/get/sync/tls/h11/http proxy", "proxy odd encoding/get/asyncio/tls/h11/http proxy"],
    "N7": ["socks auth not wanted/get/sync/clear/h11/socks auth", "socks auth version/get/trio/clear/h11/socks auth"],
}
# Those that nothing but them shows.
OTHERS = ["resets after request/get/sync/tls/h11/http proxy", "cut in a record/get/sync/tls/h11/https proxy"]
CHOSEN = [Scenario.parse(text) for text in [*OTHERS, *(text for texts in BY_ROW.values() for text in texts)]]
