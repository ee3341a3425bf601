"""A PEM bundle as a Java trust store, so that Java trusts what the AWS tools trust."""

from __future__ import annotations

import atexit
import tempfile
import warnings
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12
from cryptography.utils import CryptographyDeprecationWarning

from jobs.errors import UsageError

PROPERTY = "javax.net.ssl.trustStore"
"""Java's system property for the file, read at the first connection (JSSE Reference Guide, "Customizing JSSE")."""


def trust_store(pem_bundle: bytes) -> bytes:
    """Return the certificates of `pem_bundle` as a PKCS #12 trust store without a password.

    Raises:
        ValueError: there is no certificate in it, or one can't be read.
    """
    with warnings.catch_warnings():
        # Some public authorities have serial numbers that RFC 5280 forbids; Java takes them.
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        certificates = x509.load_pem_x509_certificates(pem_bundle)
    named = [pkcs12.PKCS12Certificate(each, str(number).encode()) for number, each in enumerate(certificates)]
    return pkcs12.serialize_java_truststore(named, NoEncryption())


def require_bundle(bundle: str | None) -> bytes:
    """Return the PEM file `bundle` as a trust store; an empty one if no file is named.

    Raises:
        UsageError: the file does not exist, or is not a bundle.
    """
    try:
        return trust_store(Path(bundle).read_bytes()) if bundle else b""
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not a PEM bundle of certificates"
        raise UsageError(
            f"the certificate bundle {bundle} can't be used: {why}. Correct AWS_CA_BUNDLE, "
            "ca_bundle in the AWS configuration file, or REQUESTS_CA_BUNDLE, whichever names it."
        ) from None


def temporary_trust_store(bundle: str) -> Path:
    """Write the PEM file `bundle` as a trust store that is deleted when this process ends.

    Raises:
        UsageError: the file does not exist, or is not a bundle.
    """
    content = require_bundle(bundle)
    with tempfile.NamedTemporaryFile(prefix="personalize-trust-", suffix=".p12", delete=False) as file:
        file.write(content)
    atexit.register(Path(file.name).unlink, missing_ok=True)
    return Path(file.name)
