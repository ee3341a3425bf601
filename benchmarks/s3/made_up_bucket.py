"""An S3 bucket of any number of equal files in folders by day, generated on request, with a delay for each answer."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from datetime import date, timedelta
from xml.sax.saxutils import escape

from tests.aws.network.http import Request, Response, Server

_PAGE = 1_000
_FIRST_DAY = date(2018, 1, 1)
_TIME = "2026-01-01T00:00:00.000Z"
_HTTP_TIME = "Thu, 01 Jan 2026 00:00:00 GMT"


class MadeUpBucket:
    """`files` files of `content` below `logs/day=…/`, spread over `days` days; `counts` by operation."""

    def __init__(self, content: bytes, files: int, days: int, latency_seconds: float) -> None:
        self.content = content
        self.counts: Counter[str] = Counter()
        self._latency = latency_seconds
        self._keys = sorted(
            f"logs/day={_FIRST_DAY + timedelta(number % days)}/part-{number // days:05}.parquet"
            for number in range(files)
        )
        self._known = set(self._keys)
        self._server = Server(self._answer, "127.0.0.1")

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables that point a process to it."""
        return {"AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{self._server.port}"}

    def __enter__(self) -> MadeUpBucket:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    def _answer(self, request: Request) -> Response:
        time.sleep(self._latency)
        key = request.path.partition("/lake")[2].strip("/")
        if "list-type" in request.query:
            self.counts["listing"] += 1
            return self._listed(request.query)
        if not key:
            self.counts["bucket"] += 1
            return Response(200, {"x-amz-bucket-region": "eu-west-1"})
        self.counts["head" if request.method == "HEAD" else "get"] += 1
        return self._object(request) if key.replace("%3D", "=") in self._known else Response(404)

    def _object(self, request: Request) -> Response:
        headers = {"ETag": '"1"', "Last-Modified": _HTTP_TIME, "Accept-Ranges": "bytes"}
        if request.method == "HEAD":
            return Response(200, {**headers, "Content-Length": str(len(self.content))})
        span = request.headers.get("range", "").removeprefix("bytes=")
        if not span:
            return Response(200, headers, self.content)
        first, _, last = span.partition("-")
        start = int(first) if first else max(len(self.content) - int(last), 0)
        end = min(int(last), len(self.content) - 1) if first and last else len(self.content) - 1
        headers["Content-Range"] = f"bytes {start}-{end}/{len(self.content)}"
        return Response(206, headers, self.content[start : end + 1])

    def _listed(self, query: dict[str, str]) -> Response:
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        size = min(int(query.get("max-keys", _PAGE)), _PAGE)
        after = query.get("continuation-token") or query.get("start-after", "")
        place = bisect_left(self._keys, max(prefix, after))
        found: list[str] = []
        more = ""
        while place < len(self._keys) and self._keys[place].startswith(prefix):
            key = self._keys[place]
            folder, slash, _ = key[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
            if len(found) == size:
                more = key
                break
            if slash:
                found.append(f"<CommonPrefixes><Prefix>{escape(prefix + folder)}/</Prefix></CommonPrefixes>")
                place = bisect_left(self._keys, prefix + folder + "0")  # the character after the slash
            else:
                found.append(self._entry(key))
                place += 1
        token = f"<NextContinuationToken>{escape(more)}</NextContinuationToken>" if more else ""
        body = (
            '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>lake</Name>'
            f"<Prefix>{escape(prefix)}</Prefix><KeyCount>{len(found)}</KeyCount><MaxKeys>{size}</MaxKeys>"
            f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>{token}{''.join(found)}</ListBucketResult>"
        )
        return Response(200, {"Content-Type": "application/xml"}, body.encode())

    def _entry(self, key: str) -> str:
        return (
            f"<Contents><Key>{escape(key)}</Key><LastModified>{_TIME}</LastModified><ETag>&quot;1&quot;</ETag>"
            f"<Size>{len(self.content)}</Size><StorageClass>STANDARD</StorageClass></Contents>"
        )
