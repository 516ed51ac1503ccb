"""Hand-picked scenarios of every run: each shows a past fault, by its row in FAULTS.md.

If the list of differences has an entry for the row, one of the scenarios must match it. After `=>` comes what the
scenario must show (see `expected`). If 1.0.9 has the fault, that is enough, and the list needs no entry.
"""

from __future__ import annotations

from .expected import expectations, scenario_of
from .runner.special.making import ODD
from .scenarios import Scenario

__all__ = ["BY_ROW", "CHOSEN", "EXPECTED"]

_ROWS: dict[str, list[str]] = {
    "S3": ["large/read after close", "large/read after close/asyncio/tls/h11/direct/httpx"],
    "S4": [
        "silent until close/pool closed while reading => read: ReadError, at once",
        "silent until close/pool closed while reading/asyncio",
    ],
    "S5": [
        "early 200 then reads/post slowly/uvloop",
        "early 200 then reads/post slowly",
        "early 200 then reads/post large parts/asyncio/tls",
    ],
    "S7": ["bytes behind later/get busy post/asyncio", "closes after one/get busy post/uvloop"],
    "S9": ["ok/different sni/sync/tls", "ok/different sni/asyncio/tls"],
    "S11": ["ok/post with both lengths"],
    "S16": [
        "close notify and bytes in the midst/get/asyncio/tls => read: RemoteProtocolError",
        "close notify and bytes in the midst/get/sync/tls/h11/https proxy => read: RemoteProtocolError",
        "close notify then bytes/get/asyncio/tls",
    ],
    "S17": [
        "damaged records in the midst/get/sync/tls",
        "damaged records in the midst/get/asyncio/tls",
        "damaged records in the midst/get/trio/tls",
    ],
    "S18": ["reset after a record/get/sync/tls", "fatal alert/get/sync/tls"],
    "S19": ["proxy bytes behind/get/sync/tls/h11/http proxy"],
    "T1": [
        "never/get/gevent => GET /1: ReadTimeout, no late, no hang",
        "stops reading/post large/gevent => POST /1: WriteTimeout, no late, no hang",
        "proxy silent/get/gevent/tls/h11/http proxy => GET /1: ConnectTimeout, no late, no hang",
    ],
    "T2": ["never/signal timer", "silent in the body/signal timer"],
    "T3": ["early 100 stops reading/post large", "early half head stops reading/post large parts/asyncio"],
    "T6": [
        "close notify then idle/looked at twice/sync/tls",
        "close notify then idle/looked at twice/asyncio/tls",
        "close notify then idle/get pause post/asyncio/tls",
    ],
    "T9": ["ok/no limits"],
    "T11": [
        "early 413 late/post large => POST /1: 413, at once",
        "early 413 late/post large/asyncio/tls => POST /1: 413, at once",
    ],
    "T18": ["stops reading/post large/sync/tls", "stops reading/post large"],
    "T19": ["record drips/get/sync/tls", "record drips/get/asyncio/tls"],
    "P2": ["ok/dropped", "large/dropped half read/asyncio", "ok/dropped/trio/tls/h11/direct/httpx"],
    "P14": ["h2 ok/second loop with an open response/asyncio/tls/h2"],
    "P23": ["until close/get twice", "close notify only/get pause post/sync/tls"],
    "P24": ["ok/cancelled before/asyncio", "ok/cancelled before/trio", "ok/cancelled before/uvloop/tls"],
    "P25": [
        "early 200 then reads/post large too short => POST /1: httpcore.LocalProtocolError",
        "early whole 200 then reads/post large too short/asyncio => POST /1: httpcore.LocalProtocolError",
    ],
    "S6": [
        "h2 early whole 200 then reads/post slowly/asyncio/clear/h2",
        "h2 early whole 200 then reads/post large/sync/clear/h2",
        "h2 early whole 200 then reads/post large/trio/tls/h2",
    ],
    "S8": ["h2 data for 304/get/sync/clear/h2", "h2 data for head/head/asyncio/tls/h2"],
    "T7": [
        "h2 cut and stops reading/read beside an upload/asyncio/tls/h2 => read: at once; upload: at once",
        "h2 cut and stops reading/read beside an upload/trio/tls/h2 => read: at once; upload: at once",
    ],
    "T10": [
        "handshake never/pool closed while reading/sync/tls",
        "handshake never/pool closed while reading/asyncio/tls",
    ],
    "T12": [f"h2 window shrinks/post large/{world}/clear/h2" for world in ("sync", "asyncio", "trio")],
    "T14": [
        "h2 settings flood in large frames/get/sync/clear/h2 => GET /1: RemoteProtocolError",
        "h2 settings flood in large frames/get/asyncio/clear/h2 => GET /1: RemoteProtocolError",
        "h2 settings flood/get/sync/clear/h2",
    ],
    "T16": ["h2 early 413 head/post large/sync/clear/h2", "h2 early 413/post large/asyncio/tls/h2"],
    "T17": ["silent in the body/post failing to write", "h2 never/post failing to write/asyncio/clear/h2"],
    "P3": [
        "h2 refuses three/get/sync/tls/h2 => GET /1: 'status': 200",
        "h2 goaway then waits/post/asyncio/tls/h2 => POST /1: 'status': 200",
    ],
    "P4": [
        "h2 rst refused/post/sync/tls/h2/direct/httpx => POST /1: 'status': 200",
        "h2 goaway then waits/post/sync/tls/h2/direct/httpx => POST /1: 'status': 200",
    ],
    "P5": [
        "h2 one stream late/four at once/asyncio/tls/h2 => at once: no Error",
        "h2 one stream late/many on four/asyncio/tls/h2 => at once: no Error",
        "h2 one stream/many on four/asyncio/tls/h2",
    ],
    "S20": [
        "ok/traced through a proxy => credentials: hidden",
        "ok/traced through a proxy/asyncio => credentials: hidden",
    ],
    "P7": ["h2 never/get twice/sync/clear/h2", "h2 silent in the body/get twice/asyncio/tls/h2"],
    "P21": [
        "h2 strict table size/get four times/sync/clear/h2 => GET /3: 'status': 200",
    ],
    "P22": [
        "h2 closes after one/get busy post/asyncio/tls/h2 => POST /2: 'status': 200",
        "h2 closes after one/get busy post/trio/clear/h2",
    ],
    "N15": [
        "h2 no streams later/get twice/sync/tls/h2 => GET /2: 'status': 200",
    ],
    "N2": ["ok/odd target"],
    "N3": ["head of 120 kB/get"],
    "N4": ["http 1.0 kept/get twice"],
    "N6": [
        "proxy wrong length/get/sync/tls/h11/http proxy => GET /1: 'status': 200",
        "proxy wrong encoding/get/asyncio/tls/h11/http proxy => GET /1: 'status': 200",
    ],
    "N7": ["socks auth not wanted/get/sync/clear/h11/socks auth", "socks auth version/get/trio/clear/h11/socks auth"],
    "S1": [
        "ok/upload beside a slow close/sync/tls",
    ],
    "S2": [
        "streams slowly with length/download beside a slow close/sync/tls",
    ],
    "S10": [
        "either protocol/shared context/sync/tls => versions: 'one': 'HTTP/1.1', 'two': 'HTTP/2'",
        "either protocol/shared context/asyncio/tls => versions: 'one': 'HTTP/1.1', 'two': 'HTTP/2'",
    ],
    "S12": [
        "blank before colon/get => GET /1: RemoteProtocolError, no secret",
    ],
    "S13": [
        "ok/secrets forgotten/sync/tls",
    ],
    "S14": [
        "h2 ok/post array/sync/tls/h2",
        "h2 ok/post array/asyncio/clear/h2",
        "ok/post array => peer: 2404 ",
    ],
    "S15": [
        "ok/proxy with an odd scheme => sock5: refused; ftp: refused",
    ],
    "T5": [
        "ok/post parts over own streams/asyncio/tls",
        "ok/post parts over own streams/trio/tls",
    ],
    "T8": [
        "handshake never/four at once/sync/tls/h2 => at once: ConnectTimeout, no late",
        "handshake never/four at once/asyncio/tls/h2 => at once: ConnectTimeout, no late",
    ],
    "T13": [
        "h2 answers in mid upload/read beside a patient upload/asyncio/clear/h2 => read: 3520000, no late",
    ],
    "T15": [
        "h2 streams and stops reading/read beside an upload/sync/clear/h2 => read: 'length': 12",
    ],
    "P1": [
        "connection close always/connections freed/sync/tls",
        "connection close always/connections freed/asyncio/tls",
    ],
    "P6": [
        "h2 refuses beside/get beside an open response/sync/tls/h2 => GET /2: 'status': 200, at once",
        "h2 refuses beside/get beside an open response/trio/clear/h2 => GET /2: 'status': 200, at once",
    ],
    "P8": [
        "h2 allows more and goes on/get beside a read/asyncio/tls/h2 => get: 'length': 30",
        "h2 allows more and goes on/get beside a read/sync/clear/h2 => get: 'length': 30",
    ],
    "P9": [
        "ok/interrupted many times => places: back",
    ],
    "P10": [
        "ok/connection of its own fails",
        "ok/connection of its own fails/asyncio",
    ],
    "P11": [
        "ok/forked while a context is made/sync/tls => child: 7",
    ],
    "P12": [
        "ok/pool closed with slow streams/asyncio => closed: 79",
    ],
    "P13": [
        "h2 ok/close cancelled while it writes/asyncio/clear/h2",
    ],
    "P16": [
        "silent in the body/connection closed by hand",
        "h2 silent in the body/connection closed by hand/asyncio/tls/h2",
    ],
    "P18": [
        "h2 slow always/other origin waits/sync/tls/h2 => other: no error",
    ],
    "P19": [
        "h2 goaway then waits/connection alone/sync/tls/h2 => GET: ConnectionNotAvailable",
    ],
    "P20": [
        "h2 one stream/connection alone used twice/sync/tls/h2",
        "h2 one stream/connection alone used twice/asyncio/clear/h2",
    ],
    "N1": [
        "ok/name with a dot/sync/tls => GET /1: 'status': 200",
        "ok/name with a dot/asyncio/tls => GET /1: 'status': 200",
    ],
    "N8": [
        "ssh/get => GET /1: SSH-2.0",
        "closes in the status/get/trio => GET /1: HTTP/1.1",
    ],
    "N9": [
        "ok/fields of both kinds",
    ],
    "N10": ["ok/odd arguments => " + "; ".join(f"{name}: named" for name in ODD)],
    "N11": [
        "ok/proxy with credentials in its url => peer: Proxy-Authorization; shown: False",
    ],
    "N12": [
        "handshake reset/get/asyncio/tls => GET /1: no (127.0.0.1)",
        "h2 settings flood in large frames/post large/sync/clear/h2 => POST /1: RemoteProtocolError, no after 0.0",
    ],
    "N13": [
        "silent in the body/connection alone that is busy => second: 127.0.0.1",
        "silent in the body/connection alone that is busy/asyncio/tls => second: 127.0.0.1",
    ],
    "N14": [
        "talks late after 101/socket without a limit",
    ],
    "N16": [
        "ok/path of a socket/asyncio",
        "ok/path of a socket/trio",
    ],
    "N17": [
        "ok/no addresses => GET /1: ConnectError, no OSError",
        "ok/no addresses/asyncio => GET /1: ConnectError, no OSError",
    ],
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
_TEXTS = [*OTHERS, *(text for texts in _ROWS.values() for text in texts)]
EXPECTED = expectations(_TEXTS)
CHOSEN = [scenario_of(text) for text in _TEXTS]
BY_ROW: dict[str, list[Scenario]] = {row: [scenario_of(text) for text in texts] for row, texts in _ROWS.items()}
