"""Every code block of the README and of docs/ is held to what the project really is.

`sh` is read by the real parsers, `yaml` is loaded as settings, `json` is parsed and its rights are looked up, `python`
is run. `text` may be a drawing or a synopsis. A block of any other kind fails, unless `<!-- not run: why -->` is
above it; even then Python must be Python.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import botocore.session
import pytest
import yaml
from botocore.validate import ParamValidator

from jobs.cli import console as cli
from jobs.config.configuration import parse_settings
from jobs.errors import UsageError
from tests.docs.blocks import ROOT, Block, blocks_of, fenced_blocks, inline_codes
from tests.docs.programs import (
    COMMANDS,
    EXAMPLE,
    check,
    make_targets,
    module_exists,
    module_of,
    options_of,
    options_of_parser,
)
from tests.docs.shell import commands, syntax_error

DRAWN = set("─│▼►◄└┘→")
FOLDERS = "jobs|sources|core|transforms|expectations|delivery|bulk|standin|demo|bundle|dags|conf|docs|tests|benchmarks"
OUR_TEST = re.compile(r"test_\w+\.py")
OUR_PATH = re.compile(rf"({FOLDERS})/[\w./-]*")
RIGHTS_WITHOUT_OPERATION = {"s3:ListBucket", "s3:ListBucketMultipartUploads"}
"""Actions of IAM that no operation of S3's API is called after."""


def _is_shell(block: Block) -> None:
    assert syntax_error(block.text) == ""
    for command in commands(block.text):
        check(command)


def _is_settings(block: Block) -> None:
    """A whole file, or some of its keys, laid over the example."""
    document = yaml.safe_load(block.text)
    whole = (
        document
        if "source" in document and "mapping" in document
        else _over(yaml.safe_load(EXAMPLE), document)
    )
    parse_settings(yaml.safe_dump(whole), block.place)


def _over(below: Any, above: Any) -> Any:  # noqa: ANN401 - YAML's values
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    return {**below, **{key: _over(below.get(key), value) for key, value in above.items()}}


def _is_json(block: Block) -> None:
    document = json.loads(block.text)
    if "Rules" in document:
        _require_lifecycle(document)
    for statement in document.get("Statement", []) if isinstance(document, dict) else []:
        actions = statement["Action"]
        for action in [actions] if isinstance(actions, str) else actions:
            assert _is_right(action), f"IAM knows no {action}"


def _require_lifecycle(rules: dict[str, Any]) -> None:
    """Hold S3 lifecycle rules to the shape that a put takes."""
    put = (
        botocore.session.get_session()
        .get_service_model("s3")
        .operation_model("PutBucketLifecycleConfiguration")
    )
    found = ParamValidator().validate(rules, put.input_shape.members["LifecycleConfiguration"])
    assert not found.has_errors(), found.generate_report()


def _is_right(action: str) -> bool:
    service, operation = action.split(":")
    if operation == "*":
        return True
    known = botocore.session.get_session().get_service_model(service.replace("elasticmapreduce", "emr"))
    return action in RIGHTS_WITHOUT_OPERATION or operation in {
        *known.operation_names,
        "GetObject",
        "PutObject",
    }


def _is_python(block: Block) -> None:
    exec(compile(block.text, block.place, "exec"), {})  # noqa: S102 - our own documentation


def _is_shown(block: Block) -> None:
    """A synopsis' lines name between them each option of their program and no other; else it must be a drawing."""
    if block.text.startswith(f"{cli.NAME} "):
        _is_synopsis(block.text.strip().splitlines())
    elif block.text.startswith("spark-submit "):
        (script,) = {line.split()[1] for line in block.text.strip().splitlines()}
        assert (ROOT / script).is_file()
        assert set(re.findall(r"--[a-z-]+", block.text)) == options_of(module_of(script))
    else:
        assert DRAWN & set(block.text), "neither a synopsis nor a drawing: name the language of the block"


_COMMANDS_OF_RUN = {"--plan", "--replay", "--import"}


def _is_synopsis(lines: list[str]) -> None:
    """Each line names a command, and each of its options but those of `run` that are commands of their own."""
    named = [line.split()[1] for line in lines]
    assert sorted(named) == sorted(cli.PROGRAMS) == sorted(COMMANDS)
    for name, line in zip(named, lines, strict=True):
        known = options_of_parser(COMMANDS[name]()) - (_COMMANDS_OF_RUN if name == "run" else set())
        assert set(re.findall(r"--[a-z-]+", line)) == known, line


