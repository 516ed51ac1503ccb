"""A throw-away certificate authority and the TLS contexts that use it.

Contexts are made anew for every caller, because a connection pool sets the ALPN protocols of the context it is given.
"""

from __future__ import annotations

import importlib.util
import ssl
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import trustme

# Where trustme cannot be installed, since cryptography has no wheel for this Python, that of the system is used.
_SYSTEM_PYTHON = "/usr/bin/python3"
IDENTITIES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Certificates:
    """A certificate authority, and a leaf certificate of it for the loopback names, as PEM files."""

    authority: trustme.CA | None
    authority_pem: Path
    chain_pem: Path
    key_pem: Path

    def client_context(self) -> ssl.SSLContext:
        """Return a new context that trusts this authority and no other."""
        return ssl.create_default_context(cafile=str(self.authority_pem))

    def server_context(
        self,
        *,
        alpn: Sequence[str] = (),
        identities: Sequence[str] = IDENTITIES,
        not_after: datetime | None = None,
    ) -> ssl.SSLContext:
        """Return a new server context; other `identities` or a past `not_after` make a leaf that clients refuse."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        if identities == IDENTITIES and not_after is None:
            context.load_cert_chain(self.chain_pem, self.key_pem)
        elif self.authority is None:
            pytest.skip("trustme is not installed")
        else:
            self.authority.issue_cert(*identities, not_after=not_after).configure_cert(context)
        if alpn:
            context.set_alpn_protocols(list(alpn))
        return context


@contextmanager
def issue_certificates() -> Iterator[Certificates]:
    """Make an authority with a leaf for the loopback names; the PEM files live as long as the `with` block."""
    with TemporaryDirectory(prefix="httpcore-certificates-") as directory:
        paths = [Path(directory, name) for name in ("authority.pem", "chain.pem", "key.pem")]
        if importlib.util.find_spec("trustme"):
            authority = _issue(*paths)
        else:
            authority = None
            _issue_by_system(*paths)
        yield Certificates(authority, *paths)


def _issue(authority_pem: Path, chain_pem: Path, key_pem: Path) -> trustme.CA:
    import trustme

    authority = trustme.CA()
    leaf = authority.issue_cert(*IDENTITIES)
    authority.cert_pem.write_to_path(str(authority_pem))
    for blob in leaf.cert_chain_pems:
        blob.write_to_path(str(chain_pem), append=True)
    leaf.private_key_pem.write_to_path(str(key_pem))
    return authority


def _issue_by_system(authority_pem: Path, chain_pem: Path, key_pem: Path) -> None:
    folder = authority_pem.parent
    command = [_SYSTEM_PYTHON, "-m", "trustme", "--quiet", "--dir", str(folder), "--identities", *IDENTITIES]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("trustme is not installed")
    for name, path in (("client.pem", authority_pem), ("server.pem", chain_pem), ("server.key", key_pem)):
        (folder / name).rename(path)
