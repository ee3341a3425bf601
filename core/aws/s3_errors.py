"""Causes and remedies of failed S3 calls, worded as the end of a sentence; without S3's own text and without keys.

Codes: Amazon S3 API Reference, "Error responses". A HEAD has no body, so its code is the HTTP status. A call also
fails before it reaches S3: for the AWS configuration, or for the credentials, which STS or a sign-in has to give.
"""

from __future__ import annotations

from json import JSONDecodeError

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigParseError,
    ConnectionClosedError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    IncompleteReadError,
    InvalidRegionError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    ProxyConnectionError,
    ReadTimeoutError,
    ResponseStreamingError,
    SSLError,
    SSOError,
    TokenRetrievalError,
)

from core.aws.refusals import EXPIRED_KEYS, code_of
from core.aws.session import ExpiredKeysError
from core.errors import PassingError, first_line

ABSENT = frozenset({"NoSuchKey", "404"})
"""The object is not there."""

EXPIRED = EXPIRED_KEYS | {"RequestExpired", "TokenRefreshRequired"}
"""The codes for credentials that have expired."""

ARCHIVED = "it is archived in S3 Glacier. Restore it, or leave it out of source.path"

_CAUSES = {
    "NoSuchBucket": "there is no such bucket in this AWS partition. Check its name and the credentials' account",
    "AccessDenied": (
        "access is denied. Allow it in the role's and the bucket's policy; a Requester Pays bucket can't be used"
    ),
    "InvalidObjectState": ARCHIVED,
    "InvalidAccessKeyId": "AWS does not know the access key. Check the credentials",
    "SignatureDoesNotMatch": "the secret access key does not fit the access key. Check the credentials",
    "InvalidToken": "the session token is not valid. Check the credentials",
    "RequestTimeTooSkewed": "the clock of this machine is wrong. Set it; requests are signed with the time",
    "PermanentRedirect": "the bucket is in another region. Set AWS_REGION to a region of its partition",
    "SlowDown": "S3 asks for fewer requests. Try again later",
    "InternalError": "S3 failed for the moment. Run again",
    "PreconditionFailed": "the file changed while it was read. Run again once nothing writes to it",
}
_SAME_AS = {
    "403": "AccessDenied",
    "AllAccessDisabled": "AccessDenied",
    "301": "PermanentRedirect",
    "AuthorizationHeaderMalformed": "PermanentRedirect",
    "IllegalLocationConstraintException": "PermanentRedirect",
    "500": "InternalError",
    "502": "InternalError",
    "504": "InternalError",
    "RequestTimeout": "InternalError",
    "503": "SlowDown",
    "ServiceUnavailable": "SlowDown",
    "412": "PreconditionFailed",
}
_EXPIRED = "the AWS credentials have expired. Renew them and run again"
_SIGN_IN = "the AWS sign-in has expired. Run aws sso login"
_NO_SOURCE = "the source of the AWS credentials gave none. Check the profile's credential_process"
_CLOSED = "S3 closed the connection. Run again"
_PASSING = frozenset({"InternalError", "SlowDown"})
_PASSING_CONNECTIONS = (ReadTimeoutError, ConnectionClosedError, ResponseStreamingError, IncompleteReadError)
_CONNECTION_CAUSES: tuple[tuple[type[Exception], str], ...] = (
    (SSLError, "the server's certificate is not trusted. Name a bundle that trusts it in AWS_CA_BUNDLE"),
    (ProxyConnectionError, "the proxy can't be reached. Check HTTPS_PROXY and NO_PROXY"),
    (EndpointConnectionError, "S3 can't be reached. Check the network, AWS_REGION and any endpoint_url"),
    (ConnectTimeoutError, "S3 can't be reached. Check the network, AWS_REGION and any endpoint_url"),
    (ReadTimeoutError, "S3 does not answer. Check the network"),
    (NoCredentialsError, "there are no AWS credentials. Name AWS_PROFILE, or run under a role"),
    (
        PartialCredentialsError,
        "the AWS credentials are incomplete. Give both keys, and a role its source_profile",
    ),
    (
        ProfileNotFound,
        "the AWS configuration files lack the profile. Correct AWS_PROFILE, or add the profile",
    ),
    (
        ConfigParseError,
        "an AWS configuration file can't be parsed. Correct it, or name another in AWS_CONFIG_FILE",
    ),
    (InvalidRegionError, "the AWS region is not valid. Correct AWS_REGION or the profile's region"),
    (CredentialRetrievalError, _NO_SOURCE),
    (SSOError, _SIGN_IN),
    (TokenRetrievalError, _SIGN_IN),
    (ConnectionClosedError, _CLOSED),
    (ResponseStreamingError, _CLOSED),
    (IncompleteReadError, _CLOSED),
    # Last: it is the base class of others. Its text quotes the header that can't be sent: a token with a line end.
    (HTTPClientError, "the request can't be sent. Check the AWS keys for line ends, and the proxy's URL"),
)
# The codes that botocore has already retried for some seconds (`botocore.retries.standard`; common errors of STS).
_STS_PASSING = frozenset(
    {"IDPCommunicationError", "InternalFailure", "RequestLimitExceeded", "ServiceUnavailable", "Throttling"}
)
_ROLE_OPERATIONS = frozenset({"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"})


