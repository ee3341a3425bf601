"""The objects behind S3: moto's, in this process, asked in S3's own words and without a look at who asks.

moto's state is the process's own, so one store is open at a time; it begins empty.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

from moto.moto_server.werkzeug_app import create_backend_app
from moto.s3.models import s3_backends
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, run_wsgi_app

from tests.aws.network.http import Response

_HOST = "localhost"
_ANYONE = "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/s3/aws4_request, SignedHeaders=x, Signature=x"
"""What moto takes for a signature; it reads the region of a new bucket from it."""
_XML = "{http://s3.amazonaws.com/doc/2006-03-01/}"


class Store:
    """Buckets and objects. Every call is atomic."""

    def __init__(self) -> None:
        s3_backends.reset()
        self._app = create_backend_app("s3")
        self._lock = threading.Lock()

    def call(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Response:
        """Carry one request out; `target` is path style, percent-encoded, with its query."""
        path, _, query = target.partition("?")
        # Checked before this. moto would give it back as the object's own, which S3 does not.
        headers = {name: value for name, value in (headers or {}).items() if name.lower() != "content-md5"}
        environ = EnvironBuilder(
            path=path,
            base_url=f"http://{_HOST}",
            query_string=query,
            method=method,
            headers=Headers({"Authorization": _ANYONE, **headers, "Host": _HOST}),
            data=body,
        ).get_environ()
        environ["RAW_URI"] = environ["REQUEST_URI"] = target
        with self._lock:
            chunks, status, answered = run_wsgi_app(self._app, environ, buffered=True)
            content = b"".join(chunks)
        return Response(int(status.split()[0]), dict(answered.items()), content)

    def create_bucket(self, name: str, region: str) -> None:
        where = f"<LocationConstraint>{region}</LocationConstraint>"
        body = f"<CreateBucketConfiguration>{where}</CreateBucketConfiguration>"
        scope = {"Authorization": _ANYONE.replace("us-east-1", region)}
        _done(self.call("PUT", f"/{name}", scope, b"" if region == "us-east-1" else body.encode()))

    def put(self, bucket: str, key: str, content: bytes, storage_class: str = "STANDARD") -> None:
        _done(self.call("PUT", _target(bucket, key), {"x-amz-storage-class": storage_class}, content))

    def get(self, bucket: str, key: str) -> bytes:
        """The content, in any storage class; KeyError if there is no such object."""
        with self._lock:
            (account_backends,) = s3_backends.values()
            found = account_backends["aws"].get_object(bucket, key)
        if found is None:
            raise KeyError(f"s3://{bucket}/{key}")
        return bytes(found.value)

    def delete(self, bucket: str, key: str) -> None:
        """Delete an object; fine if there is none."""
        _done(self.call("DELETE", _target(bucket, key)))

    def has(self, bucket: str, key: str) -> bool:
        return self.call("HEAD", _target(bucket, key)).status == 200

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """All keys that begin with `prefix`, in order."""
        query = {"list-type": "2", "prefix": prefix}
        keys: list[str] = []
        while True:
            page = ElementTree.fromstring(_done(self.call("GET", f"/{bucket}?{urlencode(query)}")).body)  # noqa: S314
            keys += [key.text or "" for key in page.iter(f"{_XML}Key")]
            more = page.findtext(f"{_XML}NextContinuationToken")
            if not more:
                return keys
            query["continuation-token"] = more


def _target(bucket: str, key: str) -> str:
    return f"/{bucket}/{quote(key, safe='/-_.~')}"


def _done(response: Response) -> Response:
    assert response.status < 300, response
    return response
