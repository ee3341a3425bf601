"""Bad input ends in one clear sentence that names the file, key or column, with exit code 2 and nothing sent."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from jobs.put_events import main
from tests.delivery.scripted_server import Reply, ScriptedServer
from tests.whole_job.bad_input.spoiling import (
    ROWS,
    Spoil,
    assert_one_sentence,
    no_spark,
    put,
    schema_with,
    suite_with,
    with_credentials,
)
from tests.whole_job.harness import Job, interactions

pytestmark = pytest.mark.job

BEFORE_SPARK: dict[str, tuple[Spoil, tuple[str, ...]]] = {
    "unknown key": (lambda job: put(job, "delivery.max_request_per_second", 5), ("did you mean delivery.max",)),
    "wrong type": (lambda job: put(job, "delivery.max_attempts", "many"), ("delivery.max_attempts",)),
    "blank tracking ID": (lambda job: put(job, "personalize.tracking_id", " "), ("personalize.tracking_id",)),
    "source missing": (lambda job: put(job, "source.path", "/no/such/folder"), ("/no/such/folder",)),
    "source empty": (lambda job: (job.folder / "source" / "part-0.parquet").unlink(), ("source",)),
    "not Parquet": (
        lambda job: (job.folder / "source" / "part-1.parquet").write_text("a,b\n1,2\n"),
        ("part-1.parquet", "not Parquet"),
    ),
    "footer cut off": (
        lambda job: (job.folder / "source" / "part-1.parquet").write_bytes(
            (job.folder / "source" / "part-0.parquet").read_bytes()[:-20]
        ),
        ("part-1.parquet",),
    ),
    "schema missing": (lambda job: put(job, "schema", "/no/such.avsc"), ("/no/such.avsc",)),
    "schema not JSON": (lambda job: (job.folder / "interactions.avsc").write_text("{"), ("interactions.avsc", "JSON")),
    "schema not Avro": (lambda job: (job.folder / "interactions.avsc").write_text('{"a": 1}'), ("interactions.avsc",)),
    "schema without ITEM_ID": (lambda job: schema_with(job, without="ITEM_ID"), ("ITEM_ID",)),
    "two fields with one key": (
        lambda job: schema_with(job, {"name": "DIS_COUNT", "type": ["null", "string"]}),
        ("DISCOUNT", "DIS_COUNT"),
    ),
    "reserved name as property": (
        lambda job: put(job, "mapping.properties", {"EVENT_TYPE": "EVENT_TYPE"}),
        ("mapping.properties.EVENT_TYPE",),
    ),
    "property not in the schema": (
        lambda job: put(job, "mapping.properties", {"DISCONT": "DISCOUNT"}),
        ("mapping.properties.DISCONT", "DISCOUNT"),
    ),
    "required field not mapped": (lambda job: schema_with(job, {"name": "DEVICE", "type": "string"}), ("DEVICE",)),
    "suite not JSON": (
        lambda job: ((job.folder / "s.json").write_text("["), put(job, "checks.suite", str(job.folder / "s.json"))),
        ("s.json", "JSON"),
    ),
    "suite with an unknown expectation": (
        lambda job: suite_with(job, {"type": "expect_column_values_to_be_nul", "kwargs": {"column": "itemId"}}),
        ("expect_column_values_to_be_nul",),
    ),
    "suite with an unknown column": (
        lambda job: suite_with(job, {"type": "expect_column_values_to_be_null", "kwargs": {"column": "itemID"}}),
        ("itemID", "itemId"),
    ),
    "a path with a character that ends it": (
        lambda job: put(job, "source.path", "logs\0old"),
        ("source.path", "single quotes"),
    ),
    "output inside the source": (
        lambda job: put(job, "output.path", str(job.folder / "source" / "out")),
        ("output.path", "source.path"),
    ),
    "output below what a pattern matches": (
        lambda job: (
            put(job, "source.path", str(job.folder / "sou*")),
            put(job, "output.path", str(job.folder / "source" / "out")),
        ),
        ("output.path", "source.path"),
    ),
    "output by a link inside the source": (
        lambda job: (
            (job.folder / "link").symlink_to(job.folder / "source"),
            put(job, "output.path", str(job.folder / "link" / "out")),
        ),
        ("output.path", "source.path"),
    ),
    "files within a table's folder": (
        lambda job: (
            (job.folder / "source" / "_delta_log").mkdir(),
            put(job, "source.path", str(job.folder / "source" / "*.parquet")),
        ),
        ("is the folder of a table of Delta Lake", "Name that folder alone as source.path"),
    ),
    "a path and a table": (
        lambda job: put(job, "source.table", "lake.shop.events"),
        ("source.path and source.table exclude one another",),
    ),
    "a version of files": (lambda job: put(job, "source.as_of", 3), ("source.as_of: only a table has versions",)),
    "a hidden data file": (
        lambda job: (job.folder / "source" / "part-0.parquet").rename(job.folder / "source" / "_part-0.parquet"),
        ("_part-0.parquet", "says that it holds no data"),
    ),
    "source inside the output": (lambda job: put(job, "output.path", str(job.folder)), ("output.path", "source.path")),
    "an output in a home folder by its sign": (
        lambda job: put(job, "output.path", "~/out"),
        ("output.path ~/out", "Write the whole path"),
    ),
    "output is a pattern": (
        lambda job: put(job, "output.path", str(job.folder / "out[1]")),
        ("output.path", "out[1]", "pattern"),
    ),
    "output has a character that Spark passes over": (
        lambda job: put(job, "output.path", str(job.folder / "out\\1")),
        ("output.path", "out\\1", "pattern"),
    ),
    "output not writable": (
        lambda job: put(job, "output.path", str(job.folder / "job.yaml" / "out")),
        ("job.yaml/out",),
    ),
}  # fmt: skip

WITHOUT_OUTPUT = {
    "a path and a table",
    "an output in a home folder by its sign",
    "unknown key",
    "wrong type",
    "blank tracking ID",
    "a path with a character that ends it",
    "output inside the source",
    "output below what a pattern matches",
    "output by a link inside the source",
    "source inside the output",
    "output is a pattern",
    "output has a character that Spark passes over",
    "output not writable",
}
"""Cases in which no output is known, or none that may be written: the log alone has the sentence."""


@pytest.mark.parametrize("case", BEFORE_SPARK)
def test_what_can_be_known_before_spark_is_said_before_spark(
    case: str, job: Job, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_credentials(monkeypatch)
    spoil, said = BEFORE_SPARK[case]
    job.write_source(interactions(ROWS))
    spoil(job)
    assert main(job.arguments("run-1"), start_spark=no_spark) == 2
    assert_one_sentence(caplog.text, *said)
    error = job.output / "runs" / "run-1" / "error.json"
    if case in WITHOUT_OUTPUT:
        assert list(job.folder.rglob("error.json")) == []
    else:
        sentence, place = caplog.messages[-2:]
        assert json.loads(error.read_text())["error"] == sentence
        assert place == f"the same is in {error}"


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "job.yaml"), ("a: [", "not valid YAML"), ("- 1", "YAML mapping")],
    ids=["missing", "not YAML", "not a mapping"],
)
def test_a_configuration_that_cannot_be_read_is_named(
    text: str | None, said: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "job.yaml"
    if text is not None:
        path.write_text(text)
    assert main(["--config", str(path)], start_spark=no_spark) == 2
    assert_one_sentence(caplog.text, said)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        (("preflight", "required"), "preflight: required, but the permission"),
        (("schema", "personalize"), "schema: personalize was not answered"),
    ],
)
def test_a_personalize_that_must_be_asked_and_cannot_be_is_said_before_spark(
    setting: tuple[str, str],
    said: str,
    job: Job,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with_credentials(monkeypatch)
    job.write_source(interactions(ROWS))
    put(job, *setting)
    denied = Reply(400, content=b'{"__type": "AccessDeniedException"}')
    with ScriptedServer(lambda _: denied) as personalize:
        monkeypatch.setenv("AWS_ENDPOINT_URL_PERSONALIZE", personalize.url)
        assert main(job.arguments("run-1"), start_spark=no_spark) == 2
    assert_one_sentence(caplog.text, said)


def test_a_signal_while_the_run_prepares_ends_it_in_a_sentence(
    job: Job, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here while Personalize is asked, before the run holds its folder."""

    def reply(_: int) -> Reply:
        os.kill(os.getpid(), signal.SIGTERM)
        return Reply(400, content=b'{"__type": "AccessDeniedException"}')

    with_credentials(monkeypatch)
    job.write_source(interactions(ROWS))
    with ScriptedServer(reply) as personalize:
        monkeypatch.setenv("AWS_ENDPOINT_URL_PERSONALIZE", personalize.url)
        assert main(job.arguments("run-1"), start_spark=no_spark) == 5
    assert_one_sentence(caplog.text, "SIGTERM was received before the run began to read: nothing was sent")
    assert not (job.output / "runs").exists()


def test_no_region_and_no_credentials_are_said_in_a_sentence(
    job: Job, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    job.write_source(interactions(ROWS))
    for name in (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_PROFILE",
    ):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert main(job.arguments("run-1"), start_spark=no_spark) == 2
    assert_one_sentence(caplog.text, "no AWS credentials")
    put(job, "personalize.region", None)
    assert main(job.arguments("run-1"), start_spark=no_spark) == 2
    assert_one_sentence(caplog.text, "no AWS region")
    monkeypatch.setenv("AWS_PROFILE", "nope")
    assert main(job.arguments("run-1"), start_spark=no_spark) == 2
    assert_one_sentence(caplog.text, "the AWS configuration files lack the profile")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--since", "yesterday"], "--since"),
        (["--since", "2026-02-01", "--until", "2026-01-01"], "--until"),
        (["--run-id", "a/b"], "--run-id"),
        (["--frequency", "1"], "--frequency"),
    ],
)
def test_a_wrong_option_is_named(
    arguments: list[str],
    said: str,
    job: Job,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with_credentials(monkeypatch)
    job.write_source(interactions(ROWS))
    assert main(["--config", str(job.write_config()), *arguments], start_spark=no_spark) == 2
    assert_one_sentence(caplog.text, said)
