"""A configuration is either settings or one sentence naming the key to fix."""

from __future__ import annotations

import pytest
import yaml

from jobs.config.configuration import parse_settings, print_settings
from jobs.config.settings import Settings
from jobs.errors import UsageError

MINIMAL = """
source: {path: s3://shop/logs/}
schema: conf/interactions.avsc
mapping: {userId: USER_ID, eventType: EVENT_TYPE, itemId: ITEM_ID, sentAt: {expr: TIMESTAMP, unit: seconds}}
personalize: {tracking_id: tracker}
output: {path: s3://shop/backfill/}
"""


def refusal(text: str, *overrides: str) -> str:
    with pytest.raises(UsageError) as error:
        parse_settings(text, "job.yaml", overrides)
    return str(error.value)


def test_the_defaults_are_the_contracts() -> None:
    settings = parse_settings(MINIMAL, "job.yaml")
    assert settings.session.gap_minutes == 30
    assert settings.session.per_user is False
    assert settings.checks.max_rejected_fraction == 0.01
    assert settings.delivery.max_requests_per_second == 500
    assert settings.delivery.max_attempts == 8
    assert settings.checks.suite is None


def test_set_overrides_the_file_and_the_file_the_defaults() -> None:
    text = MINIMAL + "delivery: {max_requests_per_second: 300}\n"
    assert parse_settings(text, "job.yaml").delivery.max_requests_per_second == 300
    over = parse_settings(text, "job.yaml", ["delivery.max_requests_per_second=200", "session.per_user=true"])
    assert (over.delivery.max_requests_per_second, over.delivery.max_attempts) == (200, 8)
    assert over.session.per_user is True


def test_set_makes_the_blocks_it_needs_and_takes_any_yaml_value() -> None:
    settings = parse_settings(
        MINIMAL, "job.yaml", ["mapping.properties={DISCOUNT: DISCOUNT}", "source.path=[/a, /b]"]
    )
    assert settings.mapping.properties["DISCOUNT"].expr == "DISCOUNT"
    assert tuple(settings.source.path) == ("/a", "/b")


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("delivery.max_request_per_second=1", "did you mean delivery.max_requests_per_second?"),
        ("sorce.path=a", "did you mean source?"),
        ("mapping.userid=a", "did you mean mapping.userId?"),
        ("mapping.sentAt.units=seconds", "did you mean mapping.sentAt.unit?"),
        ("mapping.properties.DISCOUNT={expr: a, keys: b}", "did you mean mapping.properties.DISCOUNT.key?"),
    ],
)
def test_an_unknown_key_names_its_nearest_neighbour(override: str, said: str) -> None:
    assert said in refusal(MINIMAL, override)


@pytest.mark.parametrize(
    ("override", "key"),
    [
        ("delivery.max_requests_per_second=fast", "delivery.max_requests_per_second"),
        ("delivery.max_requests_per_second=0", "delivery.max_requests_per_second"),
        ("delivery.max_attempts=0", "delivery.max_attempts"),
        ("checks.max_rejected_fraction=2", "checks.max_rejected_fraction"),
        ("personalize.tracking_id='  '", "personalize.tracking_id"),
        ("personalize.tracking_id=123", "personalize.tracking_id"),
        ("personalize.endpoint_url=ftp://x", "personalize.endpoint_url"),
        ("session.gap_minutes=0", "session.gap_minutes"),
        ("mapping.sentAt.unit=minutes", "mapping.sentAt"),
        ("source.path=[]", "source.path"),
        ("plan.price_per_gb=-1", "plan.price_per_gb"),
        ("plan.price_per_gb=.inf", "plan.price_per_gb"),
        ("output.path=''", "output.path"),
    ],
)
def test_a_wrong_value_names_its_key_and_is_not_repeated(override: str, key: str) -> None:
    said = refusal(MINIMAL, override)
    assert said.startswith(("--set: ", "job.yaml with --set: "))
    assert key in said
    assert "\n" not in said


@pytest.mark.parametrize(
    "key",
    [
        "delivery.max_requests_per_second",
        "delivery.max_attempts",
        "checks.max_rejected_fraction",
        "session.gap_minutes",
        "plan.price_per_gb",
    ],
)
def test_yes_is_not_a_number(key: str) -> None:
    """A bare `yes` or `on` is YAML's true: as the fraction 1 it would let every run pass its checks."""
    assert f"{key}: " in refusal(MINIMAL, f"{key}=yes")


def test_a_number_in_scientific_notation_is_one() -> None:
    settings = parse_settings(MINIMAL, "job.yaml", ["checks.max_rejected_fraction=1e-3"])
    assert settings.checks.max_rejected_fraction == 0.001


@pytest.mark.parametrize("override", ["session=", "session=5", "session=[]"])
def test_a_block_without_keys_is_refused_in_words_of_the_file(override: str) -> None:
    """Where all keys of a block are commented out, YAML reads null."""
    assert "session: should be a block of keys such as gap_minutes." in refusal(MINIMAL, override)


