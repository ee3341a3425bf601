"""The package resolver's lines are read for how far it is, what it fetched, and why it did not."""

from __future__ import annotations

import pytest

from jobs.spark.local.ivy_output import Fetching, cause_of, jars_in

URL = "https://repo.example/releases/org/apache/hadoop/hadoop-aws/3.4.1"
UNRESOLVED = """\
		:: org.apache.hadoop#hadoop-aws;3.4.1: not found
:::: ERRORS
	Server access error at url {url}/hadoop-aws-3.4.1.pom ({exception}: some text)
Exception in thread "main" java.lang.RuntimeException: [unresolved dependency: org.apache.hadoop#hadoop-aws]
""".replace("{url}", URL)
NOT_FOUND = "		:: org.apache.hadoop#hadoop-aws;3.4.1: not found"


def test_the_resolvers_lines_give_its_progress() -> None:
    lines = [
        ":: resolving dependencies :: org.apache.spark#spark-submit-parent;1.0",
        "	found org.apache.hadoop#hadoop-aws;3.4.1 in central",
        "	found software.amazon.awssdk#s3;2.40.2 in local-m2-cache",
        f"downloading {URL}/hadoop-aws-3.4.1.jar ...",
        "	[SUCCESSFUL ] org.apache.hadoop#hadoop-aws;3.4.1!hadoop-aws.jar (622ms)",
    ]
    fetching, said = Fetching(), []
    for line in lines:
        fetching = fetching.after(line)
        said.append(str(fetching))
    assert said == [
        "packages found: 0",
        "packages found: 1",
        "packages found: 2",
        "packages found: 2",
        "1 of 2 jars fetched",
    ]


def test_the_jars_are_those_that_spark_submit_sets() -> None:
    lines = ["  (spark.jars,)", "(spark.jars.ivy,/x)", "(spark.jars,file:///i/a.jar,file:///i/b.jar)"]
    assert jars_in(lines) == ("file:///i/a.jar", "file:///i/b.jar")
    assert jars_in(lines[:2]) == ()


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (
            UNRESOLVED.replace("{exception}", "java.net.UnknownHostException"),
            "no package repository can be reached (UnknownHostException)",
        ),
        (
            UNRESOLVED.replace("{exception}", "javax.net.ssl.SSLHandshakeException"),
            "Java does not trust the certificate of the repository or proxy (SSLHandshakeException)",
        ),
        (NOT_FOUND, "no repository gave org.apache.hadoop:hadoop-aws:3.4.1"),
        (
            "[download failed: org.apache.hadoop#hadoop-aws;3.4.1!hadoop-aws.jar]",
            "the download broke off of org.apache.hadoop:hadoop-aws:3.4.1",
        ),
        (
            'Exception in thread "main" java.nio.file.AccessDeniedException: /x',
            "Spark's resolver ended with AccessDeniedException",
        ),
        ("", "Spark's resolver named no jars"),
    ],
)
def test_why_nothing_was_fetched_is_a_clause(text: str, cause: str) -> None:
    assert cause_of(text.splitlines(), has_password=False) == cause


def test_a_proxys_password_is_said_to_be_what_java_lacks() -> None:
    assert "can't be passed to Java" in cause_of([NOT_FOUND], has_password=True)
