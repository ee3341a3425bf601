"""The content of an S3 request's body: undone from AWS's chunks, and held against every hash that came with it.

Sources: Amazon S3 API Reference, "Signature Calculations for the Authorization Header: Transferring Payload in
Multiple Chunks", and User Guide, "Checking object integrity".
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable

from awscrt import checksums

from tests.aws.identity.signatures import Signed
from tests.aws.network.http import Request
from tests.aws.s3.errors import S3Error

UNSIGNED = "UNSIGNED-PAYLOAD"
STREAMS = frozenset(
    {
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    }
)
_EMPTY = hashlib.sha256(b"").hexdigest()
_CHECKSUMS: dict[str, Callable[[bytes], bytes]] = {
    "x-amz-checksum-crc32": lambda content: zlib.crc32(content).to_bytes(4, "big"),
    "x-amz-checksum-crc32c": lambda content: checksums.crc32c(content).to_bytes(4, "big"),
    "x-amz-checksum-crc64nvme": lambda content: checksums.crc64nvme(content).to_bytes(8, "big"),
    "x-amz-checksum-sha1": lambda content: hashlib.sha1(content, usedforsecurity=False).digest(),
    "x-amz-checksum-sha256": lambda content: hashlib.sha256(content).digest(),
}


def content_of(request: Request, signed: Signed) -> tuple[bytes, dict[str, str]]:
    """The real content, and the checksum headers that came before or behind it.

    Raises:
        S3Error: a hash, a checksum, a chunk's signature or a length is not that of the content.
    """
    declared = request.headers.get("x-amz-content-sha256")
    if declared is None:
        raise S3Error(400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
    sums = {name: value for name, value in request.headers.items() if name in _CHECKSUMS}
    if declared in STREAMS:
        content, trailer = _Chunks(request, signed, declared).read()
        sums |= trailer
    else:
        content = request.body
        if declared not in {UNSIGNED, hashlib.sha256(content).hexdigest()}:
            raise S3Error(
                400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' does not match."
            )
    _compare(request, content, sums)
    return content, sums


def _compare(request: Request, content: bytes, sums: dict[str, str]) -> None:
    for name, value in sums.items():
        if base64.b64encode(_CHECKSUMS[name](content)).decode() != value:
            raise S3Error(
                400, "BadDigest", f"The {name} you specified did not match the calculated checksum."
            )
    md5 = hashlib.md5(content, usedforsecurity=False).digest()
    if request.headers.get("content-md5") not in {None, base64.b64encode(md5).decode()}:
        raise S3Error(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")


class _Chunks:
    """Reads `size[;chunk-signature=…]` lines, each with its bytes, and the trailing headers behind the last."""

    def __init__(self, request: Request, signed: Signed, declared: str) -> None:
        self._body = request.body
        self._headers = request.headers
        self._signed = signed
        self._verifies = not declared.startswith("STREAMING-UNSIGNED")
        self._has_trailer = declared.endswith("-TRAILER")
        self._previous = signed.claim.signature
        self._at = 0

    def read(self) -> tuple[bytes, dict[str, str]]:
        content = bytearray()
        while True:
            size, signature = self._head()
            chunk = self._take(size)
            if self._verifies:
                self._verify(signature, "PAYLOAD", f"{_EMPTY}\n{hashlib.sha256(chunk).hexdigest()}")
            content += chunk
            if size == 0:
                break
            self._line()  # the end of the chunk's line
        expected = self._headers.get("x-amz-decoded-content-length")
        if expected is None:
            raise S3Error(411, "MissingContentLength", "You must provide the x-amz-decoded-content-length.")
        if int(expected) != len(content):
            raise S3Error(400, "IncompleteBody", "The request body is not of the length that was declared.")
        return bytes(content), self._trailer() if self._has_trailer else {}

    def _head(self) -> tuple[int, str]:
        size, _, signature = self._line().partition(";chunk-signature=")
        try:
            return int(size, 16), signature
        except ValueError:
            raise S3Error(400, "IncompleteBody", "The request body is not in chunks.") from None

    def _trailer(self) -> dict[str, str]:
        lines = list(iter(self._line, ""))
        signature = ""
        if lines and lines[-1].startswith("x-amz-trailer-signature:"):
            signature = lines.pop().partition(":")[2].strip()
        if self._verifies:
            text = "".join(f"{line}\n" for line in lines)
            self._verify(signature, "TRAILER", hashlib.sha256(text.encode()).hexdigest())
        found = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if set(found) != set(self._headers.get("x-amz-trailer", "").lower().split(",")):
            raise S3Error(400, "MalformedTrailerError", "The trailer is not the one that was declared.")
        return {name: value for name, value in found.items() if name in _CHECKSUMS}

    def _verify(self, signature: str, kind: str, rest: str) -> None:
        head = f"AWS4-HMAC-SHA256-{kind}\n{self._signed.stamp}\n{self._signed.scope}\n{self._previous}"
        expected = self._signed.sign(f"{head}\n{rest}")
        if signature != expected:
            raise S3Error(403, "SignatureDoesNotMatch", "A chunk's signature does not match.")
        self._previous = expected

    def _line(self) -> str:
        end = self._body.find(b"\r\n", self._at)
        end = len(self._body) if end < 0 else end
        line, self._at = self._body[self._at : end].decode("latin-1"), end + 2
        return line

    def _take(self, size: int) -> bytes:
        taken, self._at = self._body[self._at : self._at + size], self._at + size
        return taken
