"""TLS contexts are made when they are needed, by the client library, and shared."""

import gc
import os
import signal
import ssl
import threading
from pathlib import Path
from typing import Any

import httpcore
import pytest
from httpcore_httpx import _contexts
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.waiting import at_once

trustme = pytest.importorskip("trustme")  # some Pythons have no wheel of what it needs

VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")


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
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return calls


def context_of(form: Any, **options: Any) -> ssl.SSLContext:
    """The context of a transport with these options."""
    return made_by(form.transports.HTTPTransport(**options))


def made_by(transport: Any) -> ssl.SSLContext:
    """The context of `transport`."""
    option = transport._pool._options.ssl_context
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


def test_those_for_other_streams_are_shared_among_transports_with_the_same_offer(form: Any, made: list[Any]) -> None:
    """A stream that has no other way sets the offer of protocols on the context, until its handshake is over."""
    backend = httpcore.MockBackend([])
    first = context_of(form, http2=True, network_backend=backend)
    assert context_of(form, http2=True, network_backend=backend) is first
    others = [context_of(form, network_backend=backend), context_of(form, http2=True)]
    assert len({id(context) for context in (first, *others)}) == 3
    proxied = form.transports.HTTPTransport(http2=True, proxy="https://localhost", network_backend=backend)
    (proxy,) = proxied._pool._proxies
    assert proxy.ssl_context() is others[0]


def test_the_setting_and_the_environment_decide(
    form: Any, made: list[Any], certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
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


def test_variables_that_change_before_the_context_is_made(
    form: Any, made: list[Any], certificates: Certificates, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A context made late, or for a transport of another time, would trust the wrong authorities."""
    HTTPTransport = form.transports.HTTPTransport
    plain = HTTPTransport()
    copy = tmp_path / "authority.pem"
    copy.write_bytes(certificates.authority_pem.read_bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(copy))
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
    own = HTTPTransport()
    assert len(made_by(plain).get_ca_certs()) > 1
    assert made_by(plain).keylog_filename is None
    monkeypatch.delenv("SSL_CERT_FILE")
    logged = HTTPTransport()
    monkeypatch.delenv("SSLKEYLOGFILE")
    copy.unlink()
    assert len(made_by(own).get_ca_certs()) == 1
    if form.httpx.__name__ == "httpx":  # httpx2 looks at this variable only where another one names certificates
        assert made_by(logged).keylog_filename == str(tmp_path / "keys.log")
    assert made_by(own).keylog_filename == str(tmp_path / "keys.log")
    assert len(made_by(logged).get_ca_certs()) > 1
    assert made_by(HTTPTransport()) is made_by(plain)


def test_new_transports_read_a_changed_file_again(
    form: Any, made: list[Any], certificates: Certificates, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "authority.pem"
    file.write_bytes(certificates.authority_pem.read_bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    old = form.transports.HTTPTransport()
    assert made_by(form.transports.HTTPTransport()) is made_by(old)
    renewed = tmp_path / "renewed.pem"
    renewed.write_bytes(trustme.CA().cert_pem.bytes() * 2)
    renewed.replace(file)
    new = form.transports.HTTPTransport()
    assert made_by(new).get_ca_certs() != made_by(old).get_ca_certs()
    assert made_by(form.transports.HTTPTransport()) is made_by(new)
    assert len(_contexts._contexts) == 1


def test_a_missing_file_that_the_environment_names_no_more(
    form: Any, made: list[Any], caddy: CaddyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere.pem")
    with form.client(verify=True) as client:
        monkeypatch.delenv("SSL_CERT_FILE")
        with pytest.raises(form.httpx.ConnectError, match=r"SSL_CERT_FILE, .*: changed since"):
            client.get(caddy.https_url)


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="needs signals")
def test_a_signal_handler_needs_one_while_it_is_made(form: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_contexts, "_contexts", {})
    create = form.httpx.create_ssl_context
    signals = iter([signal.SIGUSR1])
    in_handler = []

    def create_ssl_context(**options: Any) -> Any:
        for number in signals:
            signal.raise_signal(number)
        return create(**options)

    monkeypatch.setattr(form.httpx, "create_ssl_context", create_ssl_context)
    before = signal.signal(signal.SIGUSR1, lambda *args: in_handler.append(context_of(form)))
    try:
        assert [context_of(form)] == in_handler
    finally:
        signal.signal(signal.SIGUSR1, before)


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
    monkeypatch.setattr(_contexts._making, "fork_timeout", 0.05)
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
