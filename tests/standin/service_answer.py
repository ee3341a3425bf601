"""An HTTP answer as botocore reads it, for a client whose requests a test answers in this process."""

from __future__ import annotations

import io
from collections.abc import Iterator

from botocore.awsrequest import AWSPreparedRequest, AWSResponse


class _Raw(io.BytesIO):
    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()


def json_answer(request: AWSPreparedRequest, status: int, content: bytes) -> AWSResponse:
    return AWSResponse(request.url, status, {"Content-Type": "application/x-amz-json-1.1"}, _Raw(content))