class S3Error(OSError):
    """A failed S3 call; the text says why it failed and what to do."""


class S3PassingError(S3Error, PassingError):
    """A call that failed because S3 is overloaded or has an internal fault: it may succeed later."""


class S3ExpiredError(S3Error):
    """A call with credentials that have expired."""


class S3DeniedError(S3Error, PermissionError):
    """A call that a policy does not allow."""


def explain(error: ClientError | BotoCoreError) -> OSError:
    """Return `error` as Python's own error for files.

    It is a FileNotFoundError if the object does not exist, and a PermissionError if access is denied.
    """
    if not isinstance(error, ClientError):
        return _explain_connection(error)
    code = code_of(error)
    if error.operation_name in _ROLE_OPERATIONS:
        return (S3PassingError if code in _STS_PASSING else S3Error)(_cause_of_role(code))
    if code in ABSENT:
        return FileNotFoundError("there is no such file. Check the path")
    return _error_of(code)(cause_of(code))


def _explain_connection(error: BotoCoreError) -> S3Error:
    if isinstance(error, ParamValidationError):
        return S3Error(_cause_of_name(str(error)))
    if is_cut_off(error):
        return S3PassingError(_CLOSED)
    if isinstance(error, ExpiredKeysError):
        return S3ExpiredError(_EXPIRED)
    for kind, cause in _CONNECTION_CAUSES:
        if isinstance(error, kind):
            return (S3PassingError if isinstance(error, _PASSING_CONNECTIONS) else S3Error)(cause)
    return S3Error(f"{first_line(error)[:300]}. Check the AWS configuration")


def _error_of(code: str) -> type[S3Error]:
    if is_passing_code(code):
        return S3PassingError
    if code in EXPIRED:
        return S3ExpiredError
    return S3DeniedError if _SAME_AS.get(code, code) == "AccessDenied" else S3Error


def is_passing_code(code: str) -> bool:
    """Return whether an S3 error code means overload or an internal fault: the same call may succeed later."""
    return _SAME_AS.get(code, code) in _PASSING


def is_cut_off(error: Exception) -> bool:
    """Return whether the connection ended during the TLS handshake; botocore reports that like a bad certificate."""
    return isinstance(error, SSLError) and "EOF" in str(error)


def explain_setting(error: ValueError | OSError) -> S3Error:
    """Return the error for one of Python's own, raised while botocore reads settings or runs a credential_process.

    The output of that process is left out: it may contain keys.
    """
    if isinstance(error, (OSError, JSONDecodeError)):
        return S3Error(_NO_SOURCE)
    why = "" if "@" in str(error) else f" ({error})"  # an endpoint's URL may hold a password
    return S3Error(
        f"an AWS setting is not valid{why}. Correct it in the environment or the configuration file"
    )


def cause_of(code: str) -> str:
    """Return cause and remedy for an S3 error code."""
    if code in EXPIRED:
        return _EXPIRED
    if code.startswith("KMS."):
        return f"its KMS key can't be used ({code}). Check the key's state and the bucket's encryption"
    return _CAUSES.get(_SAME_AS.get(code, code), f"S3 answered {code}. Look it up in the S3 API Reference")


def _cause_of_name(report: str) -> str:
    """Return cause and remedy for a request that botocore does not send: its bucket is not valid, or its key empty."""
    if "bucket name" in report:
        return "S3 allows no such bucket name. Correct it"
    return "it names a bucket and no file. Write s3://bucket/folder/file"


def _cause_of_role(code: str) -> str:
    """Return cause and remedy for an STS error code; botocore raises it from the call that needed the role."""
    if code in EXPIRED:
        return _EXPIRED
    if code in _STS_PASSING:
        return f"AWS STS gave no role for the moment ({code}). Run again"
    return f"the role can't be assumed ({code}). Check the role's ARN, and whom its trust policy allows to assume it"
