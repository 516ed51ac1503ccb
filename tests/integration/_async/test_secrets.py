"""What may be secret is in no memory of the process once the pool is gone, whatever the protocol."""

import gc
import re
import sys
import urllib.parse
from typing import Any

import pytest

pytest.importorskip("qh3")

from httpcore import AsyncConnectionPool
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.reachable import texts_reachable

pytestmark = [pytest.mark.anyio, pytest.mark.fault("S13")]

TIMEOUTS: dict[str, Any] = {"timeout": {"connect": 20.0, "read": 20.0, "write": 20.0, "pool": 20.0}}
# No other test has this one.
SECRET = "s3cr3t-that-stays-in-its-pool"
HEADERS = {"Authorization": f"Bearer {SECRET}", "Cookie": f"sid={SECRET}", "X-Key": SECRET}


def remembered() -> str:
    """The texts in all caches of the modules of this library, and of the parser of URLs."""
    modules = [module for name, module in list(sys.modules.items()) if re.match(r"httpcore[._]|httpcore$", name)]
    values = [value for module in (*modules, urllib.parse) for value in vars(module).values()]
    kinds = (dict, list, set, tuple)
    return texts_reachable([value for value in values if isinstance(value, kinds) or hasattr(value, "cache_info")])


@pytest.mark.parametrize(
    "options",
    [{}, {"http1": False, "http2": True}, {"http1": False, "http3": True}],
    ids=["HTTP/1.1", "HTTP/2", "HTTP/3"],
)
async def test_nothing_outlives_the_pool(
    caddy_http3: CaddyServer, certificates: Certificates, options: dict[str, Any]
) -> None:
    url = caddy_http3.https_url.replace("//", f"//user:{SECRET}@") + f"/echo?key={SECRET}#{SECRET}"
    async with AsyncConnectionPool(certificates.client_context(), **options) as pool:
        for _ in range(2):
            response = await pool.request("POST", url, headers=HEADERS, content=SECRET.encode(), extensions=TIMEOUTS)
            assert response.content == SECRET.encode()
    del pool, response
    gc.collect()
    assert f"127.0.0.1:{caddy_http3.https_port}" in remembered()
    assert SECRET not in remembered()
