"""S3 through pyarrow: what is worth another attempt, and which version is read."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.response import StreamingBody
from pyarrow import fs

from core.aws import s3_filesystem
from core.aws.s3_filesystem import S3Handler, call
from core.errors import StorageError
from core.storage import Folder

FILES = fs.PyFileSystem(S3Handler())


class Script:
    """Answers one request after the other from a script; an exception is raised."""

    def __init__(self, *answers: Any) -> None:  # noqa: ANN401 - answers and errors alike
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []

    def list_objects_v2(self, **arguments: Any) -> Any:  # noqa: ANN401
        return self.get_object(**arguments)

    def get_object(self, **arguments: Any) -> Any:  # noqa: ANN401
        self.asked.append(arguments)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}}, "GetObject")


def part(content: bytes, of: int, version: str = "v1") -> dict[str, Any]:
    body = StreamingBody(io.BytesIO(content), len(content))
    return {"Body": body, "ContentRange": f"bytes 0-{len(content)}/{of}", "ETag": version}


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    made = Script()
    monkeypatch.setattr(s3_filesystem, "shared_client", lambda _: made)
    return made


def test_expired_credentials_are_looked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    renewed: list[bool] = []
    monkeypatch.setattr(s3_filesystem, "renew_clients", lambda: renewed.append(True))
    answers = iter([refusal("ExpiredToken"), None])

    def request() -> str:
        if error := next(answers):
            raise error
        return "done"

    assert call(request) == "done"
    assert renewed == [True]


def test_credentials_that_stay_expired_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_filesystem, "renew_clients", lambda: None)

    def request() -> None:
        raise refusal("ExpiredToken")

    with pytest.raises(OSError, match="have expired"):
        call(request)


def test_an_answer_that_breaks_off_is_asked_for_again(script: Script) -> None:
    broken = part(b"never read", 4)
    broken["Body"] = Breaking()
    script.answers = [broken, part(b"data", 4)]
    with FILES.open_input_file("shop/key") as file:
        assert file.read() == b"data"
    assert len(script.asked) == 2


class Breaking:
    def read(self) -> bytes:
        raise ReadTimeoutError(endpoint_url="https://s3")


def test_names_that_begin_so_are_listed_and_no_others(script: Script) -> None:
    times = {"Size": 1, "LastModified": datetime(2026, 1, 1, tzinfo=UTC)}
    script.answers = [{"Contents": [{"Key": "out/ledger/part-a.1", **times}], "IsTruncated": False}]
    assert Folder("s3://shop/out/ledger").names("part-a") == ["part-a.1"]
    [asked] = script.asked
    assert (asked["Prefix"], asked["Delimiter"]) == ("out/ledger/part-a", "/")


def test_a_denied_file_is_not_asked_for_again(script: Script) -> None:
    script.answers = [refusal("AccessDenied")]
    with pytest.raises(OSError, match="access is denied"):
        FILES.open_input_file("shop/key")


def test_an_empty_object_is_an_empty_file(script: Script) -> None:
    script.answers = [refusal("InvalidRange")]
    with FILES.open_input_file("shop/key") as file:
        assert (file.size(), file.read()) == (0, b"")


def test_a_file_that_changes_while_it_is_read_is_no_mixture(script: Script) -> None:
    script.answers = [part(bytes(64 * 1024), 200_000), refusal("PreconditionFailed")]
    with FILES.open_input_file("shop/key") as file, pytest.raises(OSError, match="changed while it was read"):
        file.read_at(10, 0)
    assert script.asked[1]["IfMatch"] == "v1"


def test_many_objects_are_deleted_with_few_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, list[str]]] = []

    class Client:
        def delete_objects(self, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401
            keys = [each["Key"] for each in arguments["Delete"]["Objects"]]
            asked.append((arguments["Bucket"], keys))
            return {}

    monkeypatch.setattr(s3_filesystem, "shared_client", lambda _: Client())
    Folder("s3://shop/out/ledger").delete_files([f"part-{number}" for number in range(2_001)])
    assert [(bucket, len(keys)) for bucket, keys in asked] == [("shop", 1_000), ("shop", 1_000), ("shop", 1)]
    assert asked[2][1] == ["out/ledger/part-2000"]
    Folder("s3://shop/out/ledger").delete_files([])
    assert len(asked) == 3


class Deleting:
    """Answers DeleteObjects from a script of error codes by key, one dictionary for each request."""

    def __init__(self, *refusals: dict[str, str]) -> None:
        self.refusals = list(refusals)
        self.asked: list[list[str]] = []

    def delete_objects(self, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401
        self.asked.append([each["Key"] for each in arguments["Delete"]["Objects"]])
        refused = self.refusals.pop(0) if self.refusals else {}
        return {"Errors": [{"Key": key, "Code": code} for key, code in refused.items()]}


def test_keys_that_s3_could_not_delete_for_now_are_deleted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """DeleteObjects succeeds as a whole: botocore sees nothing to repeat."""
    client, slept = Deleting({"b": "InternalError", "c": "SlowDown"}, {"c": "SlowDown"}), list[float]()
    monkeypatch.setattr(s3_filesystem, "shared_client", lambda _: client)
    s3_filesystem._delete_at_once("shop", ["a", "b", "c"], slept.append)
    assert client.asked == [["a", "b", "c"], ["b", "c"], ["c"]]
    assert slept == [0.1, 0.3]


def test_keys_that_stay_are_an_error_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Deleting(*[{"a": "SlowDown"}] * 9)
    monkeypatch.setattr(s3_filesystem, "shared_client", lambda _: client)
    with pytest.raises(OSError, match="fewer requests"):
        s3_filesystem._delete_at_once("shop", ["a"], lambda _: None)
    assert len(client.asked) == 5


def test_a_folder_behind_an_empty_page_is_seen(script: Script) -> None:
    """A page may be empty and truncated, as where objects were deleted from a bucket with versions."""
    times = {"Size": 1, "LastModified": datetime(2026, 1, 1, tzinfo=UTC)}
    script.answers = [
        {"IsTruncated": True, "NextContinuationToken": "next"},
        {"Contents": [{"Key": "logs/a", **times}], "IsTruncated": True, "NextContinuationToken": "more"},
    ]
    assert FILES.get_file_info("shop/logs").type == fs.FileType.Directory
    assert [asked.get("ContinuationToken") for asked in script.asked] == [None, "next"]


def test_an_object_that_can_not_be_deleted_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class Client:
        def delete_objects(self, **_: Any) -> dict[str, Any]:  # noqa: ANN401
            return {"Errors": [{"Key": "out/a", "Code": "AccessDenied"}]}

    monkeypatch.setattr(s3_filesystem, "shared_client", lambda _: Client())
    with pytest.raises(StorageError, match="could not delete s3://shop/out"):
        Folder("s3://shop/out").delete_files(["a"])
