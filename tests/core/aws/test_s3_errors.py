"""What S3 answers becomes a cause with a remedy, and never S3's own words."""

from __future__ import annotations

import re

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    IncompleteReadError,
    InvalidRegionError,
    NoCredentialsError,
    ParamValidationError,
    ProfileNotFound,
    ProxyConnectionError,
    ReadTimeoutError,
    ResponseStreamingError,
    SSLError,
    UnauthorizedSSOTokenError,
)

from core.aws.s3_errors import _CAUSES, _CONNECTION_CAUSES, EXPIRED, S3Error, explain, explain_setting
from core.errors import is_passing
from tests.core.test_error_texts import REMEDY


def refusal(code: str) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": "arn:aws:iam::111122223333:user/jane"}}, "GetObject"
    )


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("NoSuchBucket", "no such bucket"),
        ("AccessDenied", "access is denied"),
        ("403", "access is denied"),
        ("InvalidObjectState", "archived in S3 Glacier"),
        ("PermanentRedirect", "another region"),
        ("AuthorizationHeaderMalformed", "another region"),
        ("ExpiredToken", "have expired"),
        ("RequestTimeTooSkewed", "clock"),
        ("InternalError", "failed for the moment"),
        ("500", "failed for the moment"),
        ("503", "fewer requests"),
        ("MethodNotAllowed", "S3 answered MethodNotAllowed"),
        ("KMS.DisabledException", "its KMS key can't be used (KMS.DisabledException)"),
    ],
)
def test_a_refusal_says_why_and_what_to_do(code: str, cause: str) -> None:
    explained = explain(refusal(code))
    assert isinstance(explained, S3Error)
    assert cause in str(explained)
    assert ". " in str(explained), "a remedy follows"
    assert "jane" not in str(explained)


@pytest.mark.parametrize("code", ["SlowDown", "503", "InternalError", "500", "502", "RequestTimeout"])
def test_s3s_own_trouble_may_pass(code: str) -> None:
    assert is_passing(explain(refusal(code)))
    assert not is_passing(explain(refusal("AccessDenied")))


@pytest.mark.parametrize(
    "error",
    [
        ReadTimeoutError(endpoint_url="https://x"),
        ConnectionClosedError(endpoint_url="https://x"),
        ResponseStreamingError(error=ValueError("cut")),
        IncompleteReadError(actual_bytes=1, expected_bytes=2),
        SSLError(
            endpoint_url="https://x", error="[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred in violation"
        ),
    ],
)
def test_an_answer_that_is_lost_may_come_the_next_time(error: BotoCoreError) -> None:
    explained = explain(error)
    assert is_passing(explained)
    assert str(explained).startswith("S3 "), (
        "it had been a request that can't be sent, or a certificate that is not trusted"
    )


@pytest.mark.parametrize("code", ["NoSuchKey", "404"])
def test_a_missing_object_is_a_missing_file(code: str) -> None:
    assert isinstance(explain(refusal(code)), FileNotFoundError)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (SSLError(endpoint_url="https://x", error="bad"), "AWS_CA_BUNDLE"),
        (ProxyConnectionError(proxy_url="http://u:secret@p", error="no"), "HTTPS_PROXY"),
        (EndpointConnectionError(endpoint_url="https://x"), "can't be reached"),
        (NoCredentialsError(), "no AWS credentials"),
        (ProfileNotFound(profile="mine"), "Correct AWS_PROFILE"),
        (CredentialRetrievalError(provider="p", error_msg="key: secret"), "credential_process"),
        (InvalidRegionError(region_name="eu west"), "AWS_REGION"),
        (ParamValidationError(report='Invalid bucket name "a b"'), "no such bucket name"),
        (
            ParamValidationError(report="Invalid length for parameter Key, value: 0"),
            "names a bucket and no file",
        ),
        (UnauthorizedSSOTokenError(), "aws sso login"),
        (ConnectionClosedError(endpoint_url="https://x"), "closed the connection"),
        (
            HTTPClientError(error=ValueError("Invalid header value b'secret\\n'")),
            "Check the AWS keys for line ends",
        ),
    ],
)
def test_a_connection_that_fails_says_what_to_check(error: Exception, cause: str) -> None:
    assert cause in str(explain(error))  # type: ignore[arg-type]
    assert "secret" not in str(explain(error))  # type: ignore[arg-type]


def test_a_setting_is_shown_and_no_password_in_it() -> None:
    assert "(Invalid endpoint: localhost:9)" in str(
        explain_setting(ValueError("Invalid endpoint: localhost:9"))
    )
    assert "secret" not in str(explain_setting(ValueError("Invalid endpoint: u:secret@host")))


def test_a_role_that_is_not_given_is_not_taken_for_a_denied_file() -> None:
    """botocore assumes a profile's role within the first call that needs it, and raises from that call."""
    denied = ClientError({"Error": {"Code": "AccessDenied", "Message": "user/jane"}}, "AssumeRole")
    assert str(explain(denied)).startswith("the role can't be assumed (AccessDenied). Check the role's ARN")


@pytest.mark.parametrize("code", ["Throttling", "InternalFailure", "ServiceUnavailable"])
def test_a_role_that_sts_did_not_give_for_the_moment_is_not_blamed(code: str) -> None:
    """Hundreds of executors that begin at once may be throttled."""
    busy = explain(ClientError({"Error": {"Code": code}}, "AssumeRoleWithWebIdentity"))
    assert str(busy) == f"AWS STS gave no role for the moment ({code}). Run again"
    assert is_passing(busy)


def test_all_words_for_expired_credentials_mean_the_same() -> None:
    assert len({str(explain(refusal(code))) for code in EXPIRED}) == 1


@pytest.mark.parametrize(
    "text",
    [
        *(str(explain(refusal(code))) for code in ("403", "SlowDown", "NoSuchKey", "ExpiredToken", "New")),
        *(str(explain(error(**known))) for error, known in (
            (SSLError, {"endpoint_url": "https://x", "error": "bad"}),
            (NoCredentialsError, {}),
            (ProfileNotFound, {"profile": "mine"}),
            (UnauthorizedSSOTokenError, {}),
            (BotoCoreError, {}),
        )),
        *(str(explain_setting(error)) for error in (OSError(), ValueError("Invalid endpoint: x"))),
        *_CAUSES.values(),
        *(cause for _, cause in _CONNECTION_CAUSES),
    ],
)  # fmt: skip
def test_each_text_is_a_cause_and_a_remedy_without_the_last_full_stop(text: str) -> None:
    """Those who end the sentence rely on it; see `tests/core/test_error_texts.py`."""
    assert re.fullmatch(rf"[^\n]+\. (?:{REMEDY}) [^\n]*[^.\n]", text)
