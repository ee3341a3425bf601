"""Amazon S3, as strict as it is documented, over a store that is not.

Checked in this order: which region the bucket is in, who signed, whether the content is what was signed, whether the
principal may. Sources: Amazon S3 User Guide, "Making requests", "Request routing", "Requester Pays"; API Reference.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from tests.aws.identity.keys import KeyRing
from tests.aws.identity.signatures import Signed, Unsigned, check, claim_of
from tests.aws.log import Entry, Log
from tests.aws.network.addresses import GLOBAL_REGION, S3Address, s3_address
from tests.aws.network.http import Request, Response
from tests.aws.s3 import errors
from tests.aws.s3.errors import S3Error
from tests.aws.s3.operations import Operation, arn, operation_of
from tests.aws.s3.payload import content_of
from tests.aws.s3.store import Store

Authorize = Callable[[str, str, str, Mapping[str, str]], bool]
"""Whether (principal ARN, action, resource ARN, context) is allowed."""

Trouble = Callable[[Request, str], S3Error | int | None]
"""What goes wrong with a request of an operation: an error in place of its answer, the byte of the answer after which
the connection is closed (0: all is done, and no answer comes), or nothing."""

_XMLNS = "http://s3.amazonaws.com/doc/2006-03-01/"
# What is about the transfer, and done with before the store is asked.
_OF_TRANSFER = (
    "x-amz-content-sha256",
    "x-amz-decoded-content-length",
    "x-amz-trailer",
    "authorization",
    "host",
)
_ENCODINGS = ("content-encoding", "transfer-encoding", "content-length", "expect", "x-amz-security-token")
_UNDER_RETENTION = {"PutObject": "Object", "UploadPart": "Part"}
"""The operations that bring an object's content, by the word for it in S3's refusal."""


@dataclass(frozen=True)
class Bucket:
    """One bucket. `denied`: its policy denies everything; `requester_pays`: it is another account's, which asks so.

    `locked`: it has Object Lock with a default retention.
    """

    name: str
    region: str
    requester_pays: bool = False
    denied: bool = False
    locked: bool = False


@dataclass
class S3:
    """Handles requests to any of S3's hosts. `latency` in seconds, of every answer; `trouble` as S3 has it at times."""

    keys: KeyRing
    log: Log
    store: Store = field(default_factory=Store)
    buckets: dict[str, Bucket] = field(default_factory=dict)
    authorize: Authorize = lambda *_: True
    latency: float = 0.0
    trouble: Trouble = lambda *_: None

    def create_bucket(self, bucket: Bucket) -> None:
        self.store.create_bucket(bucket.name, bucket.region)
        self.buckets[bucket.name] = bucket

    def __call__(self, request: Request) -> Response:
        visit = _Visit(self, request)
        try:
            response = visit.answer()
        except S3Error as error:
            response = error.response()
            visit.code = error.code
        if visit.bucket is not None:
            response.headers["x-amz-bucket-region"] = visit.bucket.region
        if self.latency:
            time.sleep(self.latency)
        self.log.note(visit.entry(response.status))
        return response


