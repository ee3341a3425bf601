from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from botocore.exceptions import ClientError

from jobs.config.configuration import parse_settings
from jobs.init.__main__ import main, write_first
from tests.sources.bucket import bucket
from transforms.interactions_schema import InteractionsSchema
from transforms.properties_plan import plan_properties

CLICKS = pa.table(
    {
        "visitor id": ["v1"],
        "item_id": ["i1"],
        "event": ["view"],
        "ts": [1_700_000_000_000],
        "price": [1.5],
        "on": ["y"],
    }
)


def _log(folder: Path, table: pa.Table) -> Path:
    path = folder / "logs" / "day=2026-01-01" / "part-0.parquet"
    path.parent.mkdir(parents=True)
    pq.write_table(table, path)
    return folder / "logs"


def test_what_is_written_is_a_configuration_that_lacks_the_tracking_id_alone(tmp_path: Path) -> None:
    config, schema = write_first(str(_log(tmp_path, CLICKS)), tmp_path / "job.yaml", force=False)
    settings = parse_settings(config.read_text(), str(config), ("personalize.tracking_id=t",))
    assert settings.mapping.expressions() == {
        "userId": "`visitor id`",
        "itemId": "item_id",
        "eventType": "event",
        "sentAt": "ts",
    }
    assert settings.mapping.sent_at.unit == "milliseconds"
    plan = plan_properties(settings.mapping, InteractionsSchema.parse(schema.read_text(), str(schema)))
    assert [(each.field, each.expr, each.type) for each in plan] == [
        ("PRICE", "price", "float"),
        ("ON", "on", "string"),
    ]


def test_a_line_end_in_a_column_s_name_ends_no_comment(tmp_path: Path) -> None:
    """The rest of the name was a line of YAML, and the file could not be read."""
    log = _log(tmp_path, CLICKS.append_column("not\nused: [", [[[1]]]).append_column("user\nid: [", [["u"]]))
    config, _ = write_first(str(log), tmp_path / "job.yaml", force=False)
    parse_settings(config.read_text(), str(config), ("personalize.tracking_id=t",))
    assert "not used: `not used: [`" in config.read_text()


def test_a_missing_item_is_a_todo(tmp_path: Path) -> None:
    log = _log(tmp_path, pa.table({"user": ["u"], "n": [1]}))
    config, _ = write_first(str(log), tmp_path / "job.yaml", force=False)
    assert yaml.safe_load(config.read_text())["mapping"]["itemId"] == "TODO"


def test_a_log_without_users_and_sessions_has_a_todo_for_one(tmp_path: Path) -> None:
    """Nothing in the file said so, and the next command refused it."""
    log = _log(tmp_path, CLICKS.drop_columns(["visitor id"]))
    config, _ = write_first(str(log), tmp_path / "job.yaml", force=False)
    assert yaml.safe_load(config.read_text())["mapping"]["userId"] == "TODO"
    log = _log(tmp_path / "anonymous", CLICKS.rename_columns(["session_id", *CLICKS.column_names[1:]]))
    config, _ = write_first(str(log), tmp_path / "other.yaml", force=False)
    mapping = yaml.safe_load(config.read_text())["mapping"]
    assert (mapping["sessionId"], "userId" in mapping) == ("session_id", False)


