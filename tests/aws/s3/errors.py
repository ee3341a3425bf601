"""How Amazon S3 says no: a status, a code, and XML. Source: Amazon S3 API Reference, "Error responses"."""

from __future__ import annotations

import secrets
from xml.sax.saxutils import escape

from tests.aws.identity.signatures import Unsigned
from tests.aws.network.http import Response

NO_CHECKSUM = (
    "Content-MD5 OR x-amz-checksum- HTTP header is required for "
    "Put {what} requests with Object Lock parameters"
)


class S3Error(Exception):
    """An answer of S3's; `fields` are further elements of its XML."""

    def __init__(self, status: int, code: str, message: str, **fields: str) -> None:
        super().__init__(status, code, message)
        self.status, self.code, self.message, self.fields = status, code, message, fields

    def response(self) -> Response:
        """The answer as it goes out; the server leaves out the body where a HEAD asked."""
        elements = {"Code": self.code, "Message": self.message, **self.fields, "RequestId": _request_id()}
        text = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in elements.items())
        body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{text}</Error>'.encode()
        return Response(
            self.status, {"Content-Type": "application/xml", "x-amz-request-id": _request_id()}, body
        )


def access_denied() -> S3Error:
    return S3Error(403, "AccessDenied", "Access Denied")


def no_such_bucket(bucket: str) -> S3Error:
    return S3Error(404, "NoSuchBucket", "The specified bucket does not exist", BucketName=bucket)


def permanent_redirect(bucket: str, region: str) -> S3Error:
    message = (
        "The bucket you are attempting to access must be addressed using the specified endpoint. "
        "Please send all future requests to this endpoint."
    )
    endpoint = f"{bucket}.s3.{region}.amazonaws.com"
    return S3Error(301, "PermanentRedirect", message, Endpoint=endpoint, Bucket=bucket)


def unsigned(error: Unsigned, region: str, claimed: str) -> S3Error:
    """S3's words for what is wrong with a signature; `claimed` is the region in its scope."""
    if error.kind == "wrong region":
        message = (
            f"The authorization header is malformed; the region '{claimed}' is wrong; expecting '{region}'"
        )
        return S3Error(400, "AuthorizationHeaderMalformed", message, Region=region)
    return S3Error(*_UNSIGNED[error.kind])


_UNSIGNED = {
    "missing": (403, "AccessDenied", "Access Denied"),
    "malformed": (400, "AuthorizationHeaderMalformed", "The authorization header is malformed."),
    "wrong service": (400, "AuthorizationHeaderMalformed", "The service is wrong; expecting 's3'."),
    "unknown key": (
        403,
        "InvalidAccessKeyId",
        "The AWS Access Key Id you provided does not exist in our records.",
    ),
    "wrong token": (400, "InvalidToken", "The provided token is malformed or otherwise invalid."),
    "expired": (400, "ExpiredToken", "The provided token has expired."),
    "skewed": (
        403,
        "RequestTimeTooSkewed",
        "The difference between the request time and the current time is too large.",
    ),
    "unsigned header": (
        403,
        "AccessDenied",
        "There were headers present in the request which were not signed",
    ),
    "wrong signature": (
        403,
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided.",
    ),
}


def _request_id() -> str:
    return secrets.token_hex(8).upper()
