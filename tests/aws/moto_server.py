"""An S3 server for tests: moto in a process of its own, and the environment in which a job finds it."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from pathlib import Path
from queue import Empty, Queue
from types import TracebackType
from typing import IO, TYPE_CHECKING

import boto3

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_RUNNING = re.compile(r"Running on (http://127\.0\.0\.1:\d+)")
_START_SECONDS = 60.0
_STOP_SECONDS = 10.0

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    "AWS_SESSION_TOKEN": "a-session-token",
    "AWS_REGION": "eu-west-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


class MotoServer:
    """`with MotoServer() as s3:` an empty S3 on a free port of this machine, ended with the block.

    `url` is its endpoint, `environ` what a process needs to use it, `client()` sets it up.
    """

    def __init__(self) -> None:
        self.url = ""
        self._process: subprocess.Popen[str] | None = None

    @property
    def environ(self) -> dict[str, str]:
        return {**CREDENTIALS, "AWS_ENDPOINT_URL_S3": self.url}

    def client(self) -> S3Client:
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name=CREDENTIALS["AWS_REGION"],
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )

    def create_bucket(self, name: str) -> str:
        """An empty bucket's `s3://` URL."""
        location = {"LocationConstraint": CREDENTIALS["AWS_REGION"]}
        self.client().create_bucket(Bucket=name, CreateBucketConfiguration=location)
        return f"s3://{name}"

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """The keys of a bucket's objects (the first 1,000), in order."""
        listed = self.client().list_objects_v2(Bucket=bucket, Prefix=prefix)
        return [item["Key"] for item in listed.get("Contents", [])]

    def __enter__(self) -> MotoServer:
        # Port 0: the system gives a free one, which the server tells on stderr once it listens.
        command = [str(Path(sys.executable).with_name("moto_server")), "-H", "127.0.0.1", "-p", "0"]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        found: Queue[str] = Queue()
        assert self._process.stderr is not None
        threading.Thread(target=_watch, args=(self._process.stderr, found), daemon=True).start()
        try:
            self.url = found.get(timeout=_START_SECONDS)
        except Empty:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _watch(stream: IO[str], found: Queue[str]) -> None:
    """Read the server's log to its end, so that the pipe never fills, and pass on where it listens."""
    for line in stream:
        running = _RUNNING.search(line)
        if running:
            found.put(running[1])
