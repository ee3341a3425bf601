"""The output's place is the same for every process, whichever folder it works in."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.runs.run_folder import absolute


def test_a_relative_output_lies_below_where_the_driver_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute("backfill") == str(tmp_path / "backfill")
    assert absolute("./a/backfill/") == str(tmp_path / "a" / "backfill")


@pytest.mark.parametrize(
    "output", ["/data/backfill", "file:/data/backfill", "s3://bucket/a/", "s3a://bucket"]
)
def test_any_other_output_stays_as_it_was_written(output: str) -> None:
    assert absolute(output) == output
