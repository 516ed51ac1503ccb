"""The clients of Supabase, which use HTTP/2 for all requests."""

import asyncio
import http.server
import json
import threading
import warnings

with warnings.catch_warnings():
    # Their dependencies warn about themselves.
    warnings.simplefilter("ignore")
    import postgrest
    import storage3
    import supabase_auth


class Handler(http.server.BaseHTTPRequestHandler):
    """A table, a list of buckets, and settings."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer by path."""
        path = self.path.partition("?")[0]
        bucket = {
            "id": "1",
            "name": "files",
            "owner": "me",
            "public": True,
            "created_at": "2020-01-01T00:00:00Z",
            "updated_at": "2020-01-01T00:00:00Z",
            "file_size_limit": None,
            "allowed_mime_types": None,
        }
        user = {
            "id": "7",
            "aud": "authenticated",
            "app_metadata": {},
            "user_metadata": {},
            "created_at": "2020-01-01T00:00:00Z",
        }
        body = json.dumps({"/countries": [{"id": 1}], "/bucket": [bucket], "/user": user}[path]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Log nothing."""


def use(url: str) -> None:
    """A request of each client."""
    with postgrest.SyncPostgrestClient(url) as client:
        for _ in range(2):
            assert client.from_("countries").select("*").execute().data == [{"id": 1}]
    with supabase_auth.SyncGoTrueClient(url=url, headers={}) as auth:
        assert auth.get_user(TOKEN).user.id == "7"
    with storage3.SyncStorageClient(url + "/", {}) as storage:
        assert [bucket.name for bucket in storage.list_buckets()] == ["files"]


async def use_async(url: str) -> None:
    """The same, async."""
    async with postgrest.AsyncPostgrestClient(url) as client:
        for _ in range(2):
            assert (await client.from_("countries").select("*").execute()).data == [{"id": 1}]
    async with supabase_auth.AsyncGoTrueClient(url=url, headers={}) as auth:
        assert (await auth.get_user(TOKEN)).user.id == "7"
    async with storage3.AsyncStorageClient(url + "/", {}) as storage:
        assert [bucket.name for bucket in await storage.list_buckets()] == ["files"]


TOKEN = "header.payload.signature"
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
use(f"http://127.0.0.1:{server.server_port}")
asyncio.run(use_async(f"http://127.0.0.1:{server.server_port}"))
server.shutdown()
server.server_close()