class _Visit:
    """One request on its way through the checks."""

    def __init__(self, s3: S3, request: Request) -> None:
        self._s3 = s3
        self._request = request
        address = s3_address(request.host, request.path)
        assert address is not None, request.host
        self._address: S3Address = address
        self.bucket = s3.buckets.get(address.bucket or "")
        self._operation: Operation | None = None
        self._signed: Signed | None = None
        self.code = ""
        self._key = unquote(address.key) if address.key else request.query.get("prefix", "")
        self._began = time.monotonic()

    def answer(self) -> Response:
        self._operation = operation_of(self._request, self._address)
        self._require_region()
        self._signed = self._check_signature()
        if self._operation is None:
            raise S3Error(
                405, "MethodNotAllowed", "The specified method is not allowed against this resource."
            )
        if self._operation.name == "CreateBucket":
            self._refuse_creation()
        if self.bucket is None and self._address.bucket is not None:
            raise errors.no_such_bucket(self._address.bucket)
        content, sums = content_of(self._request, self._signed)
        self._require_permission()
        self._require_checksum(sums)
        trouble = self._s3.trouble(self._request, self._operation.name)
        if isinstance(trouble, S3Error):
            raise trouble
        response = self._carried_out(content, sums)
        response.breaks_off = trouble
        return response

    def _carried_out(self, content: bytes, sums: dict[str, str]) -> Response:
        assert self._operation is not None
        if self._operation.name == "DeleteObjects":
            return self._delete_objects(content, sums)
        return self._stored(self._ask_store(content, sums))

    def entry(self, status: int) -> Entry:
        operation, signed = self._operation, self._signed
        return Entry(
            service="s3",
            host=self._request.host,
            method=self._request.method,
            path=unquote(self._request.path),
            operation=operation.name if operation else "",
            action=operation.action if operation else "",
            status=status,
            code=self.code,
            principal=signed.key.principal if signed else None,
            region=_claimed_region(self._request),
            payload=self._request.headers.get("x-amz-content-sha256", "")
            if self._request.headers.get("x-amz-content-sha256", "").isupper()
            else "",
            key=self._key,
            agent=self._request.headers.get("user-agent", ""),
            began=self._began,
            ended=time.monotonic(),
        )

    def _require_region(self) -> None:
        """At another region's endpoint, or in path style at the global one, a bucket is served to no client."""
        bucket, door = self.bucket, self._address.region
        if bucket is None or bucket.region == (door or GLOBAL_REGION):
            return
        # <bucket>.s3.amazonaws.com leads to the bucket's own region: who signs for that is served.
        at_home = door is None and self._address.virtual and _claimed_region(self._request) == bucket.region
        if not at_home:
            raise errors.permanent_redirect(bucket.name, bucket.region)

    def _check_signature(self) -> Signed:
        region = self.bucket.region if self.bucket else self._address.region or GLOBAL_REGION
        try:
            return check(self._request, self._s3.keys, "s3", region)
        except Unsigned as error:
            raise errors.unsigned(error, region, _claimed_region(self._request) or "") from None

    def _refuse_creation(self) -> None:
        if self.bucket is not None:
            raise S3Error(409, "BucketAlreadyOwnedByYou", "The bucket exists, and you own it.")
        raise errors.access_denied()

    def _require_permission(self) -> None:
        assert self._operation is not None
        if self.bucket is not None and self.bucket.denied:
            raise errors.access_denied()
        pays = self._request.headers.get("x-amz-request-payer", "").lower() == "requester"
        if self.bucket is not None and self.bucket.requester_pays and not pays:
            raise errors.access_denied()
        if not all(self._may(action, resource) for action, resource in self._operation.asked):
            raise errors.access_denied()

    def _require_checksum(self, sums: Mapping[str, str]) -> None:
        """An object under a retention comes with a checksum, and so does each part of one.

        Source: API Reference, "PutObject" and "UploadPart", Object Lock.
        """
        assert self._operation is not None
        what = _UNDER_RETENTION.get(self._operation.name)
        is_locked = self.bucket is not None and self.bucket.locked
        if is_locked and what and not sums and "content-md5" not in self._request.headers:
            raise S3Error(400, "InvalidRequest", errors.NO_CHECKSUM.format(what=what))

    def _may(self, action: str, resource: str, more: Mapping[str, str] | None = None) -> bool:
        assert self._operation is not None
        assert self._signed is not None
        region = self._signed.claim.region
        context = {**self._operation.context, "aws:RequestedRegion": region, **(more or {})}
        return self._s3.authorize(self._signed.key.principal, action, resource, context)

    def _ask_store(self, content: bytes, sums: dict[str, str]) -> Response:
        query = self._request.target.partition("?")[2]
        target = self._address.target + (f"?{query}" if query else "")
        return self._s3.store.call(self._request.method, target, self._headers(sums), content)

    def _headers(self, sums: dict[str, str]) -> dict[str, str]:
        left_out = {*_OF_TRANSFER, *_ENCODINGS}
        kept = {name: value for name, value in self._request.headers.items() if name not in left_out}
        encodings = [part.strip() for part in self._request.headers.get("content-encoding", "").split(",")]
        encoding = ",".join(part for part in encodings if part not in {"", "aws-chunked"})
        if encoding:
            kept["content-encoding"] = encoding
        return {**kept, **sums}

    def _stored(self, response: Response) -> Response:
        """The store's answer; who may not list learns of no absence. Source: API Reference, "GetObject"."""
        assert self._operation is not None
        if response.status == 404 and self._operation.name in {"GetObject", "HeadObject"}:
            self._require_listing()
        if response.status >= 400:
            self.code = _code(response)
        response.headers.setdefault("x-amz-request-id", "STORED")
        return response

    def _require_listing(self) -> None:
        """Whether one may list is asked with the key as `s3:prefix`: AWS does not document it, but Ceph follows it.

        Source: ceph/ceph#68577, "read_obj_policy() consults s3:prefix when deciding between 403/404".
        """
        assert self.bucket is not None
        key = unquote(self._address.key or "")
        if not self._may("s3:ListBucket", arn(self.bucket.name), {"s3:prefix": key}):
            raise errors.access_denied()

    def _delete_objects(self, content: bytes, sums: dict[str, str]) -> Response:
        """DeleteObjects, which is refused key by key."""
        assert self.bucket is not None
        if not sums and "content-md5" not in self._request.headers:
            raise S3Error(400, "InvalidRequest", "Missing required header for this request: Content-MD5")
        try:
            asked = ElementTree.fromstring(content)  # noqa: S314 - a client of the test's own
        except ElementTree.ParseError:
            raise S3Error(400, "MalformedXML", "The XML you provided was not well-formed.") from None
        keys = [each.text or "" for each in asked.iter() if each.tag.rpartition("}")[2] == "Key"]
        if len(keys) > 1000 or not keys:
            raise S3Error(400, "MalformedXML", "The XML names no key, or more than 1,000.")
        self._key = keys[0]
        quiet = any(each.tag.endswith("Quiet") and each.text == "true" for each in asked.iter())
        return self._deleted(keys, quiet=quiet)

    def _deleted(self, keys: list[str], *, quiet: bool) -> Response:
        assert self.bucket is not None
        lines = []
        for key in keys:
            name = f"<Key>{escape(key)}</Key>"
            if not self._may("s3:DeleteObject", f"{arn(self.bucket.name)}/{key}"):
                lines.append(
                    f"<Error>{name}<Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
                )
                continue
            self._s3.store.delete(self.bucket.name, key)
            if not quiet:
                lines.append(f"<Deleted>{name}</Deleted>")
        body = f'<?xml version="1.0" encoding="UTF-8"?>\n<DeleteResult xmlns="{_XMLNS}">{"".join(lines)}</DeleteResult>'
        return Response(200, {"Content-Type": "application/xml"}, body.encode())


def _claimed_region(request: Request) -> str | None:
    try:
        claim = claim_of(request)
    except Unsigned:
        return None
    return claim.region if claim else None


def _code(response: Response) -> str:
    _, _, rest = response.body.decode("utf-8", "replace").partition("<Code>")
    return rest.partition("</Code>")[0] if rest else ""
