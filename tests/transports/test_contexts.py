"""TLS contexts are made when they are needed, by the client library, and shared."""

import gc
import os
import ssl
import threading
from typing import Any

import pytest
from httpcore_httpx import _contexts
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.waiting import at_once


@pytest.fixture
def made(form: Any, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Collect the arguments with which contexts are made."""
    calls: list[dict[str, Any]] = []
    create = form.httpx.create_ssl_context

    def create_ssl_context(**options: Any) -> Any:
        calls.append(options)
        return create(**options)

    monkeypatch.setattr(form.httpx, "create_ssl_context", create_ssl_context)
    monkeypatch.setattr(_contexts, "_contexts", {})
    return calls


def context_of(form: Any, **options: Any) -> ssl.SSLContext:
    """The context of a transport with these options."""
    option = form.transports.HTTPTransport(**options)._pool._options.ssl_context
    return option if isinstance(option, ssl.SSLContext) else option()


def test_no_context_without_tls(form: Any, made: list[Any], caddy: CaddyServer) -> None:
    with form.client(verify=True) as client:
        assert client.get(caddy.http_url).status_code == 200
    assert made == []


def test_clients_share_one(
    form: Any, made: list[Any], caddy: CaddyServer, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority_pem))
    for http2 in (False, True, False):
        with form.client(verify=True, http2=http2) as client:
            assert client.get(caddy.https_url).http_version == ("HTTP/2" if http2 else "HTTP/1.1")
    assert made == [{"verify": True, "trust_env": True}]


def test_the_setting_and_the_environment_decide(
    form: Any, made: list[Any], certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"):
        monkeypatch.delenv(name, raising=False)
    plain = context_of(form)
    assert context_of(form, verify=True) is plain
    unverified = context_of(form, verify=False)
    assert unverified is not plain
    assert unverified.verify_mode is ssl.CERT_NONE
    assert context_of(form, trust_env=False) is not plain
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority_pem))
    other = context_of(form)
    assert other is not plain
    assert len(other.get_ca_certs()) == 1
    assert context_of(form, verify=False) is unverified
    monkeypatch.delenv("SSL_CERT_FILE")
    assert context_of(form) is plain
    assert len(made) == 4


def test_the_variables_are_read_when_the_transport_is_made(
    form: Any, made: list[Any], certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority_pem))
    assert len(context_of(form).get_ca_certs()) == 1


def test_own_contexts_and_files(form: Any, made: list[Any], certificates: Certificates) -> None:
    own = certificates.client_context()
    assert context_of(form, verify=own) is own
    with pytest.warns(DeprecationWarning, match="is deprecated"):
        assert len(context_of(form, verify=str(certificates.authority_pem)).get_ca_certs()) == 1
    pair = (str(certificates.chain_pem), str(certificates.key_pem))
    with pytest.warns(DeprecationWarning, match="is deprecated"):
        assert context_of(form, cert=pair) is not context_of(form)
    with pytest.warns(DeprecationWarning, match="is deprecated"), pytest.raises(OSError, match="No such file"):
        form.transports.HTTPTransport(verify="/nowhere")


def test_a_missing_file_fails_the_request(
    form: Any, made: list[Any], caddy: CaddyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere.pem")
    with form.client(verify=True) as client:
        assert client.get(caddy.http_url).status_code == 200
        with pytest.raises(form.httpx.ConnectError, match=r"The TLS context could not be made: .*No such file"):
            client.get(caddy.https_url)


def test_threads_share_one(form: Any, made: list[Any]) -> None:
    first, *others = at_once(*[lambda: context_of(form)] * 8)
    assert all(context is first for context in others)
    assert len(made) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork()")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_fork_waits_for_the_thread_that_makes_one(form: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_contexts, "_FORK_TIMEOUT", 0.05)
    making, go_on = threading.Event(), threading.Event()

    def make() -> ssl.SSLContext:
        making.set()
        assert go_on.wait(10.0)
        return ssl.create_default_context()

    thread = threading.Thread(target=_contexts.shared_context, args=(object(), make))
    thread.start()
    try:
        assert making.wait(10.0)
        child = os.fork()
        if not child:
            try:
                context_of(form)
                os._exit(0)
            finally:
                os._exit(1)
        assert os.waitpid(child, 0)[1] == 0
    finally:
        go_on.set()
        thread.join(10.0)
    assert context_of(form)
    gc.collect()
