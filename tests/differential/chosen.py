"""Scenarios of every run that are chosen one by one: each shows a fault that once was, by its row of FAULTS.

Where the list of differences has an entry for the row, one of them has to match it.
"""

from __future__ import annotations

from .scenarios import Scenario

__all__ = ["BY_ROW", "CHOSEN"]

BY_ROW: dict[str, list[str]] = {
    "S3": ["large/read after close", "large/read after close/asyncio/tls/h11/direct/httpx"],
    "S4": ["silent until close/pool closed while reading", "silent until close/pool closed while reading/asyncio"],
    "S5": [
        "early 200 then reads/post slowly/uvloop",
        "early 200 then reads/post slowly",
        "early 200 then reads/post large parts/asyncio/tls",
    ],
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
    "T11": ["early 413 late/post large", "early 413 late/post large/asyncio/tls"],
    "T18": ["stops reading/post large/sync/tls", "stops reading/post large"],
    "T19": ["record drips/get/sync/tls", "record drips/get/asyncio/tls"],
    "P2": ["ok/dropped", "large/dropped half read/asyncio", "ok/dropped/trio/tls/h11/direct/httpx"],
    "P14": ["h2 ok/second loop with an open response/asyncio/tls/h2"],
    "P23": ["until close/get twice", "close notify only/get pause post/sync/tls"],
    "P24": ["ok/cancelled before/asyncio", "ok/cancelled before/trio", "ok/cancelled before/uvloop/tls"],
    "P25": ["early 200 then reads/post too short", "early whole 200 then reads/post too short/asyncio"],
    "S6": [
        "h2 early whole 200 then reads/post slowly/asyncio/clear/h2",
        "h2 early whole 200 then reads/post large/sync/clear/h2",
        "h2 early whole 200 then reads/post large/trio/tls/h2",
    ],
    "S8": ["h2 data for 304/get/sync/clear/h2", "h2 data for head/head/asyncio/tls/h2"],
    "T7": ["h2 cut while uploading/post large/asyncio/tls/h2", "h2 cut while uploading/post large/trio/tls/h2"],
    "T10": [
        "handshake never/pool closed while reading/sync/tls",
        "handshake never/pool closed while reading/asyncio/tls",
    ],
    "T12": [f"h2 window shrinks/post large/{world}/clear/h2" for world in ("sync", "asyncio", "trio")],
    "T14": ["h2 settings flood/get/sync/clear/h2", "h2 settings flood/get/asyncio/clear/h2"],
    "T16": ["h2 early 413 head/post large/sync/clear/h2", "h2 early 413/post large/asyncio/tls/h2"],
    "T17": ["silent in the body/post failing to write", "h2 never/post failing to write/asyncio/clear/h2"],
    "P3": ["h2 refuses three/get/sync/tls/h2", "h2 goaway then waits/post/asyncio/tls/h2"],
    "P4": [
        "h2 refuses three/post/sync/tls/h2/direct/httpx",
        "h2 goaway then waits/post/sync/tls/h2/direct/httpx",
    ],
    "P5": ["h2 one stream/many on four/asyncio/tls/h2", "h2 one stream/four at once/sync/clear/h2"],
    "P7": ["h2 never/get twice/sync/clear/h2", "h2 silent in the body/get twice/asyncio/tls/h2"],
    "P21": ["h2 same table size twice/get four times/sync/clear/h2"],
    "P22": ["h2 closes after one/get pause post/asyncio/tls/h2", "h2 closes after one/get busy post/trio/clear/h2"],
    "N15": ["h2 no streams later/get twice/sync/tls/h2"],
    "N2": ["ok/odd target"],
    "N3": ["head of 120 kB/get"],
    "N4": ["http 1.0 kept/get twice"],
    "N6": ["proxy odd length/get/sync/tls/h11/http proxy", "proxy odd encoding/get/asyncio/tls/h11/http proxy"],
    "N7": ["socks auth not wanted/get/sync/clear/h11/socks auth", "socks auth version/get/trio/clear/h11/socks auth"],
}
# Those that nothing but them shows.
OTHERS = [
    "resets after request/get/sync/tls/h11/http proxy",
    "cut in a record/get/sync/tls/h11/https proxy",
    "h2 close notify in the body/interrupted waiting/trio/tls/h2",
    "h2 close notify in the body/interrupted sending/asyncio/tls/h2",
    "h2 data for head/limit of the pool/sync/clear/h2",
    "h2 ok/read after close/trio/tls/h2",
    "h2 no length/read after close/sync/tls/h2",
    "h2 pings only/get/sync/clear/h2",
    "connection close serves/get twice",
    "connection close serves/get twice/asyncio/tls",
    "head of 120 kB/get/asyncio/tls/h11/socks",
    "head of 120 kB/get/uvloop/tls/h11/http proxy",
    "h2 early whole 200 then reads/pool closed while uploading/asyncio/clear/h2",
]
CHOSEN = [Scenario.parse(text) for text in [*OTHERS, *(text for texts in BY_ROW.values() for text in texts)]]
