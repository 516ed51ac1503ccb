"""TLS contexts that programs have modified."""

import ssl
from typing import Any

import pytest
from httpcore_models import SyncBackend
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.steps import hold


class Delegating:
    """A replacement for a context, without methods of its own."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)


def replaced_on_the_instance(context: ssl.SSLContext) -> Any:
    """As in the recipe for sending another name than the one in the URL."""
    original = context.wrap_socket
    context.wrap_socket = lambda sock, server_hostname=None: original(  # type: ignore[assignment,misc]
        sock, server_hostname="localhost"
    )
    return context


@pytest.mark.fault("T1")
@pytest.mark.parametrize("changed", [Delegating, replaced_on_the_instance])
def test_modified_contexts_are_used_as_they_are(changed: Any, certificates: Certificates) -> None:
    with scripted_server([hold()], tls=certificates.server_context()) as server:
        stream = SyncBackend().connect_tcp("127.0.0.1", server.port, 10.0)
        stream = stream.start_tls(changed(certificates.client_context()), "localhost", 10.0)
        assert stream.get_extra_info("ssl_object").version() == "TLSv1.3"
        stream.close()
