"""A newcomer's first run, by the commands that the README gives for it, in their order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

import jobs.cli.inspect
import jobs.init.__main__
import jobs.put_events
from standin.process import StandinProcess
from tests.docs.blocks import ROOT
from tests.whole_job.harness import interactions, rows_in

RUN = re.compile(r"`personalize-backfill (\S+) ?([^`]*)`")
PLACES = (ROOT / "docs" / "security.md").read_text().split("\n## ")[1]
ROWS = [{"USER_ID": f"u{number}", "TIMESTAMP": 1_760_000_000 + number} for number in range(20)]


def section(title: str) -> str:
    """What the README says under a heading."""
    return (ROOT / "README.md").read_text().split(f"\n## {title}\n")[1].split("\n## ")[0]


def programs(spark: SparkSession) -> dict[str, Callable[[list[str]], int]]:
    @contextmanager
    def the_tests_session(*_: object) -> Iterator[SparkSession]:
        yield spark

    return {
        "init": jobs.init.__main__.main,
        "inspect": jobs.cli.inspect.main,
        "plan": lambda arguments: jobs.put_events.main([*arguments, "--plan"], the_tests_session),
        "run": lambda arguments: jobs.put_events.main(arguments, the_tests_session),
    }


@pytest.mark.spark
@pytest.mark.job
def test_the_first_real_run_of_the_readme_delivers_a_log(
    spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log, config, output = tmp_path / "logs", tmp_path / "job.yaml", tmp_path / "output"
    log.mkdir()
    pq.write_table(interactions(ROWS), log / "part-0.parquet")
    init, plan, trial, whole, *_ = RUN.findall(section("A first real run"))
    run = programs(spark)

    assert init == ("init", "s3://bucket/logs/")
    assert run["init"]([str(log), "--output", str(config)]) == 0
    assert plan == ("plan", "--config job.yaml")
    assert (trial, whole) == (("run", "--config job.yaml --first 100"), ("run", "--config job.yaml"))
    with StandinProcess(record=tmp_path / "record") as standin:
        fill_in(config, standin.url, output)
        assert run["plan"](["--config", str(config)]) == 0
        assert run["run"](["--config", str(config), "--first", "15"]) == 5
        assert run["run"](["--config", str(config)]) == 0
        assert standin.stop()["distinct_event_ids"] == len(ROWS)

    assert [place for place in left_in(output) if f"`{place}`" not in PLACES] == []
    assert run["inspect"]([str(output)]) == 0
    assert set(re.findall(r"planned|delivered(?=  +\d{4}-)", capsys.readouterr().out)) == {
        "planned",
        "delivered",
    }
    assert {event["userId"] for event in rows_in(tmp_path / "record")} == {row["USER_ID"] for row in ROWS}


def left_in(output: Path) -> set[str]:
    """The places that the runs left, as docs/security.md writes them."""
    runs = [entry for run in (output / "runs").iterdir() for entry in run.iterdir()]
    named = [*((entry, f"runs/<run_id>/{entry.name}") for entry in runs)]
    named += [(entry, entry.name) for entry in output.iterdir() if entry.name != "runs"]
    return {f"{name}/" if entry.is_dir() else name for entry, name in named}


def fill_in(config: Path, url: str, output: Path) -> None:
    """What step 2 asks of a person; and another output than the folder that the tests run in."""
    todo, beside = 'tracking_id: ""', 'path: "personalize-backfill"'
    text = config.read_text()
    assert text.count(todo) == text.count("# TODO") == text.count(beside) == 1
    text = text.replace(todo, f"tracking_id: tracker\n  endpoint_url: {url}")
    config.write_text(text.replace(beside, f"path: {output}"))
