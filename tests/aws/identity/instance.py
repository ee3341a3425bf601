"""Where a job on EC2, ECS or EKS gets its keys: the instance metadata service, and the container's credentials.

As strict as IMDSv2: no answer without a token from a PUT, none to a request that a proxy passed on. Sources: Amazon EC2
User Guide, "Use the Instance Metadata Service"; AWS SDKs Reference Guide, "Container credential provider".
"""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass, field

from tests.aws.identity.keys import Key, KeyRing
from tests.aws.identity.sts import session_arn
from tests.aws.network.http import Request, Response

_TOKEN_PATH = "/latest/api/token"
_CREDENTIALS = "/latest/meta-data/iam/security-credentials"
CONTAINER_PATH = "/v1/credentials"
MAX_TOKEN_SECONDS = 21600


@dataclass
class Instance:
    """Handles requests to both services for one role; each key lasts `seconds`, and `issued` holds them all.

    As on AWS, a key is given out again until `early` seconds before its end.
    """

    keys: KeyRing
    role_arn: str
    region: str
    seconds: float = 3600.0
    early: float = 300.0
    container_token: str = field(default_factory=lambda: secrets.token_urlsafe(20))
    issued: list[Key] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    _tokens: dict[str, float] = field(default_factory=dict)

    def __call__(self, request: Request) -> Response:
        response = self._answer(request)
        if response.status >= 400:
            self.refused.append(response.status)
        return response

    def _answer(self, request: Request) -> Response:
        if request.path == CONTAINER_PATH:
            return self._container(request)
        if request.path == _TOKEN_PATH:
            return self._token(request)
        if time.time() >= self._tokens.get(request.headers.get("x-aws-ec2-metadata-token", ""), 0.0):
            return Response(401)
        return self._metadata(request.path)

    def _container(self, request: Request) -> Response:
        if request.headers.get("authorization") != self.container_token:
            return Response(401)
        return _json(self._key_as_json() | {"RoleArn": self.role_arn})

    def _token(self, request: Request) -> Response:
        if request.method != "PUT":
            return Response(405)
        if "x-forwarded-for" in request.headers:
            return Response(403)
        seconds = request.headers.get("x-aws-ec2-metadata-token-ttl-seconds", "")
        if not seconds.isdigit() or not 1 <= int(seconds) <= MAX_TOKEN_SECONDS:
            return Response(400)
        token = secrets.token_urlsafe(40)
        self._tokens[token] = time.time() + int(seconds)
        return Response(200, {"X-Aws-Ec2-Metadata-Token-Ttl-Seconds": seconds}, token.encode())

    def _metadata(self, path: str) -> Response:
        role = self.role_arn.rpartition("/")[2]
        texts = {
            f"{_CREDENTIALS}/": role,
            "/latest/meta-data/placement/region": self.region,
            "/latest/meta-data/placement/availability-zone": f"{self.region}a",
        }
        text = texts.get(path) or texts.get(path.removesuffix("/"))  # botocore asks for the zone with a slash
        if text:
            return Response(200, {"Content-Type": "text/plain"}, text.encode())
        if path == f"{_CREDENTIALS}/{role}":
            return _json(self._key_as_json() | {"Code": "Success", "Type": "AWS-HMAC"})
        if path == "/latest/dynamic/instance-identity/document":
            return _json({"region": self.region})
        return Response(404)

    def _key_as_json(self) -> dict[str, str]:
        key = self.issued[-1] if self.issued else None
        if key is None or (key.expires or 0) - time.time() < min(self.early, self.seconds / 2):
            key = self.keys.session(session_arn(self.role_arn, "i-0123456789abcdef0"), self.seconds)
            self.issued.append(key)
        return {
            "AccessKeyId": key.access_key,
            "SecretAccessKey": key.secret_key,
            "Token": key.token or "",
            "Expiration": key.expiration,
            "LastUpdated": key.expiration,
        }


def _json(content: dict[str, str]) -> Response:
    return Response(200, {"Content-Type": "application/json"}, json.dumps(content).encode())