KINDS: dict[str, Callable[[Block], None]] = {
    "sh": _is_shell,
    "bash": _is_shell,
    "yaml": _is_settings,
    "json": _is_json,
    "python": _is_python,
    "text": _is_shown,
}


@pytest.mark.parametrize("block", fenced_blocks(), ids=lambda block: block.place)
def test_every_code_block_is_true(block: Block) -> None:
    if block.not_run is not None:
        if block.language == "python":
            compile(block.text, block.place, "exec")
        pytest.skip(block.not_run)
    assert block.language in KINDS, f"no test knows how to run a block of {block.language or 'no language'}"
    KINDS[block.language](block)


def test_every_command_and_file_that_a_sentence_names_exists() -> None:
    assert [f"{place} {code}" for place, code in inline_codes() if not _exists(code)] == []


def _exists(code: str) -> bool:
    """Whether the command or file that an inline code names exists; true for any other inline code."""
    program, *words = code.split() or [""]
    if program == "make" and words:
        return words[0] in make_targets()
    if program.endswith("python") and words[:1] == ["-m"]:
        return module_exists(words[1])
    if program == cli.NAME and words:
        return words[0] in cli.PROGRAMS
    if OUR_PATH.fullmatch(code):
        return (ROOT / code).exists()
    return not OUR_TEST.fullmatch(code) or any((ROOT / "tests").rglob(code))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("sh", "make dmeo"),
        ("sh", "if true"),
        ("sh", "python -m jobs.put_event --config FILE"),
        ("sh", "python -m jobs.put_events --plan"),
        ("sh", "make demo && python -m jobs.put_events --config FILE --plna"),
        ("sh", "python -m jobs.put_events --config FILE --set delivery.max_rate=5"),
        ("sh", "python -m jobs.put_events --replay ID"),
        ("sh", "python -m jobs.cli.inspect"),
        ("sh", "personalize-backfill inspekt out"),
        ("sh", "personalize-backfill run --config FILE --set delivery.max_rate=5"),
        ("sh", "personalize-backfill plan --config FILE --first 3"),
        ("sh", "personalize-backfill control out"),
        ("text", "personalize-backfill inspect OUTPUT [--json]"),
        ("sh", "X=1 spark-submit --archive a.tar.gz \\\n  put_events.py --config FILE"),
        ("sh", "spark-submit jobs/put_events.py --confg FILE"),
        ("sh", "docker run image sh -c 'python3 -m bundl'"),
        ("sh", "aws emr-serverless start-job"),
        ("sh", "aws s3api put-bucket-lifecycle-configuration --bucket-name b"),
        ("sh", "personalize --help"),
        ("sh", "airflow backfill create --dag-id personalise_backfill"),
        ("yaml", "delivery: {max_rate: 5}"),
        ("json", "{'a': 1}"),
        ("json", '{"Statement": [{"Action": "personalize:PutEvent"}]}'),
        ("json", '{"Rules": [{"Status": "Enabled", "Expiration": {"Days": "thirty"}}]}'),
        ("python", "import jobs.nothing"),
        ("text", "spark-submit jobs/put_events.py --config FILE --replay RUN_ID [--run-id ID]"),
        ("text", "--config FILE"),
    ],
)
def test_a_block_that_is_not_true_is_noticed(language: str, text: str) -> None:
    with pytest.raises((AssertionError, UsageError, SyntaxError, ImportError, ValueError)):
        KINDS[language](Block("a page", language, text, None))


def test_a_block_is_left_out_only_by_a_comment_right_above_it_that_says_why() -> None:
    page = """
<!-- not run: needs a cluster -->
```python
1
```

<!-- not run: -->
```python
2
```

<!-- not run: too far up -->

Some text.

```
3
```

    4
"""
    assert [(block.language, block.text, block.not_run) for block in blocks_of(page, "a page")] == [
        ("python", "1\n", "needs a cluster"),
        ("python", "2\n", None),
        ("", "3\n", None),
        ("", "4\n", None),
    ]
