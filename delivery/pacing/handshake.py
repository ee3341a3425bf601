"""Mutual authentication of a partition and the driver by the run's key, before any message.

Each side sends a nonce, and a proof is an HMAC-SHA-256 over the prover's role and both nonces, so it is
worth nothing on another connection or in the other role. `multiprocessing.connection` has a handshake too,
but up to Python 3.11 it is HMAC-MD5 only, which a machine in FIPS mode refuses. The connection's time-outs
bound it. Messages after the handshake are neither encrypted nor signed.
"""

from __future__ import annotations

import hmac
import secrets
from multiprocessing.connection import Connection

from delivery.errors import CoordinatorLostError

_NONCE_BYTES = 32
_PROOF_BYTES = 32
# Both have the same length, as do nonces: no two combinations of role and nonces give the same bytes.
_DRIVER = b"personalize-backfill 1 driver---"
_PARTITION = b"personalize-backfill 1 partition"


def prove_as_partition(connection: Connection[bytes, bytes], key: bytes) -> None:
    """Prove the key to the driver, then verify the driver's proof.

    Raises:
        CoordinatorLostError: the driver does not know the key, or the connection broke.
    """
    try:
        asked = _read(connection, _NONCE_BYTES)
        nonces = asked + secrets.token_bytes(_NONCE_BYTES)
        connection.send_bytes(nonces[_NONCE_BYTES:] + _proof(key, _PARTITION, nonces))
        _check(_read(connection, _PROOF_BYTES), _proof(key, _DRIVER, nonces))
    except (OSError, EOFError) as error:
        raise _unproven() from error


def prove_as_driver(connection: Connection[bytes, bytes], key: bytes) -> None:
    """Verify a caller's proof of the key, and only then prove it to the caller.

    Raises:
        CoordinatorLostError: the caller does not know the key, or the connection broke.
    """
    try:
        asked = secrets.token_bytes(_NONCE_BYTES)
        connection.send_bytes(asked)
        answer = _read(connection, _NONCE_BYTES + _PROOF_BYTES)
        nonces = asked + answer[:_NONCE_BYTES]
        _check(answer[_NONCE_BYTES:], _proof(key, _PARTITION, nonces))
        connection.send_bytes(_proof(key, _DRIVER, nonces))
    except (OSError, EOFError) as error:
        raise _unproven() from error


def _read(connection: Connection[bytes, bytes], length: int) -> bytes:
    """Return the next message, of exactly this length; a longer one is not read."""
    message = connection.recv_bytes(length)
    if len(message) != length:
        raise _unproven()
    return message


def _proof(key: bytes, role: bytes, nonces: bytes) -> bytes:
    return hmac.digest(key, role + nonces, "sha256")


def _check(proof: bytes, expected: bytes) -> None:
    if not hmac.compare_digest(proof, expected):
        raise _unproven()


def _unproven() -> CoordinatorLostError:
    return CoordinatorLostError("The peer does not know the run's key.")
