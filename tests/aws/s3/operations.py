"""What an S3 request does: its operation by name, and what IAM asks whether one may do it.

Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3".
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

from tests.aws.network.addresses import S3Address
from tests.aws.network.http import Request

# Method, "bucket" or "object", the query's distinguishing name: the operation and its IAM action.
_OPERATIONS = {
    ("GET", "bucket", ""): ("ListObjects", "s3:ListBucket"),
    ("GET", "bucket", "list-type"): ("ListObjectsV2", "s3:ListBucket"),
    ("GET", "bucket", "versions"): ("ListObjectVersions", "s3:ListBucketVersions"),
    ("GET", "bucket", "uploads"): ("ListMultipartUploads", "s3:ListBucketMultipartUploads"),
    ("GET", "bucket", "location"): ("GetBucketLocation", "s3:GetBucketLocation"),
    ("GET", "bucket", "versioning"): ("GetBucketVersioning", "s3:GetBucketVersioning"),
    ("GET", "bucket", "acl"): ("GetBucketAcl", "s3:GetBucketAcl"),
    ("GET", "bucket", "policy"): ("GetBucketPolicy", "s3:GetBucketPolicy"),
    ("HEAD", "bucket", ""): ("HeadBucket", "s3:ListBucket"),
    ("PUT", "bucket", ""): ("CreateBucket", "s3:CreateBucket"),
    ("DELETE", "bucket", ""): ("DeleteBucket", "s3:DeleteBucket"),
    ("POST", "bucket", "delete"): ("DeleteObjects", "s3:DeleteObject"),
    ("GET", "object", ""): ("GetObject", "s3:GetObject"),
    ("GET", "object", "versionId"): ("GetObject", "s3:GetObjectVersion"),
    ("GET", "object", "uploadId"): ("ListParts", "s3:ListMultipartUploadParts"),
    ("GET", "object", "tagging"): ("GetObjectTagging", "s3:GetObjectTagging"),
    ("GET", "object", "attributes"): ("GetObjectAttributes", "s3:GetObjectAttributes"),
    ("GET", "object", "acl"): ("GetObjectAcl", "s3:GetObjectAcl"),
    ("HEAD", "object", ""): ("HeadObject", "s3:GetObject"),
    ("HEAD", "object", "versionId"): ("HeadObject", "s3:GetObjectVersion"),
    ("PUT", "object", ""): ("PutObject", "s3:PutObject"),
    ("PUT", "object", "uploadId"): ("UploadPart", "s3:PutObject"),
    ("PUT", "object", "tagging"): ("PutObjectTagging", "s3:PutObjectTagging"),
    ("PUT", "object", "acl"): ("PutObjectAcl", "s3:PutObjectAcl"),
    ("POST", "object", "uploads"): ("CreateMultipartUpload", "s3:PutObject"),
    ("POST", "object", "uploadId"): ("CompleteMultipartUpload", "s3:PutObject"),
    ("DELETE", "object", ""): ("DeleteObject", "s3:DeleteObject"),
    ("DELETE", "object", "versionId"): ("DeleteObject", "s3:DeleteObjectVersion"),
    ("DELETE", "object", "uploadId"): ("AbortMultipartUpload", "s3:AbortMultipartUpload"),
}
_NAMES = {name for _, _, name in _OPERATIONS}
# What a header adds to a write. Sources: "Enforce conditional deletes" and "PutObject" (API Reference, Permissions).
_HEADERS = {"x-amz-tagging": "s3:PutObjectTagging", "x-amz-acl": "s3:PutObjectAcl"}
_LISTED = {"prefix": "s3:prefix", "delimiter": "s3:delimiter", "max-keys": "s3:max-keys"}
_OF_HEADER = ("x-amz-acl", "x-amz-storage-class", "x-amz-server-side-encryption", "if-match", "if-none-match")


@dataclass(frozen=True)
class Operation:
    """One operation: its name in the API, and what IAM is asked: actions with the ARN of what each is done to."""

    name: str
    asked: tuple[tuple[str, str], ...]
    context: dict[str, str]

    @property
    def action(self) -> str:
        return self.asked[0][0] if self.asked else ""


def operation_of(request: Request, address: S3Address) -> Operation | None:
    """The operation, or None for one that nothing here knows."""
    if address.bucket is None:
        return (
            Operation("ListBuckets", (("s3:ListAllMyBuckets", "*"),), {}) if request.method == "GET" else None
        )
    kind = "bucket" if address.key is None else "object"
    names = [name for name in request.query if name in _NAMES]
    found = _OPERATIONS.get((request.method, kind, names[0] if names else ""))
    if found is None:
        return None
    name, action = found
    if "x-amz-copy-source" in request.headers:
        name = {"PutObject": "CopyObject", "UploadPart": "UploadPartCopy"}.get(name, name)
    if name == "DeleteObjects":  # asked key by key
        return Operation(name, (), _context(request))
    asked = [(action, arn(address.bucket, address.key)), *_more(request, address)]
    return Operation(name, tuple(asked), _context(request))


def arn(bucket: str, encoded_key: str | None = None) -> str:
    return f"arn:aws:s3:::{bucket}" + ("" if encoded_key is None else f"/{unquote(encoded_key)}")


def _more(request: Request, address: S3Address) -> list[tuple[str, str]]:
    if request.method not in {"PUT", "POST", "DELETE"} or address.bucket is None:
        return []
    here = arn(address.bucket, address.key)
    more = [(action, here) for header, action in _HEADERS.items() if header in request.headers]
    if request.headers.get("if-match", "*") != "*":
        more.append(("s3:GetObject", here))
    source = request.headers.get("x-amz-copy-source")
    if source:
        bucket, _, key = source.partition("?")[0].removeprefix("/").partition("/")
        more.append(("s3:GetObject", arn(bucket, key)))
    return more


def _context(request: Request) -> dict[str, str]:
    query = request.query
    context = {key: query[name] for name, key in _LISTED.items() if name in query}
    context |= {f"s3:{name}": request.headers[name] for name in _OF_HEADER if name in request.headers}
    return {**context, "aws:SecureTransport": "true"}