@pytest.mark.parametrize(
    ("override", "said"),
    [
        (
            "personalize.tracking_id=''",
            "--set: personalize.tracking_id is empty. Correct the option.",
        ),
        ("source.select=explode(events)", "--set: source.select should be a list. Correct the option."),
        ("source.path=5", "--set: source.path should be a list. Correct the option."),
        ("mapping.properties=D", "--set: mapping.properties should be a block of keys. Correct the option."),
        (
            "mapping=1",
            "--set: mapping: should be a block of keys such as userId. Correct the option.",
        ),
    ],
)
def test_the_words_are_those_of_a_configuration_and_not_of_python(override: str, said: str) -> None:
    assert refusal(MINIMAL, override) == said


def test_a_wrong_value_is_looked_for_in_the_place_that_has_it() -> None:
    wrong_file = MINIMAL.replace("tracker", "''")
    assert refusal(wrong_file).startswith(
        "job.yaml: personalize.tracking_id is empty. Correct the configuration."
    )
    assert refusal(wrong_file, "session.gap_minutes=30").startswith("job.yaml: ")
    both = refusal(wrong_file, "session.gap_minutes=0")
    assert both.startswith("job.yaml with --set: session.gap_minutes: ")
    assert both.endswith("Correct the file or the option.")
    assert refusal(wrong_file, "personalize.tracking_id=' '").startswith("--set: ")


def test_a_refused_value_does_not_reach_the_message() -> None:
    assert "hunter2" not in refusal(MINIMAL, "delivery.max_attempts=hunter2", "output.password=hunter2")


@pytest.mark.parametrize(
    "text", ["", "- a", "a: [", pytest.param("[" * 2000, id="deep"), "a: 1\na: 2", "just words"]
)
def test_what_is_not_a_yaml_mapping_is_refused(text: str) -> None:
    assert "job.yaml" in refusal(text)


@pytest.mark.parametrize("value", ["2026-02-30", "2026-01-31T25:00:00", "0b_"])
def test_a_date_or_number_that_yaml_cant_read_is_refused_with_its_line(value: str) -> None:
    """PyYAML takes the text for a date or a number by its form, and passes on Python's ValueError for its value."""
    said = refusal(MINIMAL.replace("path: s3://shop/logs/", f"path: s3://shop/logs/, as_of: {value}"))
    assert said == (
        "job.yaml: it is not valid YAML at line 2, column 40: a value is not a valid date or number. Correct it."
    )
    assert refusal(MINIMAL, f"source.as_of={value}") == (
        "--set source.as_of: the value is not valid YAML. Quote it."
    )


def test_what_is_missing_is_named() -> None:
    assert "mapping is missing" in refusal(MINIMAL.replace("mapping:", "ignored:"))


@pytest.mark.parametrize("key", ["on", "2026", "2026-01-01", "~", "1.5"])
def test_a_key_that_yaml_takes_for_something_else_than_text_is_named(key: str) -> None:
    """pydantic knows only what became of it: `True` and `datetime.date(2026, 1, 1)`."""
    remedy = "Quote it if it is text, or write it in another way."
    assert refusal(f"{MINIMAL}{key}: 5") == (
        f"job.yaml: it is misread at line 7, column 1: key '{key}' is not text to YAML. {remedy}"
    )


@pytest.mark.parametrize("number", ["010", "-012", "1:30", "1:30.5"])
def test_a_number_that_yaml_reads_in_another_base_is_refused(number: str) -> None:
    """It would be 8 requests a second for 010, and 90 for 1:30."""
    said = refusal(f"{MINIMAL}delivery: {{max_requests_per_second: {number}}}")
    why = (
        "a number that begins with 0 or has a colon is in base 8 or 60 to YAML. "
        "Quote it if it is text, or write it in another way."
    )
    assert said == f"job.yaml: it is misread at line 7, column 37: {why}"
    overridden = refusal(MINIMAL, f"mapping.itemId={number}")
    assert overridden == f"--set mapping.itemId: it is misread at line 1, column 1: {why}"


@pytest.mark.parametrize(("text", "number"), [("0", "0"), ("0x10", "16"), ("0.5", "0.5"), ("1_000", "1000")])
def test_a_number_in_a_base_that_it_names_is_one(text: str, number: str) -> None:
    assert parse_settings(MINIMAL, "job.yaml", [f"mapping.eventValue={text}"]).mapping.event_value == number


@pytest.mark.parametrize("override", ["novalue", "=1", "a.b=[", "", ".source=1", "a..b=1", "source.=1"])
def test_a_set_option_out_of_form_is_refused(override: str) -> None:
    assert refusal(MINIMAL, override).startswith("--set")


def test_printed_settings_read_back_as_the_same_settings() -> None:
    settings = parse_settings(MINIMAL, "job.yaml", ["mapping.properties.DISCOUNT=DISCOUNT"])
    printed = print_settings(settings)
    assert parse_settings(printed, "printed") == settings
    assert set(yaml.safe_load(printed)) == {
        "source", "schema", "preflight", "mapping", "session", "checks", "personalize", "delivery", "import", "plan",
        "output",
    }  # fmt: skip


def test_settings_are_frozen() -> None:
    settings = parse_settings(MINIMAL, "job.yaml")
    assert Settings.model_config["frozen"] is True
    with pytest.raises(ValueError, match="frozen"):
        settings.output = None  # type: ignore[assignment, misc]
