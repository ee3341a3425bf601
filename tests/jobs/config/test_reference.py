from __future__ import annotations

from pathlib import Path

import yaml

from jobs.config.reference import reference
from jobs.config.settings import Settings

ROOT = Path(__file__).resolve().parents[3]


def _keys() -> list[str]:
    return [line.split("`")[1] for line in reference().splitlines()[2:]]


def test_the_documentation_holds_the_table_that_the_models_make() -> None:
    assert reference() in (ROOT / "docs" / "configuration.md").read_text(), (
        "put what `python -m jobs.config.reference` prints into docs/configuration.md"
    )


def test_every_key_says_what_it_means() -> None:
    for line in reference().splitlines()[2:]:
        assert line.rstrip("| ").count("|") >= 3, line


def test_every_key_of_the_example_is_in_the_table() -> None:
    example = yaml.safe_load((ROOT / "conf" / "job.yaml").read_text())
    Settings.model_validate(example)
    keys = _keys()
    for block, values in example.items():
        for key in values if isinstance(values, dict) else [None]:
            name = block if key is None else f"{block}.{key}"
            assert name in keys, name


def test_a_copy_of_the_example_sets_only_what_every_job_must_name() -> None:
    """A live filter, a role or a Region that a reader forgot to take out would be in force."""
    example = yaml.safe_load((ROOT / "conf" / "job.yaml").read_text())
    mapping = ("userId", "eventType", "itemId", "sentAt")
    named = {
        "source": {"path": example["source"]["path"]},
        "schema": example["schema"],
        "mapping": {key: example["mapping"][key] for key in mapping},
        "personalize": {"tracking_id": example["personalize"]["tracking_id"]},
        "output": example["output"],
    }
    assert Settings.model_validate(example) == Settings.model_validate(named)