def test_nothing_is_replaced_unasked(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    log, config = _log(tmp_path, CLICKS), tmp_path / "job.yaml"
    config.write_text("mine")
    assert main([str(log), "--output", str(config)]) == 2
    assert config.read_text() == "mine"
    assert "--force" in caplog.text
    assert main([str(log), "--output", str(config), "--force"]) == 0
    assert json.loads((tmp_path / "interactions.avsc").read_text())["name"] == "Interactions"


def test_a_log_that_is_not_there_is_one_sentence(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert main([str(tmp_path / "nowhere"), "--output", str(tmp_path / "job.yaml")]) == 2
    assert len(caplog.records) == 1
    assert "nowhere" in caplog.text


def test_a_folder_holds_several_configurations_each_with_its_schema(tmp_path: Path) -> None:
    """The second had been refused for the first one's schema, and had replaced it with --force."""
    log = _log(tmp_path, CLICKS)
    for name in ("clicks", "orders"):
        assert main([str(log), "--output", str(tmp_path / f"{name}.yaml")]) == 0
        made = yaml.safe_load((tmp_path / f"{name}.yaml").read_text())
        assert made["schema"] == str(tmp_path / f"{name}.avsc")
        assert (tmp_path / f"{name}.avsc").exists()


def test_nothing_is_written_into_the_log_where_it_would_be_read_as_data(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The next command would have ended with "not Parquet, or damaged", of the file that this one had written."""
    log = _log(tmp_path, CLICKS)
    assert main([str(log), "--output", str(log / "conf" / "job.yaml")]) == 2
    assert "is in the log" in caplog.text
    assert list(log.iterdir()) == [log / "day=2026-01-01"]


def test_a_log_of_one_file_is_not_replaced(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """With --force the configuration was written over it."""
    log = tmp_path / "log.parquet"
    pq.write_table(CLICKS, log)
    assert main([str(log), "--output", str(log), "--force"]) == 2
    assert "is in the log" in caplog.text
    assert pq.read_table(log) == CLICKS


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        (".", "--output .: it is a folder. Name a file in it, such as job.yaml."),
        ("/", "--output /: it is a folder. Name a file in it, such as /job.yaml."),
        (
            "x.avsc",
            "--output x.avsc: the schema would be written over the configuration. Give it another ending",
        ),
    ],
)
def test_an_output_without_room_for_two_files_is_one_sentence(
    tmp_path: Path,
    output: str,
    sentence: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first two ended with a trace, the last left a schema and no configuration."""
    log = _log(tmp_path, CLICKS)
    monkeypatch.chdir(tmp_path)
    assert main([str(log), "--output", output]) == 2
    assert sentence in caplog.text
    assert len(caplog.records) == 1
    assert not (tmp_path / "x.avsc").exists()


def test_the_command_to_run_next_can_be_pasted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "my job.yaml"
    assert main([str(_log(tmp_path, CLICKS)), "--output", str(config)]) == 0
    assert f"plan --config '{config}'" in capsys.readouterr().out


def _write_days(folder: Path, *tables: pa.Table) -> Path:
    for number, table in enumerate(tables):
        path = folder / "logs" / f"day={number}" / "a.parquet"
        path.parent.mkdir(parents=True)
        pq.write_table(table, path)
    return folder / "logs"


def test_first_middle_and_last_file_are_looked_at(tmp_path: Path) -> None:
    """The first is of an older layout, the last is empty, and what is between the three is not opened."""
    old = pa.table({"user": [1], "item_id": [1], "ts": [1_500_000_000], "note": pa.nulls(1)})
    new = CLICKS.append_column("note", pa.array(["n"]))
    log = _write_days(tmp_path, old, old, new, old, new.slice(0, 0))
    (log / "day=1" / "a.parquet").write_bytes(b"not opened")
    config, _ = write_first(str(log), tmp_path / "job.yaml", force=False)
    mapping = yaml.safe_load(config.read_text())["mapping"]
    assert (mapping["itemId"], mapping["eventType"], mapping["userId"]) == ("item_id", "event", "user")
    assert mapping["sentAt"]["unit"] == "seconds"
    text = config.read_text()
    assert f"# - item_id is int64 in {log}/day=0/a.parquet, string in {log}/day=2/a.parquet" in text
    assert "its minimum, not its maximum" in text
    assert mapping["properties"]["NOTE"] == "note"


def test_a_log_of_one_layout_says_nothing_of_differences(tmp_path: Path) -> None:
    config, _ = write_first(str(_write_days(tmp_path, CLICKS, CLICKS)), tmp_path / "job.yaml", force=False)
    assert "differ" not in config.read_text()


def test_a_table_whose_log_s3_does_not_give_for_the_moment_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It had been an unexpected error, with its trace."""
    commit = "lake/_delta_log/00000000000000000000.json"
    bucket(monkeypatch, (commit,), {commit: ClientError({"Error": {"Code": "SlowDown"}}, "GetObject")})
    assert main(["s3://shop/lake", "--output", str(tmp_path / "job.yaml")]) == 5
    assert caplog.messages == ["could not read s3://shop/lake: S3 asks for fewer requests. Try again later."]
