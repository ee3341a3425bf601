"""A certificate authority for one world, and the trust stores in which a machine's programs find it.

Each store holds what the machine trusts, and this authority: as where a company adds its own.
"""

from __future__ import annotations

import shutil
import ssl
import subprocess
import warnings
from collections.abc import Iterable
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import NoEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12Certificate, serialize_java_truststore
from cryptography.utils import CryptographyDeprecationWarning

MACHINE_FOLDER = Path("/etc/ssl/certs")
MACHINE_BUNDLE = MACHINE_FOLDER / "ca-certificates.crt"


class Authority:
    """An authority with one server certificate for `names`; its files are in `folder`.

    `ca_file` is the authority's certificate alone, `bundle` the machine's bundle and it (both PEM), `certificate` and
    `key` the server's.
    """

    def __init__(self, folder: Path, names: Iterable[str]) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self.ca_file, self.bundle = folder / "ca.pem", folder / "bundle.pem"
        self.certificate, self.key = folder / "server.pem", folder / "server.key"
        authority = trustme.CA(organization_name="AWS on loopback")
        server = authority.issue_cert(*names)
        authority.cert_pem.write_to_path(self.ca_file)
        server.private_key_pem.write_to_path(self.key)
        for blob in server.cert_chain_pems:
            blob.write_to_path(self.certificate, append=True)
        self.bundle.write_text(MACHINE_BUNDLE.read_text() + self.ca_file.read_text())
        self.server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.configure_cert(self.server_context)

    def machine_folder(self) -> Path:
        """A copy of the machine's folder of certificates, with the authority in its bundle and by its hash."""
        copy = self._folder / "certs"
        shutil.copytree(MACHINE_FOLDER, copy, symlinks=True)
        shutil.copyfile(self.bundle, copy / MACHINE_BUNDLE.name)
        asked = ["openssl", "x509", "-noout", "-subject_hash", "-in", self.ca_file]
        digest = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
        shutil.copyfile(self.ca_file, copy / f"{digest}.0")
        return copy

    def java_store(self) -> Path:
        """A trust store for Java, without a password, as a JDK's own `cacerts` is."""
        store = self._folder / "cacerts"
        with warnings.catch_warnings():
            # Some of the machine's authorities number themselves against the rules.
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            certificates = x509.load_pem_x509_certificates(self.bundle.read_bytes())
        named = [PKCS12Certificate(each, str(number).encode()) for number, each in enumerate(certificates)]
        store.write_bytes(serialize_java_truststore(named, NoEncryption()))
        return store
