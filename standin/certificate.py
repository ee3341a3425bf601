"""The server's side of TLS: a certificate created at start and valid for one day, or one from files.

The generated certificate is for tests only.
"""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

LIFETIME = timedelta(days=1)


def loopback_tls(ca_file: Path) -> ssl.SSLContext:
    """Return a server context for localhost and 127.0.0.1; the authority to trust is written to `ca_file` (PEM)."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(ca_file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    end = datetime.now(UTC) + LIFETIME
    authority.issue_cert("localhost", "127.0.0.1", not_after=end).configure_cert(context)
    return context


def tls_from(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return a server context with the certificate chain and the private key of these files (PEM)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
