"""Writes a PEM bundle as a Java trust store, so that a borrowed Java trusts what the machine trusts.

Pure: text in, bytes out. It judges no certificate and holds no private key.
"""

from __future__ import annotations

import hashlib
import re
import ssl
import struct

# The JKS layout, as sun.security.provider.JavaKeyStore reads it: magic, version, count, then a record of each
# certificate (tag 2, alias, milliseconds, type, DER), then SHA-1 over password, a fixed phrase and the rest.
_MAGIC = 0xFEEDFEED
_VERSION = 2
_TRUSTED_CERTIFICATE = 2
_PHRASE = b"Mighty Aphrodite"
_PASSWORD = "changeit"  # noqa: S105 - Java's customary one: it guards against damage, not against reading
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def trust_store(pem_bundle: str) -> bytes:
    """The certificates of `pem_bundle` as a JKS trust store; what else stands in the text is passed over.

    Raises:
        ValueError: a certificate's base64 can't be read.
    """
    certificates = [ssl.PEM_cert_to_DER_cert(pem) for pem in _PEM.findall(pem_bundle)]
    store = struct.pack(">III", _MAGIC, _VERSION, len(certificates))
    store += b"".join(_record(str(number), der) for number, der in enumerate(certificates))
    digest = hashlib.sha1(_PASSWORD.encode("utf-16-be") + _PHRASE + store, usedforsecurity=False)
    return store + digest.digest()


def _record(alias: str, der: bytes) -> bytes:
    milliseconds = 0  # Java shows this date and rules nothing by it
    head = struct.pack(">I", _TRUSTED_CERTIFICATE) + _text(alias) + struct.pack(">Q", milliseconds)
    return head + _text("X.509") + struct.pack(">I", len(der)) + der


def _text(value: str) -> bytes:
    encoded = value.encode("ascii")
    return struct.pack(">H", len(encoded)) + encoded
